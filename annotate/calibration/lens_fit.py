"""What a fit found: the lens, its numbers with 95 % intervals, what it leaves over; prints itself."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from annotate.calibration.parameters import LensParameters
from annotate.calibration.solve import Interval, Solution
from annotate.errors import InputError
from annotate.lens import Array, LensModel


@dataclass(frozen=True)
class LensFit:
    """A fitted lens and how sure it is."""

    lens: LensModel
    """Its field reaches the rim."""
    intervals: dict[str, Interval]
    """Every free number, 95 %."""
    rim_radius_px: float
    """Distance, along x, from the principal point at which the angle below is taken."""
    rim_deg: Interval
    """Angle from the axis at the rim: half the field of view, 95 %."""
    residuals_px: Array
    """(n,) for lines the distance across the line, for points (x then y of each) the offset."""
    px: Array
    """(n, 2) where."""
    group: np.ndarray
    """(n,) edge or point of each residual."""
    notes: tuple[str, ...] = ()
    room: Array | None = None
    """3 x 3, for edges of known direction: columns are the room's directions 0, 1, 2 in the camera frame."""
    pose: tuple[Array, Array] | None = None
    """For points: rotation (3 x 3) and translation (3,) m from the world to the camera frame."""

    @property
    def rms_px(self) -> float:
        return float(np.sqrt(np.mean(np.square(self.residuals_px))))

    @property
    def median_px(self) -> float:
        """Median absolute residual, px: what a typical point is off, outliers aside."""
        return float(np.median(np.abs(self.residuals_px)))

    def tilt_deg(self) -> tuple[float, float] | None:
        """Tilt and tilt azimuth of a site's camera (yaw 0) if direction 2 of the room is the vertical; None without."""
        if self.room is None:
            return None
        down = self.room[:, 2] * np.sign(self.room[2, 2])
        return float(np.degrees(np.arccos(down[2]))), float(np.degrees(np.arctan2(down[1], -down[0])))

    def __str__(self) -> str:
        rows = [f"  {name:<13} {interval}" for name, interval in self.intervals.items()]
        return "\n".join(
            [
                f"{self.lens.model}: rms {self.rms_px:.2f} px, median {self.median_px:.2f} px over"
                f" {len(self.residuals_px)} residuals in {int(self.group.max()) + 1} groups (95 % intervals)",
                *rows,
                f"  {'angle at rim':<13} {self.rim_deg} deg at {self.rim_radius_px:.1f} px",
                *self._tilt_row(),
                *(f"  note: {note}" for note in self.notes),
            ]
        )

    def _tilt_row(self) -> list[str]:
        tilt = self.tilt_deg()
        return (
            []
            if tilt is None
            else [f"  {'camera tilt':<13} {tilt[0]:.2f} deg towards {tilt[1]:.0f} deg (if direction z is upright)"]
        )

    def summary(self) -> dict[str, object]:
        """The fit as plain values for a YAML or JSON file."""
        return {
            "model": self.lens.model,
            "rms_px": round(self.rms_px, 4),
            "median_px": round(self.median_px, 4),
            "residuals": len(self.residuals_px),
            "groups": int(self.group.max()) + 1,
            "confidence": 0.95,
            "intervals": {name: [item.low, item.high] for name, item in self.intervals.items()},
            "rim_radius_px": self.rim_radius_px,
            "rim_deg": [self.rim_deg.value, self.rim_deg.low, self.rim_deg.high],
            **self._tilt_summary(),
            "notes": list(self.notes),
        }

    def _tilt_summary(self) -> dict[str, float]:
        tilt = self.tilt_deg()
        return {} if tilt is None else {"tilt_deg": round(tilt[0], 3), "tilt_azimuth_deg": round(tilt[1], 2)}


def fitted(
    parameters: LensParameters, solution: Solution, px: Array, group: np.ndarray, rim_radius_px: float | None
) -> LensFit:
    """The fit that a solution describes; its first numbers are the lens's, in the order of parameters.free."""
    count = len(parameters.free)
    rim = rim_radius_px or _furthest_corner_px(parameters, solution.values)
    rim_deg = solution.interval(lambda values: _angle_deg(parameters, values[:count], rim))
    rim_deg = Interval(rim_deg.value, max(0.0, rim_deg.low), min(180.0, rim_deg.high))
    notes = []
    if not np.isfinite(rim_deg.value):
        notes.append(f"the lens turns back before {rim:.0f} px: its field ends at its own limit")
    if not len(solution.samples):
        notes.append("nothing was redrawn: points of one edge err together, so these intervals are too narrow")
    field = rim_deg.value if np.isfinite(rim_deg.value) else None
    intervals = {
        name: solution.interval(lambda values, index=index: float(values[index]))  # type: ignore[misc]
        for index, name in enumerate(parameters.free)
    }
    lens = parameters.lens(solution.values[:count], field)
    return LensFit(lens, intervals, rim, rim_deg, solution.residuals, px, group, tuple(notes))


def _furthest_corner_px(parameters: LensParameters, values: Array) -> float:
    """Distance of the furthest corner of the frame, counted along x (a stretched picture is shrunk back)."""
    aspect = parameters.number(values, "pixel_aspect")
    x, y = (parameters.number(values, name) for name in ("cx_px", "cy_px"))
    width, height = parameters.size
    return float(np.hypot(max(x, width - x), max(y, height - y) / aspect))


def _angle_deg(parameters: LensParameters, values: Array, radius_px: float) -> float:
    """Angle at a distance along x from the principal point; NaN if the lens does not reach so far."""
    try:
        lens = parameters.lens(values)
    except InputError:
        return float("nan")
    z = lens.unproject(np.array([[lens.cx_px + radius_px, lens.cy_px]]))[0, 2]
    return float(np.degrees(np.arccos(z)))
