"""The semantic classes of surfaces, by name and number, shared by bodies, rooms and label maps."""

CLASSES: tuple[str, ...] = (
    "nothing",
    "skin", "hair", "top", "bottom", "shoes", "headwear", "accessory",
    "floor", "wall", "ceiling", "desk", "chair", "screen", "lamp", "shelf", "plant", "clutter", "furniture",
)  # fmt: skip

CLASS_ID: dict[str, int] = {name: number for number, name in enumerate(CLASSES)}
