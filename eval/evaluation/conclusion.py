"""The first sentences of the report, computed from the figures and no stronger than they are.

A difference is claimed only if its 95 % interval leaves out zero.
"""

from __future__ import annotations

from eval.evaluation.results import Evaluation, TestResult
from eval.measures.intervals import Difference, Estimate

FEW_SEEDS = 5


def headline(evaluation: Evaluation) -> str:
    """One line: the best training set, or that none can be called best."""
    test = evaluation.test
    where = " on a stand-in for real pictures" if test.facts.stands_in else ""
    if len(evaluation.sets) == 1:
        only = evaluation.sets[0].name
        return f"Trained on {whole(only)}, the detector reaches F1 {_f1(test, only).value:.2f}{where}"
    first, second = _ranked(test)[:2]
    if _difference(test, first, second, "f1").excludes_zero:
        return f"{whole(first)} trains the best detector{where}: F1 {_f1(test, first).value:.2f}"
    return f"No training set is clearly best{where}: {whole(first)} and {whole(second)} cannot be told apart"


def whole(name: str) -> str:
    """A name that no line break cuts."""
    return name.replace(" ", "\u00a0")


def signed(value: float) -> str:
    """+0.123 or, with a minus sign proper, −0.123."""
    return f"{value:+.3f}".replace("-", "\u2212")


def sentences(evaluation: Evaluation) -> list[str]:
    """What was found, the comparisons that matter, and what limits them."""
    return [_figures(evaluation.test), *_comparisons(evaluation), *_elsewhere(evaluation), *_limits(evaluation)]


def _f1(test: TestResult, name: str) -> Estimate:
    return test.measures[name].figures["f1"]


def _difference(test: TestResult, first: str, second: str, figure: str) -> Difference:
    return test.comparison(first, second).differences[figure]


def _ranked(test: TestResult) -> list[str]:
    return sorted(test.measures, key=lambda name: -_f1(test, name).value)


def _figures(test: TestResult) -> str:
    parts = []
    for name in _ranked(test):
        found = _f1(test, name).interval
        parts.append(f"{whole(name)} {found.value:.2f} ({found.low:.2f} to {found.high:.2f})")
    return (
        f"F1 on {test.facts.pictures} pictures with {test.facts.people} people of {test.facts.title}, by training set: "
        f"{', '.join(parts)} (in brackets: 95 % intervals)."
    )


def _comparisons(evaluation: Evaluation) -> list[str]:
    found = [_compare(evaluation.test, refined, synthetic, "Refining") for refined, synthetic in evaluation.pairs]
    for more, part, rest in additions(evaluation):
        what = f"Adding {', '.join(whole(name) for name in rest)}" if rest else "Adding data"
        found.append(_compare(evaluation.test, more, part, what))
    return found


def additions(evaluation: Evaluation) -> list[tuple[str, str, list[str]]]:
    """What sets add to others: (R and S+, R, [S+]): a set, the largest part of it that was also tried alone and is real
    (else any), and the other parts that were."""
    by_name = {entry.name: set(entry.folders) for entry in evaluation.sets}
    found = []
    for more, folders in by_name.items():
        parts = [name for name, own in by_name.items() if own < folders]
        real = [name for name in parts if evaluation.facts(name).kind in ("real", "stand-in")]
        for part in (real or parts)[:1]:
            found.append((more, part, [name for name in parts if name != part]))
    return found


def _compare(test: TestResult, first: str, second: str, what: str) -> str:
    """One comparison of F1, and of the people found where that much can be said."""
    found = test.comparison(first, second)
    f1 = found.differences["f1"]
    span = f"95 % interval {signed(f1.low)} to {signed(f1.high)}"
    more = _more_people(test, first, second)
    first, second = whole(first), whole(second)
    if not f1.excludes_zero:
        return (
            f"{what}: no difference can be claimed between {first} and {second}, F1 differs by {signed(f1.value)} "
            f"({span}).{more}"
        )
    verb, side = ("helped", "above") if f1.value > 0 else ("harmed", "below")
    return f"{what} {verb}: F1 of {first} is {abs(f1.value):.3f} {side} {second} ({span}).{more}"


def _more_people(test: TestResult, first: str, second: str) -> str:
    """" S+ finds 4.1 % more people than S; 95 % interval 1.2 to 7.0.", or nothing where that cannot be claimed."""  # fmt: skip
    found = test.comparison(first, second)
    if found.recall_ratio is None or not found.recall_ratio.excludes_zero:
        return ""
    return f" {whole(first)} {found.recall_text(whole(second))}."


def _elsewhere(evaluation: Evaluation) -> list[str]:
    """The best set of every further test set."""
    found = []
    for test in evaluation.tests[1:]:
        names = _ranked(test)
        figures = ", ".join(f"{whole(name)} {_f1(test, name).value:.2f}" for name in names[:3])
        found.append(f"On {test.name} ({test.facts.title}): F1 {figures}.")
    return found


def _limits(evaluation: Evaluation) -> list[str]:
    limits = []
    if evaluation.seeds == 1:
        limits.append(
            "One training run per set: the intervals cover the choice of test pictures, not luck in training."
        )
    elif evaluation.seeds < FEW_SEEDS:
        limits.append(
            f"Only {evaluation.seeds} training runs per set: the intervals cover luck in training only roughly."
        )
    facts, draws = evaluation.test.facts, next(iter(evaluation.test.measures.values())).draws
    if draws.by == "time" and facts.seconds_covered is not None:
        limits.append(
            "The test pictures are one series in time, neighbours are alike, and so count for less than as many "
            "independent ones; the intervals are drawn from blocks of time, and they speak of this place only."
        )
    if facts.stands_in:
        limits.append("The test pictures stand in for real ones: these figures say nothing about a real camera.")
    if any(_f1(evaluation.test, entry.name).value < 0.05 for entry in evaluation.sets):
        limits.append("An F1 below 0.05 means that the detector has not learned to find people in the test pictures.")
    return limits
