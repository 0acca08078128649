"""Feature networks by name: what a Fréchet distance compares pictures in.

Each turns pictures (n, 3, h, w) RGB in 0..1 into vectors (n, d), and carries the name under which a distance in its
features is reported. Only the Inception of the FID paper, "fid" (eval.networks.inception), gives what may be called FID
and KID. Weights come from a given file or, where there is a network, from those who publish them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as functional
from torch import nn

from annotate.errors import InputError
from eval.detectors.squeezedet import IMAGENET_MEAN, IMAGENET_STD
from eval.networks.feature_bank import DIMENSIONS as BANK_DIMENSIONS
from eval.networks.feature_bank import FeatureBank
from eval.networks.inception import ADDRESS as FID_ADDRESS
from eval.networks.inception import DIMENSIONS as FID_DIMENSIONS
from eval.networks.inception import SIDE_PX as FID_SIDE_PX
from eval.networks.inception import FidInception, clean_resize, pool_weights
from eval.networks.weights import download, load_strictly, read_weights

Weights = Mapping[str, torch.Tensor]


@dataclass(frozen=True)
class FeatureKind:
    """A feature network before its weights are there.

    build() makes the module from [0, 1] RGB to (n, dimensions); keys(weights) renames a file's entries to those of
    the module. address: where publisher keeps its weights; "" if nowhere, None if it needs none. side_px: pictures
    are scaled to this first; None: taken as they are. of_fid: it is the network of the FID paper.
    """

    title: str
    dimensions: int
    build: Callable[[], nn.Module]
    keys: Callable[[Weights], Weights] = lambda weights: weights
    address: str | None = None
    side_px: int | None = None
    publisher: str = "torchvision"
    of_fid: bool = False

    def prepared(self, pictures: np.ndarray, device: torch.device) -> torch.Tensor:
        """Pictures (n, h, w, 3) uint8 as the module takes them: (n, 3, h, w) float in 0..1, of side_px if it has one."""
        if self.of_fid:
            return torch.from_numpy(clean_resize(pictures)).to(device).permute(0, 3, 1, 2) / 255
        scaled = torch.from_numpy(pictures).to(device).permute(0, 3, 1, 2).float() / 255
        if self.side_px is None:
            return scaled
        return functional.interpolate(scaled, (self.side_px, self.side_px), mode="bilinear", antialias=True)


def torchvision_model(name: str, **options: Any) -> Any:
    """A network of torchvision.models without weights; torchvision is imported here, behind its guard."""
    import eval.networks.torchvision_guard  # noqa: F401, I001
    from torchvision import models

    return models.get_model(name, weights=None, **options)


def vgg16_convolutions() -> nn.Module:
    """VGG16 up to its fifth pooling, for weights to be loaded into: until then its values are whatever memory held.

    Drawing 138 million initial values that are thrown away would take seconds and half a gigabyte.
    """
    import eval.networks.torchvision_guard  # noqa: F401, I001
    from torchvision import models

    with torch.device("meta"):
        network = models.vgg16(weights=None).features
    return network.to_empty(device="cpu")


class Pooled(nn.Module):
    """ImageNet normalisation, a convolutional network, mean over positions."""

    mean: torch.Tensor
    std: torch.Tensor

    def __init__(self, features: nn.Module, normalise: bool = True, relu: bool = False) -> None:
        super().__init__()
        self.features, self.relu = features, relu
        mean, std = (IMAGENET_MEAN, IMAGENET_STD) if normalise else ((0.0,) * 3, (1.0,) * 3)
        self.register_buffer("mean", torch.tensor(mean).view(3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(std).view(3, 1, 1), persistent=False)

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        x = self.features((pictures - self.mean) / self.std)
        return (torch.relu(x) if self.relu else x).mean(dim=(2, 3))


class InceptionPool(nn.Module):
    """torchvision's Inception v3 up to its 2048-d average pooling."""

    def __init__(self) -> None:
        super().__init__()
        self.network = torchvision_model("inception_v3", init_weights=False, transform_input=False)
        self.network.AuxLogits, self.network.fc = None, nn.Identity()

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        return self.network(pictures * 2 - 1)


def vgg19_to_relu3_1() -> nn.Sequential:
    """VGG-19 to relu3_1 with a 1x1 layer for colours in front and padding by reflection; convolutions at 0, 2, 5, 9, 12, 16."""
    layers: list[nn.Module] = [nn.Conv2d(3, 3, 1)]
    for inputs, outputs, pool in (
        (3, 64, False),
        (64, 64, True),
        (64, 128, False),
        (128, 128, True),
        (128, 256, False),
    ):
        layers += [nn.ReflectionPad2d(1), nn.Conv2d(inputs, outputs, 3), nn.ReLU()]
        layers += [nn.MaxPool2d(2, ceil_mode=True)] if pool else []
    return nn.Sequential(*layers)


