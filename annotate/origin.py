"""Where a dataset comes from, as the datasets made from it record it."""

from __future__ import annotations

from typing import Any

from annotate.dataset import Dataset
from annotate.dataset_writer import file_sha256


def origin(dataset: Dataset) -> dict[str, Any]:
    """What a dataset was made from, well enough to notice that it has changed since; JSON values."""
    info = dataset.info
    return {
        "name": info.name,
        "kind": info.kind,
        "seed": info.seed,
        "config": info.config,
        "annotations_sha256": file_sha256(dataset.root / "annotations.json"),
    }
