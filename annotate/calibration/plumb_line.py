"""Plumb lines: a lens fitted to edges that are straight in the room.

A straight edge and the camera span a plane, so the edge's rays lie in one plane through the lens, wherever the edge is.
A lens fits if that holds for every traced edge. What is minimised is the distance in the picture, in px, from each
traced point to the image of its edge's best plane: the angle between ray and plane, divided by how fast that angle
changes from pixel to pixel. (The bare angle would be least for a lens that squeezes everything into a tiny field.)

What plumb lines cannot tell. Rays v and A v, A any 3 x 3 matrix, have the same planes. For a lens whose picture is the
same in all directions around the axis one number of A remains: tan(theta') = s tan(theta) turns straight edges into
straight edges. Lines alone therefore fix a lens up to s: a rigid model (equidistant, equisolid) settles s by its own
form, a flexible one (kannala_brandt, angle_polynomial) hardly. 90 degrees stays 90 degrees for any s. Edges known to
run along the room's three right-angled directions (`directions`) do fix s. The height of the camera and all lengths in
metres remain unknown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import least_squares
from scipy.spatial.transform import Rotation

from annotate.calibration.lens_fit import LensFit, fitted
from annotate.calibration.parameters import RIGID_SERIES, LensParameters
from annotate.calibration.solve import IMPOSSIBLE_PX, Solution, solve
from annotate.errors import InputError, PlafondError
from annotate.lens import Array, LensModel, as_rows

_DERIVATIVE_STEP_PX = 0.05
_SMALLEST_SLOPE = 1e-9


@dataclass(frozen=True)
class PlumbLines:
    """Traced edges in one stack of points."""

    px: Array
    """(n, 2)"""
    curve: np.ndarray
    """(n,) number of each point's edge, counted from 0 without gaps, in order."""
    directions: tuple[int | None, ...] = ()
    """For each edge the direction of the room along which it runs (0, 1, 2: at right angles), None if not known."""

    @classmethod
    def of(cls, curves: Sequence[ArrayLike], directions: Sequence[int | None] | None = None) -> PlumbLines:
        """Stacked edges; InputError if an edge has fewer than three points (two lie in a plane under any lens)."""
        rows = [as_rows(curve, 2, f"curves[{index}]") for index, curve in enumerate(curves)]
        short = [index for index, row in enumerate(rows) if len(row) < 3]
        if not rows or short:
            what = f"curves[{short[0]}] has {len(rows[short[0]])} points" if short else "there are no curves"
            raise InputError(f"{what}: a plumb line needs at least 3 points along one straight edge")
        known = tuple(directions or [None] * len(rows))
        if len(known) != len(rows) or any(way not in (None, 0, 1, 2) for way in known):
            raise InputError(f"directions {known}: expected one of 0, 1, 2 or none for each of {len(rows)} curves")
        return cls(np.vstack(rows), np.repeat(np.arange(len(rows)), [len(row) for row in rows]), known)

    @property
    def count(self) -> int:
        return len(self.directions)

    def only(self, chosen: Sequence[int]) -> PlumbLines:
        """Some of the edges."""
        curves = [self.px[self.curve == index] for index in chosen]
        return PlumbLines.of(curves, [self.directions[index] for index in chosen])

    def residuals_px(self, lens: LensModel, room: Array | None = None) -> Array:
        """(n,) signed distances in px from the image of each edge's best plane; IMPOSSIBLE_PX outside the field.

        room: 3 x 3, columns the room's directions in the camera frame; the plane of an edge of known direction holds it.
        """
        rays, dx, dy = _rays_with_slopes(lens, self.px)
        if not np.isfinite(dx + dy).all():
            return np.full(len(self.px), IMPOSSIBLE_PX)
        weight = np.ones(len(rays))
        for _ in range(2):
            normals = self._normals(rays * weight[:, None], room)[self.curve]
            slope = np.hypot((normals * dx).sum(axis=1), (normals * dy).sum(axis=1))
            weight = 1 / np.maximum(slope, _SMALLEST_SLOPE)
        return np.asarray((normals * rays).sum(axis=1) * weight)

    def _normals(self, rays: Array, room: Array | None) -> Array:
        """(count, 3) unit normals of the planes nearest to each edge's rays: least eigenvectors of their scatter."""
        starts = np.searchsorted(self.curve, np.arange(self.count))
        scatter = np.add.reduceat(rays[:, :, None] * rays[:, None, :], starts, axis=0)
        normals = np.linalg.eigh(scatter)[1][:, :, 0]
        if room is None:
            return np.asarray(normals)
        for index, way in enumerate(self.directions):
            if way is not None:
                across = np.delete(room, way, axis=1)
                normals[index] = across @ np.linalg.eigh(across.T @ scatter[index] @ across)[1][:, 0]
        return np.asarray(normals)


def fit_plumb_line(
    curves: Sequence[ArrayLike],
    size: tuple[int, int],
    model: str = "equidistant",
    start: LensModel | None = None,
    free: Sequence[str] | None = None,
    fixed: dict[str, float] | None = None,
    directions: Sequence[int | None] | None = None,
    rim_radius_px: float | None = None,
    bootstraps: int = 200,
    seed: int = 0,
) -> LensFit:
    """The lens of a model under which traced edges are straightest, with 95 % intervals.

    curves: points (k, 2) px along each edge. size: width, height. free, fixed: see LensParameters. directions: see
    PlumbLines; with them the room's orientation is fitted too. rim_radius_px: radius of the lens's circle, for the angle
    at the rim; left out, the frame's furthest corner. Raises InputError for too little data.
    """
    lines = PlumbLines.of(curves, directions)
    parameters = LensParameters.of(model, size, free, fixed)
    solution = _solve(lines, parameters, _starts(lines, parameters, start), bootstraps, seed)
    fit = fitted(parameters, solution, lines.px, lines.curve, rim_radius_px)
    room = _room(solution.values, len(solution.values) - len(parameters.free))
    return replace(fit, room=room, notes=(*fit.notes, *_notes(lines, parameters)))


