"""The configuration of `evaluate`: command line, YAML file and the record kept with the report."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Augmentation(BaseModel):
    """How strongly training pictures are varied; with everything off or 0 they stay as they are."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    turn: Literal["any", "quarter", "none"] = "any"
    """Turn about the nadir: by any angle where people's outlines are known (masks or rotated boxes), else by quarters."""
    flip: bool = True
    """Flip half of the pictures."""
    scale: float = Field(default=0.25, ge=0, le=2)
    """Size is multiplied by a factor between 1 / (1 + scale) and 1 + scale."""
    shift: float = Field(default=0.08, ge=0, le=0.5)
    """Moved by up to this share of the input."""
    colour: float = Field(default=0.25, ge=0, le=1)
    """Brightness, contrast, saturation and white balance change by up to this share."""
    blur_noise: float = Field(default=0.2, ge=0, le=1)
    """How often a picture is blurred, and how often it gets noise."""
    mosaic: float = Field(default=0.0, ge=0, le=1)
    """How often three quarters around the nadir come from other pictures."""


class LossWeights(BaseModel):
    """Factors of SqueezeDet's loss terms; the defaults are those of its paper."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    box: float = Field(default=5.0, ge=0)
    """Position and size of boxes that answer for a person."""
    confidence_present: float = Field(default=75.0, ge=0)
    """Confidence where a person is."""
    confidence_absent: float = Field(default=100.0, ge=0)
    """Confidence where nobody is."""
    classes: float = Field(default=1.0, ge=0)
    """Class cross-entropy; always 0 while people are the only class."""


class TrainingConfig(BaseModel):
    """How a detector is trained; the same for every training set that is compared."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    input_px: int = Field(default=512, ge=64, multiple_of=16)
    """Side of the square network input; pictures are scaled to fit it."""
    epochs: int = Field(default=50, ge=1)
    """How often every training picture is seen."""
    epochs_with_real: int | None = Field(default=100, ge=1)
    """The same for training sets with real pictures, which are few; None: as often as others."""
    steps: int | None = Field(default=None, ge=1)
    """Optimisation steps for every training set, whatever its size, instead of epochs."""
    finetune_rate: float = Field(default=0.3, gt=0, le=1)
    """Factor of the learning rate in later stages of a recipe (S,then,R)."""
    domain_weight: float = Field(default=0.1, ge=0)
    """Weight of the domain-adversarial loss in recipes with unlabelled pictures (S,towards,U)."""
    batch: int = Field(default=4, ge=1)
    """Pictures per optimisation step."""
    learning_rate: float | None = Field(default=None, gt=0)
    """Highest learning rate, reached after the warm-up, then falls to 0 along a cosine; by default the detector's own."""
    optimiser: Literal["adamw", "sgd"] = "adamw"
    """AdamW, or SGD with momentum 0.9 as in the SqueezeDet paper (there with 0.01)."""
    weight_decay: float = Field(default=1e-4, ge=0)
    """Pull of the weights towards 0."""
    warmup: float = Field(default=0.1, ge=0, lt=1)
    """Share of the steps in which the learning rate rises."""
    evaluations: int = Field(default=10, ge=1)
    """How often, evenly over the training, the detector is tried on validation; the best of these checkpoints is kept."""
    anchors: int = Field(default=9, ge=1)
    """Box sizes per cell, found by k-means in the training boxes."""
    dropout: float = Field(default=0.5, ge=0, lt=1)
    """Share of features dropped before the last layer."""
    freeze_early: bool = False
    """With ImageNet weights, leave the layers up to fire3 as they are: a third faster, but it learns more slowly."""
    min_visible: float = Field(default=0.2, ge=0, le=1)
    """People of whom less than this share is visible are neither learned nor counted."""
    match_iou: float = Field(default=0.5, gt=0, le=1)
    """Anchors that overlap a person by at least this answer for it too, beside the best one; 1 is the paper's way."""
    double_iou: float = Field(default=0.7, gt=0, le=1)
    """Boxes that overlap a person by more are not punished as false; 1 gives the paper's loss."""
    loss: LossWeights = LossWeights()
    augmentation: Augmentation = Augmentation()


class EvaluateConfig(BaseModel):
    """Train a detector on each training set, test all of them on the same pictures, write a report."""

    model_config = ConfigDict(extra="forbid")

    train: list[str]
    """Training sets: FOLDER, or NAME=FOLDER, or NAME=FOLDER,FOLDER for several put together; NAME=A,then,B for B after A;
    NAME=A,towards,U for A with unlabelled pictures of U (domain-adversarial)."""
    val: Path
    """Dataset on which checkpoint and score threshold are chosen."""
    test: Path
    """Dataset on which the table's figures are measured."""
    also_test: list[str] = []
    """NAME=FOLDER: further test sets, such as other cameras, that every detector is tried on."""
    out: Path = Path("report")
    """Folder of the report; index.html and report.json are written into it."""
    target: Literal["person", "head"] = "person"
    """Which box is detected."""
    detector: str = "squeezedet"
    """squeezedet (thesis), fcos (torchvision's, ResNet-50), or rotated (boxes that turn with people)."""
    iou: float = Field(default=0.5, gt=0, le=1)
    """IoU at which a detection counts as right."""
    score: float | None = Field(default=None, ge=0, le=1)
    """Fixed score threshold; by default the one with the best F1 on validation, for each training run its own."""
    seeds: list[int] = Field(default=[0, 1, 2, 3, 4], min_length=1)
    """One training run per seed and training set."""
    weights: Path | None = None
    """ImageNet weights of the detector's trunk (SqueezeNet 1.1; ResNet-50 for fcos), .safetensors or .pth; by default
    torchvision's are downloaded."""
    download: bool = True
    """Whether weights may be downloaded; without file and network the detector starts from scratch."""
    features: str = "bank"
    """Network of the Fréchet distance: bank (ships with plafond), densenet169, squeezenet1_1, vgg16_pool5, ..."""
    feature_weights: Path | None = None
    """Weights of that network; by default torchvision's are downloaded."""
    crop_px: int = Field(default=128, ge=16)
    """Side of the upright person crops that the Fréchet distance compares."""
    max_crops: int = Field(default=500, ge=2)
    """At most so many crops of a dataset, drawn with the first seed."""
    pairs: list[str] = []
    """REFINED=SYNTHETIC pairs of training set names to show side by side; by default found by their file names."""
    examples: int = Field(default=4, ge=0)
    """Test pictures shown for each training set."""
    mistakes: int = Field(default=8, ge=0)
    """False alarms and missed people shown for each training set, the worst ones."""
    pool_weights: list[Path] = []
    """VGG16 weights, or its stand-ins', for plots of the crops' principal components; none: no plots (see compare)."""
    note: str = ""
    """A sentence that the report shows at the top."""
    tensorboard: bool = True
    """Write curves and figures for TensorBoard into out/tensorboard, if that package is there."""
    mlflow: str | None = None
    """Address of an MLflow server, or a folder, that figures, settings and the report are sent to."""
    device: str = "auto"
    """cpu, cuda, or auto: cuda where there is one."""
    training: TrainingConfig = TrainingConfig()
