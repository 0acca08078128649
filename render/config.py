"""What `generate.py render` is told: one tree of values that is command line, file and record at once."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from annotate.errors import InputError
from render.light import LightConfig
from render.sensor import SensorConfig

CountRange = tuple[int, int]


class RenderConfig(BaseModel):
    """Render people into fisheye pictures of a photographed site or of the embedded 3-D office, with labels."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    out: Path = Path("out/S")
    """Folder of the dataset to write; a killed run is continued by the same command."""
    site: Path | None = None
    """The folder or site.yaml of a photographed place; left out: the embedded 3-D office."""
    images: int = Field(default=40, ge=1)
    """How many pictures."""
    seed: int = Field(default=0, ge=0)
    """Picture i depends on this configuration, the seed and i alone."""
    size_px: int = Field(default=640, ge=16)
    """Longer side of the pictures."""
    sitting: CountRange = (2, 6)
    """Fewest and most people on seats; a place without seats has none."""
    standing: CountRange = (1, 3)
    """Fewest and most people who stand or walk."""
    poses: Path | None = None
    """Folder of .amc (with .asf) or .bvh motion files; left out: plafond's own poses."""
    scenes_per_background: int = Field(default=8, ge=1)
    """Pictures made in one office, or over one photograph, before the next."""
    lens: Literal["equidistant", "equisolid", "stereographic", "orthographic"] = "equidistant"
    """Lens of the 3-D office's camera; a site brings its own."""
    lens_file: Path | None = None
    """Calibration file of the 3-D office's camera, any that the command lens reads without further options; its frame,
    scaled to size_px, and its field of view count then."""
    field_of_view_deg: float = Field(default=180.0, gt=60, le=220)
    """Field of view of the 3-D office's camera; its circle fills the picture."""
    tilt_deg: tuple[float, float] = (0.0, 3.0)
    """Range of the camera's tilt in the 3-D office."""
    light: LightConfig = LightConfig()
    """The light in the 3-D office."""
    sensor: SensorConfig = SensorConfig()
    """What the simulated camera does to the pictures."""
    samples: int = Field(default=16, ge=1)
    """Light paths per pixel around people."""
    plate_samples: int = Field(default=12, ge=1)
    """Light paths per pixel of the empty 3-D office, rendered once for scenes_per_background pictures."""
    adaptive_threshold: float = Field(default=0.05, ge=0)
    """Noise at which a pixel is done before it has all its samples; 0: never."""
    denoise: bool = True
    """Remove the render's noise (fast, without prefilter)."""
    hidden_below: float = Field(default=0.1, ge=0, le=1)
    """People of whom less than this share is visible are kept but flagged as hidden: neither learned from nor counted."""
    min_visible_px: int = Field(default=24, ge=1)
    """People of whom fewer pixels are visible are flagged as hidden too."""
    dense: tuple[Literal["depth", "normals", "classes"], ...] = ("depth", "normals", "classes")
    """Maps written for each picture: depth along the ray, surface normals, semantic classes."""
    workers: int | None = Field(default=None, ge=1)
    """Processes that render; left out: one for each CPU core. They do not change the pictures."""
    threads_per_worker: int = Field(default=1, ge=1)
    """Threads of each process; another number may change the last bit of a pixel."""
    recycle_after: int = Field(default=60, ge=1)
    """Pictures after which a worker is replaced, because Blender leaks memory."""
    image_format: Literal["png", "jpg"] = "png"
    """File type of the pictures."""
    kind: Literal["synthetic", "stand-in"] = "synthetic"
    """What the dataset calls itself; a stand-in takes the place of real pictures where there are none."""
    name: str = ""
    """Name of the dataset; left out: that of its folder."""
    overwrite: bool = False
    """Replace a dataset of another configuration that lies in the folder."""

    @model_validator(mode="after")
    def _ranges_in_order(self) -> RenderConfig:
        for name in ("sitting", "standing", "tilt_deg"):
            low, high = getattr(self, name)
            if low < 0 or low > high:
                raise InputError(
                    f"--{name.replace('_', '-')} {low:g} {high:g}: expected two numbers, 0 or more, in order"
                )
        return self
