"""What can be wrong with a dataset folder, one module for each place to look at; annotate.check runs them all.

faults   a fault, the table of all kinds of faults, and a report of those that were found
entries  annotations.json, entry by entry, as far as it can be read
folder   dataset.json, manifest.jsonl, labels/ and files that belong to nobody
labels   labels against each other, the picture's frame and the camera
pixels   picture files, masks and dense maps against the labels
"""
