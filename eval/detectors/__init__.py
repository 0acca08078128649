"""Detectors by name. A new one gives a DetectorKind: how to build it, its targets and loss, its ImageNet start."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from annotate.errors import InputError
from eval.detectors import squeezedet
from eval.detectors.squeezedet import SqueezeDet
from eval.detectors.squeezedet_loss import build_targets, squeezedet_loss


@dataclass(frozen=True)
class DetectorKind:
    """What training needs of a detector.

    build(anchors_px (k, 2), classes=, dropout=) makes it; it has forward, detect (see SqueezeDet) and anchor_boxes;
    load_backbone(detector, weights, path) puts ImageNet weights of the network `backbone` in; freeze_early(detector)
    takes the layers that should then stay as they are out of training.
    """

    title: str
    build: Callable[..., SqueezeDet]
    build_targets: Callable[..., Any]
    loss: Callable[..., Any]
    backbone: str
    backbone_address: str
    load_backbone: Callable[..., None]
    freeze_early: Callable[[SqueezeDet], None]


DETECTORS: dict[str, DetectorKind] = {
    "squeezedet": DetectorKind(
        title="SqueezeDet",
        build=SqueezeDet,
        build_targets=build_targets,
        loss=squeezedet_loss,
        backbone="SqueezeNet 1.1",
        backbone_address="https://download.pytorch.org/models/squeezenet1_1-b8a52dc0.pth",
        load_backbone=squeezedet.load_backbone,
        freeze_early=squeezedet.freeze_early,
    ),
}


def detector_kind(name: str) -> DetectorKind:
    """The detector of that name; InputError lists the known ones."""
    if name not in DETECTORS:
        raise InputError(f'--detector "{name}" is unknown; known detectors: {", ".join(sorted(DETECTORS))}')
    return DETECTORS[name]