def _features_only(weights: Weights) -> Weights:
    """Leave out the classifier."""
    return {name: value for name, value in weights.items() if not name.startswith("classifier.")}


def _densenet_names(weights: Weights) -> Weights:
    """As _features_only, and the names of torchvision's published file (norm.1.weight) as its module has them now."""
    old = re.compile(r"(.*denselayer\d+\.(?:norm|conv))\.([12]\.\w+)$")
    return {old.sub(r"\1\2", name): value for name, value in _features_only(weights).items()}


def _inception_names(weights: Weights) -> Weights:
    kept = {k: v for k, v in weights.items() if not k.startswith(("AuxLogits.", "fc."))}
    return {f"network.{name}": value for name, value in kept.items()}


def _under_features(weights: Weights) -> Weights:
    return {f"features.{name}": value for name, value in weights.items()}


_TORCHVISION = "https://download.pytorch.org/models/"
FEATURES: dict[str, FeatureKind] = {
    "bank": FeatureKind("plafond-bank-1", BANK_DIMENSIONS, FeatureBank),
    "densenet169": FeatureKind(
        "DenseNet169", 1664, lambda: Pooled(torchvision_model("densenet169").features, relu=True),
        _densenet_names, _TORCHVISION + "densenet169-b2777c0a.pth",
    ),
    "squeezenet1_1": FeatureKind(
        "SqueezeNet1.1", 512, lambda: Pooled(torchvision_model("squeezenet1_1").features),
        _features_only, _TORCHVISION + "squeezenet1_1-b8a52dc0.pth",
    ),
    "vgg16_pool5": FeatureKind(
        "VGG16-pool5", 512, lambda: Pooled(vgg16_convolutions()),
        _features_only, _TORCHVISION + "vgg16-397923af.pth",
    ),
    "vgg19_relu3_1": FeatureKind(
        "VGG19-relu3_1", 256, lambda: Pooled(vgg19_to_relu3_1(), normalise=False), _under_features, "",
    ),
    "inception": FeatureKind(
        "InceptionV3-torchvision", 2048, InceptionPool, _inception_names,
        _TORCHVISION + "inception_v3_google-0cc3c7bd.pth", side_px=299,
    ),
    "fid": FeatureKind(
        "Inception-2015-12-05", FID_DIMENSIONS, FidInception, pool_weights, FID_ADDRESS,
        side_px=FID_SIDE_PX, publisher="torch-fidelity", of_fid=True,
    ),
}  # fmt: skip


@dataclass(frozen=True)
class FeatureNetwork:
    """A feature network ready for use."""

    kind: FeatureKind
    module: nn.Module
    weights: str
    """Where its weights come from, in words."""

    @property
    def distance_name(self) -> str:
        """The name of a Fréchet distance in these features."""
        return "FID" if self.kind.of_fid else f"FD-{self.kind.title}"

    @property
    def kernel_name(self) -> str:
        """The name of a kernel distance in these features."""
        return "KID" if self.kind.of_fid else f"KD-{self.kind.title}"

    @torch.no_grad()
    def __call__(self, pictures: np.ndarray, batch: int = 32) -> np.ndarray:
        """Features (n, d) float64 of pictures (n, h, w, 3) uint8 RGB."""
        device = next(self.module.buffers()).device
        rows = []
        for start in range(0, len(pictures), batch):
            part = self.kind.prepared(pictures[start : start + batch], device)
            rows.append(self.module(part).double().cpu().numpy())
        return np.concatenate(rows) if rows else np.zeros((0, self.kind.dimensions))


def feature_kind(name: str) -> FeatureKind:
    """The feature network of that name; InputError lists the known ones."""
    if name not in FEATURES:
        raise InputError(f'--features "{name}" is unknown; known feature networks: {", ".join(FEATURES)}')
    return FEATURES[name]


def load_features(name: str, weights: Path | None = None, may_download: bool = True) -> FeatureNetwork:
    """A feature network with its weights, in evaluation mode.

    InputError for an unknown name, a file of another network, or weights that are neither given nor to be had.
    """
    kind = feature_kind(name)
    if kind.address is None:
        if weights is not None:
            raise InputError(f"--feature-weights {weights}: {name} needs none; name the network with --features")
        return FeatureNetwork(kind, kind.build().eval(), "none needed")
    found = read_weights(weights) if weights is not None else None
    source = weights.name if weights is not None else kind.publisher
    if found is None and may_download and kind.address:
        found = download(kind.address)
    if found is None:
        raise InputError(
            f"--features {name}: no weights: none given and none could be downloaded; name a file with "
            "--feature-weights, or use --features bank, which needs none"
        )
    module = kind.build()
    load_strictly(module, kind.keys(found), kind.title, weights or kind.publisher)
    return FeatureNetwork(kind, module.eval(), source)
