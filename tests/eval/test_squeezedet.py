"""The SqueezeDet network: published parameter counts, where its anchors lie, its ImageNet start, its detections."""

import numpy as np
import pytest
import torch

from annotate.boxes import iou_matrix
from annotate.errors import InputError
from eval.detectors import detector_kind
from eval.detectors.squeezedet import SqueezeDet, load_backbone, normalise_trunk
from eval.networks.features import torchvision_model

ANCHORS = np.array([[20.0, 30.0], [40.0, 40.0]])


def _detector(anchors: np.ndarray = ANCHORS, classes: int = 1) -> SqueezeDet:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return SqueezeDet(anchors, classes=classes)


@pytest.mark.parametrize(("classes", "parameters"), [(3, 2_082_120), (1, 1_957_686)])
def test_parameter_count_is_the_published_one(classes: int, parameters: int) -> None:
    detector = _detector(np.ones((9, 2)), classes)
    assert sum(parameter.numel() for parameter in detector.parameters()) == parameters


def test_anchors_lie_in_the_middle_of_16_px_cells() -> None:
    detector = _detector()
    boxes = detector.anchor_boxes(4, 6).numpy()
    assert boxes.shape == (4 * 6 * 2, 4)
    np.testing.assert_allclose(boxes[0], [8, 8, 20, 30])
    np.testing.assert_allclose(boxes[-1], [5 * 16 + 8, 3 * 16 + 8, 40, 40])
    with torch.no_grad():
        boxes, scores = detector(torch.zeros(1, 3, 64, 96, dtype=torch.uint8))
    assert boxes.shape == (1, 4 * 6 * 2, 4) and scores.shape == (1, 4 * 6 * 2)


def test_fresh_detector_answers_with_about_its_anchors_and_little_confidence() -> None:
    detector = _detector().eval()
    picture = torch.randint(0, 255, (1, 3, 64, 64), generator=torch.Generator().manual_seed(1), dtype=torch.uint8)
    normalise_trunk(detector, picture)
    with torch.no_grad():
        prediction = detector.interpret(detector.extract(picture))
    assert float((prediction.boxes[0] - detector.anchor_boxes(4, 4)).abs().mean()) < 5
    assert 0.05 < float(prediction.confidence.mean()) < 0.2


def test_cell_sees_the_same_to_its_left_and_right() -> None:
    """No half-cell offset that would favour one side: a cell's view is centred on it."""
    detector = _detector().eval()
    reach = torch.rand(1, 3, 352, 352, generator=torch.Generator().manual_seed(1)).requires_grad_()
    detector.features(reach)[0, :, 10, 10].sum().backward()
    columns = torch.nonzero(reach.grad.abs().sum(dim=(0, 1, 2))).flatten()
    centre = (float(columns.min()) + float(columns.max()) + 1) / 2
    assert abs(centre - (10 * 16 + 8)) <= 1.0


def test_backbone_takes_torchvision_weights_key_for_key() -> None:
    published = torchvision_model("squeezenet1_1").state_dict()
    detector = _detector()
    load_backbone(detector, published, "published")
    assert torch.equal(detector.features[12].expand3x3.weight, published["features.12.expand3x3.weight"])


def test_weights_of_another_network_are_refused_with_the_differing_names() -> None:
    other = torchvision_model("squeezenet1_0").state_dict()
    with pytest.raises(InputError, match=r"other\.pth: not the weights of SqueezeNet 1\.1.*missing.*unknown"):
        load_backbone(_detector(), other, "other.pth")


def test_normalising_the_trunk_scales_features_and_changes_nothing_else() -> None:
    detector = _detector()
    for layer in detector.features.modules():
        if isinstance(layer, torch.nn.Conv2d):
            torch.nn.init.normal_(layer.bias, std=0.1)
    pictures = torch.randint(0, 255, (2, 3, 64, 64), generator=torch.Generator().manual_seed(1), dtype=torch.uint8)

    def features() -> torch.Tensor:
        with torch.no_grad():
            return detector.features((pictures.float() - detector.mean) / detector.std)

    before = features()
    factor = normalise_trunk(detector, pictures)
    after = features()
    assert float(after.square().mean().sqrt()) == pytest.approx(1.0, rel=1e-3)
    torch.testing.assert_close(after, before * factor, rtol=1e-3, atol=1e-4)


def test_detections_come_best_first_without_doubles() -> None:
    detector = _detector()
    torch.nn.init.normal_(detector.convdet.weight, std=0.5, generator=torch.Generator().manual_seed(2))
    noise = torch.randint(0, 255, (2, 3, 96, 96), generator=torch.Generator().manual_seed(3), dtype=torch.uint8)
    for found in detector.detect(noise, min_score=0.05, nms_iou=0.3):
        assert found.shape[1] == 5
        assert (np.diff(found[:, 4]) <= 0).all() and (found[:, 4] >= 0.05).all()
        overlap = iou_matrix(found[:, :4], found[:, :4]) - np.eye(len(found))
        assert overlap.max() <= 0.3 + 1e-6


def test_unknown_detector_lists_the_known_ones() -> None:
    with pytest.raises(InputError, match=r'"yolo" is unknown; known detectors: .*squeezedet'):
        detector_kind("yolo")
