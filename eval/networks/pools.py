"""Features after the pooling layers of VGG16: what perceptual losses compare and what PCA plots show (thesis sections 2.6, 2.10).

The thesis takes VGG16's second and fifth max pooling. Where its weights cannot be had, a stand-in takes their place
and is named in every result: VGG-19's second pooling for the second, DenseNet-169's third transition (640 channels at
1/32 of the side, as pool 5) for the fifth.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn

from annotate.errors import InputError
from eval.detectors.squeezedet import IMAGENET_MEAN, IMAGENET_STD
from eval.networks.features import FEATURES, Weights, torchvision_model, vgg16_convolutions, vgg19_to_relu3_1
from eval.networks.weights import download, load_strictly, read_weights

Vectors = Literal["flat", "mean"]
"""How the maps of a picture become one vector: all positions one after another, or the mean over positions."""


@dataclass(frozen=True)
class Source:
    """A network that can serve for one pooling layer.

    kind: its name in eval.networks.features, which knows the names in its files. layers: the part of the network that is run.
    """

    pool: int
    kind: str
    title: str
    whole: Callable[[], nn.Module]
    layers: Callable[[nn.Module], nn.Module]
    normalised: bool


def _densenet() -> nn.Module:
    return torchvision_model("densenet169").features


SOURCES = (
    Source(2, "vgg16_pool5", "VGG16 pool 2", vgg16_convolutions, lambda network: network[:10], True),  # type: ignore[index]
    Source(5, "vgg16_pool5", "VGG16 pool 5", vgg16_convolutions, lambda network: network[:31], True),  # type: ignore[index]
    Source(
        2, "vgg19_relu3_1", "VGG-19 pool 2 (stand-in for VGG16)",
        vgg19_to_relu3_1, lambda network: network[:15], False,  # type: ignore[index]
    ),
    Source(
        5, "densenet169", "DenseNet-169 transition 3 (stand-in for VGG16 pool 5)",
        _densenet, lambda network: network[:10], True,  # type: ignore[index]
    ),
)  # fmt: skip
"""In the order in which they are preferred."""


@dataclass(frozen=True)
class PoolLayer:
    """What stands for one pooling layer: the network up to it, with weights, in evaluation mode.

    normalised: it takes RGB in 0..1 minus ImageNet's mean by its deviation; otherwise RGB in 0..1.
    title: which network and layer it is. weights: where they come from, in words.
    """

    module: nn.Module
    normalised: bool
    title: str
    weights: str


def load_pool_layers(
    pools: Sequence[int],
    files: Sequence[Path],
    may_download: bool = True,
    option: str = "--pool-weights",
    otherwise: str = "leave these layers out",
) -> dict[int, PoolLayer]:
    """These pooling layers: VGG16's from one of the files or torchvision, else a stand-in's from one of the files.

    InputError, naming the option and what to do otherwise, if a layer can be had from nowhere or a file is of no
    network that is known here.
    """
    given: dict[Path, Weights] = {path: read_weights(path) for path in files}
    recognised = {path: _kind_of(path, weights) for path, weights in given.items()}
    layers = {}
    for pool in pools:
        found = _found(pool, given, recognised, may_download)
        if found is None:
            raise InputError(_nowhere(pool, option, otherwise))
        source, weights, where = found
        network = source.whole()
        load_strictly(network, _of_features(FEATURES[source.kind].keys(weights)), source.title, where)
        name = where.name if isinstance(where, Path) else where
        layers[pool] = PoolLayer(source.layers(network.eval()), source.normalised, source.title, name)
    return layers


def _found(
    pool: int, given: dict[Path, Weights], recognised: dict[Path, str], may_download: bool
) -> tuple[Source, Weights, Path | str] | None:
    """The best source for a pooling layer whose weights can be had."""
    for source in _candidates(pool):
        for path, kind in recognised.items():
            if kind == source.kind:
                return source, given[path], path
        if source.kind == "vgg16_pool5" and may_download:
            address = FEATURES[source.kind].address
            weights = download(address) if address else None
            if weights is not None:
                return source, weights, "torchvision"
    return None


def _candidates(pool: int) -> list[Source]:
    return [source for source in SOURCES if source.pool == pool]


def _nowhere(pool: int, option: str, otherwise: str) -> str:
    names = " or ".join(f"{source.title} ({source.kind})" for source in _candidates(pool))
    return (
        f"{option}: pooling layer {pool} needs the weights of {names}: none given fits and none could be "
        f"downloaded; name a file (.safetensors or .pth), or {otherwise}"
    )


def _kind_of(path: Path, weights: Weights) -> str:
    """Which known network a file holds, by names that only it has."""
    signs = {
        "densenet169": "features.denseblock4",
        "vgg16_pool5": "features.28.weight",
        "vgg19_relu3_1": "16.weight",
    }
    for kind, sign in signs.items():
        if any(name.startswith(sign) for name in weights):
            return kind
    raise InputError(
        f"{path}: holds none of the networks whose pooling layers can serve: VGG16, VGG-19 to relu3_1, DenseNet-169"
    )


def _of_features(weights: Weights) -> Weights:
    """Names below `features.`, as the bare convolutional part has them."""
    return {name.removeprefix("features."): value for name, value in weights.items()}


class PoolFeatures:
    """Vectors of pictures after pooling layers.

    vectors: "flat" keeps every position, as the thesis's losses and its mean feature vector of a dataset do (its text
    does not say what its PCA was given): 131,072 numbers for pool 2 of 128 px. "mean" averages over positions: 128.
    """

    def __init__(self, layers: dict[int, PoolLayer], vectors: Vectors = "flat") -> None:
        self.layers, self.vectors = layers, vectors

    def to(self, device: torch.device) -> PoolFeatures:
        """Move the networks there."""
        for layer in self.layers.values():
            layer.module.to(device)
        return self

    @torch.no_grad()
    def __call__(self, pictures: np.ndarray, batch: int = 16) -> dict[int, np.ndarray]:
        """(n, d) float32 by pooling layer, of pictures (n, h, w, 3) uint8 RGB, n at least 1."""
        rows: dict[int, list[np.ndarray]] = {pool: [] for pool in self.layers}
        for start in range(0, len(pictures), batch):
            rgb = torch.from_numpy(pictures[start : start + batch]).permute(0, 3, 1, 2).float() / 255
            for pool, layer in self.layers.items():
                rows[pool].append(self._vectors(layer, rgb).cpu().numpy())
        return {pool: np.concatenate(parts) for pool, parts in rows.items()}

    def _vectors(self, layer: PoolLayer, rgb: Tensor) -> Tensor:
        rgb = rgb.to(next(layer.module.parameters()).device)
        if layer.normalised:
            mean, deviation = (rgb.new_tensor(one).view(3, 1, 1) for one in (IMAGENET_MEAN, IMAGENET_STD))
            rgb = (rgb - mean) / deviation
        maps = layer.module(rgb).float()
        return maps.flatten(1) if self.vectors == "flat" else maps.mean(dim=(2, 3))
