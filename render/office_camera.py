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

_UNDER_CEILING_M = (0.06, 0.2)


def sample_office_camera(config: RenderConfig, office: OfficeSpec, rng: np.random.Generator) -> Camera:
    """A camera just under the ceiling of an office."""
    pose = CameraPose(
        height_m=round(office.ceiling_m - float(rng.uniform(*_UNDER_CEILING_M)), 3),
        tilt_deg=round(float(rng.uniform(*config.tilt_deg)), 2),
        tilt_azimuth_deg=round(float(rng.uniform(-180, 180)), 1),
        yaw_deg=round(float(rng.uniform(-180, 180)), 1),
    )
    return Camera(lens=office_lens(config), pose=pose)


def office_lens(config: RenderConfig) -> Lens:
    """The lens of the configuration, its longer side size_px. InputError for a file or an angle that does not do."""
    if config.lens_file is not None:
        return _lens_of_file(config.lens_file, config.size_px)
    half = math.radians(config.field_of_view_deg / 2)
    if config.lens == "orthographic" and config.field_of_view_deg > 180:
        raise InputError(
            f"--field-of-view-deg {config.field_of_view_deg:g}: an orthographic lens sees 180 at most; "
            "ask for less or for another --lens"
        )
    radius = {
        "equidistant": half,
        "equisolid": 2 * math.sin(half / 2),
        "stereographic": 2 * math.tan(half / 2),
        "orthographic": math.sin(half),
    }
    frame = {"width_px": config.size_px, "height_px": config.size_px, "max_theta_deg": config.field_of_view_deg / 2}
    return lens_from_dict({**frame, "model": config.lens, "f_px": config.size_px / 2 / radius[config.lens]})


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
