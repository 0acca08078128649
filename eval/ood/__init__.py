"""OD-test: does a network know that a picture comes from another room or camera? (Shafaei 2020, chapter 3)

Three different datasets play source, validation and target: networks learn on the source, a reject function is set
with the validation set as the outsider, and is judged by whether it also rejects the target, which it never saw.
"""
