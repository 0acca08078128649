"""Training of the small networks: Adam, a cosine, crops mirrored by chance; no more than the dissertation allows itself.

All randomness comes from the generators given; on a CPU with the same number of threads the same seed gives the same
network.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import torch
import torch.nn.functional as functional
from torch import nn

from annotate.errors import PlafondError
from eval.ood.networks import Autoencoder, Classifier

FGSM_STEP = 0.01
"""Step of adversarial crops: a hundredth of the range of values (Lakshminarayanan et al. 2017)."""
Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def to_crops(images: np.ndarray, device: torch.device) -> torch.Tensor:
    """(n, 3, s, s) float RGB in 0..1 of (n, s, s, 3) uint8."""
    return torch.from_numpy(images).to(device).permute(0, 3, 1, 2).float() / 255


def cross_entropy(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Softmax cross-entropy over the classes."""
    return functional.cross_entropy(logits, labels)


def k_way_logistic(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """A logistic loss for each class on its own: no class is also an answer (dissertation, section 3.4)."""
    wanted = functional.one_hot(labels, logits.shape[1]).float()
    return functional.binary_cross_entropy_with_logits(logits, wanted)


def balanced_logistic(outside_weight: float) -> Loss:
    """Logistic loss of one logit, inside 0 and outside 1, an outsider counting outside_weight times."""
    weight = torch.tensor(outside_weight)

    def loss(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        return functional.binary_cross_entropy_with_logits(
            logits[:, 0], labels.float(), pos_weight=weight.to(logits.device)
        )

    return loss


def adversarial(model: nn.Module, crops: torch.Tensor, labels: torch.Tensor, loss: Loss, step: float) -> torch.Tensor:
    """Crops moved by step along the sign of the loss's gradient, kept in 0..1 (FGSM, Goodfellow et al. 2015)."""
    moved = crops.detach().clone().requires_grad_(True)
    (gradient,) = torch.autograd.grad(loss(model(moved), labels), moved)
    return (crops + step * gradient.sign()).clamp(0, 1).detach()


def batches(count: int, size: int, epochs: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Indices of each batch; every crop once in an epoch. A last batch of one is left out: it has no variance."""
    for _ in range(epochs):
        order = rng.permutation(count)
        for start in range(0, count, size):
            if len(order[start : start + size]) > 1:
                yield order[start : start + size]


def laid_out(model: nn.Module, device: torch.device) -> nn.Module:
    """The network on the device, laid out as the crops are (channels last), which is faster."""
    return model.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]


def _mirrored(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    images = images.copy()
    chosen = rng.random(len(images)) < 0.5
    images[chosen] = images[chosen, :, ::-1]
    return images


def _minimise(
    model: nn.Module,
    images: np.ndarray,
    loss_of: Callable[[torch.Tensor, np.ndarray], torch.Tensor],
    epochs: int,
    batch: int,
    learning_rate: float,
    rng: np.random.Generator,
    device: torch.device,
) -> None:
    steps = list(batches(len(images), batch, epochs, rng))
    laid_out(model, device)
    optimiser = torch.optim.Adam(model.parameters(), lr=learning_rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, max(1, len(steps)))
    model.train()
    for chosen in steps:
        loss = loss_of(to_crops(_mirrored(images[chosen], rng), device), chosen)
        if not torch.isfinite(loss):
            raise PlafondError(f"training: the loss became {float(loss)}; lower --learning-rate")
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 10.0)
        optimiser.step()
        schedule.step()
    model.eval()


def train_classifier(
    model: Classifier,
    images: np.ndarray,
    labels: np.ndarray,
    loss: Loss,
    epochs: int,
    batch: int,
    learning_rate: float,
    rng: np.random.Generator,
    device: torch.device,
    fgsm_step: float = 0.0,
) -> Classifier:
    """Train in place and return it, ready for use. images (n, s, s, 3) uint8, labels (n,).

    fgsm_step above 0 adds the loss on adversarial crops of the same batch. Dropout draws from torch's random state.
    """

    def loss_of(crops: torch.Tensor, chosen: np.ndarray) -> torch.Tensor:
        wanted = torch.from_numpy(labels[chosen]).to(device)
        value = loss(model(crops), wanted)
        if fgsm_step > 0:
            value = value + loss(model(adversarial(model, crops, wanted, loss, fgsm_step)), wanted)
        return value

    _minimise(model, images, loss_of, epochs, batch, learning_rate, rng, device)
    return model


def train_autoencoder(
    model: Autoencoder,
    images: np.ndarray,
    epochs: int,
    batch: int,
    learning_rate: float,
    rng: np.random.Generator,
    device: torch.device,
) -> Autoencoder:
    """Train in place to give crops back, and return it, ready for use."""
    _minimise(model, images, lambda crops, chosen: model.error(crops).mean(), epochs, batch, learning_rate, rng, device)
    return model
