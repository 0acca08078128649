"""The `export` command: a trained detector as an ONNX file that runs without plafond and without torch.

The file takes pictures (n, 3, s, s), n free, RGB 0..255, letterboxed as eval.data.samples.letterboxed does it, and gives
boxes (n, a, 4 or 5) by the centre in input px and scores (n, a), of every anchor or place: Detector.forward. Thresholding
and non-maximum suppression stay outside: they are a few lines everywhere, and runtimes disagree on their operators. All
that they need stands in the file's metadata (see `metadata`).

The file is written only after onnxruntime has loaded it and said what the detector says, within TOLERANCE_PX and
TOLERANCE_SCORE, on random pictures and on given ones.
"""

from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from annotate.dataset import Dataset
from annotate.errors import InputError, PlafondError
from annotate.files import read_image, read_json, write_bytes
from eval.data.samples import letterboxed
from eval.detectors import detector_kind
from eval.detectors.base import MAX_DETECTIONS, NMS_IOU, Detector, to_tensor
from eval.detectors.export_config import ExportConfig
from eval.networks.weights import load_strictly, read_weights

TOLERANCE_PX = 0.1
"""By how many input px a box may differ between torch and onnxruntime, and besides by TOLERANCE_SHARE of its size."""
TOLERANCE_SHARE = 1e-4
TOLERANCE_SCORE = 1e-3
CLASSES = ("person",)
_PACKAGES = ("onnx", "onnxscript", "onnxruntime")
_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp")
_RECORD_FIELDS = ("detector", "settings", "input_px", "threshold")


@dataclass(frozen=True)
class KeptDetector:
    """A trained detector and what its record says: name in DETECTORS, input side, score threshold chosen on
    validation, what its boxes are around."""

    detector: Detector
    name: str
    input_px: int
    threshold: float
    target: str


@dataclass(frozen=True)
class Agreement:
    """The largest differences between torch and onnxruntime, and on how many pictures.

    excess_px: the largest of box difference minus its allowance; a file agrees if it is at most 0.
    """

    box_px: float
    excess_px: float
    score: float
    pictures: int

    @property
    def close(self) -> bool:
        return self.excess_px <= 0 and self.score <= TOLERANCE_SCORE

    def __str__(self) -> str:
        return f"boxes differ by up to {self.box_px:.2g} px, scores by {self.score:.2g}, on {self.pictures} pictures"


class _Graph(nn.Module):
    """Names the one input."""

    def __init__(self, detector: Detector) -> None:
        super().__init__()
        self.detector = detector

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        return self.detector(pictures)  # type: ignore[no-any-return]


def run(config: ExportConfig) -> Path:
    """The command: read, convert, compare, write. Returns the file. PlafondError if the file would differ."""
    require_packages()
    if config.out.is_dir():
        raise InputError(f"--out {config.out}: is a folder; expected the name of a file, as model.onnx")
    kept = read_kept(config.detector)
    pictures = random_pictures(kept.input_px, 3, np.random.default_rng(0))
    if config.check_with is not None:
        pictures = np.concatenate([pictures, read_pictures(config.check_with, kept.input_px, config.check_pictures)])
    data = onnx_bytes(kept, config.input_type, config.opset)
    found = agreement(kept.detector, data, pictures, config.input_type)
    if not found.close:
        raise PlafondError(
            f"{config.detector}: its ONNX file would not say what it says: {found}; allowed are {TOLERANCE_PX} px "
            f"(and {TOLERANCE_SHARE:g} of a box's size) and {TOLERANCE_SCORE}. Nothing was written; try another --opset"
        )
    write_bytes(config.out, data)
    print(f"{found} (onnxruntime against torch)")
    return config.out


def require_packages() -> None:
    """InputError if one of the packages that exporting needs is missing."""
    from importlib.util import find_spec

    missing = [name for name in _PACKAGES if find_spec(name) is None]
    if missing:
        raise InputError(
            f"export: found no {', '.join(missing)}; exporting needs {', '.join(_PACKAGES)}. Install them with "
            "`pip install -e '.[export]'`"
        )


