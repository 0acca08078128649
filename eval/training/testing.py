"""What a trained detector says of pictures, brought back into them and matched with who is there."""

from __future__ import annotations

import platform
from collections.abc import Sequence

import numpy as np
import torch

from annotate.errors import InputError
from eval.data.samples import Sample
from eval.detectors.base import Detector, to_tensor
from eval.measures.matching import PictureMatch, match_picture
from eval.measures.truth import PictureTruth


def choose_device(name: str) -> torch.device:
    """The device of that name; "auto" is CUDA where there is one. InputError if it is not there."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name.startswith("cuda") and not torch.cuda.is_available():
        raise InputError(f'--device "{name}": this machine has no CUDA device that torch can use; use cpu or auto')
    try:
        return torch.device(name)
    except RuntimeError:
        raise InputError(f'--device "{name}" is unknown; use cpu, cuda or auto') from None


def device_title(device: torch.device) -> str:
    """What figures say of the machine they were measured on."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"CPU, {torch.get_num_threads()} threads, {platform.machine()}, torch {torch.__version__}"


def detect_samples(
    detector: Detector, samples: Sequence[Sample], device: torch.device, batch: int = 4
) -> list[np.ndarray]:
    """Detections of each sample in px of its own picture, best first, as Detector.detect: (n, 5), or (n, 6) if rotated."""
    found = []
    for start in range(0, len(samples), batch):
        part = samples[start : start + batch]
        for sample, detections in zip(part, detector.detect(to_tensor([s.image for s in part], device)), strict=True):
            found.append(_in_picture(sample, detections))
    return found


def _in_picture(sample: Sample, detections: np.ndarray) -> np.ndarray:
    if detections.shape[1] == 6:
        return sample.letterbox.rotated_to_picture(detections)
    return sample.letterbox.detections_to_picture(detections, sample.picture.width, sample.picture.height)


def upright(detections: np.ndarray) -> np.ndarray:
    """(n, 5) [x, y, w, h, score]: rotated detections (n, 6) as upright boxes around the ellipses inscribed in them.

    People do not fill the corners of their boxes: the upright box around a turned one would be too large.
    """
    if detections.shape[1] == 5:
        return detections
    angle = np.radians(detections[:, 4])
    half_w, half_h = detections[:, 2] / 2, detections[:, 3] / 2
    half = np.stack([
        np.hypot(half_w * np.cos(angle), half_h * np.sin(angle)),
        np.hypot(half_w * np.sin(angle), half_h * np.cos(angle)),
    ], axis=1)  # fmt: skip
    return np.hstack([detections[:, :2] - half, 2 * half, detections[:, 5:]])


def match_samples(detections: Sequence[np.ndarray], samples: Sequence[Sample], iou: float) -> list[PictureMatch]:
    """Match detections with the people of each sample, all upright and in px of its picture."""
    matches = []
    for found, sample in zip(detections, samples, strict=True):
        back = sample.letterbox
        people, ignored = (back.boxes_to_picture(boxes) for boxes in (sample.boxes, sample.ignored))
        matches.append(match_picture(upright(found), people, iou, ignored, sample.picture.ignore_areas))
    return matches


def truth_of(sample: Sample) -> PictureTruth:
    """Who is to be found in a sample's picture, by upright boxes in px of the picture."""
    back = sample.letterbox
    return _truth(sample, back.boxes_to_picture(sample.boxes), back.boxes_to_picture(sample.ignored))


def rotated_truth_of(sample: Sample) -> PictureTruth | None:
    """The same by rotated boxes; None if somebody has none."""
    if sample.rotated is None:
        return None
    ignored = sample.letterbox.boxes_to_picture(sample.ignored)
    upright_ones = np.column_stack([ignored[:, :2] + ignored[:, 2:] / 2, ignored[:, 2:], np.zeros(len(ignored))])
    return _truth(sample, sample.letterbox.rotated_to_picture(sample.rotated), upright_ones)


def _truth(sample: Sample, boxes: np.ndarray, ignored: np.ndarray) -> PictureTruth:
    picture, dataset = sample.picture, sample.dataset
    return PictureTruth(
        boxes, picture.width, picture.height, ignored, picture.ignore_areas, sample.people,
        dataset.nadir_px(picture), time_s=picture.time_s, site=f"{dataset.root.name} {picture.camera or ''}".strip(),
    )  # fmt: skip
