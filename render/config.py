"""What `generate.py render` is told: one tree of values that is command line, file and record at once."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from annotate.errors import InputError
from render.light import LightConfig
from render.sensor import SensorConfig

CountRange = tuple[int, int]


class CrowdConfig(BaseModel):
    """What people who stand and walk do, as shares; each picture has its own mix round them. Shares need not sum to 1."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    groups: float = Field(default=0.35, ge=0)
    """Two to five people who talk."""
    beside_desk: float = Field(default=0.15, ge=0)
    """Somebody beside a sitter's desk, talking or leaning over it."""
    walking: float = Field(default=0.2, ge=0)
    """People who walk, alone or two together."""
    queue: float = Field(default=0.1, ge=0)
    """People in line at a counter; none where a place knows of no counter."""
    alone: float = Field(default=0.2, ge=0)
    """Somebody alone: at a whiteboard, a printer, a door, or just standing."""
    clustered: float = Field(default=0.65, ge=0, le=1)
    """Share of the pictures in which one island of desks or table fills up before the next; elsewhere seats fill singly."""

    def shares(self) -> dict[str, float]:
        """Shares of the arrangements by name."""
        return {name: getattr(self, name) for name in ("groups", "beside_desk", "walking", "queue", "alone")}


class RenderConfig(BaseModel):
    """Render people into fisheye pictures of a photographed site or of the embedded 3-D office, with labels."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    out: Path = Path("out/S")
    """Folder of the dataset to write; a killed run is continued by the same command."""
    site: Path | None = None
    """The folder or site.yaml of a photographed place; left out: the embedded 3-D office."""
    images: int = Field(default=1500, ge=1)
    """How many pictures; 1500 are the 300 backgrounds with 5 scenes each of the thesis (Table 7.2)."""
    seed: int = Field(default=0, ge=0)
    """Picture i depends on this configuration, the seed and i alone."""
    size_px: int = Field(default=640, ge=16)
    """Longer side of the pictures."""
    sitting: CountRange = (1, 5)
    """Fewest and most people on seats; a place without seats has none."""
    standing: CountRange = (0, 4)
    """Fewest and most people who stand or walk."""
    crowd: CrowdConfig = CrowdConfig()
    """What the people do together."""
    humans: Literal["anny", "mblab"] = "anny"
    """Where bodies come from: anny, which is installed, or your own copy of MB-Lab."""
    mblab: Path | None = None
    """Folder of a copy of MB-Lab (it holds data/), for --humans mblab."""
    poses: Path | None = None
    """Folder of .amc (with .asf) or .bvh motion files; left out: plafond's own poses."""
    scenes_per_background: int = Field(default=5, ge=1)
    """Pictures made in one office, or over one photograph, before the next."""
    lens: Literal["varied", "equidistant", "equisolid", "stereographic", "orthographic"] = "varied"
    """Lens of the 3-D office's camera; varied: another of the first three in each office. A site brings its own."""
    lens_file: Path | None = None
    """Calibration file of the 3-D office's camera, any that the command lens reads without further options; its frame,
    scaled to size_px, and its field of view count then."""
    field_of_view_deg: float | None = Field(default=None, gt=60, le=220)
    """Field of view of the 3-D office's camera, across its circle; left out: drawn for each office, 165 to 195."""
    frame: Literal["varied", "1:1", "4:3", "16:9"] = "varied"
    """Width to height of the 3-D office's pictures; varied: another in each office."""
    circle: tuple[float, float] | None = None
    """Range of the circle's diameter against the picture's longer side: 1 fills it, more is cut by its borders. Left out: drawn
    as cameras are sold, whole in square pictures, often cut in wide ones."""
    tilt_deg: tuple[float, float] = (0.0, 15.0)
    """Range of the camera's tilt in the 3-D office; small tilts are drawn most."""
    style: Literal["plausible", "randomised"] = "plausible"
    """How the 3-D office looks: as offices do, or with random textures, lamps and distractors (domain randomisation)."""
    light: LightConfig = LightConfig()
    """The light in the 3-D office."""
    sensor: SensorConfig = SensorConfig()
    """What the simulated camera does to the pictures."""
    samples: int = Field(default=16, ge=1)
    """Light paths per pixel around people."""
    plate_samples: int = Field(default=8, ge=1)
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
        for name in ("sitting", "standing", "tilt_deg", "circle"):
            low, high = getattr(self, name) or (0, 0)
            if low < 0 or low > high:
                raise InputError(
                    f"--{name.replace('_', '-')} {low:g} {high:g}: expected two numbers, 0 or more, in order"
                )
        if self.humans == "mblab" and self.mblab is None:
            raise InputError("--humans mblab: expected --mblab with the folder of your copy of MB-Lab (it holds data/)")
        return self
