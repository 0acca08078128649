"""All measures of a training set in one go, and two sets side by side."""

import json

import numpy as np
import pytest

from annotate.dataset import Person
from eval.measures.intervals import Difference, PictureDraws, draw_pictures
from eval.measures.matching import Counts, counts_at, match_pictures
from eval.measures.summary import Comparison, Measures, compare, measure
from eval.measures.truth import PictureTruth


def _truths(pictures: int) -> list[PictureTruth]:
    rng = np.random.default_rng(0)
    truths = []
    for number in range(pictures):
        boxes = np.concatenate([rng.uniform(0, 350, (6, 2)), rng.uniform(20, 50, (6, 2))], axis=1)
        people = [
            Person(
                instance_id=k + 1,
                bbox=tuple(box),
                visible_fraction=0.2 + 0.15 * k,
                attributes={"activity": ("standing", "sitting")[k % 2]},
            )
            for k, box in enumerate(boxes.tolist())
        ]
        truths.append(PictureTruth(boxes, 400, 400, people=people, time_s=float(number)))
    return truths


def _detections(truths: list[PictureTruth], finds: float, seed: int) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    found = []
    for truth in truths:
        own = truth.boxes[rng.random(len(truth.boxes)) < finds]
        stray = np.concatenate([rng.uniform(0, 350, (2, 2)), rng.uniform(20, 50, (2, 2))], axis=1)
        boxes = np.concatenate([own + rng.normal(0, 1, own.shape), stray])
        scores = np.concatenate([rng.uniform(0.4, 1, len(own)), rng.uniform(0, 0.7, 2)])
        found.append(np.column_stack([boxes, scores]))
    return found


def _draws(truths: list[PictureTruth]) -> PictureDraws:
    rng = np.random.default_rng(1)
    return draw_pictures([truth.time_s for truth in truths], [truth.site for truth in truths], rng, draws=300)


def _measured(finds: float, truths: list[PictureTruth], draws: PictureDraws, seeds: int = 3) -> Measures:
    found = [_detections(truths, finds, seed) for seed in range(seeds)]
    return measure(found, truths, [0.5] * seeds, draws, np.random.default_rng(2))


def test_figures_are_means_over_seeds_of_those_of_one_seed() -> None:
    truths = _truths(30)
    found = _measured(0.8, truths, _draws(truths))
    counts = [counts_at(match_pictures(_detections(truths, 0.8, seed), truths), 0.5) for seed in range(3)]
    for name in ("precision", "recall", "f1"):
        own = [getattr(each, name) for each in counts]
        np.testing.assert_allclose(found.figures[name].by_seed, own, atol=1e-6)
        assert found.figures[name].value == pytest.approx(np.mean(own), abs=1e-6)
    assert [Counts(*each.sum(axis=0).tolist()) for each in found.counts] == counts
    assert found.people == 180 and found.pictures == 30


def test_every_figure_lies_within_its_interval() -> None:
    truths = _truths(30)
    found = _measured(0.8, truths, _draws(truths))
    estimates = [*found.figures.values()]
    estimates += [value for division in found.strata for part in division.strata for value in (part.recall, part.ap)]
    assert len(estimates) > 25
    for value in (own.interval for own in estimates):
        assert value.low <= value.value <= value.high and value.high > value.low


def test_parts_have_all_people_between_them() -> None:
    truths = _truths(30)
    found = _measured(0.8, truths, _draws(truths))
    people = {division.name: sum(part.people for part in division.strata) for division in found.strata}
    assert people == dict.fromkeys(("distance", "size", "crowding", "occlusion", "pose"), 180)
    recall = {part.label: part for division in found.strata if division.name == "pose" for part in division.strata}
    both = sum(part.recall.value * part.people for part in recall.values()) / 180
    assert both == pytest.approx(found.figures["recall"].value, abs=1e-6)


