"""Detectors by name. A new one is a file with a Detector and a line here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from annotate.errors import InputError
from eval.config import TrainingConfig
from eval.data.samples import Sample
from eval.detectors import rotated_squeezedet, squeezedet
from eval.detectors.anchors import anchors_for
from eval.detectors.base import Detector
from eval.detectors.rotated_squeezedet import RotatedSqueezeDet
from eval.detectors.squeezedet import SqueezeDet

_SQUEEZENET = "https://download.pytorch.org/models/squeezenet1_1-b8a52dc0.pth"
_RESNET50 = "https://download.pytorch.org/models/resnet50-0676ba61.pth"


@dataclass(frozen=True)
class DetectorKind:
    """How a detector comes about.

    blank(): one with any anchors, to try weights on. build(samples, config, rng): a fresh one for these training
    samples, its weights drawn from torch's generator. restore(settings): the network that Detector.settings describes,
    for saved weights. load_backbone(detector, weights, path): puts ImageNet weights of the network `backbone` in,
    InputError if they are another's. prepare(detector, samples, config): once before training, with the backbone in.
    rotated: it gives rotated boxes, and its training sets must have them. learning_rate: what suits it.
    """

    title: str
    blank: Callable[[], Detector]
    build: Callable[[Sequence[Sample], TrainingConfig, np.random.Generator], Detector]
    restore: Callable[[Mapping[str, Any]], Detector]
    backbone: str
    backbone_address: str
    load_backbone: Callable[[Any, Mapping[str, Tensor], Path | str], None]
    prepare: Callable[[Any, Sequence[Sample], TrainingConfig], None] = lambda detector, samples, config: None
    rotated: bool = False
    learning_rate: float = 1e-3

    def check_backbone(self, weights: Mapping[str, Tensor], path: Path | str) -> None:
        """InputError if these are not ImageNet weights that fit."""
        self.load_backbone(self.blank(), weights, path)


def _build_squeezedet(samples: Sequence[Sample], config: TrainingConfig, rng: np.random.Generator) -> SqueezeDet:
    return SqueezeDet(anchors_for(samples, config, rng), dropout=config.dropout)


def _restore_squeezedet(settings: Mapping[str, Any]) -> SqueezeDet:
    return SqueezeDet(np.array(settings["anchors_px"]), settings["classes"], settings["dropout"])


def _restore_rotated(settings: Mapping[str, Any]) -> RotatedSqueezeDet:
    return RotatedSqueezeDet(np.array(settings["anchors_px"]), settings["dropout"])


# torchvision is imported when it is asked for: most commands of eval need none of it.
def _blank_fcos() -> Detector:
    from eval.detectors.fcos import Fcos

    return Fcos()


def _build_fcos(samples: Sequence[Sample], config: TrainingConfig, rng: np.random.Generator) -> Detector:
    return _blank_fcos()


def _restore_fcos(settings: Mapping[str, Any]) -> Detector:
    from eval.detectors.fcos import Fcos

    return Fcos(settings["frozen_norm"])


def _load_fcos_backbone(detector: Any, weights: Mapping[str, Tensor], path: Path | str) -> None:
    from eval.detectors.fcos import load_backbone

    load_backbone(detector, weights, path)


DETECTORS: dict[str, DetectorKind] = {
    "squeezedet": DetectorKind(
        title="SqueezeDet",
        blank=lambda: SqueezeDet(np.ones((9, 2))),
        build=_build_squeezedet,
        restore=_restore_squeezedet,
        backbone="SqueezeNet 1.1",
        backbone_address=_SQUEEZENET,
        load_backbone=squeezedet.load_backbone,
        prepare=squeezedet.prepare,
    ),
    "rotated": DetectorKind(
        title="SqueezeDet with rotated boxes",
        blank=lambda: RotatedSqueezeDet(np.ones((9, 2))),
        build=rotated_squeezedet.build,
        restore=_restore_rotated,
        backbone="SqueezeNet 1.1",
        backbone_address=_SQUEEZENET,
        load_backbone=squeezedet.load_backbone,
        prepare=squeezedet.prepare,
        rotated=True,
    ),
    "fcos": DetectorKind(
        title="FCOS, ResNet-50 FPN",
        blank=_blank_fcos,
        build=_build_fcos,
        restore=_restore_fcos,
        backbone="ResNet-50",
        backbone_address=_RESNET50,
        load_backbone=_load_fcos_backbone,
        learning_rate=3e-4,
    ),
}


def detector_kind(name: str) -> DetectorKind:
    """The detector of that name; InputError lists the known ones."""
    if name not in DETECTORS:
        raise InputError(f'--detector "{name}" is unknown; known detectors: {", ".join(sorted(DETECTORS))}')
    return DETECTORS[name]
