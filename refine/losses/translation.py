"""The losses of image-to-image translation, each a small function of tensors that returns a scalar.

Images are NCHW in [-1, 1]. What a norm means decides what a weight (lambda) means:

- ||a - b||_1 between images is the mean of |a - b| over batch, channels and pixels, as in the published
  implementations of CycleGAN. With sums the same lambda would be tens of thousands of times stronger.
- ||a - b||_2 between features is the Euclidean length of each image's whole difference (channels and positions
  together, not squared), as the thesis prints it, averaged over the batch. At the thesis's 128 px pool 2 of VGG16 has
  131,072 numbers and the weight 1e-5 makes such a loss about as large as the adversarial one; the mean or the square
  would make it nothing or everything. The scale of VGG's features, and with it what a length means at other sizes of
  crops, is refine.perceptual's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor


def mean_l1(a: Tensor, b: Tensor) -> Tensor:
    """Mean absolute difference of two tensors of one shape."""
    return (a - b).abs().mean()


def euclidean(a: Tensor, b: Tensor) -> Tensor:
    """Mean over the batch of the Euclidean length of a - b; a, b: (n, ...), or b (1, ...) for all alike."""
    return torch.linalg.vector_norm((a.float() - b.float()).flatten(1), dim=1).mean()


def generator_least_squares(scores_fake: Tensor) -> Tensor:
    """E[(D(G(x)) - 1)^2], what the generator lowers (thesis section 2.4, after eq. 2.9).

    scores_fake: the discriminator's scores of translated images, any shape.
    """
    return (scores_fake - 1).square().mean()


def discriminator_least_squares(scores_real: Tensor, scores_fake: Tensor) -> Tensor:
    """E[(D(y) - 1)^2] + E[D(G(x))^2], what the discriminator lowers (thesis section 2.4, after eq. 2.9).

    Some implementations halve it; under Adam, which divides by the gradient's size, that makes no difference.
    """
    return (scores_real - 1).square().mean() + scores_fake.square().mean()


def cyclic_pixel(x: Tensor, x_back: Tensor, y: Tensor, y_back: Tensor) -> Tensor:
    """E[||F(G(x)) - x||_1] + E[||G(F(y)) - y||_1], thesis eq. 2.8.

    x_back is F(G(x)), y_back is G(F(y)).
    """
    return mean_l1(x_back, x) + mean_l1(y_back, y)


def identity_pixel(x: Tensor, y_fake: Tensor, y: Tensor, x_fake: Tensor) -> Tensor:
    """E[||G(x) - x||_1], thesis eq. 2.17, and the same of F: a translated image keeps its input's pixels.

    y_fake is G(x), x_fake is F(y). The equation is printed for "a generator G" and there are two. CycleGAN's own
    identity loss is another: ||G(y) - y||_1.
    """
    return mean_l1(y_fake, x) + mean_l1(x_fake, y)


def feature_distance(a: Mapping[int, Tensor], b: Mapping[int, Tensor], layers: Sequence[int]) -> Tensor:
    """Sum over the layers of the Euclidean distance of two images' features V, by layer."""
    return torch.stack([euclidean(a[layer], b[layer]) for layer in layers]).sum()


def cyclic_feature(
    x: Mapping[int, Tensor],
    x_back: Mapping[int, Tensor],
    y: Mapping[int, Tensor],
    y_back: Mapping[int, Tensor],
    layers: Sequence[int],
) -> Tensor:
    """E[||V(F(G(x))) - V(x)||_2] + E[||V(G(F(y))) - V(y)||_2], thesis eq. 2.18. Arguments: features by pooling layer."""
    return feature_distance(x_back, x, layers) + feature_distance(y_back, y, layers)


def identity_feature(
    x: Mapping[int, Tensor],
    y_fake: Mapping[int, Tensor],
    y: Mapping[int, Tensor],
    x_fake: Mapping[int, Tensor],
    layers: Sequence[int],
) -> Tensor:
    """E[||V(G(x)) - V(x)||_2], thesis eq. 2.19, and the same of F. Arguments: features by pooling layer."""
    return feature_distance(y_fake, x, layers) + feature_distance(x_fake, y, layers)


def mean_feature(
    y_fake: Mapping[int, Tensor],
    y_mean: Mapping[int, Tensor],
    x_fake: Mapping[int, Tensor],
    x_mean: Mapping[int, Tensor],
    layers: Sequence[int],
) -> Tensor:
    """E[||V(G(x)) - E[V(y)]||_2], thesis eq. 2.20, and the same of F with the mean of x.

    The equation prints V(E[Y]), the features of the mean image; its text says the mean of the features, which is
    taken here. y_mean, x_mean: (1, c, h, w) by pooling layer.
    """
    return feature_distance(y_fake, y_mean, layers) + feature_distance(x_fake, x_mean, layers)


def cyclic_discriminator(
    x: Sequence[Tensor], x_back: Sequence[Tensor], y: Sequence[Tensor], y_back: Sequence[Tensor]
) -> Tensor:
    """Sum over layers j of E[||d_j(x) - d_j(F(G(x)))||_2] + E[||d_j(y) - d_j(G(F(y)))||_2], thesis eq. 2.21 and 2.22.

    Arguments: activations of the layers of D_X (x, x_back) and of D_Y (y, y_back). Eq. 2.21 prints G(F(x)) in its
    second term; F takes y.
    """
    both = zip((*x, *y), (*x_back, *y_back), strict=True)
    return torch.stack([euclidean(back, one) for one, back in both]).sum()
