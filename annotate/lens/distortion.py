"""The distortion of a picture plane by Brown (1966) and Conrady (1919), as OpenCV writes it, and its exact inverse.

(x, y) is a place in the plane at focal length 1, r its distance from the axis:

    x' = x (1 + k1 r^2 + k2 r^4 + k3 r^6) + 2 p1 x y + p2 (r^2 + 2 x^2)
    y' = y (1 + k1 r^2 + k2 r^4 + k3 r^6) + p1 (r^2 + 2 y^2) + 2 p2 x y

Its Jacobian is symmetric, so wherever that is positive definite on a disc no two places of the disc meet.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from annotate.lens.base import RIM_SLACK, Array
from annotate.lens.solve import invert_increasing, polynomial

_STEPS = 60
_HALVINGS = 12
_EXACT = 2e-15
"""Residual in the plane, relative, at which the search ends."""
_FOUND = 1e-11
"""Residual up to which a place counts as found: a hundred millionth of a pixel in a large picture."""


@dataclass(frozen=True)
class BrownConrady:
    """Three radial and two tangential coefficients."""

    k1: float
    k2: float
    p1: float
    p2: float
    k3: float = 0.0

    def distorted(self, plane: Array) -> Array:
        """Where places (n, 2) of the plane come to lie, (n, 2)."""
        x, y = plane[:, 0], plane[:, 1]
        square = np.square(x) + np.square(y)
        radial = polynomial((1.0, self.k1, self.k2, self.k3), square)
        tilt = self.p1 * y + self.p2 * x
        return np.column_stack(
            [x * radial + self.p2 * square + 2 * x * tilt, y * radial + self.p1 * square + 2 * y * tilt]
        )

    def limit(self, upper: float = math.inf) -> float:
        """Radius of the largest disc, at most `upper`, in which no two places meet.

        The radial slope A = d(r')/dr, the stretch B = r'/r and the tangential part Q = r |p| give the determinant of
        the Jacobian at azimuth a from p: AB - 4 Q^2 + (2A + 6B) Q cos a + 16 Q^2 cos^2 a. Its least value over a is
        followed outwards until it vanishes; r goes through tan, so that the whole plane is searched.
        """
        steps = np.linspace(0.0, math.atan(upper), 8193)[:-1]
        negative = self._least_determinant(np.tan(steps)) <= 0
        if not negative.any():
            return upper
        low, high = steps[np.argmax(negative) - 1], steps[np.argmax(negative)]
        for _ in range(60):
            middle = (low + high) / 2
            if self._least_determinant(np.tan(np.array([middle])))[0] <= 0:
                high = middle
            else:
                low = middle
        return math.tan(low)

    def undistorted(self, distorted: Array, limit: float) -> Array:
        """Places (n, 2) within `limit` of the axis that are distorted to the ones given; NaN where there is none.

        Newton's method, from the answer without tangential part, with steps halved until they help. limit: at most
        `limit()` of this distortion.
        """
        reach = limit * (1 + RIM_SLACK)
        plane = self._without_tangential_part(distorted, reach)
        scale = np.maximum(np.hypot(distorted[:, 0], distorted[:, 1]), 1e-3)
        wrong = self.distorted(plane) - distorted
        error = np.hypot(wrong[:, 0], wrong[:, 1]) / scale
        open_ = np.flatnonzero(error > _EXACT)
        for _ in range(_STEPS):
            if not len(open_):
                break
            step = self._newton_step(plane[open_], wrong[open_])
            better = self._shortened(plane[open_], step, distorted[open_], error[open_] * scale[open_], reach)
            moved = np.isfinite(better[:, 0])
            open_, better = open_[moved], better[moved]
            plane[open_] = better
            wrong[open_] = self.distorted(better) - distorted[open_]
            error[open_] = np.hypot(wrong[open_, 0], wrong[open_, 1]) / scale[open_]
            open_ = open_[error[open_] > _EXACT]
        return np.where((error <= _FOUND)[:, None], plane, np.nan)

    def _least_determinant(self, radius: Array) -> Array:
        square = radius * radius
        slope = polynomial((1.0, 3 * self.k1, 5 * self.k2, 7 * self.k3), square)
        stretch = polynomial((1.0, self.k1, self.k2, self.k3), square)
        tangential = radius * math.hypot(self.p1, self.p2)
        mixed = 2 * slope + 6 * stretch
        with np.errstate(divide="ignore", invalid="ignore"):
            vertex = np.where(tangential > 0, -mixed / (32 * tangential), 0.0)
        cosine = np.clip(np.nan_to_num(vertex), -1.0, 1.0)
        part = tangential * cosine
        least = slope * stretch - 4 * tangential**2 + mixed * part + 16 * part**2
        # A positive determinant of two negative eigenvalues lies behind the first turn, and is no way back.
        return np.where(slope + stretch > 0, least, -1.0)

    def _without_tangential_part(self, distorted: Array, reach: float) -> Array:
        length = np.hypot(distorted[:, 0], distorted[:, 1])
        slope = (1.0, 3 * self.k1, 5 * self.k2, 7 * self.k3)

        def stretched(radius: Array) -> Array:
            return radius * polynomial((1.0, self.k1, self.k2, self.k3), radius * radius)

        end = stretched(np.array([reach]))[0]
        radius = invert_increasing(stretched, lambda r: polynomial(slope, r * r), np.minimum(length, end), reach)
        return distorted * (radius / np.where(length > 0, length, 1.0))[:, None]

    def _newton_step(self, plane: Array, wrong: Array) -> Array:
        """What to take off (n, 2) to undo residuals (n, 2), by the symmetric Jacobian."""
        x, y = plane[:, 0], plane[:, 1]
        square = np.square(x) + np.square(y)
        stretch = polynomial((1.0, self.k1, self.k2, self.k3), square)
        bend = polynomial((2 * self.k1, 4 * self.k2, 6 * self.k3), square)
        xx = stretch + bend * x * x + 2 * self.p1 * y + 6 * self.p2 * x
        yy = stretch + bend * y * y + 6 * self.p1 * y + 2 * self.p2 * x
        xy = bend * x * y + 2 * self.p1 * x + 2 * self.p2 * y
        determinant = xx * yy - xy * xy
        determinant = np.where(np.abs(determinant) > 1e-30, determinant, 1e-30)
        step = [yy * wrong[:, 0] - xy * wrong[:, 1], xx * wrong[:, 1] - xy * wrong[:, 0]]
        return np.column_stack(step) / determinant[:, None]

    def _shortened(self, plane: Array, step: Array, distorted: Array, error: Array, reach: float) -> Array:
        """plane - step, or a shorter step within reach, where that is nearer to the answer; NaN where none is."""
        best = np.full_like(plane, np.nan)
        length = np.ones(len(plane))
        for _ in range(_HALVINGS):
            tried = plane - length[:, None] * step
            radius = np.hypot(tried[:, 0], tried[:, 1])
            tried *= np.where(radius > reach, reach / np.maximum(radius, 1e-300), 1.0)[:, None]
            wrong = self.distorted(tried) - distorted
            better = np.isnan(best[:, 0]) & (np.hypot(wrong[:, 0], wrong[:, 1]) < error)
            best[better] = tried[better]
            if not np.isnan(best).any():
                break
            length /= 2
        return best
