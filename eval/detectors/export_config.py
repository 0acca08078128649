"""The configuration of `export`: command line and YAML file."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from tyro.conf import Positional


class ExportConfig(BaseModel):
    """Write a trained detector as an ONNX file, and hold what it says against the detector itself."""

    model_config = ConfigDict(extra="forbid")

    detector: Positional[Path]
    """The detector's weights: REPORT/detectors/KEY.safetensors, its record KEY.json beside it."""
    out: Path = Path("model.onnx")
    """The file to write."""
    input_type: Literal["uint8", "float32"] = "uint8"
    """What the file takes pictures as; values are 0..255 in both cases."""
    opset: int = Field(default=18, ge=18, le=21)
    """Version of ONNX's operators."""
    check_with: Path | None = None
    """Real pictures to compare on besides random ones: a dataset, a folder of pictures, or a picture."""
    check_pictures: int = Field(default=8, ge=1)
    """At most so many of them, evenly over the folder."""
