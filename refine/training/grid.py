"""Crops to look at during training: rows of S, of what the refiner makes of them, and of R."""

from __future__ import annotations

import numpy as np
from torch import Tensor

from refine.refiner import Batch, Refiner, to_crops

COLUMNS = 8
Rows = dict[str, np.ndarray]
"""Crops (n, size, size, 3) uint8 RGB by the row's name, from top to bottom."""


def grid_rows(refiner: Refiner, before: Tensor, batch: Batch, real: Tensor) -> Rows:
    """S, the refiner's views of the same crops, R. before, real: NCHW uint8; batch: before, as the refiner takes it."""
    views = {name: to_crops(images) for name, images in refiner.views(batch).items()}
    rows = {"S": before, **views, "R": real[:COLUMNS]}
    return {name: crops.permute(0, 2, 3, 1).cpu().numpy() for name, crops in rows.items()}


def joined(rows: Rows) -> np.ndarray:
    """All rows as one picture, HWC uint8 RGB, black where a row is too short."""
    columns = max(map(len, rows.values()))
    return np.concatenate([_row(crops, columns) for crops in rows.values()])


def _row(crops: np.ndarray, columns: int) -> np.ndarray:
    """Crops side by side, (h, columns * w, 3)."""
    padded = np.concatenate([crops, np.zeros((columns - len(crops), *crops.shape[1:]), np.uint8)])
    return np.concatenate(list(padded), axis=1)
