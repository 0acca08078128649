"""The report folder: index.html, report.json and pictures, readable without a network."""
