"""Training runs that are kept: the same recipe on the same data with the same seed is trained once.

A run is a file of weights, <key>.safetensors, and its record, <key>.json, written after it: a run counts as kept when
its record is there. The key is a checksum of everything that the run depends on.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save
from tqdm import tqdm

from annotate.dataset import Dataset
from annotate.errors import InputError
from annotate.files import read_json, write_bytes, write_json
from eval.config import EvaluateConfig
from eval.data.samples import Sample
from eval.data.training_sets import TrainingSet
from eval.detectors import DetectorKind, detector_kind
from eval.detectors.base import Detector
from eval.networks.weights import checksum, load_strictly, read_weights
from eval.training.trainer import Recipe, Weights, train_detector

FOLDER = "detectors"


@dataclass(frozen=True)
class Start:
    """What every training run of an evaluation starts from.

    backbone: ImageNet weights or None; backbone_text: what the report says of them; backbone_key: what identifies them.
    """

    kind: DetectorKind
    backbone: Weights | None
    backbone_text: str
    backbone_key: str
    device: torch.device


def run_key(config: EvaluateConfig, entry: TrainingSet, val: Dataset, seed: int, backbone_key: str) -> str:
    """What a training run depends on, in 16 digits."""
    facts = [
        # Options that came later and were not used do not make another run of it.
        config.training.model_dump(mode="json", exclude_defaults=True),
        config.training.input_px, config.detector, config.target, config.iou, seed, backbone_key,
        [[dataset_key(dataset) for dataset in stage] for stage in entry.stages],
        [dataset_key(dataset) for dataset in entry.towards], dataset_key(val),
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]


def dataset_key(dataset: Dataset) -> list[str]:
    """Checksums of a dataset's labels and, by its manifest, of its pictures."""
    files = [dataset.root / name for name in ("annotations.json", "manifest.jsonl")]
    return [checksum(path) for path in files if path.is_file()]


@dataclass
class KeptRun:
    """A training run that is on the disk: its record, and its detector when asked for."""

    place: Path
    record: dict[str, Any]
    _detector: Detector | None = None

    def detector(self) -> Detector:
        """Ready for use. InputError if the file is not what its record says."""
        if self._detector is None:
            self._detector = read_detector(self.place, self.record)
        return self._detector


def obtain_run(
    config: EvaluateConfig, start: Start, entry: TrainingSet, val: Dataset, seed: int,
    samples: Callable[[], tuple[Recipe, Sequence[Sample]]],
) -> KeptRun:  # fmt: skip
    """A training run: kept ones are read, others trained and kept.

    samples: reads the recipe's samples and those of validation, which a kept run does not need.
    """
    place = config.out / FOLDER / f"{run_key(config, entry, val, seed, start.backbone_key)}.safetensors"
    if place.with_suffix(".json").is_file() and place.is_file():
        print(f"{entry.name}, seed {seed}: kept from an earlier run of this command")
        return KeptRun(place, read_json(place.with_suffix(".json")))
    recipe, val_samples = samples()
    with tqdm(desc=f"train on {entry.name}, seed {seed}", unit="step", mininterval=0.5) as bar:

        def on_step(done: int, steps: int, text: str) -> None:
            bar.total = steps
            bar.set_postfix_str(text, refresh=False)
            bar.update(done - bar.n)

        trained = train_detector(
            start.kind, recipe, val_samples, config.training, seed, config.iou, start.backbone, start.device, on_step
        )
    facts = {
        "set": entry.name,
        "detector": config.detector,
        "input_px": config.training.input_px,
        "target": config.target,
    }
    record = {**facts, **trained.record(), "threshold": trained.chosen.threshold, "weights": place.name}
    keep_detector(place, trained.detector, record)
    return KeptRun(place, record, trained.detector)


def kept_detections(run: KeptRun, test: Dataset, find: Callable[[], list[np.ndarray]]) -> list[np.ndarray]:
    """What a run's detector finds in the pictures of a dataset: read if it was kept, otherwise found and kept.

    find: detections of every picture, (n, 5) or (n, 6), in the order in which they come back.
    """
    key = hashlib.sha256(json.dumps(dataset_key(test)).encode()).hexdigest()[:8]
    place = run.place.with_name(f"{run.place.stem}-found-{key}.safetensors")
    if place.is_file():
        kept = read_weights(place)
        return np.split(kept["boxes"].numpy(), np.cumsum(kept["counts"].numpy())[:-1])
    found = find()
    counts = torch.tensor([len(own) for own in found])
    write_bytes(place, save({"boxes": torch.from_numpy(np.concatenate(found)), "counts": counts}))
    return found


def keep_detector(place: Path, detector: Detector, record: dict[str, Any]) -> None:
    """Write weights and, after them, their record."""
    state = {name: value.detach().cpu().contiguous() for name, value in detector.state_dict().items()}
    write_bytes(place, save(state, metadata={"set": str(record["set"]), "seed": str(record["seed"])}))
    write_json(place.with_suffix(".json"), record)


def read_detector(place: Path, record: dict[str, Any]) -> Detector:
    """The kept detector, ready for use. InputError if the file is not what its record says."""
    kind = detector_kind(record["detector"])
    detector = kind.restore(record["settings"])
    try:
        load_strictly(detector, read_weights(place), kind.title, place)
    except InputError as error:
        raise InputError(f"{error}; delete {place.stem}.* in {place.parent} to have it trained again") from None
    return detector.eval()
