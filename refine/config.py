"""Everything that `generate.py refine` can be told, and which of it decides the result.

The fields fall into three groups: what is trained (they decide the networks' weights, so a checkpoint is continued
only under the same values), how people are put back (they decide the pictures of S+), and where and how fast the
work is done (they may change between two runs of the same command).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from refine.networks.layers import Upsampling

Anchor = Literal["auto", "head", "person"]
Scope = Literal["person", "frame"]


class AttentionConfig(BaseModel):
    """Where the generators of the A presets may change a crop (thesis section 2.5)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: Literal["learned", "masks"] = "learned"
    """Attention on S: a network's (learned), or the person masks of S. R has no masks; there it is always learned."""
    share: float = Field(default=30 / 160, ge=0, le=1)
    """Share of the training after which attention is frozen and discriminators see the foreground only."""
    threshold: float = Field(default=0.1, ge=0, lt=1)
    """Attention above which a pixel is foreground."""
    filters: int = Field(default=32, ge=1)
    """Filters of the attention networks' first convolution."""


class ContrastiveConfig(BaseModel):
    """PatchNCE of the presets that compare places (refine.losses.contrastive)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    locations: int = Field(default=256, ge=2)
    """Places of each layer's features that are compared in a step."""
    width: int = Field(default=256, ge=1)
    """Numbers that describe a place."""
    temperature: float = Field(default=0.07, gt=0)
    """Smaller means that similar places are told apart more sharply."""


class GuidedConfig(BaseModel):
    """The guided refiner: the weights of its losses (refine.losses.labels) and the limits of what it may change."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    bound: float = Field(default=0.5, gt=0, le=2)
    """Largest change of a pixel; the whole range is 2."""
    soft_px: int = Field(default=1, ge=0)
    """Pixels of the crop inside the mask's edge over which the change fades in."""
    adversarial_G: float = Field(default=1.0, ge=0)
    """Weight of looking real to the discriminator."""
    nce: float = Field(default=0.5, ge=0)
    """Weight of PatchNCE at places inside the mask."""
    structure: float = Field(default=4.0, ge=0)
    """Weight of keeping local contrast and structure inside the person."""
    head_structure: float = Field(default=4.0, ge=0)
    """The same inside the head's box, besides the person's."""
    silhouette: float = Field(default=4.0, ge=0)
    """Weight of keeping the contrast across the mask's edge."""
    silhouette_share: float = Field(default=0.7, ge=0, le=1)
    """Share of that contrast which must be left."""
    readable: float = Field(default=4.0, ge=0)
    """Weight of the mask being as easy to find as before."""
    change: float = Field(default=0.2, ge=0)
    """Weight of the mean change, in [-1, 1], inside the mask."""
    finder_filters: int = Field(default=16, ge=1)
    """Filters of the first convolution of the network that finds people."""


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
    scope: Scope = "person"
    """person: a crop for each person, put back through its mask. frame: whole pictures, scaled into the crop and
    replaced whole: the control of the thesis's section 3.3.1, which erases people."""
    real_without: Path | None = None
    """Text file of real people to leave out, a line `file_name instance_id` each: training/real-crops.jpg and .txt of
    an earlier run show who is who."""
    real_balance: int = Field(default=0, ge=0)
    """Sort real crops into so many kinds of surroundings and let none count more than its share, so that what often
    stands beside people (computers, in the thesis's section 3.3.2) is not learned as a part of them; 0: take all."""
    paintings: Path | None = None
    """Folder of pictures that S_style blends people with."""
    style_strength: float = Field(default=0.5, ge=0, le=1)
    """Share of the painting in S_style."""
    max_crops: int = Field(default=10_000, ge=1)
    """Train on at most so many crops of S, drawn at random; all people are refined all the same."""
    max_real: int = Field(default=10_000, ge=1)
    """Train on at most so many crops of R, drawn at random (272 in the thesis)."""

    epochs: int = Field(default=160, ge=1)
    """Rounds of as many steps as the smaller dataset has crops (160 in the thesis)."""
    steps: int | None = Field(default=None, ge=1)
    """Steps of training in all; overrides epochs."""
    batch: int = Field(default=1, ge=1)
    """Crops of each domain in a step."""
    filters: int | None = Field(default=None, ge=1)
    """Filters of the generator's first convolution; None leaves it to the preset (64, and 32 for A presets)."""
    blocks: int = Field(default=9, ge=1)
    """Residual blocks of the generator."""
    discriminator_filters: int = Field(default=64, ge=1)
    """Filters of the discriminator's first convolution."""
    upsampling: Upsampling = "transposed"
    """How generators double the size: transposed (as published) or resize, which leaves no chequerboard."""
    perceptual_weights: tuple[Path, ...] = ()
    """Weights of VGG16, or of its stand-ins (VGG-19 to relu3_1, DenseNet-169), for presets whose losses compare
    features; without them VGG16 is downloaded."""
    attention: AttentionConfig = AttentionConfig()
    contrastive: ContrastiveConfig = ContrastiveConfig()
    guided: GuidedConfig = GuidedConfig()
    pool: int = Field(default=50, ge=0)
    """Translated crops remembered for the discriminators; 0 shows them the newest only."""
    learning_rate: float = Field(default=2e-4, gt=0)
    """Adam's step size in the first half; it falls linearly to zero over the second half."""
    beta1: float = Field(default=0.5, ge=0, lt=1)
    """Adam's momentum."""

    hold_out: float = Field(default=0.2, ge=0, lt=1)
    """Share of R's crops that is kept out of training, the last pictures of the dataset, to compare the networks by; 0,
    or fewer than 8 crops, keeps out none."""
    select_every: int | None = Field(default=None, ge=1)
    """Steps between two comparisons with the crops held out; None: ten in a training."""
    distance_features: str = "bank"
    """Features in which that distance is measured: bank (needs no weights), or a network of eval.networks.features."""
    distance_weights: Path | None = None
    """Weights of that network; without them they are downloaded."""
    seeds: int = Field(default=1, ge=1)
    """Trainings to make, with seed, seed + 1, ...; people are refined by the one nearest to the crops held out."""
    keep: Literal["best", "last"] = "best"
    """Refine with the networks that were nearest to the crops held out, or with those of the last step."""

    feather_px: float = Field(default=2.0, ge=0)
    """Half the width of the ramp across a refined person's edge, in pixels of the picture."""
    inspect: bool = True
    """Check every refined person against its label and keep the original pixels where refining broke it."""

    weights: Path | None = None
    """Refine with this finished training instead of training anew: a training/checkpoint.pt, which stands for the networks
    that --keep names, or a best.pt."""
    device: str = "auto"
    """auto, cpu, cuda or cuda:N."""
    precision: Literal["fp32", "bf16"] = "fp32"
    """Arithmetic of the networks; bf16 needs a CUDA device."""
    channels_last: bool = False
    """Keep images channels-last in memory, which CUDA's convolutions often like better."""
    acceleration: Literal["auto", "none", "compile", "graphs"] = "auto"
    """none: PyTorch as it is; compile: torch.compile; graphs: each step as one CUDA graph, without the processor in
    between; auto: graphs on CUDA with one process, else none."""
    apply_batch: int = Field(default=32, ge=1)
    """Crops refined at once after training."""
    checkpoint_every: int = Field(default=500, ge=1)
    """Steps between two checkpoints: what a kill can cost at most."""
    log_every: int = Field(default=20, ge=1)
    """Steps between two looks at the losses; each look waits for the device."""
    tensorboard: bool = True
    """Also write losses, distances and crops for TensorBoard, to training/tensorboard/."""
    overwrite: bool = False
    """Replace a refined dataset of another configuration, its training included."""


