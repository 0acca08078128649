"""The command that fits a lens: from its circle, from edges that are straight in the room, or from matched points."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import yaml
from pydantic import BaseModel, ConfigDict, Field
from tqdm import tqdm

from annotate.calibration.circle import CircleFit, fit_circle, lens_from_circle
from annotate.calibration.drawing import draw_lens, draw_residuals
from annotate.calibration.edges import snap_to_edges
from annotate.calibration.lens_fit import LensFit
from annotate.calibration.line_files import Lines, read_lines, read_points
from annotate.calibration.plumb_line import compare_models, fit_plumb_line
from annotate.calibration.points import fit_points
from annotate.errors import InputError
from annotate.files import read_image, write_image, write_text

_COMPARED = ("equidistant", "equisolid", "stereographic", "kannala_brandt")


class LensFitConfig(BaseModel):
    """Fit a lens to a camera's pictures: its circle, edges that are straight in the room, or measured points."""

    model_config = ConfigDict(extra="forbid")

    image: list[Path] = Field(default_factory=list)
    """Pictures of the camera, all of one size: for the circle, for finding edges exactly, and to draw over."""
    size: tuple[int, int] | None = None
    """Width and height in px, if there is no picture."""
    circle: tuple[float, float, float] | None = None
    """Centre x, y and radius of the lens's circle in px; left out: found in the pictures if it is visible."""
    lines: Path | None = None
    """Traced edges: YAML with `lines`, or a Labelme file of line strips."""
    points: Path | None = None
    """Measured points: CSV with x_m, y_m, z_m, x_px, y_px."""
    model: str | None = None
    """Lens model; left out: the one that foretells unseen edges best (lines), or equidistant."""
    max_theta_deg: float | None = Field(default=None, gt=0, le=180)
    """Angle from the axis at the circle (half the field of view): with a circle alone it has to be known."""
    free_centre: bool = False
    """Fit the principal point too, instead of taking the circle's centre for it."""
    free: list[str] = Field(default_factory=list)
    """Names of the numbers to fit (f_px cx_px cy_px pixel_aspect k1 ...); left out: the model's usual ones."""
    snap: bool = True
    """Move traced edges onto the pictures' own edges."""
    bootstraps: int = Field(default=200, ge=0)
    """Redrawn data sets for the uncertainty."""
    seed: int = 0
    """Seed of the redrawing."""
    out: Path = Path("lens.yaml")
    """File for the lens and its uncertainty; the picture is written beside it."""


def run_fit(config: LensFitConfig) -> Path:
    """The command: fit, print, write the lens and a picture of what is left over. Returns the file written."""
    _refuse_what_would_be_ignored(config)
    picture = _median_picture(config.image)
    size = _size(config, picture)
    circle, found = _circle(config, picture)
    if config.points is not None:
        fit = _fit_points(config, size, circle)
    elif config.lines is not None:
        fit = _fit_lines(config, size, circle, picture)
    else:
        return _from_circle_alone(config, size, circle, found, picture)
    print(fit)
    values = {"lens": fit.lens.model_dump(mode="json"), "fit": fit.summary() | _circle_summary(found)}
    _write(config.out, values, draw_residuals(fit, picture), "residuals")
    return config.out


def _refuse_what_would_be_ignored(config: LensFitConfig) -> None:
    if config.points is not None and config.lines is not None:
        raise InputError("--points and --lines: a lens is fitted to one of them; leave the other out")
    if config.max_theta_deg is not None and (config.points or config.lines):
        raise InputError("--max-theta-deg: the angle at the circle is an outcome of --lines and --points; leave it out")
    if config.size is not None and min(config.size) < 1:
        raise InputError(f"--size {config.size[0]} {config.size[1]}: expected a width and a height above 0")
    if config.circle is not None and not (np.isfinite(config.circle).all() and config.circle[2] > 0):
        found = " ".join(f"{number:g}" for number in config.circle)
        raise InputError(f"--circle {found}: expected numbers, and a radius above 0")


def _fit_points(config: LensFitConfig, size: tuple[int, int], circle: tuple[float, float, float] | None) -> LensFit:
    assert config.points is not None
    points, px = read_points(config.points)
    rim = circle[2] if circle else None
    model, free = config.model or "equidistant", config.free or None
    return fit_points(
        points, px, size, model, free=free, rim_radius_px=rim, bootstraps=config.bootstraps, seed=config.seed
    )


