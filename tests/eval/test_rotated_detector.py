"""The detector of rotated boxes: its loss, its anchors, its labels under turns, and that it learns which way bars lie."""

import math
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from annotate.boxes import canonical_rotated_boxes, rotated_box_corners, upright_box_of
from annotate.dataset import Dataset, DatasetInfo, DatasetWriter, Person, Picture
from annotate.errors import InputError
from eval.config import Augmentation, LossWeights, TrainingConfig
from eval.data.augment import moved_by
from eval.data.samples import Sample, load_samples
from eval.detectors import detector_kind
from eval.detectors.rotated_loss import (
    RotatedPrediction,
    angle_error,
    answering_rotated,
    build_rotated_targets,
    doubles,
    framed_iou,
    paired_rotated_iou,
    rotated_loss,
)
from eval.detectors.rotated_squeezedet import RotatedSqueezeDet, canonical
from eval.detectors.suppression import rotated_iou
from eval.training.testing import detect_samples, upright
from eval.training.trainer import train_detector

KIND = detector_kind("rotated")
WEIGHTS = LossWeights()
STILL = Augmentation(turn="none", flip=False, scale=0, shift=0, colour=0, blur_noise=0)
ANCHORS = RotatedSqueezeDet(np.array([[16.0, 16.0], [16.0, 48.0]])).anchor_boxes(6, 6).double().numpy()
BARS = np.array([[40.0, 40.0, 14.0, 44.0, 0.0], [40.0, 40.0, 14.0, 44.0, 70.0], [70.0, 30.0, 18.0, 18.0, -20.0]])


def _bars(root: Path, pictures: int, size: int = 96, rotated: bool = True) -> Path:
    """One bright bar of 14 x 44 px a picture, each turned otherwise."""
    writer = DatasetWriter(root, DatasetInfo(kind="synthetic", name=root.name))
    rng = np.random.default_rng(5)
    for number in range(pictures):
        image = rng.integers(40, 90, (size, size, 3), dtype=np.uint8)
        box = (*rng.uniform(34, 62, 2), 14.0, 44.0, 180.0 * number / pictures - 88.0)
        corners = rotated_box_corners([box])[0]
        cv2.fillPoly(image, [np.round((corners - 0.5) * 16).astype(np.int32)], (240, 225, 120), shift=4)
        person = Person(instance_id=1, bbox=tuple(upright_box_of(corners)), rotated_bbox=box if rotated else None)
        picture = Picture(id=number, file_name=f"{number:03d}.png", width=size, height=size, people=[person])
        writer.add(picture, image)
    writer.finish()
    return root


def _bar_samples(root: Path, pictures: int = 6, rotated: bool = True) -> list[Sample]:
    return load_samples([Dataset.read(_bars(root, pictures, rotated=rotated))], 96, "person", 0.2)


def _targets(boxes: np.ndarray, match_iou: float = 1.0, counted: np.ndarray | None = None):
    counted = np.ones((1, len(ANCHORS)), bool) if counted is None else counted
    return build_rotated_targets(ANCHORS, [boxes], counted, match_iou)


def _prediction(boxes: np.ndarray) -> RotatedPrediction:
    """All anchors give themselves, unturned and without confidence, except those that answer: they are right."""
    targets = _targets(boxes)
    given = torch.as_tensor(np.hstack([ANCHORS, np.zeros((len(ANCHORS), 1))]), dtype=torch.float32)[None]
    deltas, confidence = torch.zeros(1, len(ANCHORS), 4), torch.zeros(1, len(ANCHORS))
    deltas[0, targets.anchor], given[0, targets.anchor] = targets.deltas, targets.boxes
    confidence[0, targets.anchor] = 1.0
    return RotatedPrediction(deltas, confidence, given)


