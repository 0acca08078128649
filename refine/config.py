"""Everything that `generate.py refine` can be told, and which of it decides the result.

The fields fall into three groups: what is trained (they decide the networks' weights, so a checkpoint is continued
only under the same values), how people are put back (they decide the pictures of S+), and where and how fast the
work is done (they may change between two runs of the same command).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Anchor = Literal["auto", "head", "person"]


class RefineConfig(BaseModel):
    """Make the people of a synthetic dataset look like those of a real one: crop, translate, put back."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    synthetic: Path
    """Dataset S whose people are refined; it needs instance masks."""
    real: Path | None = None
    """Dataset R of real people to learn from; boxes are enough. Not needed with weights."""
    out: Path
    """Folder of the refined dataset S+; the training's files go to its subfolder training/."""
    preset: str = "C_CP_S"
    """Refiner by its name in refine/presets.py; an unknown name lists the known ones."""
    seed: int = Field(default=0, ge=0)
    """Seed of the networks' first weights, the order of the crops and the image pools."""

    size_px: int = Field(default=128, ge=32, multiple_of=4)
    """Side of the square crops in pixels."""
    anchor: Anchor = "auto"
    """What sits at a fixed place in every crop; auto: heads if every person of S and R has a head box, else persons."""
    window_px: float | None = Field(default=None, gt=0)
    """Side of the crop window in the picture; None fits it to each person."""
    margin: float = Field(default=1.25, ge=1.0)
    """How much wider than the person a fitted window is."""
    max_crops: int = Field(default=10_000, ge=1)
    """Train on at most so many crops of each dataset, drawn at random; all people are refined all the same."""

    epochs: int = Field(default=160, ge=1)
    """Rounds of as many steps as the smaller dataset has crops (160 in the thesis)."""
    steps: int | None = Field(default=None, ge=1)
    """Steps of training in all; overrides epochs."""
    batch: int = Field(default=1, ge=1)
    """Crops of each domain in a step."""
    filters: int = Field(default=64, ge=1)
    """Filters of the generator's first convolution."""
    blocks: int = Field(default=9, ge=1)
    """Residual blocks of the generator."""
    discriminator_filters: int = Field(default=64, ge=1)
    """Filters of the discriminator's first convolution."""
    pool: int = Field(default=50, ge=0)
    """Translated crops remembered for the discriminators; 0 shows them the newest only."""
    learning_rate: float = Field(default=2e-4, gt=0)
    """Adam's step size in the first half; it falls linearly to zero over the second half."""
    beta1: float = Field(default=0.5, ge=0, lt=1)
    """Adam's momentum."""

    feather_px: float = Field(default=2.0, ge=0)
    """Pixels inside the mask's edge over which a refined person blends into the picture."""

    weights: Path | None = None
    """Refine with this finished training (a training/checkpoint.pt) instead of training anew."""
    device: str = "auto"
    """auto, cpu, cuda or cuda:N."""
    precision: Literal["fp32", "bf16"] = "fp32"
    """Arithmetic of the networks; bf16 needs a CUDA device."""
    channels_last: bool = False
    """Keep images channels-last in memory, which CUDA's convolutions often like better."""
    apply_batch: int = Field(default=32, ge=1)
    """Crops refined at once after training."""
    checkpoint_every: int = Field(default=500, ge=1)
    """Steps between two checkpoints: what a kill can cost at most."""
    log_every: int = Field(default=20, ge=1)
    """Steps between two looks at the losses; each look waits for the device."""
    overwrite: bool = False
    """Replace a refined dataset of another configuration, its training included."""


INCIDENTAL = frozenset(
    {"synthetic", "real", "out", "weights", "device", "precision", "channels_last", "apply_batch"}
    | {"checkpoint_every", "log_every", "overwrite"}
)
"""Fields that may differ when a run is continued; that the data is the same is told by its checksum."""

NETWORK = ("preset", "filters", "blocks", "discriminator_filters")
"""Fields that decide the networks' shapes."""

CROPS = ("size_px", "anchor", "window_px", "margin")
"""Fields that decide what a crop shows."""


def training_key(config: RefineConfig, anchor: str, total_steps: int, crops: dict[str, Any]) -> dict[str, Any]:
    """What a checkpoint must agree in to be continued: settings with their defaults resolved, and the crops' checksums."""
    values = config.model_dump(mode="json", exclude={*INCIDENTAL, "feather_px", "epochs", "steps", "max_crops"})
    return {
        **values,
        "anchor": anchor,
        "total_steps": total_steps,
        **{f"crops.{key}": one for key, one in crops.items()},
    }


def total_steps(config: RefineConfig, synthetic: int, real: int) -> int:
    """Steps of training: `steps`, or epochs of min(|R|, |S|) crops (thesis section 3.5.1)."""
    return config.steps or config.epochs * steps_per_epoch(config, synthetic, real)


def steps_per_epoch(config: RefineConfig, synthetic: int, real: int) -> int:
    return max(1, min(synthetic, real) // config.batch)