def _fit_lines(
    config: LensFitConfig,
    size: tuple[int, int],
    circle: tuple[float, float, float] | None,
    picture: np.ndarray | None,
) -> LensFit:
    assert config.lines is not None
    lines = read_lines(config.lines)
    if config.snap and picture is not None:
        lines = _snapped(lines, picture)
    for name, curve in zip(lines.names, lines.curves, strict=True):
        if len(curve) < 3:
            raise InputError(
                f"{config.lines}: line {name} has {len(curve)} points, expected at least 3 (or pictures to find more in)"
            )
    known = any(way is not None for way in lines.directions)
    directions = lines.directions if known else None
    model = config.model or _best_model(lines, size, directions)
    free, fixed = config.free or None, None
    if circle is not None and not config.free_centre and not config.free:
        free = [
            "f_px",
            *(["k1", "k2"] if model == "kannala_brandt" else []),
            *(["a2", "a3"] if model == "angle_polynomial" else []),
        ]
        fixed = {"cx_px": circle[0], "cy_px": circle[1]}
    rim = circle[2] if circle else None
    return fit_plumb_line(
        lines.curves, size, model, None, free, fixed, directions, rim, bootstraps=config.bootstraps, seed=config.seed
    )


def _best_model(lines: Lines, size: tuple[int, int], directions: list[int | None] | None) -> str:
    scores = compare_models(lines.curves, size, _COMPARED, directions)
    for model, score in scores.items():
        print(f"{model}: {score:.2f} px rms on edges it was not fitted to")
    return next(iter(scores))


def _snapped(lines: Lines, picture: np.ndarray) -> Lines:
    """Lines on the picture's edges; a stretch without an edge is left out, and said."""
    kept = Lines([], [], [])
    for name, parts, way in zip(lines.names, lines.parts, lines.directions, strict=True):
        found = []
        for part in parts:
            try:
                found.append(snap_to_edges(picture, part))
            except InputError as error:
                print(f"left out of {name}: {error}")
        if found:
            kept.names.append(name)
            kept.parts.append(found)
            kept.directions.append(way)
    return kept


def _from_circle_alone(
    config: LensFitConfig,
    size: tuple[int, int],
    circle: tuple[float, float, float] | None,
    found: CircleFit | None,
    picture: np.ndarray | None,
) -> Path:
    if circle is None or config.max_theta_deg is None:
        raise InputError(
            "a lens from its circle alone needs --max-theta-deg (the angle from the axis at the circle, 90 for a lens of"
            " 180 deg) and a circle: --circle X Y RADIUS or pictures that show it. Or give --lines or --points"
        )
    model = config.model or "equidistant"
    lens = lens_from_circle((circle[0], circle[1]), circle[2], size, config.max_theta_deg, model)
    lines = [
        f"{model} lens from its circle and {config.max_theta_deg:g} deg there, both taken as given",
        str(found or ""),
    ]
    print("\n".join(line for line in lines if line))
    _write(
        config.out,
        {"lens": lens.model_dump(mode="json"), "fit": _circle_summary(found)},
        draw_lens(lens, picture, lines),
        "lens",
    )
    return config.out


def _write(out: Path, values: dict[str, Any], picture: np.ndarray, what: str) -> None:
    write_text(out, yaml.safe_dump(values, sort_keys=False, default_flow_style=None, width=110))
    write_image(out.with_name(f"{out.stem}-{what}.png"), picture)


def _median_picture(paths: list[Path]) -> np.ndarray | None:
    """Median of the pictures, HWC uint8 RGB: what moves and noise are gone, edges stay."""
    if not paths:
        return None
    pictures = [read_image(path) for path in tqdm(paths, desc="read pictures", leave=False)]
    for path, picture in zip(paths, pictures, strict=True):
        if picture.shape != pictures[0].shape:
            raise InputError(f"--image {path}: is {picture.shape[1::-1]} px, {paths[0]} is {pictures[0].shape[1::-1]}")
    return np.median(np.stack(pictures), axis=0).astype(np.uint8)


def _size(config: LensFitConfig, picture: np.ndarray | None) -> tuple[int, int]:
    found = None if picture is None else (picture.shape[1], picture.shape[0])
    if found is None and config.size is None:
        raise InputError("give --image, or --size WIDTH HEIGHT: a lens belongs to pictures of one size")
    if found is not None and config.size is not None and found != config.size:
        raise InputError(f"--size is {config.size}, the pictures are {found}; leave --size out")
    return found or config.size or (0, 0)


def _circle(
    config: LensFitConfig, picture: np.ndarray | None
) -> tuple[tuple[float, float, float] | None, CircleFit | None]:
    if config.circle is not None or picture is None:
        return config.circle, None
    try:
        found = fit_circle(picture)
    except InputError as error:
        print(f"no circle: {error}")
        return None, None
    print(found)
    return (found.centre_px[0].value, found.centre_px[1].value, found.radius_px.value), found


def _circle_summary(found: CircleFit | None) -> dict[str, Any]:
    if found is None:
        return {}
    x, y = found.centre_px
    numbers = {"x_px": x, "y_px": y, "radius_px": found.radius_px}
    return {"circle": {name: [item.value, item.low, item.high] for name, item in numbers.items()}}