@pytest.mark.parametrize(
    ("predicted", "true", "error"),
    [(-89, 89, 2), (89, -89, 2), (0, 0, 0), (180, 0, 0), (-170, 10, 0), (90, 0, 90), (30, -20, 50), (135, 10, 55)],
)
def test_angles_are_wrong_by_their_distance_modulo_180(predicted: float, true: float, error: float) -> None:
    assert float(angle_error(torch.tensor(float(predicted)), torch.tensor(float(true)))) == pytest.approx(error)


def test_angle_is_pulled_the_shorter_way_round() -> None:
    predicted = torch.tensor([-89.0, 89.0], requires_grad=True)
    angle_error(predicted, torch.tensor([89.0, -89.0])).sum().backward()
    assert predicted.grad.tolist() == [1.0, -1.0]  # descent lowers -89 towards -91, which is 89


def test_perfect_prediction_costs_nothing_and_its_other_name_neither() -> None:
    prediction = _prediction(BARS)
    assert float(rotated_loss(prediction, _targets(BARS), WEIGHTS)["total"]) == pytest.approx(0, abs=1e-6)
    prediction.boxes[..., 4] += 180.0
    assert float(rotated_loss(prediction, _targets(BARS), WEIGHTS)["total"]) == pytest.approx(0, abs=1e-6)


def test_terms_by_hand() -> None:
    """One bar whose anchor is 9 degrees off and sure by 0.4, another anchor's doubt of 0.5."""
    targets, prediction = _targets(BARS[:1]), _prediction(BARS[:1])
    prediction.boxes[0, targets.anchor, 4] += 9.0
    prediction.confidence[:] = 0.5
    prediction.confidence[0, targets.anchor] = 0.4
    reached = rotated_iou(BARS[:1], BARS[:1] + np.array([0, 0, 0, 0, 9.0]))[0, 0]
    terms = rotated_loss(prediction, targets, WEIGHTS, double_iou=1.0)
    assert float(terms["angle"]) == pytest.approx(5 * math.pi / 20, rel=1e-4)
    assert float(terms["present"]) == pytest.approx(75 * (reached - 0.4) ** 2, rel=1e-4)
    assert float(terms["absent"]) == pytest.approx(100 * 0.25, rel=1e-4)
    assert float(terms["box"]) == pytest.approx(0.0, abs=1e-9)
    assert float(terms["total"]) == pytest.approx(
        sum(float(terms[n]) for n in ("angle", "present", "absent")), rel=1e-5
    )


def test_ignored_anchors_are_not_blamed_and_nobody_gives_a_finite_loss() -> None:
    prediction = _prediction(np.zeros((0, 5)))
    prediction.confidence[0, 5] = 0.9
    counted = np.ones((1, len(ANCHORS)), bool)
    blamed = rotated_loss(prediction, _targets(np.zeros((0, 5)), counted=counted), WEIGHTS)["total"]
    counted[0, 5] = False
    free = rotated_loss(prediction, _targets(np.zeros((0, 5)), counted=counted), WEIGHTS)["total"]
    assert float(blamed) > 0 and float(free) == 0.0


def test_paired_overlap_is_the_diagonal_of_the_matrix() -> None:
    rng = np.random.default_rng(1)
    a = np.hstack([rng.uniform(20, 40, (40, 2)), rng.uniform(5, 30, (40, 2)), rng.uniform(-180, 180, (40, 1))])
    b = a + rng.normal(0, 4, a.shape)
    b[:, 2:4] = np.abs(b[:, 2:4]) + 1
    np.testing.assert_allclose(paired_rotated_iou(a, b), np.diag(rotated_iou(a, b)), atol=1e-9)
    a[3, 2] = np.nan
    assert paired_rotated_iou(a, b)[3] == 0.0