def test_comparison_is_surer_than_the_figures_and_reads_as_a_sentence() -> None:
    truths = _truths(60)
    draws = _draws(truths)
    good, poor = _measured(0.9, truths, draws), _measured(0.6, truths, draws)
    found = compare(good, poor)
    recall = found.differences["recall"]
    assert recall.value == pytest.approx(good.figures["recall"].value - poor.figures["recall"].value)
    assert recall.excludes_zero and recall.above_zero == 1.0
    assert found.recall_ratio is not None
    assert found.recall_ratio.value == pytest.approx(good.figures["recall"].value / poor.figures["recall"].value - 1)
    assert found.strata["pose", "sitting"]["recall"].low > 0
    assert "more people than S; 95 % interval" in found.recall_text("S")
    assert "fewer people than S+" in compare(poor, good).recall_text("S+")
    itself = compare(good, _measured(0.9, truths, draws)).differences["f1"]
    assert itself.value == 0 and not itself.excludes_zero


def test_sentence_of_a_comparison() -> None:
    more = Comparison({}, Difference(0.041, 0.012, 0.070, 0.99), {})
    assert more.recall_text("S") == "finds 4.1 % more people than S; 95 % interval 1.2 to 7.0"
    fewer = Comparison({}, Difference(-0.02, -0.05, 0.01, 0.1), {})
    assert fewer.recall_text("S") == "finds 2.0 % fewer people than S; 95 % interval -1.0 to 5.0"
    assert "finds nobody" in Comparison({}, None, {}).recall_text("S")


def test_all_of_it_is_json_without_numbers_that_are_none() -> None:
    truths = _truths(12)
    draws = _draws(truths)
    found, other = _measured(0.8, truths, draws, seeds=1), _measured(0.0, truths, draws, seeds=1)
    text = json.dumps(
        [found.as_json(), compare(found, other).as_json(), compare(other, found).as_json()], allow_nan=False
    )
    read = json.loads(text)
    assert read[0]["figures"]["f1"]["value"] == found.figures["f1"].value
    assert read[0]["figures"]["f1"]["deviation"] is None and "one seed" in read[0]["intervals"]
    assert read[1]["recall_ratio"] is None and read[2]["recall_ratio"]["value"] == -1.0
    assert {entry["name"] for entry in read[0]["strata"]} == {"distance", "size", "crowding", "occlusion", "pose"}


def test_rotated_people_are_measured_as_upright_ones_are() -> None:
    """Each box once upright and once as a rotated box that is not turned, whole pixels: the same figures."""
    rng = np.random.default_rng(4)
    upright, turned, boxes, rotated = [], [], [], []
    for _ in range(8):
        own = np.round(np.column_stack([rng.uniform(0, 300, (5, 2)), rng.uniform(10, 25, (5, 2))])) * [1, 1, 2, 2]
        found = np.column_stack([own + np.round(rng.normal(0, 4, own.shape)) * [1, 1, 0, 0], rng.random(5)])
        upright.append(PictureTruth(own, 400, 400))
        boxes.append(found)
        centred = [
            np.column_stack([each[:, :2] + each[:, 2:4] / 2, each[:, 2:4], np.zeros(5)]) for each in (own, found)
        ]
        turned.append(PictureTruth(centred[0], 400, 400))
        rotated.append(np.column_stack([centred[1], found[:, 4]]))
    draws = draw_pictures([None] * 8, [""] * 8, rng, draws=50)
    first = measure([boxes], upright, [0.5], draws, np.random.default_rng(0), divisions=()).figures
    second = measure([rotated], turned, [0.5], draws, np.random.default_rng(0), divisions=()).figures
    assert 0.1 < first["ap50_95"].value < 0.9
    for name, value in first.items():
        assert second[name].value == pytest.approx(value.value)


def test_wrong_numbers_of_things_are_refused() -> None:
    truths = _truths(4)
    draws, found = _draws(truths), _detections(truths, 0.5, 0)
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="1 seeds but 2 thresholds"):
        measure([found], truths, [0.5, 0.5], draws, rng)
    with pytest.raises(ValueError, match="4 pictures, but detections and draws of"):
        measure([found[:3]], truths, [0.5], draws, rng)
    with pytest.raises(ValueError, match="one PictureDraws"):
        compare(_measured(0.5, truths, draws), _measured(0.5, truths, _draws(truths)))
