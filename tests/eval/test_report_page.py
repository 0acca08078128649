"""The report's sentences say no more than the figures, and its curves show them."""

import xml.etree.ElementTree as xml

import numpy as np

from eval.distances.frechet import Distance
from eval.measures.intervals import Interval
from eval.report.conclusion import headline, sentences
from eval.report.curves import curve_svg
from eval.report.page import distance_text, figure_text
from eval.results import Evaluation, RunResult, SetResult, SplitFacts

CURVE = [
    {"epoch": epoch, "step": epoch, "precision": 0.5, "recall": 0.4, "f1": f1} for epoch, f1 in ((1, 0.2), (2, 0.6))
]


def _set(name: str, f1s: list[float], kind: str = "synthetic", folders: list[str] | None = None) -> SetResult:
    counts = np.array([[5, 1, 2]])
    runs = [
        RunResult(seed, 0.5, f1, f1, f1, f1, counts, {"curve": CURVE, "chosen": CURVE[1]})
        for seed, f1 in enumerate(f1s)
    ]
    interval = Interval(f1s[0], f1s[0] - 0.05, f1s[0] + 0.05)
    return SetResult(name, kind, folders or [name], 10, 50, runs, interval, Distance(3.21, 10, 20, 78))


def _evaluation(sets: list[SetResult], differences: dict, kind: str = "real", block: int = 1) -> Evaluation:
    facts = SplitFacts("office", kind, "Rs/test", 30, 500, 60.0)
    pairs = [("S+", "S")] if len(sets) == 2 else []
    return Evaluation(
        sets, facts, facts, differences, pairs, [], [], "FD-plafond-bank-1", None, 0.5, None, block, "", {}
    )


def test_clear_difference_is_claimed() -> None:
    found = _evaluation([_set("S", [0.5]), _set("S+", [0.6])], {("S+", "S"): Interval(0.1, 0.04, 0.16)})
    assert headline(found) == "S+ trains the best detector: F1 0.60"
    text = " ".join(sentences(found))
    assert "Refining helped: F1 of S+ is 0.100 above S (95 % interval +0.040 to +0.160)." in text
    assert "One training run per set" in text


def test_overlapping_difference_is_not_claimed() -> None:
    found = _evaluation([_set("S", [0.5]), _set("S+", [0.53])], {("S+", "S"): Interval(0.03, -0.02, 0.08)})
    assert headline(found).startswith("No training set is clearly best")
    assert "no difference can be claimed between S+ and S" in " ".join(sentences(found))


def test_harm_is_said_too_whichever_way_the_pair_is_kept() -> None:
    found = _evaluation([_set("S+", [0.4]), _set("S", [0.6])], {("S", "S+"): Interval(0.2, 0.1, 0.3)})
    assert "Refining harmed: F1 of S+ is 0.200 below S" in " ".join(sentences(found))


def test_added_data_is_compared_with_the_real_data_alone() -> None:
    sets = [_set("R", [0.6], "real"), _set("S+", [0.4], "refined"), _set("R + S+", [0.7], "mixed", ["R", "S+"])]
    differences = {
        ("S+", "R"): Interval(-0.2, -0.3, -0.1),
        ("R + S+", "R"): Interval(0.1, 0.02, 0.2),
        ("R + S+", "S+"): Interval(0.3, 0.2, 0.4),
    }
    found = _evaluation(sets, differences)
    text = " ".join(sentences(found)).replace("\u00a0", " ")
    assert "Adding S+ helped: F1 of R + S+ is 0.100 above R" in text


def test_limits_of_the_test_set_are_said() -> None:
    sets = [_set("S", [0.5, 0.52])]
    stand_in = " ".join([headline(_evaluation(sets, {}, "stand-in")), *sentences(_evaluation(sets, {}, "stand-in"))])
    assert "on a stand-in for real pictures" in stand_in and "say nothing about a real camera" in stand_in
    series = " ".join(sentences(_evaluation(sets, {}, block=3)))
    assert "one series in time" in series and "Only 2 training runs per set" in series


def test_figures_show_their_spread_over_seeds() -> None:
    assert figure_text(_set("S", [0.5]), "f1") == "0.500"
    assert figure_text(_set("S", [0.4, 0.6]), "f1") == "0.500 ± 0.141"


def test_biased_distance_has_a_star() -> None:
    entry = _set("S", [0.5])
    assert distance_text(entry) == "3.21*"
    entry.frechet = Distance(3.21, 100, 200, 78)
    assert distance_text(entry) == "3.21"
    entry.frechet = None
    assert distance_text(entry) == "–"


def test_curve_is_well_formed_and_marks_the_checkpoint() -> None:
    svg = xml.fromstring(curve_svg(_set("R & S", [0.5, 0.6])))
    lines = [line for line in svg.iter("polyline") if line.get("class") == "f1"]
    rings = [circle for circle in svg.iter("circle") if circle.get("class") == "taken"]
    assert len(lines) == 2 and len(rings) == 2
    last_point = lines[0].get("points").split()[-1].split(",")
    assert [rings[0].get("cx"), rings[0].get("cy")] == last_point
