"""The camera of the 3-D office: a lens by name or from a calibration file, hung under the ceiling."""

from __future__ import annotations

import math
from functools import lru_cache
from pathlib import Path
from typing import cast

import numpy as np

from annotate.calibration.readers import read_lens
from annotate.camera import Camera, CameraPose
from annotate.errors import InputError
from annotate.lens import Lens, lens_from_dict
from render.config import RenderConfig
from render.office import OfficeSpec

_UNDER_CEILING_M = (0.05, 0.15)
_MODELS = {"equidistant": 0.5, "equisolid": 0.3, "stereographic": 0.2}
"""Shares of the lens models among cameras: most makers aim at the first, cheap lenses bend towards the others."""
_FRAMES = {"1:1": 0.4, "4:3": 0.3, "16:9": 0.3}
_FIELD_OF_VIEW_DEG = (165.0, 195.0)
_WHOLE_CIRCLES = 0.35
"""Share of wide pictures that hold the whole circle; in the others the sensor cuts it."""
_OFF_CENTRE = 0.006
"""Standard deviation of the principal point, as a share of the longer side."""
_SMALL_TILTS = 2.5
"""Exponent of the draw: half of all cameras tilt by less than a sixth of the range, for most are hung level."""


def sample_office_camera(config: RenderConfig, office: OfficeSpec, rng: np.random.Generator) -> Camera:
    """A camera just under the ceiling of an office; of its tilts the small ones are the likeliest."""
    low, high = config.tilt_deg
    pose = CameraPose(
        height_m=round(office.ceiling_m - float(rng.uniform(*_UNDER_CEILING_M)), 3),
        tilt_deg=round(float(low + (high - low) * rng.random() ** _SMALL_TILTS), 2),
        tilt_azimuth_deg=round(float(rng.uniform(-180, 180)), 1),
        yaw_deg=round(float(rng.uniform(-180, 180)), 1),
    )
    return Camera(lens=office_lens(config, rng), pose=pose)


def office_lens(config: RenderConfig, rng: np.random.Generator) -> Lens:
    """The lens of an office's camera, its longer side size_px; what the configuration leaves open is drawn.

    Raises:
        InputError: for a file or an angle that does not do.
    """
    if config.lens_file is not None:
        return _lens_of_file(config.lens_file, config.size_px)
    model = str(rng.choice(list(_MODELS), p=list(_MODELS.values()))) if config.lens == "varied" else config.lens
    widest = 180.0 if model == "orthographic" else _FIELD_OF_VIEW_DEG[1]
    angle = config.field_of_view_deg or round(min(float(rng.uniform(*_FIELD_OF_VIEW_DEG)), widest), 1)
    if model == "orthographic" and angle > 180:
        raise InputError(
            f"--field-of-view-deg {angle:g}: an orthographic lens sees 180 at most; ask for less or for another --lens"
        )
    width, height = _frame(config, rng)
    centre = {} if config.frame != "varied" else _off_centre(width, height, rng)
    radius = _circle_share(config, width, height, rng) * config.size_px / 2
    half = math.radians(angle / 2)
    reach = {
        "equidistant": half,
        "equisolid": 2 * math.sin(half / 2),
        "stereographic": 2 * math.tan(half / 2),
        "orthographic": math.sin(half),
    }[model]
    size = {"width_px": width, "height_px": height, "max_theta_deg": angle / 2}
    return lens_from_dict({**size, **centre, "model": model, "f_px": round(radius / reach, 3)})


def _frame(config: RenderConfig, rng: np.random.Generator) -> tuple[int, int]:
    """Width and height of the pictures, px."""
    name = str(rng.choice(list(_FRAMES), p=list(_FRAMES.values()))) if config.frame == "varied" else config.frame
    wide, high = (int(part) for part in name.split(":"))
    return config.size_px, max(1, round(config.size_px * high / wide))


def _off_centre(width: int, height: int, rng: np.random.Generator) -> dict[str, float]:
    """A principal point a little off the middle, as no lens sits exactly."""
    aside = rng.normal(0, _OFF_CENTRE, 2) * max(width, height)
    return {"cx_px": round(width / 2 + float(aside[0]), 2), "cy_px": round(height / 2 + float(aside[1]), 2)}


def _circle_share(config: RenderConfig, width: int, height: int, rng: np.random.Generator) -> float:
    """Diameter of the lens's circle over the picture's longer side."""
    if config.circle is not None:
        return float(rng.uniform(*config.circle))
    whole = width == height or rng.random() < _WHOLE_CIRCLES
    return float(rng.uniform(0.94, 1.04) * height / width if whole else rng.uniform(0.95, 1.3))


@lru_cache(maxsize=4)
def _lens_of_file(path: Path, size_px: int) -> Lens:
    """Read once for all pictures."""
    try:
        lens = cast(Lens, read_lens(path).lens)
    except InputError as error:
        raise InputError(
            f"--lens-file {error} (what the command `lens` needs to be told cannot be said here: write the lens that"
            " `lens --as-site` prints into a file, and give that)"
        ) from None
    factor = size_px / max(lens.width_px, lens.height_px)
    return lens.resized(max(1, round(lens.width_px * factor)), max(1, round(lens.height_px * factor)))
