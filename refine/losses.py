"""The losses of image-to-image translation, each a small function of tensors that returns a scalar.

Images are NCHW in [-1, 1]. Norms are means: ||a - b||_1 stands for the mean of |a - b| over the batch, the channels and
the pixels, as in the published implementations of CycleGAN. A weight (lambda) means nothing without that: with sums
the same lambda would be tens of thousands of times stronger.
"""

from __future__ import annotations

from torch import Tensor


def mean_l1(a: Tensor, b: Tensor) -> Tensor:
    """Mean absolute difference of two tensors of one shape."""
    return (a - b).abs().mean()


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
    """E[||F(G(x)) - x||_1] + E[||G(F(y)) - y||_1], thesis eq. 2.8, with norms as means.

    x_back is F(G(x)), y_back is G(F(y)).
    """
    return mean_l1(x_back, x) + mean_l1(y_back, y)
