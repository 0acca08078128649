"""FCOS as a detector: torchvision's network, boxes and loss, and what it does about ignored people."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch

from annotate.dataset import Dataset
from annotate.errors import InputError
from eval.config import Augmentation, TrainingConfig
from eval.data.samples import Sample, load_samples
from eval.detectors import detector_kind
from eval.detectors.fcos import Fcos, LenientHead, load_backbone
from eval.networks.features import torchvision_model
from eval.training.trainer import train_detector

KIND = detector_kind("fcos")
STILL = Augmentation(turn="none", flip=False, scale=0, shift=0, colour=0, blur_noise=0)


@cache
def _fixed() -> Fcos:
    """A detector with fixed normalisation: what it says of a picture does not depend on what it saw before."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return Fcos(frozen_norm=True).eval()


@pytest.fixture
def sample(tmp_path: Path, write_discs: Callable[..., Path]) -> Sample:
    return load_samples([Dataset.read(write_discs(tmp_path / "S", pictures=1, size=128))], 128, "person", 0.2)[0]


def test_parameters_are_as_many_as_published_but_for_the_classes() -> None:
    """torchvision publishes 32,269,600 for 91 classes; each class is a 3 x 3 filter over 256 channels and a bias."""
    parameters = sum(parameter.numel() for parameter in _fixed().parameters())
    assert parameters + 90 * (9 * 256 + 1) == 32_269_600


