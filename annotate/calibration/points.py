"""A lens fitted to matched points: places in metres (or directions) and the pixels where they appear.

Unlike plumb lines, points in metres fix the focal length of every model, and with it the camera's place. The camera's
pose is fitted too, unless it is given.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike
from scipy.spatial.transform import Rotation

from annotate.calibration.lens_fit import LensFit, fitted
from annotate.calibration.parameters import LensParameters
from annotate.calibration.solve import IMPOSSIBLE_PX, solve
from annotate.errors import InputError
from annotate.lens import Array, LensModel, as_rows

_FLAT = 1e-6
Pose = tuple[Array, Array]


def fit_points(
    points_m: ArrayLike,
    px: ArrayLike,
    size: tuple[int, int],
    model: str = "equidistant",
    start: LensModel | None = None,
    free: Sequence[str] | None = None,
    fixed: dict[str, float] | None = None,
    pose: tuple[ArrayLike, ArrayLike] | None = None,
    rim_radius_px: float | None = None,
    bootstraps: int = 200,
    seed: int = 0,
) -> LensFit:
    """The lens that brings points nearest to their pixels, with 95 % intervals.

    points_m: (n, 3) in any right-handed frame, metres; with pose (rotation 3 x 3, translation (3,)) given they become
    camera-frame points R p + t, and directions will do (identity and zeros). px: (n, 2). The pose is fitted otherwise;
    that needs 6 points that do not lie in one plane, or 5 that do (all on the floor). Other arguments: fit_plumb_line.
    """
    points, pixels = as_rows(points_m, 3, "points_m"), as_rows(px, 2, "px")
    if len(points) != len(pixels) or not len(points):
        raise InputError(f"{len(points)} points and {len(pixels)} pixels: expected as many of both, at least one")
    parameters = LensParameters.of(model, size, free, fixed)
    known = None if pose is None else (np.asarray(pose[0], float), np.asarray(pose[1], float))

    def residuals(values: Array) -> Array:
        try:
            lens = parameters.lens(values[: len(parameters.free)])
        except InputError:
            return np.full(2 * len(points), IMPOSSIBLE_PX)
        rotation, translation = known or _pose(values)
        off = lens.project(points @ rotation.T + translation) - pixels
        return np.where(np.isfinite(off), off, IMPOSSIBLE_PX).ravel()

    starts = parameters.starts(start)
    if known is None:
        starts = [np.concatenate([place, _first_pose(parameters.lens(place), points, pixels)]) for place in starts]
    extent = float(np.ptp(points, axis=0).max()) or 1.0
    scales = np.concatenate([parameters.scales(), [] if known else [0.05] * 3 + [0.05 * extent] * 3])
    group = np.repeat(np.arange(len(points)), 2)
    solution = solve(residuals, starts, scales, group, bootstraps=bootstraps, seed=seed)
    fit = fitted(parameters, solution, np.repeat(pixels, 2, axis=0), group, rim_radius_px)
    return replace(fit, pose=known or _pose(solution.values), notes=(*fit.notes, *_notes(points, known is None)))


def _pose(values: Array) -> Pose:
    return np.asarray(Rotation.from_rotvec(values[-6:-3]).as_matrix()), values[-3:]


def _first_pose(lens: LensModel, points: Array, pixels: Array) -> Array:
    """(6,) rotation vector and translation from a linear solution: every ray is parallel to R p + t.

    The direct linear transform for rays, so that also points beyond 90 deg take part. For points in one plane only two
    columns of R come out of it, the third is their cross product.
    """
    rays = lens.unproject(pixels)
    seen = np.isfinite(rays[:, 0])
    rays, points = rays[seen], points[seen]
    if len(points) < 5:
        raise InputError(f"{len(points)} points inside the field: the camera's pose needs 5 in a plane or 6, better 15")
    middle = points.mean(axis=0)
    _, spread, axes = np.linalg.svd(points - middle, full_matrices=True)
    flat = bool(spread[2] < _FLAT * spread[0])
    needed = 5 if flat else 6
    if len(points) < needed:
        raise InputError(
            f"{len(points)} points inside the field: the camera's pose needs {needed}, better 15 all over the picture"
        )
    if spread[1] <= _FLAT * spread[0]:
        raise InputError("the points inside the field lie on one line, or are one: they leave the camera's pose open")
    axes = axes * np.linalg.det(axes)
    local = (points - middle) @ axes.T
    columns = 2 if flat else 3
    homogeneous = np.column_stack([local[:, :columns], np.ones(len(local))])
    cross = np.array([[np.zeros(len(rays)), -rays[:, 2], rays[:, 1]], [rays[:, 2], np.zeros(len(rays)), -rays[:, 0]]])
    system = np.einsum("rcn,nk->nrck", cross, homogeneous).reshape(2 * len(rays), -1)
    solution = np.linalg.svd(system)[2][-1].reshape(3, columns + 1)
    solution *= np.sign(((homogeneous @ solution.T) * rays).sum())
    solution /= np.linalg.norm(solution[:, 0])
    turn = np.column_stack([solution[:, :2], np.cross(solution[:, 0], solution[:, 1])]) if flat else solution[:, :3]
    left, _, right = np.linalg.svd(turn)
    rotation = left @ np.diag([1.0, 1.0, np.linalg.det(left @ right)]) @ right @ axes
    translation = solution[:, columns] - rotation @ middle
    return np.concatenate([Rotation.from_matrix(rotation).as_rotvec(), translation])


def _notes(points: Array, pose_fitted: bool) -> list[str]:
    spread = np.linalg.svd(points - points.mean(axis=0), compute_uv=False)
    if pose_fitted and (len(spread) < 3 or spread[-1] < 0.02 * spread[0]):
        return ["the points lie in one plane: height and focal length trade off for a camera that looks straight at it"]
    return []
