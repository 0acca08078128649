"""Files that appear whole or not at all: written beside their place, then renamed into it."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from annotate.errors import InputError


def write_bytes(path: Path, data: bytes) -> None:
    """Write data to path so that no reader, and no kill, ever meets half of it. Makes the parent folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, beside = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        os.chmod(beside, 0o644)
        os.replace(beside, path)
    except BaseException:
        Path(beside).unlink(missing_ok=True)
        raise


def write_text(path: Path, text: str) -> None:
    write_bytes(path, text.encode("utf-8"))


def write_json(path: Path, value: Any, indent: int | None = 1) -> None:
    write_text(path, json.dumps(value, indent=indent, ensure_ascii=False) + "\n")


def read_json(path: Path) -> Any:
    """Parse a JSON file; InputError says which file and where it breaks."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not valid JSON ({error}); it may have been cut short") from None


def write_image(path: Path, image: np.ndarray, jpeg_quality: int = 95) -> None:
    """Write an RGB (or grey, 8 or 16 bit) picture; the suffix chooses PNG or JPEG.

    image: HWC uint8 RGB 0-255, or HW uint8 / uint16.
    """
    bgr = cv2.cvtColor(image, cv2.COLOR_RGB2BGR) if image.ndim == 3 else image
    options = [cv2.IMWRITE_JPEG_QUALITY, jpeg_quality] if path.suffix.lower() in (".jpg", ".jpeg") else []
    try:
        ok, encoded = cv2.imencode(path.suffix, bgr, options)
    except cv2.error:  # an unknown suffix
        ok = False
    if not ok:
        raise InputError(f"{path}: OpenCV cannot write pictures of this type; use .png or .jpg")
    write_bytes(path, encoded.tobytes())


def read_image(path: Path) -> np.ndarray:
    """Read a picture as HWC uint8 RGB; InputError for a file that is missing, cut or no picture."""
    if not path.is_file():
        raise InputError(f"{path}: no such picture")
    image = cv2.imdecode(np.fromfile(path, dtype=np.uint8), cv2.IMREAD_COLOR) if path.stat().st_size else None
    if image is None:
        raise InputError(f"{path}: cannot be read as a picture; it is broken or not a PNG or JPEG")
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB)


def read_mask(path: Path) -> np.ndarray:
    """Read an instance mask as HW uint16: 0 is nobody, other values are instance ids."""
    if not path.is_file():
        raise InputError(f"{path}: no such mask")
    mask = cv2.imdecode(np.fromfile(path, dtype=np.uint8), cv2.IMREAD_UNCHANGED) if path.stat().st_size else None
    if mask is None or mask.ndim != 2:
        raise InputError(f"{path}: expected a single-channel 16-bit PNG of instance ids")
    return mask.astype(np.uint16)
