"""S_style (thesis section 5.6): people blended with paintings instead of being translated. Nothing is learned.

A control: if a detector trained on S_style did as well as one trained on refined people, what helps would be the
variety of texture and not its likeness to the real one. The thesis took the paintings of Geirhos et al. 2019.
"""

from __future__ import annotations

import zlib
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor

from annotate.errors import InputError
from annotate.files import read_image
from refine.config import RefineConfig
from refine.refiner import Batch, Draws, Refiner

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff")
_LONGEST_PX = 1024
"""Paintings are kept no larger: crops take a part of them at about their own scale."""


class Style(Refiner):
    """Every crop becomes (1 - strength) of itself and strength of a random part of a random painting.

    Which part follows from the seed and the crop's own pixels, so it does not depend on batches or on what ran before.
    """

    def __init__(self, config: RefineConfig, device: torch.device) -> None:
        super().__init__(config, device)
        self.paintings = read_paintings(config.paintings, config.size_px)

    def step(self, x: Batch, y: Batch, draws: Draws, stage: str) -> dict[str, Tensor]:
        raise NotImplementedError("S_style learns nothing: it is applied as it is")

    @torch.no_grad()
    def refine(self, x: Batch) -> Tensor:
        parts = torch.stack([self._part(image) for image in x.images]).to(x.images)
        strength = self.config.style_strength
        return (1 - strength) * x.images + strength * (parts / 127.5 - 1)

    def _part(self, image: Tensor) -> Tensor:
        """(3, size, size) 0-255, a square of a painting between one half of and its whole shorter side."""
        content = ((image + 1) * 127.5).round().to(torch.uint8).cpu().numpy()
        rng = np.random.default_rng((self.config.seed, 6, zlib.crc32(content.tobytes())))
        painting = self.paintings[int(rng.integers(len(self.paintings)))]
        side = int(min(painting.shape[:2]) * rng.uniform(0.5, 1.0))
        top, left = (int(rng.integers(length - side + 1)) for length in painting.shape[:2])
        size = image.shape[-1]
        part = cv2.resize(painting[top : top + side, left : left + side], (size, size), interpolation=cv2.INTER_AREA)
        return torch.from_numpy(part).permute(2, 0, 1)


def read_paintings(folder: Path | None, size_px: int) -> list[np.ndarray]:
    """Every picture of a folder and of those below it, HWC uint8 RGB; InputError without any, or for one too small."""
    if folder is None:
        raise InputError("--paintings is missing: S_style blends people with pictures of a folder; name one")
    if not folder.is_dir():
        raise InputError(f"--paintings {folder}: no such folder; expected one with pictures ({', '.join(SUFFIXES)})")
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    if not files:
        raise InputError(f"--paintings {folder}: found no pictures; expected files that end in {', '.join(SUFFIXES)}")
    return [_read_painting(path, size_px) for path in files]


def _read_painting(path: Path, size_px: int) -> np.ndarray:
    image = read_image(path)
    height, width = image.shape[:2]
    if min(height, width) < size_px:
        raise InputError(f"{path}: is {width} x {height} px, but crops have {size_px}; remove it or give a larger one")
    scale = _LONGEST_PX / max(height, width)
    if scale < 1:
        size = max(round(width * scale), size_px), max(round(height * scale), size_px)
        image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    return image
