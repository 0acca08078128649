"""Instance masks as compressed COCO run lengths, and back, with every length checked."""

from __future__ import annotations

import numpy as np
from pycocotools import mask as coco_mask


def encode_rle(mask: np.ndarray) -> str:
    """Compressed COCO run lengths of an HW bool mask."""
    return coco_mask.encode(np.asfortranarray(mask, dtype=np.uint8))["counts"].decode("ascii")


def decode_rle(counts: str, width: int, height: int) -> np.ndarray:
    """HW bool mask of compressed COCO run lengths; ValueError if they do not fill width x height exactly."""
    lengths = _run_lengths(counts)
    if sum(lengths) != width * height or min(lengths, default=0) < 0:
        raise ValueError(f"run lengths cover {sum(lengths)} pixels, expected {width} x {height} = {width * height}")
    return np.repeat(np.arange(len(lengths)) % 2 == 1, lengths).reshape(width, height).T


def _run_lengths(counts: str) -> list[int]:
    """Decompress COCO's run-length text (LEB128-like, 5 bits a letter, differences to the last but one run).

    pycocotools itself writes outside its arrays when the lengths do not add up, so files are not decoded with it.
    """
    lengths: list[int] = []
    value, shift = 0, 0
    for letter in counts.encode("ascii", errors="replace"):
        bits = letter - 48
        if not 0 <= bits < 64:
            raise ValueError(f"run lengths hold the character {chr(letter)!r}, which COCO does not use")
        value |= (bits & 0x1F) << shift
        shift += 5
        if not bits & 0x20:
            value -= (1 << shift) if bits & 0x10 else 0
            lengths.append(value + (lengths[-2] if len(lengths) > 2 else 0))
            value, shift = 0, 0
    if shift:
        raise ValueError("run lengths end in the middle of a number")
    return lengths