def compare_models(
    curves: Sequence[ArrayLike],
    size: tuple[int, int],
    models: Sequence[str] = ("equidistant", "equisolid", "stereographic", "kannala_brandt"),
    directions: Sequence[int | None] | None = None,
    folds: int = 5,
) -> dict[str, float]:
    """Rms distance in px of edges that a model was not fitted to, best model first.

    Every fold's edges are judged by the lens fitted to all the others; inf for a model that cannot be fitted.
    """
    lines = PlumbLines.of(curves, directions)
    if lines.count < 2:
        raise InputError("one edge: to compare models some edges are held back; trace more, or name the model")
    scores = {model: _held_out_rms(lines, LensParameters.of(model, size), folds) for model in models}
    return dict(sorted(scores.items(), key=lambda item: item[1]))


def _solve(lines: PlumbLines, parameters: LensParameters, starts: list[Array], bootstraps: int, seed: int) -> Solution:
    rooms = 3 if any(way is not None for way in lines.directions) else 0
    known = sum(way is not None for way in lines.directions)

    def residuals(values: Array) -> Array:
        try:
            lens = parameters.lens(values)
        except InputError:
            return np.full(len(lines.px), IMPOSSIBLE_PX)
        return lines.residuals_px(lens, _room(values, rooms))

    if rooms:
        starts = [_with_room(lines, parameters, start) for start in starts]
    scales = np.concatenate([parameters.scales(), np.full(rooms, 0.05)])
    return solve(residuals, starts, scales, lines.curve, 2 * lines.count - known, bootstraps, seed=seed)


def _starts(lines: PlumbLines, parameters: LensParameters, start: LensModel | None) -> list[Array]:
    """Where to begin: for a model with shape terms at the best lens of each rigid model, whose search is well-behaved."""
    if not parameters.has_free_shape or "f_px" not in parameters.free or (start and start.model == parameters.model):
        return parameters.starts(start)
    loose = PlumbLines(lines.px, lines.curve, (None,) * lines.count)
    starts = []
    for rigid in RIGID_SERIES:
        simple = parameters.rigid(rigid)
        try:
            values = _solve(loose, simple, simple.starts(start), 0, 0).values
        except PlafondError:
            continue
        starts.append(parameters.start_like(rigid, values, simple.free))
    return starts or parameters.starts(start)


def _room(values: Array, rooms: int) -> Array | None:
    return np.asarray(Rotation.from_rotvec(values[-3:]).as_matrix()) if rooms else None


def _with_room(lines: PlumbLines, parameters: LensParameters, start: Array) -> Array:
    """start and a rotation vector: the lens that the edges give without their directions, and the room that suits it."""
    loose = PlumbLines(lines.px, lines.curve, (None,) * lines.count)
    found = _solve(loose, parameters, [start], 0, 0).values
    lens = parameters.lens(found)

    def room_only(rotation: Array) -> Array:
        return lines.residuals_px(lens, _room(rotation, 3))

    turns = [np.array([0.0, 0.0, turn]) for turn in np.radians(np.arange(0.0, 180.0, 15.0))]
    likely = sorted(turns, key=lambda turn: float(np.abs(room_only(turn)).mean()))[:3]
    refined = [least_squares(room_only, turn, x_scale=0.05, loss="soft_l1", max_nfev=40) for turn in likely]
    return np.concatenate([found, min(refined, key=lambda result: result.cost).x])


def _held_out_rms(lines: PlumbLines, parameters: LensParameters, folds: int) -> float:
    left: list[Array] = []
    for fold in range(min(folds, lines.count)):
        held = [index for index in range(lines.count) if index % folds == fold]
        others = [index for index in range(lines.count) if index % folds != fold]
        some = lines.only(others)
        try:
            solution = _solve(some, parameters, _starts(some, parameters, None), 0, 0)
        except PlafondError:
            return float("inf")
        room = _room(solution.values, len(solution.values) - len(parameters.free))
        left.append(lines.only(held).residuals_px(parameters.lens(solution.values[: len(parameters.free)]), room))
    return float(np.sqrt(np.mean(np.square(np.concatenate(left)))))


def _notes(lines: PlumbLines, parameters: LensParameters) -> list[str]:
    flexible = parameters.model in ("kannala_brandt", "angle_polynomial")
    if any(way is not None for way in lines.directions):
        return ["edges along the room's directions fix the focal length; height and lengths in metres remain unknown"]
    if flexible:
        return [
            "plumb lines alone hardly fix f_px of this model: tan(theta') = s tan(theta) keeps edges straight for any s;"
            " name the room's directions of some edges, give points, or choose a rigid model"
        ]
    return [f"plumb lines fix f_px only through the form of the model {parameters.model}: see how other models compare"]


def _rays_with_slopes(lens: LensModel, px: Array) -> tuple[Array, Array, Array]:
    """Rays (n, 3) of pixels and how they change per px along x and y (n, 3 each), by central differences."""
    step = np.array([[_DERIVATIVE_STEP_PX, 0.0], [0.0, _DERIVATIVE_STEP_PX]])
    stack = np.vstack([px, px + step[0], px - step[0], px + step[1], px - step[1]])
    rays, right, left, down, up = np.split(lens.unproject(stack), 5)
    return rays, (right - left) / (2 * _DERIVATIVE_STEP_PX), (down - up) / (2 * _DERIVATIVE_STEP_PX)
