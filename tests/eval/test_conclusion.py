"""The report's sentences say no more than the figures."""

import numpy as np
import pytest

from eval.evaluation.conclusion import additions, headline, sentences
from eval.evaluation.results import Evaluation, SetFacts, SplitFacts, TestResult
from eval.measures.intervals import draw_pictures
from eval.measures.summary import measure
from eval.measures.truth import PictureTruth

PICTURES = 40
SEEDS = 5


def _truths(timed: bool) -> list[PictureTruth]:
    boxes = np.array([[10.0 + 40 * place, 20.0, 20.0, 30.0] for place in range(4)])
    return [PictureTruth(boxes, 200, 100, time_s=float(i) if timed else None, site="room") for i in range(PICTURES)]


def _detections(truths: list[PictureTruth], found: float, seed: int) -> list[np.ndarray]:
    """Every person with the chance `found`, and now and then a false alarm."""
    rng = np.random.default_rng(seed)
    pictures = []
    for truth in truths:
        right = truth.boxes[rng.random(len(truth.boxes)) < found]
        wrong = np.array([[100.0, 70.0, 20.0, 20.0]]) if rng.random() < 0.1 else np.zeros((0, 4))
        boxes = np.concatenate([right, wrong])
        pictures.append(np.hstack([boxes, np.full((len(boxes), 1), 0.9)]))
    return pictures


def _evaluation(
    chances: dict[str, float], kind: str = "real", seeds: int = SEEDS, timed: bool = False,
    folders: dict[str, list[str]] | None = None, pairs: list[tuple[str, str]] | None = None,
    kinds: dict[str, str] | None = None,
) -> Evaluation:  # fmt: skip
    truths, rng = _truths(timed), np.random.default_rng(0)
    draws = draw_pictures([truth.time_s for truth in truths], [truth.site for truth in truths], rng, draws=200)
    found = {
        name: [_detections(truths, chance, 10 * place + seed) for seed in range(seeds)]
        for place, (name, chance) in enumerate(chances.items())
    }
    measures = {name: measure(own, truths, [0.5] * seeds, draws, rng, divisions=[]) for name, own in found.items()}
    facts = SplitFacts("office", kind, "Rs/test", PICTURES, 4 * PICTURES, 39.0 if timed else None)
    test = TestResult("test", facts, measures, {}, [], truths, found)
    sets = [
        SetFacts(
            name, (kinds or {}).get(name, "synthetic"), "", (folders or {}).get(name, [name]), 10, 50, [{}] * seeds
        )
        for name in chances
    ]
    return Evaluation(sets, facts, [test], pairs or [], [])


def test_best_set_is_named_only_if_it_is_clearly_best() -> None:
    assert headline(_evaluation({"S": 0.4, "S+": 0.9})).startswith("S+ trains the best detector: F1 0.9")
    close = headline(_evaluation({"S": 0.70, "S+": 0.71}))
    assert close.startswith("No training set is clearly best") and "cannot be told apart" in close
    assert headline(_evaluation({"R": 0.5})).startswith("Trained on R, the detector reaches F1 0.6")


def test_refining_helped_harmed_or_neither() -> None:
    pair = [("S+", "S")]
    helped = sentences(_evaluation({"S": 0.5, "S+": 0.8}, pairs=pair))[1]
    assert helped.startswith("Refining helped: F1 of S+ is 0.") and "more people than S; 95 % interval" in helped
    harmed = sentences(_evaluation({"S": 0.8, "S+": 0.5}, pairs=pair))[1]
    assert harmed.startswith("Refining harmed") and "fewer people than S" in harmed
    neither = sentences(_evaluation({"S": 0.7, "S+": 0.705}, pairs=pair))[1]
    assert neither.startswith("Refining: no difference can be claimed") and "people than" not in neither


def test_what_a_mixture_adds_is_held_against_its_real_part() -> None:
    folders = {"R": ["r"], "S": ["s"], "R and S": ["r", "s"]}
    found = _evaluation({"R": 0.5, "S": 0.3, "R and S": 0.9}, folders=folders, kinds={"R": "real"})
    assert additions(found) == [("R and S", "R", ["S"])]
    assert any(text.startswith("Adding S helped: F1 of R\u00a0and\u00a0S is") for text in sentences(found))


def test_limits_are_told() -> None:
    one = " ".join(sentences(_evaluation({"S": 0.5, "S+": 0.6}, kind="stand-in", seeds=1, timed=True)))
    assert "One training run per set" in one and "stand in for real ones" in one and "one series in time" in one
    three = " ".join(sentences(_evaluation({"S": 0.5, "S+": 0.6}, seeds=3)))
    assert "Only 3 training runs per set" in three and "series in time" not in three
    five = " ".join(sentences(_evaluation({"S": 0.5, "S+": 0.6})))
    assert "training runs per set" not in five and "training run per set" not in five
    assert "has not learned" in " ".join(sentences(_evaluation({"S": 0.0, "S+": 0.6})))


@pytest.mark.parametrize("name", ["R + S+", "a b"])
def test_names_are_not_cut_by_line_breaks(name: str) -> None:
    assert name.replace(" ", "\u00a0") in headline(_evaluation({name: 0.9}))
