"""The networks of one source and seed: trained when a method first asks, kept in the report folder, their outputs kept
in memory. Methods share them, as in the dissertation."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from safetensors.torch import save
from torch import nn

from annotate.files import write_bytes
from eval.networks.weights import read_weights
from eval.ood.config import OodConfig
from eval.ood.crops import CropSet
from eval.ood.networks import Autoencoder, Classifier, build_classifier
from eval.ood.training import (
    FGSM_STEP,
    Loss,
    balanced_logistic,
    cross_entropy,
    k_way_logistic,
    laid_out,
    to_crops,
    train_autoencoder,
    train_classifier,
)

Network = TypeVar("Network", bound=nn.Module)
CODE_VERSION = 1
"""Raised when networks or their training change, so that nothing kept by an older version is taken for the same."""
_BATCH = 64


def content_key(*facts: Any) -> str:
    """16 hexadecimal digits that stand for facts that JSON can hold."""
    return hashlib.sha256(json.dumps([CODE_VERSION, *facts], sort_keys=True).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Trunk:
    """Where the classifiers' trunk starts from: weights or None, what identifies them, what the report says."""

    weights: Mapping[str, torch.Tensor] | None
    key: str
    text: str
    path: Path | str = "weights"


class SourceModels:
    """The networks of one source and one seed.

    facts: what the source's crops depend on; key of everything kept here. folder: where networks are kept.
    """

    def __init__(
        self, config: OodConfig, train: CropSet, val: CropSet, seed: int, facts: Any, trunk: Trunk, device: torch.device
    ) -> None:
        self.config, self.train, self.val, self.seed = config, train, val, seed
        self.facts, self.trunk, self.device = facts, trunk, device
        self.folder = config.out / "networks"
        self._networks: dict[str, nn.Module] = {}
        self._outputs: dict[tuple[str, str], np.ndarray] = {}

    def classifier(self) -> Classifier:
        """Person against background with cross-entropy."""
        return self._trained("classifier", lambda: self._person_classifier("classifier", cross_entropy))

    def k_way_classifier(self) -> Classifier:
        """The same with the k-way logistic loss."""
        return self._trained("k-way", lambda: self._person_classifier("k-way", k_way_logistic))

    def member(self, number: int) -> Classifier:
        """One network of the ensemble: its own start, its own order, adversarial crops beside the others."""
        name = f"member-{number}"
        return self._trained(name, lambda: self._person_classifier(name, cross_entropy, FGSM_STEP))

    def against(self, outside: CropSet, outside_facts: Any) -> Classifier:
        """One logit, inside (train and val of the source) against these outsiders."""
        name = f"against {outside.name}"
        images = np.concatenate([self.train.images, self.val.images, outside.images])
        inside = len(self.train) + len(self.val)
        labels = np.concatenate([np.zeros(inside, np.int64), np.ones(len(outside), np.int64)])
        loss = balanced_logistic(inside / len(outside))
        return self._trained(name, lambda: self._new_classifier(name, images, labels, loss, 1), outside_facts)

    def autoencoder(self) -> Autoencoder:
        """Gives the source's crops back through a vector of 128."""

        def train() -> Autoencoder:
            rng, config = self._rng("autoencoder"), self.config
            images, epochs = self.train.images, config.autoencoder_epochs
            with self._torch_seed("autoencoder"):
                model = Autoencoder(config.crop_px)
                return train_autoencoder(model, images, epochs, config.batch, config.learning_rate, rng, self.device)

        return self._trained("autoencoder", train)

    def outputs(self, name: str, crops: CropSet, function: Callable[[torch.Tensor], torch.Tensor]) -> np.ndarray:
        """(n, ...) float64 of function over crops in batches (b, 3, s, s), computed once for each name and piece."""
        return self.kept_outputs(name, crops, lambda piece: self.evaluate(piece.images, function))

    def kept_outputs(self, name: str, crops: CropSet, compute: Callable[[CropSet], np.ndarray]) -> np.ndarray:
        """(n, ...) what compute gives for each piece of crops, computed once for each name and piece."""
        for piece in crops.pieces:
            if (name, piece.name) not in self._outputs:
                self._outputs[name, piece.name] = compute(piece)
        return np.concatenate([self._outputs[name, piece.name] for piece in crops.pieces])

    def evaluate(self, images: np.ndarray, function: Callable[[torch.Tensor], torch.Tensor]) -> np.ndarray:
        """(n, ...) float64 of function over images (n, s, s, 3) uint8, in batches."""
        rows = []
        for start in range(0, len(images), _BATCH):
            with torch.no_grad():
                rows.append(function(to_crops(images[start : start + _BATCH], self.device)).double().cpu().numpy())
        return np.concatenate(rows)

    def logits(self, crops: CropSet) -> np.ndarray:
        """(n, 2) of the classifier."""
        return self.outputs("classifier", crops, self.classifier())

    def stream(self, name: str) -> int:
        """A seed for something random of this source, different for each name."""
        return zlib.crc32(json.dumps([self.seed, self.train.name, name]).encode())

    def _rng(self, name: str) -> np.random.Generator:
        return np.random.default_rng([self.stream(name), 1])

    def _torch_seed(self, name: str) -> Any:
        return _seeded(self.stream(name), self.device)

    def _person_classifier(self, name: str, loss: Loss, fgsm_step: float = 0.0) -> Classifier:
        return self._new_classifier(name, self.train.images, self.train.labels, loss, 2, fgsm_step)

    def _new_classifier(
        self, name: str, images: np.ndarray, labels: np.ndarray, loss: Loss, outputs: int, fgsm_step: float = 0.0
    ) -> Classifier:
        config, trunk = self.config, self.trunk
        with self._torch_seed(name):
            model = build_classifier(config.backbone, images, outputs, trunk.weights, trunk.path)
            return train_classifier(
                model, images, labels, loss, config.epochs, config.batch, config.learning_rate, self._rng(name),
                self.device, fgsm_step,
            )  # fmt: skip

    def _trained(self, name: str, train: Callable[[], Network], more: Any = None) -> Network:
        """The network of that name: from memory, from the folder, or trained now and then kept."""
        if name not in self._networks:
            epochs = self.config.autoencoder_epochs if name == "autoencoder" else self.config.epochs
            trunk = None if name == "autoencoder" else [self.config.backbone, self.trunk.key]
            options = [epochs, self.config.batch, self.config.learning_rate, trunk]
            key = content_key("network", name, self.facts, self.seed, options, more)
            self._networks[name] = self._kept(self.folder / f"{key}.safetensors", name, train)
        return self._networks[name]  # type: ignore[return-value]

    def _kept(self, place: Path, name: str, train: Callable[[], Network]) -> nn.Module:
        if place.is_file():
            model = self._empty(name)
            model.load_state_dict(read_weights(place))
            return laid_out(model, self.device).eval()
        trained = train()
        state = {key: value.detach().cpu().contiguous() for key, value in trained.state_dict().items()}
        write_bytes(place, save(state, metadata={"network": name, "source": self.train.name, "seed": str(self.seed)}))
        return trained

    def _empty(self, name: str) -> nn.Module:
        with self._torch_seed(name):
            if name == "autoencoder":
                return Autoencoder(self.config.crop_px)
            outputs = 1 if name.startswith("against ") else 2
            return build_classifier(self.config.backbone, self.train.images, outputs)


class _seeded:
    """torch's random state from a seed within a with-block, and as it was after it."""

    def __init__(self, seed: int, device: torch.device) -> None:
        self._seed = seed
        self._fork = torch.random.fork_rng(devices=[device] if device.type == "cuda" else [])

    def __enter__(self) -> None:
        self._fork.__enter__()
        torch.manual_seed(self._seed)

    def __exit__(self, *failure: Any) -> None:
        self._fork.__exit__(*failure)