@pytest.mark.parametrize("iou", [0.3, 0.6, 0.8])
def test_doubles_are_the_boxes_that_overlap_somebody(iou: float) -> None:
    """The quick sieve before the exact overlap loses none."""
    rng = np.random.default_rng(2)
    near = BARS[rng.integers(len(BARS), size=300)] + rng.normal(0, 1, (300, 5)) * (1.2 - iou) * [5, 5, 3, 6, 30]
    near[:, 2:4] = np.abs(near[:, 2:4]) + 2
    targets = build_rotated_targets(near[:, :4], [BARS], np.ones((1, 300), bool))
    found = doubles(torch.as_tensor(near)[None], targets, iou)[0].numpy()
    expected = rotated_iou(near, BARS).max(axis=1) > iou
    assert 5 < expected.sum() < 295
    np.testing.assert_array_equal(found, expected)


def test_anchor_is_compared_in_the_frame_of_the_box() -> None:
    """A bar 10 x 40 and an anchor of its size, 10 px away along the bar: 300 shared of 500; across it: nothing."""
    bar = np.array([[50.0, 50.0, 10.0, 40.0, 90.0]])
    along, across = np.array([[60.0, 50.0, 10.0, 40.0]]), np.array([[50.0, 60.0, 10.0, 40.0]])
    assert framed_iou(along, bar)[0, 0] == pytest.approx(300 / 500)
    assert framed_iou(across, bar)[0, 0] == pytest.approx(0.0, abs=1e-9)
    wider = np.array([[50.0, 50.0, 20.0, 80.0]])
    assert framed_iou(wider, bar)[0, 0] == pytest.approx(400 / 1600)


def test_anchors_answer_for_a_turned_picture_as_turned_anchors() -> None:
    """A quarter turn about the middle of the grid moves the answering cells with it."""
    middle, boxes = np.array([48.0, 48.0]), BARS
    turned = boxes.copy()
    turned[:, :2] = (boxes[:, :2] - middle) @ np.array([[0.0, 1.0], [-1.0, 0.0]]) + middle
    turned[:, 4] += 90.0
    expected, _ = answering_rotated(ANCHORS, boxes, 0.4)
    found, _ = answering_rotated(ANCHORS, canonical_rotated_boxes(turned), 0.4)
    moved = (ANCHORS[expected, :2] - middle) @ np.array([[0.0, 1.0], [-1.0, 0.0]]) + middle
    places = sorted(map(tuple, np.hstack([moved, ANCHORS[expected, 2:]]).round(6).tolist()))
    assert sorted(map(tuple, ANCHORS[found].round(6).tolist())) == places and len(places) > len(boxes)


def test_everybody_is_answered_even_outside_the_picture_and_on_top_of_one_another() -> None:
    crowd = np.array([[40.0, 40.0, 14.0, 44.0, 10.0]] * 3 + [[400.0, 400.0, 5.0, 5.0, 0.0]])
    chosen, which = answering_rotated(ANCHORS, crowd, 1.0)
    assert len(set(chosen.tolist())) == 4 and which.tolist() == [0, 1, 2, 3]
    np.testing.assert_allclose(ANCHORS[chosen[3], :2], [88, 88])


def test_canonical_boxes_are_those_of_the_convention() -> None:
    rng = np.random.default_rng(3)
    boxes = np.hstack([rng.uniform(0, 90, (50, 4)), rng.uniform(-360, 360, (50, 1))])
    np.testing.assert_allclose(canonical(torch.as_tensor(boxes)), canonical_rotated_boxes(boxes), atol=1e-9)


def test_labels_turn_with_the_picture(tmp_path: Path) -> None:
    """After any turn about the nadir the rotated box still lies on the bright bar, as exactly as before."""
    sample = _bar_samples(tmp_path / "S", 1)[0]
    for degrees in (17.0, 90.0, 145.0):
        angle = math.radians(degrees)
        turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
        moved = moved_by(sample, np.column_stack([turn, sample.nadir_px - turn @ sample.nadir_px]))
        before, after = sample.rotated[0], moved.rotated[0]
        assert (after[4] - before[4] - degrees + 90) % 180 - 90 == pytest.approx(0, abs=1e-6)
        drawn = np.zeros((96, 96), np.uint8)
        corners = rotated_box_corners(moved.rotated)[0] - 0.5
        cv2.fillPoly(drawn, [np.round(corners * 16).astype(np.int32)], 1, shift=4)
        bright = moved.image[..., 0] > 150
        assert (bright & (drawn > 0)).sum() / (bright | (drawn > 0)).sum() > 0.85


