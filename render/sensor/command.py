"""`generate.py sensor measure`: a camera from real pictures, for `generate.py render --sensor.like`."""

from __future__ import annotations

from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field
from tyro.conf import Positional

from annotate.errors import InputError
from annotate.files import write_text
from render.sensor.measure import measure_pictures, picture_paths


class SensorMeasureConfig(BaseModel):
    """Measure noise, sharpness, fringes, tone and compression of real pictures, for `render --sensor.like`."""

    model_config = ConfigDict(extra="forbid")

    pictures: Positional[Path]
    """Folder of real pictures of a site, or of a dataset; several, of different hours, tell more than one."""
    out: Path = Path("sensor.yaml")
    """The file to write."""
    size_px: int = Field(default=640, ge=128)
    """Longer side at which the pictures will be used: larger ones are reduced to it before they are measured."""
    most: int = Field(default=24, ge=1)
    """How many pictures to measure, spread evenly over the folder."""


def run_measure(config: SensorMeasureConfig) -> Path:
    """Measure, print the ranges, write them; returns the file."""
    if config.out.is_dir() or config.out.suffix.lower() not in (".yaml", ".yml"):
        raise InputError(f"--out {config.out}: expected the name of a .yaml file")
    found = measure_pictures(picture_paths(config.pictures), config.size_px, config.most)
    text = yaml.safe_dump(found.model_dump(mode="json"), sort_keys=False, default_flow_style=None)
    write_text(config.out, text)
    print(text, end="")
    return config.out
