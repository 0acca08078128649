"""The configuration of `ood`: command line, YAML file and the record kept with the report."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class OodConfig(BaseModel):
    """Tell pictures of other rooms and cameras from those a network was trained on; every set in every role."""

    model_config = ConfigDict(extra="forbid")

    sets: list[str]
    """Datasets, one for each room or camera, at least three: FOLDER or NAME=FOLDER."""
    out: Path = Path("ood")
    """Folder of the report; index.html and report.json are written into it."""
    sources: list[str] = []
    """Names of the sets that serve as source; all of them if left out."""
    methods: list[str] = []
    """Names of the methods, all of them if left out: pb-threshold, score-svm, logistic-svm, odin, knn, knn-svm, bnn-svm,
    mc-dropout, deep-ensemble, ae-threshold, openmax, bin-class, mahalanobis."""
    seeds: list[int] = Field(default=[0], min_length=1)
    """One repetition for each seed: crops drawn and networks trained anew."""
    crop_px: int = Field(default=64, ge=32, multiple_of=16)
    """Side of the upright crops."""
    max_crops: int = Field(default=600, ge=48)
    """At most so many crops of a set, half of them people, half background."""
    fractions: tuple[float, float, float] = (0.5, 0.2, 0.3)
    """Shares of train, val and test in each set's pictures, whole pictures in the order of time."""
    gap: int = Field(default=0, ge=0)
    """Pictures left out between two of these parts."""
    min_visible: float = Field(default=0.2, ge=0, le=1)
    """People of whom less than this share is visible are left out."""
    backbone: Literal["small", "squeezenet"] = "small"
    """Network: small (four convolutions, from scratch), or the trunk of SqueezeNet 1.1."""
    weights: Path | None = None
    """SqueezeNet 1.1 ImageNet weights (.safetensors or .pth); by default torchvision's are downloaded."""
    download: bool = True
    """Whether weights may be downloaded; without file and network SqueezeNet starts from scratch."""
    epochs: int = Field(default=20, ge=1)
    """How often a classifier sees every training crop."""
    autoencoder_epochs: int = Field(default=40, ge=1)
    """How often the autoencoder does."""
    batch: int = Field(default=32, ge=2)
    """Crops per optimisation step."""
    learning_rate: float = Field(default=1e-3, gt=0)
    """Highest learning rate; falls to 0 along a cosine."""
    neighbours: int = Field(default=8, ge=1)
    """k of the methods with nearest neighbours."""
    ensemble: int = Field(default=5, ge=2)
    """Networks of DeepEnsemble."""
    note: str = ""
    """A sentence that the report shows at the top."""
    device: str = "auto"
    """cpu, cuda, or auto: cuda where there is one."""
