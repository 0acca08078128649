"""Picture files looked at with suspicion: their size from the header, and whether they decode to their end.

Sizes are those that a viewer shows: a camera's note that a picture lies on its side (EXIF orientation) is
followed, as OpenCV and web browsers do.
"""

from __future__ import annotations

import struct
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from annotate.errors import InputError

SUFFIXES = (".jpg", ".jpeg", ".png")
_EXIF_ORIENTATION = 0x0112
_BREAKAGE = (OSError, SyntaxError, ValueError, struct.error, UnidentifiedImageError)
"""What Pillow raises for broken files: a cut PNG is a SyntaxError, a cut header a struct.error."""


def picture_size(path: Path) -> tuple[int, int]:
    """Width and height in px, read from the header only; InputError if there is no such picture or no header."""
    if not path.is_file():
        raise InputError(f"{path}: no such picture")
    try:
        with Image.open(path) as image:
            return _upright_size(image)
    except _BREAKAGE as error:
        raise InputError(f"{path}: cannot be read as a picture ({error}); it is broken or not a PNG or JPEG") from None


def verify_picture(path: Path) -> tuple[int, int]:
    """Decode the whole file and return its width and height in px; InputError if it is cut short or broken."""
    size = picture_size(path)
    try:
        with Image.open(path) as image:
            image.load()
    except _BREAKAGE as error:
        raise InputError(f"{path}: breaks off or is damaged ({error}); copy it again from where it came") from None
    return size


def _upright_size(image: Image.Image) -> tuple[int, int]:
    on_its_side = image.format == "JPEG" and image.getexif().get(_EXIF_ORIENTATION, 1) in (5, 6, 7, 8)
    return (image.height, image.width) if on_its_side else (image.width, image.height)
