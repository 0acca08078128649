"""The lens command: say what a calibration file was understood to mean, and draw the lens."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import yaml
from pydantic import BaseModel, ConfigDict, Field
from tyro.conf import Positional

from annotate.calibration.drawing import draw_lens
from annotate.calibration.readers import read_lens
from annotate.calibration.reading import LensReading
from annotate.errors import InputError
from annotate.files import read_image, write_image
from annotate.lens import LensModel

_ASPECT_TOLERANCE = 0.005
_PICTURES = (".png", ".jpg", ".jpeg")


class LensConfig(BaseModel):
    """Read a calibration file, say what it means and draw the lens."""

    model_config = ConfigDict(extra="forbid")

    file: Positional[Path]
    """Calibration: OCamCalib, OpenCV, ROS, Kalibr, CamOdoCal, WoodScape, F-theta, or a lens of plafond's own."""
    model: str | None = None
    """Lens model, where the file's numbers fit several."""
    size: tuple[int, int] | None = None
    """Width and height of the pictures in px, where the file does not say."""
    camera: str | None = None
    """Which camera of a file with several, such as cam0."""
    max_theta_deg: float | None = Field(default=None, gt=0, le=180)
    """Half the field of view; left out: the file's, or as far as the frame's furthest corner."""
    image: Path | None = None
    """Picture of this camera to draw over."""
    out: Path | None = None
    """Picture to write; left out: FILE-lens.png in the working folder."""
    as_site: bool = False
    """Print the lens as the lines that belong into a site file."""


def run(config: LensConfig) -> Path:
    """The command: print what was understood, draw the lens. Returns the picture written."""
    out = config.out or Path(f"{config.file.stem}-lens.png")
    if out.suffix.lower() not in _PICTURES:
        raise InputError(f"--out {out}: expected the name of a picture, {' or '.join(_PICTURES)}")
    reading = read_lens(config.file, config.model, config.size, config.camera, config.max_theta_deg)
    image = None if config.image is None else read_image(config.image)
    if image is not None:
        _refuse_other_picture(reading.lens, image, config.image)
    report = description(reading)
    print("\n".join(report))
    if config.as_site:
        print(site_lines(reading.lens), end="")
    write_image(out, draw_lens(reading.lens, image, report))
    return out


def description(reading: LensReading) -> list[str]:
    """What was understood, one line for each thing."""
    lens = reading.lens
    shape = {name: value for name, value in lens.model_dump().items() if name not in _FRAME_FIELDS}
    numbers = ", ".join(f"{name} {_rounded(value)}" for name, value in shape.items())
    return [
        f"format: {reading.source_format}",
        f"model: {lens.model}: {numbers}",
        f"frame: {lens.width_px} x {lens.height_px} px, principal point {lens.cx_px:.2f}, {lens.cy_px:.2f}"
        " (the first pixel's centre is 0.5, 0.5)",
        f"field of view: {2 * lens.max_theta_deg:.1f} deg at most; {_field_text(lens)}",
        f"px per degree outwards: {_scale_text(lens)}",
        _circle_text(lens),
        *(f"note: {note}" for note in reading.notes),
    ]


def site_lines(lens: LensModel) -> str:
    """The lens as YAML of a site file."""
    values = {"lens": lens.model_dump(mode="json")}
    return yaml.safe_dump(values, sort_keys=False, default_flow_style=None, width=110)


def field_of_view_deg(lens: LensModel) -> dict[str, float]:
    """Degrees that the frame shows across and down through the principal point, and between opposite corners.

    What lies outside the lens's circle does not count: a frame that holds the whole circle shows the circle's field.
    """
    width, height = lens.width_px, lens.height_px
    pairs = {
        "across": ((0.0, lens.cy_px), (width, lens.cy_px)),
        "down": ((lens.cx_px, 0.0), (lens.cx_px, height)),
        "diagonal": ((0.0, 0.0), (width, height)),
    }
    return {name: sum(_seen_deg(lens, np.array(end)) for end in ends) for name, ends in pairs.items()}


def px_per_degree(lens: LensModel, theta_deg: float) -> float:
    """How far apart two rays a degree apart land, outwards along x, at an angle from the axis."""
    half = 0.01
    angles = np.radians(np.clip([theta_deg - half, theta_deg + half], 0.0, lens.max_theta_deg))
    px = lens.project(np.column_stack([np.sin(angles), np.zeros(2), np.cos(angles)]))
    return float(np.hypot(*(px[1] - px[0])) / math.degrees(angles[1] - angles[0]))


_FRAME_FIELDS = {"model", "width_px", "height_px", "cx_px", "cy_px", "max_theta_deg"}


def _rounded(value: object) -> str:
    if isinstance(value, tuple):
        return "[" + ", ".join(f"{item:.6g}" for item in value) + "]"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _seen_deg(lens: LensModel, end: np.ndarray) -> float:
    """Angle from the axis of the place furthest out on the way from the principal point to end that the lens sees."""
    start = np.array([lens.cx_px, lens.cy_px])
    rays = lens.unproject(start + np.linspace(0.0, 1.0, 501)[:, None] * (end - start))
    if np.isnan(rays).any():
        return lens.max_theta_deg
    return float(np.degrees(np.arccos(np.clip(rays[-1, 2], -1, 1))))


def _field_text(lens: LensModel) -> str:
    return ", ".join(f"{degrees:.1f} {name}" for name, degrees in field_of_view_deg(lens).items())


def _scale_text(lens: LensModel) -> str:
    places = [("at the centre", 0.0), ("at 45 deg", 45.0), ("at the rim", lens.max_theta_deg)]
    seen = [(name, angle) for name, angle in places if angle <= lens.max_theta_deg]
    return ", ".join(f"{px_per_degree(lens, angle):.2f} {name}" for name, angle in seen)


def _circle_text(lens: LensModel) -> str:
    rim = lens.rim_px()
    low, high = rim.min(axis=0), rim.max(axis=0)
    (x, y), (across, down) = (low + high) / 2, (high - low) / 2
    radius = f"radius {across:.1f} px" if abs(across - down) < 0.05 else f"half axes {across:.1f} and {down:.1f} px"
    return f"circle: {radius}, centre {x:.1f}, {y:.1f}"


def _refuse_other_picture(lens: LensModel, image: np.ndarray, path: Path | None) -> None:
    height, width = image.shape[:2]
    if abs(width / height / (lens.width_px / lens.height_px) - 1) > _ASPECT_TOLERANCE:
        raise InputError(
            f"--image {path}: is {width} x {height} px, the lens is for {lens.width_px} x {lens.height_px}: not the same"
            " picture at another size, but cropped or from another camera"
        )