def read_kept(weights: Path) -> KeptDetector:
    """The detector in a weights file with its record beside it. InputError if they are not there or do not fit."""
    if weights.suffix != ".safetensors":
        raise InputError(f"{weights}: expected a detector's weights, REPORT/detectors/KEY.safetensors")
    state = read_weights(weights)
    record = read_json(weights.with_suffix(".json"))
    missing = [name for name in _RECORD_FIELDS if not isinstance(record, dict) or name not in record]
    if missing:
        raise InputError(
            f"{weights.with_suffix('.json')}: has no {', '.join(missing)}; expected the record of a training run. Give "
            "a detector that `generate.py evaluate` of this version has kept"
        )
    kind = detector_kind(record["detector"])
    try:
        detector = kind.restore(record["settings"])
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"{weights.with_suffix('.json')}: settings do not describe a detector of kind {record['detector']} ({error})"
        ) from None
    load_strictly(detector, state, kind.title, weights)
    target = str(record.get("target", "person"))
    return KeptDetector(
        detector.eval(), record["detector"], int(record["input_px"]), float(record["threshold"]), target
    )


def random_pictures(side_px: int, count: int, rng: np.random.Generator) -> np.ndarray:
    """(count, s, s, 3) uint8: from noise to large blots, as smooth as pictures are and as wild as they never are."""
    made = []
    for number in range(count):
        cells = max(2, side_px >> (2 * number))
        coarse = rng.integers(0, 256, (cells, cells, 3), dtype=np.uint8)
        made.append(letterboxed(coarse, side_px)[0])
    return np.stack(made)


def read_pictures(place: Path, side_px: int, most: int) -> np.ndarray:
    """(n, s, s, 3) uint8: up to `most` pictures of a dataset, a folder or a file, letterboxed. InputError for none."""
    if (place / "dataset.json").is_file():
        dataset = Dataset.read(place)
        pictures = [dataset.image(picture) for picture in _spread(list(dataset), most)]
    else:
        files = [place] if place.is_file() else sorted(place.glob("*")) if place.is_dir() else []
        found = [file for file in files if file.suffix.lower() in _SUFFIXES]
        pictures = [read_image(file) for file in _spread(found, most)]
    if not pictures:
        raise InputError(
            f"--check-with {place}: found 0 pictures; expected a dataset, a folder of .png or .jpg, or a picture"
        )
    return np.stack([letterboxed(picture, side_px)[0] for picture in pictures])


def _spread(items: Sequence[Any], most: int) -> list[Any]:
    """Up to `most` of the items, evenly from first to last."""
    places = np.unique(np.linspace(0, len(items) - 1, min(most, len(items))).round().astype(int)) if items else []
    return [items[place] for place in places]


def onnx_bytes(kept: KeptDetector, input_type: str = "uint8", opset: int = 18) -> bytes:
    """The ONNX file of a detector. PlafondError if torch cannot convert it."""
    import onnx

    # Two pictures: torch takes a size of 1 for a constant.
    example = torch.zeros(2, 3, kept.input_px, kept.input_px, dtype=getattr(torch, input_type))
    with warnings.catch_warnings(), torch.no_grad(), _quiet_logging():
        warnings.simplefilter("ignore")  # what its own parts tell each other of their next versions
        try:
            program = torch.onnx.export(
                _traced(_Graph(kept.detector), example), dynamo=True, input_names=["pictures"],
                output_names=["boxes", "scores"], opset_version=opset, verbose=False,
            )  # fmt: skip
        except Exception as error:  # torch's exporters raise many types of their own
            raise PlafondError(f"export: torch could not convert {kept.name}: {str(error).splitlines()[0]}") from error
    assert program is not None  # it is None only where a file is asked for
    model = program.model_proto
    onnx.helper.set_model_props(model, metadata(kept))
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def _traced(graph: nn.Module, example: Tensor) -> torch.export.ExportedProgram:
    """The graph for any number of pictures."""
    shapes = {"pictures": {0: torch.export.Dim("n")}}
    return torch.export.export(graph, (example,), dynamic_shapes=shapes, strict=False)


