"""People over their background, in linear light.

Layers are premultiplied linear RGB, 1.0 = white of the finished picture: out = people + (1 - alpha) * background. A
shadow is black with some alpha. A photograph is decoded from sRGB first; its black surround outside the lens circle
stays as it is, because nobody is rendered there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from annotate.camera import Camera

_MEAN_LUMINANCE = 0.27
"""Luminance to which the automatic exposure brings the empty room: about 0.55 in sRGB, as office cameras do."""
_HIGHLIGHT_SHARE = 0.95
"""Windows and lamps above this quantile do not count in the exposure."""
_LUMINANCE = np.array([0.2126, 0.7152, 0.0722], np.float32)


@dataclass(frozen=True)
class Layers:
    """What is laid over one another.

    people: HxWx4 float32 premultiplied linear. background: HxWx3 float32 linear. exposure: factor for both.
    """

    people: np.ndarray
    background: np.ndarray
    exposure: float = 1.0


def composite(layers: Layers, camera: Camera) -> np.ndarray:
    """The linear picture, HxWx3 float32, not clipped above; what the lens does not see keeps its background."""
    seen = camera.lens.valid_mask()[..., None]
    alpha = np.clip(layers.people[..., 3:], 0.0, 1.0) * seen
    light = np.maximum(layers.people[..., :3], 0.0) * seen
    return ((light + layers.background * (1.0 - alpha)) * np.float32(layers.exposure)).astype(np.float32)


def automatic_exposure(plate: np.ndarray, camera: Camera) -> float:
    """Factor that brings a rendered empty room to an office camera's usual brightness.

    plate: HxWx3 linear. Mean luminance inside the lens circle, highlights capped at a quantile.
    """
    luminance = (plate @ _LUMINANCE)[camera.lens.valid_mask()]
    if not len(luminance) or luminance.max() <= 0:
        return 1.0
    capped = np.minimum(luminance, np.quantile(luminance, _HIGHLIGHT_SHARE))
    return float(np.clip(_MEAN_LUMINANCE / max(float(capped.mean()), 1e-4), 0.02, 50.0))
