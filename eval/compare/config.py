"""The configuration of `compare`: command line, YAML file and the record kept with the report."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from eval.data.samples import Target
from eval.networks.pools import Vectors


class CompareConfig(BaseModel):
    """Measure how far datasets are from one another, by the crops of their people; nothing is trained but a line."""

    model_config = ConfigDict(extra="forbid")

    sets: list[str]
    """Datasets: FOLDER, or NAME=FOLDER, or NAME=FOLDER,FOLDER for several put together. At least two."""
    reference: list[str] = []
    """Names of the sets to which all others are measured, usually the real one; by default every set to every other."""
    out: Path = Path("comparison")
    """Folder of the report; index.html and report.json are written into it."""
    target: Target = "person"
    """Whose crops: everybody, or only people with a labelled head."""
    min_visible: float = Field(default=0.2, ge=0, le=1)
    """People of whom less than this share is visible are left out."""
    crop_px: int = Field(default=128, ge=16)
    """Side of the upright person crops."""
    max_crops: int = Field(default=500, ge=2)
    """At most so many crops of every set; all sets give the same number, since distances shrink as crops are added."""
    halves: bool = True
    """Measure every reference against itself, one half of its pictures against the other. As both halves give as many
    crops as every set, a small reference gives each set half as many as it has people; without, all of them."""
    features: list[str] = Field(default=["bank"], min_length=1)
    """Networks of the distances: bank (ships with plafond), fid (Inception of the FID paper), densenet169, ..."""
    feature_weights: list[str] = []
    """Weights of these networks: NAME=FILE, or FILE where one network needs any; by default they are downloaded."""
    pca: bool = True
    """Plot the principal components of pooling features; needs weights of VGG16, or of its stand-ins."""
    pools: list[int] = Field(default=[2, 5], min_length=1)
    """VGG16's pooling layers whose features are plotted, of 2 and 5."""
    pool_weights: list[Path] = []
    """VGG16 weights, or stand-ins' (VGG-19 to relu3_1 for pool 2, DenseNet-169 for pool 5); by default downloaded."""
    pool_vectors: Vectors = "flat"
    """How feature maps become vectors for the plot: flat, every position kept, or mean, averaged over positions."""
    max_points: int = Field(default=200, ge=2)
    """At most so many crops of each set in a plot."""
    download: bool = True
    """Whether weights may be downloaded."""
    seed: int = Field(default=0, ge=0)
    """Seed of everything drawn: crops, halves, folds, bootstrap."""
    note: str = ""
    """A sentence that the report shows at the top."""
    device: str = "auto"
    """cpu, cuda, or auto: cuda where there is one."""
