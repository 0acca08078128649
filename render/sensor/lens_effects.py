"""What the optics do to light before the sensor sees it: fall-off, colour fringes, blur, shake.

Light is HWC float32, linear. The share of a pixel is its angle off the optical axis over the lens's widest, 0 to 1, and
1 where the lens sees nothing. Fields that depend on the lens alone are kept for the last lenses.
"""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np

from annotate.lens import Lens


def fall_off(light: np.ndarray, vignetting: float, lens: Lens) -> np.ndarray:
    """Light less a share of it: none on the optical axis, vignetting at the widest angle, with the angle's square."""
    if vignetting == 0:
        return light
    return np.asarray(light * (1 - np.float32(vignetting) * share_square(lens))[..., None])


def fringed(light: np.ndarray, fringe_px: float, lens: Lens) -> np.ndarray:
    """Red moved outwards and blue inwards along the radius by fringe_px (of this picture) times the share.

    What green shows at a place, red shows fringe_px times the share further out: lateral chromatic aberration.
    """
    if fringe_px == 0:
        return light
    x, y, outwards_x, outwards_y = _radial_field(lens)
    result = light.copy()
    for channel, moved_px in ((0, -fringe_px), (2, fringe_px)):
        where = x + np.float32(moved_px) * outwards_x, y + np.float32(moved_px) * outwards_y
        plane = np.ascontiguousarray(light[..., channel])
        result[..., channel] = cv2.remap(plane, *where, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return result


def blurred(light: np.ndarray, blur_px: float) -> np.ndarray:
    """Light after a Gaussian of that standard deviation, px of this picture; the frame's edge goes on outside."""
    if blur_px <= 0:
        return light
    return np.asarray(cv2.GaussianBlur(light, (0, 0), blur_px, borderType=cv2.BORDER_REPLICATE))


def rim_blurred(light: np.ndarray, rim_blur_px: float, lens: Lens) -> np.ndarray:
    """Light blurred with a standard deviation of rim_blur_px times the square of the share.

    Between no, half and full blur the pictures are mixed so that the variance of the mixture is the one wanted.
    """
    if rim_blur_px <= 0:
        return light
    variance = share_square(lens) ** 2
    half = blurred(light, rim_blur_px / 2)
    full = blurred(light, rim_blur_px)
    to_half = np.minimum(variance * 4, 1)[..., None]
    to_full = np.maximum((variance * 4 - 1) / 3, 0)[..., None]
    inner = light + to_half * (half - light)
    return np.asarray(inner + to_full * (full - inner), np.float32)


def shaken(light: np.ndarray, shake_px: float, angle_deg: float) -> np.ndarray:
    """Light averaged along a way of shake_px, px of this picture, whose middle is the pixel itself."""
    if shake_px <= 0:
        return light
    return np.asarray(cv2.filter2D(light, -1, line_kernel(shake_px, angle_deg), borderType=cv2.BORDER_REPLICATE))


def line_kernel(length_px: float, angle_deg: float) -> np.ndarray:
    """Odd square kernel of sum 1: an even line through the middle; angle 0 along x, clockwise in the picture."""
    reach = int(np.ceil(length_px / 2)) + 1
    along = (np.arange(64) + 0.5) / 64 - 0.5
    x, y = (reach + along * length_px * turn(np.radians(angle_deg)) for turn in (np.cos, np.sin))
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1), np.float64)
    left, top = np.floor(x).astype(int), np.floor(y).astype(int)
    for right, below in ((0, 0), (1, 0), (0, 1), (1, 1)):
        weight = np.abs(1 - right - (x - left)) * np.abs(1 - below - (y - top))
        np.add.at(kernel, (top + below, left + right), weight)
    return np.asarray(kernel / kernel.sum(), np.float32)


@lru_cache(maxsize=4)
def share_square(lens: Lens) -> np.ndarray:
    """HW float32: square of each pixel's share."""
    share = np.nan_to_num(lens.off_axis_share(), nan=1.0)
    return np.asarray(share**2, np.float32)


@lru_cache(maxsize=4)
def _radial_field(lens: Lens) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """OpenCV's place of each pixel, x and y, and the share as a vector away from the principal point, x and y; HW."""
    x, y = lens.pixel_centres().reshape(lens.height_px, lens.width_px, 2).transpose(2, 0, 1)
    away_x, away_y = x - lens.cx_px, y - lens.cy_px
    radius = np.maximum(np.hypot(away_x, away_y), 1e-9)
    share = np.sqrt(share_square(lens))
    fields = (x - 0.5, y - 0.5, share * away_x / radius, share * away_y / radius)
    first, second, third, fourth = (np.ascontiguousarray(field, np.float32) for field in fields)
    return first, second, third, fourth