def test_detector_learns_which_way_bars_lie(tmp_path: Path) -> None:
    train = _bar_samples(tmp_path / "S", 4)
    config = TrainingConfig(
        input_px=96, steps=80, batch=4, evaluations=2, dropout=0.0, anchors=2, augmentation=STILL, learning_rate=1e-3
    )
    trained = train_detector(KIND, train, train, config, seed=0)
    found = detect_samples(trained.detector, train, torch.device("cpu"))
    errors = [
        float(angle_error(torch.tensor(best[0, 4]), torch.tensor(sample.rotated[0, 4])))
        for best, sample in zip(found, train, strict=True)
    ]
    overlaps = [rotated_iou(best[:1, :5], sample.rotated)[0, 0] for best, sample in zip(found, train, strict=True)]
    assert max(errors) < 8.0 and np.mean(errors) < 4.0
    assert min(overlaps) > 0.6
    assert trained.chosen.f1 > 0.9


def test_people_without_rotated_boxes_are_refused_with_a_remedy(tmp_path: Path) -> None:
    samples = _bar_samples(tmp_path / "S", 2, rotated=False)
    with pytest.raises(
        InputError, match=r"--detector rotated: .*000\.png: .*without rotated_bbox.*--detector squeezedet"
    ):
        KIND.build(samples, TrainingConfig(input_px=96), np.random.default_rng(0))
    with pytest.raises(InputError, match="--target person"):
        _untrained().losses(torch.zeros(1, 768, 6, 6), samples[:1], TrainingConfig(input_px=96))


def _untrained() -> RotatedSqueezeDet:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return RotatedSqueezeDet(np.array([[16.0, 16.0], [16.0, 48.0]])).eval()


def test_anchors_are_sizes_of_people_whatever_their_angle(tmp_path: Path) -> None:
    config = TrainingConfig(input_px=96, anchors=1)
    detector = KIND.build(_bar_samples(tmp_path / "S"), config, np.random.default_rng(0))
    np.testing.assert_allclose(detector.anchors_px.numpy(), [[14, 44]], rtol=1e-5)


def test_predictions_are_rotated_boxes_of_the_convention_and_settings_build_it_again() -> None:
    detector = _untrained()
    torch.nn.init.normal_(detector.convdet.weight, std=0.1, generator=torch.Generator().manual_seed(2))
    picture = torch.randint(0, 255, (1, 3, 96, 96), generator=torch.Generator().manual_seed(1), dtype=torch.uint8)
    again = KIND.restore(detector.settings())
    again.load_state_dict(detector.state_dict())
    with torch.no_grad():
        boxes, scores = detector(picture)
        torch.testing.assert_close(again.eval()(picture), (boxes, scores))
    assert boxes.shape == (1, 72, 5) and scores.shape == (1, 72)
    assert (boxes[..., 2] <= boxes[..., 3]).all()
    assert (boxes[..., 4] >= -90).all() and (boxes[..., 4] < 90).all()
    (found,) = detector.detect(picture)
    assert found.shape[1] == 6 and (np.diff(found[:, 5]) <= 0).all()


def test_upright_labels_can_test_it(tmp_path: Path, write_discs: Callable[..., Path]) -> None:
    """Round people without rotated boxes: the upright box around the ellipse of a turned square is the disc's own."""
    sample = load_samples([Dataset.read(write_discs(tmp_path / "S", pictures=1))], 96, "person", 0.2)[0]
    centres = sample.boxes[:, :2] + sample.boxes[:, 2:] / 2
    turned = np.hstack([centres, sample.boxes[:, 2:], [[30.0], [-75.0]], [[0.9], [0.8]]])
    np.testing.assert_allclose(upright(turned)[:, :4], sample.boxes, atol=1e-6)