class _quiet_logging:
    """torch.onnx reports its steps at the level of warnings; they say nothing to who exports."""

    def __enter__(self) -> None:
        self.before = logging.root.manager.disable
        logging.disable(logging.WARNING)

    def __exit__(self, *error: object) -> None:
        logging.disable(self.before)


def metadata(kept: KeptDetector) -> dict[str, str]:
    """What the file says of itself: all that its user needs besides the numbers that come out of it."""
    rotated = kept.detector.rotated
    return {
        "generator": "plafond",
        "detector": kept.name,
        "classes": json.dumps(CLASSES),
        "target": kept.target,
        "input_px": str(kept.input_px),
        "input": "RGB 0..255, longer side scaled to input_px, in the middle of a black square",
        "box_form": "cx, cy, w, h, degrees" if rotated else "cx, cy, w, h",
        "box_unit": "input px; degrees clockwise from the picture's vertical to h" if rotated else "input px",
        "threshold": repr(kept.threshold),
        "nms_iou": repr(NMS_IOU),
        "max_detections": str(MAX_DETECTIONS),
    }


def onnx_outputs(data: bytes, pictures: np.ndarray, input_type: str = "uint8") -> tuple[np.ndarray, np.ndarray]:
    """Boxes and scores that onnxruntime's CPU computes for pictures (n, s, s, 3) uint8."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    given = np.ascontiguousarray(pictures.transpose(0, 3, 1, 2)).astype(input_type)
    boxes, scores = session.run(["boxes", "scores"], {"pictures": given})
    return boxes, scores


@torch.no_grad()
def agreement(detector: Detector, data: bytes, pictures: np.ndarray, input_type: str = "uint8") -> Agreement:
    """How far the file's answers to pictures (n, s, s, 3) are from the detector's, one by one and as one batch."""
    boxes, scores = (
        value.double().numpy() for value in detector.eval()(to_tensor(list(pictures), torch.device("cpu")))
    )
    worst = Agreement(0.0, -np.inf, 0.0, len(pictures))
    for part in (slice(0, 1), slice(None)):
        found, sure = onnx_outputs(data, pictures[part], input_type)
        if found.shape != boxes[part].shape or not np.isfinite(found).all() or not np.isfinite(sure).all():
            return Agreement(np.inf, np.inf, np.inf, len(pictures))
        apart = np.abs(_comparable(found.astype(np.float64)) - _comparable(boxes[part])).max(axis=-1)
        allowed = TOLERANCE_PX + TOLERANCE_SHARE * boxes[part][..., 2:4].max(axis=-1)
        worst = Agreement(
            max(worst.box_px, float(apart.max())),
            max(worst.excess_px, float((apart - allowed).max())),
            max(worst.score, float(np.abs(sure - scores[part]).max())),
            worst.pictures,
        )
    return worst


def _comparable(boxes: np.ndarray) -> np.ndarray:
    """Boxes as numbers in px that change little when they do.

    A rotated box near 90 degrees, or near a square, can have two names that look far apart. Its shape is compared as
    the symmetric matrix whose axes and lengths are those of the box: R diag(w, h) R^T.
    """
    if boxes.shape[-1] == 4:
        return boxes
    w, h, angle = boxes[..., 2], boxes[..., 3], np.radians(boxes[..., 4])
    cosine, sine = np.cos(angle), np.sin(angle)
    shape = [w * cosine**2 + h * sine**2, w * sine**2 + h * cosine**2, (w - h) * cosine * sine]
    return np.stack([boxes[..., 0], boxes[..., 1], *shape], axis=-1)
