"""Losses that hold a refined person to its labels: what the labels point at has to stay visible where it is.

Images are NCHW in [-1, 1]; `before` is the crop, `after` the refined crop. Masks are (n, 1, h, w) in 0..1. Every loss
is 0 where nothing was changed, and each says what it lets pass: noise, blur, tone and texture may differ between
renders and photographs, outlines and parts may not. Means over a region are taken over the whole batch, so that a
person counts by its size; a region of nothing gives 0.

Beside them: least squares for scores that count by how much they see of a person.
"""

from __future__ import annotations

import torch.nn.functional as functional
from torch import Tensor

_LEAST = 1e-6
"""Added to the size of a region, so that an empty one gives 0."""
STRUCTURE_CONSTANT = (0.03 * 2) ** 2
"""C2 of Wang et al. 2004 for values that span 2: contrast below 0.06, about 8 of 255 levels, hardly counts."""
STRUCTURE_WINDOW = 5
"""Side of the windows in which structure is compared, pixels of the halved image."""
SILHOUETTE_REACH_PX = 3
"""How far from a place of the outline both sides are looked at."""


def region_mean(values: Tensor, region: Tensor) -> Tensor:
    """Mean of values (n, c, h, w) where region (n, 1, h, w) is 1, weighted by it between; 0 for an empty region."""
    return (values * region).sum() / (region.sum() * values.shape[1] + _LEAST)


def change_amount(before: Tensor, after: Tensor, region: Tensor) -> Tensor:
    """Mean of |after - before| in the region: a small price on every change, so that only what pays off is made."""
    return region_mean((after - before).abs(), region)


def structure(before: Tensor, after: Tensor, region: Tensor) -> Tensor:
    """1 - mean over the region of (2 cov + C) / (var before + var after + C), C = STRUCTURE_CONSTANT.

    That is contrast and structure of SSIM without its luminance (Wang et al. 2004, eq. 9 and 10 with C3 = C2 / 2), of
    the grey images (mean of the colours) halved in size, in square windows. Another tone costs nothing and fine noise,
    which halving averages away, little; what is erased, moved or drawn costs up to 1, what is inverted up to 2.
    """
    small = [_halved(image.mean(dim=1, keepdim=True)) for image in (before, after)]
    means = [_window_mean(image) for image in small]
    variances = [_window_mean(image.square()) - mean.square() for image, mean in zip(small, means, strict=True)]
    covariance = _window_mean(small[0] * small[1]) - means[0] * means[1]
    similarity = (2 * covariance + STRUCTURE_CONSTANT) / (variances[0] + variances[1] + STRUCTURE_CONSTANT)
    return region_mean(1 - similarity, _halved(region))


def silhouette(before: Tensor, after: Tensor, mask: Tensor, share: float) -> Tensor:
    """Mean over the outline of max(0, share * c(before) - c(after)): a person must stay as visible as that share.

    c is the contrast across the outline at a place of it: the length of the difference (over the colours) between the
    mean of what lies inside the mask and the mean of what lies outside, both within SILHOUETTE_REACH_PX. The outline is
    every place that sees at least a fifth of either side. More contrast than before costs nothing.
    """
    outline, (c_before, c_after) = outline_contrast(mask, before, after)
    return region_mean((share * c_before - c_after).clamp(min=0), outline)


def outline_contrast(mask: Tensor, *images: Tensor) -> tuple[Tensor, list[Tensor]]:
    """Where the outline is, 1 or 0, and the contrast across it of each image, all (n, 1, h, w); see `silhouette`."""
    side = 2 * SILHOUETTE_REACH_PX + 1
    share = _window_mean(mask, side)
    contrasts = []
    for image in images:
        inside = _window_mean(image * mask, side) / share.clamp(min=_LEAST)
        outside = _window_mean(image * (1 - mask), side) / (1 - share).clamp(min=_LEAST)
        contrasts.append(((inside - outside).square().sum(dim=1, keepdim=True) + _LEAST**2).sqrt())
    return ((share >= 0.2) & (share <= 0.8)).float(), contrasts


def less_readable(logits_before: Tensor, logits_after: Tensor, mask: Tensor) -> Tensor:
    """Mean over images of max(0, e(after) - e(before)): the mask must be as easy to find as it was.

    logits: (n, 1, h, w) of a network that finds people, of both images. e: its cross-entropy with the mask, mean over
    the pixels of an image. Only e(after) gets a gradient. Being easier to find earns nothing: the refiner has no
    reason to mark people for the network.
    """
    errors = [
        functional.binary_cross_entropy_with_logits(logits, mask, reduction="none").mean(dim=(1, 2, 3))
        for logits in (logits_before.detach(), logits_after)
    ]
    return (errors[1] - errors[0]).clamp(min=0).mean()


def weighted_generator_least_squares(scores_fake: Tensor, weights_fake: Tensor) -> Tensor:
    """Mean of (D(fake) - 1)^2, weighted; scores and weights (n, 1, h', w'). All weights 1: the unweighted loss."""
    return region_mean((scores_fake - 1).square(), weights_fake)


def weighted_discriminator_least_squares(
    scores_real: Tensor, weights_real: Tensor, scores_fake: Tensor, weights_fake: Tensor
) -> Tensor:
    """Weighted mean of (D(real) - 1)^2 + weighted mean of D(fake)^2; scores and weights (n, 1, h', w')."""
    return region_mean((scores_real - 1).square(), weights_real) + region_mean(scores_fake.square(), weights_fake)


def softened(mask: Tensor, reach_px: int) -> Tensor:
    """The mask (of 0 and 1) fading inwards over reach pixels: exactly 0 outside it, exactly 1 further in than reach.

    It is twice the mean around each pixel, less 1: 0 on a straight edge, where half of what is around lies outside.
    """
    return (2 * _window_mean(mask, 2 * reach_px + 1) - 1).clamp(min=0) * mask


def _halved(image: Tensor) -> Tensor:
    return functional.avg_pool2d(image, 2)


def _window_mean(image: Tensor, side: int = STRUCTURE_WINDOW) -> Tensor:
    """Mean in the square window around each pixel; at the border, of the part inside the image."""
    return functional.avg_pool2d(image, side, stride=1, padding=side // 2, count_include_pad=False)