def test_boxes_and_scores_are_torchvisions_own(sample: Sample) -> None:
    detector, network = _fixed(), _fixed().network
    picture = detector.pictures_of([sample], torch.device("cpu"))
    network.transform.min_size, network.transform.max_size = (128,), 128
    network.score_thresh, network.nms_thresh, network.detections_per_img = 0.0, 1.0, 10_000
    with torch.no_grad():
        theirs = network([picture[0] / 255])[0]
        boxes, scores = detector(picture)
    assert boxes.shape == (1, 16**2 + 8**2 + 4**2 + 2**2 + 1, 4)
    order = scores[0].argsort(descending=True, stable=True)
    corners = torch.cat([boxes[0, :, :2] - boxes[0, :, 2:] / 2, boxes[0, :, :2] + boxes[0, :, 2:] / 2], dim=1)
    torch.testing.assert_close(theirs["scores"], scores[0, order], rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(theirs["boxes"].sum(dim=0), corners.clamp(0, 128).sum(dim=0), rtol=1e-4, atol=1e-3)


def test_loss_is_torchvisions_own_where_nobody_is_ignored(sample: Sample) -> None:
    detector, network = _fixed(), _fixed().network
    network.transform.min_size, network.transform.max_size = (128,), 128
    picture = detector.pictures_of([sample], torch.device("cpu"))
    corners = np.hstack([sample.boxes[:, :2], sample.boxes[:, :2] + sample.boxes[:, 2:]])
    target = {
        "boxes": torch.as_tensor(corners, dtype=torch.float32),
        "labels": torch.zeros(len(corners), dtype=torch.long),
        "counted": torch.ones(341, dtype=torch.bool),
    }
    with torch.no_grad():
        ours = detector.losses(detector.extract(picture), [sample], TrainingConfig(input_px=128))
        theirs = network.train()([picture[0] / 255], [target])
        network.eval()
    assert set(ours) == {*theirs, "total"}
    for name, value in theirs.items():
        assert float(ours[name]) == pytest.approx(float(value), rel=1e-4)
    assert float(ours["total"]) == pytest.approx(sum(float(value) for value in theirs.values()), rel=1e-4)


def test_places_where_people_are_ignored_are_not_blamed_but_for_people_who_count() -> None:
    """Three places: one answers for a person in an ignore area, one is empty there, one is empty elsewhere."""
    head = LenientHead(32, 1, 1)
    anchors = torch.tensor([[0.0, 0.0, 8.0, 8.0], [8.0, 0.0, 16.0, 8.0], [16.0, 0.0, 24.0, 8.0]])
    said = {
        "cls_logits": torch.full((1, 3, 1), 1.0, requires_grad=True),
        "bbox_regression": torch.ones(1, 3, 4),
        "bbox_ctrness": torch.zeros(1, 3, 1),
    }
    target = {
        "boxes": torch.tensor([[-4.0, -4.0, 12.0, 12.0]]),
        "labels": torch.zeros(1, dtype=torch.long),
        "counted": torch.tensor([False, False, True]),
    }
    loss = head.compute_loss([target], said, [anchors], [torch.tensor([0, -1, -1])])["classification"]
    loss.backward()
    gradient = said["cls_logits"].grad[0, :, 0]
    assert gradient[0] < 0 and gradient[1] == 0 and gradient[2] > 0
    # Focal loss by hand, alpha 0.25 and gamma 2: p = sigmoid(1) at the person, and where nobody is.
    p = 1 / (1 + np.exp(-1.0))
    assert loss.item() == pytest.approx(-0.25 * (1 - p) ** 2 * np.log(p) - 0.75 * p**2 * np.log(1 - p), rel=1e-4)


def test_person_who_is_ignored_costs_nothing(sample: Sample) -> None:
    """The same picture with nobody labelled: blamed everywhere, or nowhere in an ignore area over all of it."""
    nobody = replace(sample, boxes=np.zeros((0, 4)), people=())
    ignoring = replace(nobody, areas=[np.array([[-1.0, -1.0], [129.0, -1.0], [129.0, 129.0], [-1.0, 129.0]])])
    detector, how = _fixed(), TrainingConfig(input_px=128)
    with torch.no_grad():
        features = detector.extract(detector.pictures_of([sample], torch.device("cpu")))
        blamed, free = (float(detector.losses(features, [one], how)["total"]) for one in (nobody, ignoring))
    # Map P7's one place lies at 0, in the area too.
    assert blamed > 1e-4 and free == 0.0


def test_imagenet_weights_fix_the_norm_and_the_first_layers() -> None:
    published = torchvision_model("resnet50").state_dict()
    detector = Fcos()
    load_backbone(detector, published, "published")
    body = detector.network.backbone.body
    assert torch.equal(body.layer4[2].conv3.weight, published["layer4.2.conv3.weight"])
    assert not any(isinstance(layer, torch.nn.BatchNorm2d) for layer in detector.modules())
    frozen = {name.split(".")[0] for name, one in body.named_parameters() if not one.requires_grad}
    learned = {name.split(".")[0] for name, one in body.named_parameters() if one.requires_grad}
    assert frozen == {"conv1", "layer1"} and learned == {"layer2", "layer3", "layer4"}
    again = KIND.restore(detector.settings())
    again.load_state_dict(detector.state_dict())
    assert torch.equal(again.network.backbone.body.bn1.running_var, published["bn1.running_var"])


def test_weights_of_another_network_are_refused() -> None:
    other = torchvision_model("resnet18").state_dict()
    with pytest.raises(InputError, match=r"other\.pth: not the weights of ResNet-50.*missing"):
        KIND.check_backbone(other, "other.pth")


def test_adversary_sees_the_map_of_16_px() -> None:
    features = [torch.zeros(1, 256, side, side) for side in (64, 32, 16, 8, 4)]
    assert _fixed().adversary_map(features).shape == (1, 256, 512 // 16, 512 // 16)


def test_detector_learns_bright_discs_from_scratch(tmp_path: Path, write_discs: Callable[..., Path]) -> None:
    discs = write_discs(tmp_path / "S", pictures=2, size=64, people=1, seed=1)
    train = load_samples([Dataset.read(discs)], 64, "person", 0.2)
    config = TrainingConfig(
        input_px=64, steps=14, batch=2, evaluations=2, learning_rate=3e-4, augmentation=STILL, warmup=0.2
    )
    trained = train_detector(KIND, train, train, config, seed=0)
    assert trained.chosen.f1 == 1.0
    assert trained.curve[-1].loss < trained.curve[0].loss
