"""The semantic classes of surfaces, by name and number, shared by bodies, rooms and label maps.

A name keeps its number for ever, because class maps on disk hold numbers: new names go to the end.
"""

CLASSES: tuple[str, ...] = (
    "nothing",
    "skin", "hair", "top", "bottom", "shoes", "headwear", "accessory",
    "floor", "wall", "ceiling", "desk", "chair", "screen", "lamp", "shelf", "plant", "clutter", "furniture",
    "jacket", "dress", "partition", "cabinet", "window", "whiteboard", "door", "bin",
)  # fmt: skip

CLASS_ID: dict[str, int] = {name: number for number, name in enumerate(CLASSES)}
