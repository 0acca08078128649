"""Web pages about datasets and sites."""