INCIDENTAL = frozenset(
    {
        "synthetic",
        "real",
        "out",
        "weights",
        "perceptual_weights",
        "paintings",
        "real_without",
        "device",
        "precision",
        "channels_last",
        "apply_batch",
    }
    | {"checkpoint_every", "log_every", "overwrite", "acceleration", "tensorboard", "distance_weights"}
)
"""Fields that may differ when a run is continued; that the data is the same is told by its checksum."""

NETWORK = (
    *("preset", "filters", "blocks", "discriminator_filters", "upsampling"),
    *("attention.source", "attention.filters"),
    *("contrastive.width", "guided.finder_filters", "guided.bound", "guided.soft_px"),
)
"""Fields that decide the networks' shapes, or what trained networks make of a crop."""

CROPS = ("size_px", "anchor", "window_px", "margin", "scope")
"""Fields that decide what a crop shows."""


def settings(config: RefineConfig) -> dict[str, Any]:
    """Every setting as a plain value by its name on the command line, as in "attention.share"."""
    values: dict[str, Any] = {}
    for name, value in config.model_dump(mode="json").items():
        values |= {f"{name}.{key}": one for key, one in value.items()} if isinstance(value, dict) else {name: value}
    return values


def training_key(config: RefineConfig, anchor: str, total_steps: int, crops: dict[str, Any]) -> dict[str, Any]:
    """What a checkpoint must agree in to be continued: settings with their defaults resolved, and the crops' checksums."""
    undecided = {*INCIDENTAL, "feather_px", "inspect", "epochs", "steps", "max_crops", "max_real", "seeds", "keep"}
    return {
        **{name: value for name, value in settings(config).items() if name not in undecided},
        "anchor": anchor,
        "total_steps": total_steps,
        **{f"crops.{key}": one for key, one in crops.items()},
    }


def total_steps(config: RefineConfig, synthetic: int, real: int, processes: int = 1) -> int:
    """Steps of training: `steps`, or epochs of min(|R|, |S|) crops (thesis section 3.5.1)."""
    return config.steps or config.epochs * steps_per_epoch(config, synthetic, real, processes)


def steps_per_epoch(config: RefineConfig, synthetic: int, real: int, processes: int = 1) -> int:
    """Steps in which each crop of the smaller domain is seen once; every process takes `batch` crops in a step."""
    return max(1, min(synthetic, real) // (config.batch * processes))
