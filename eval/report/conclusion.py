"""The first sentences of the report, computed from the figures and no stronger than they are.

A difference is claimed only if its 95 % interval leaves out zero.
"""

from __future__ import annotations

from eval.measures.intervals import Interval
from eval.results import Evaluation, SetResult


def headline(evaluation: Evaluation) -> str:
    """One line: the best training set, or that none can be called best."""
    where = " on a stand-in for real pictures" if evaluation.test.stands_in else ""
    if len(evaluation.sets) == 1:
        only = evaluation.sets[0]
        return f"Trained on {whole(only.name)}, the detector reaches F1 {only.mean('f1'):.2f}{where}"
    first, second = _ranked(evaluation)[:2]
    if difference(evaluation, first.name, second.name).excludes_zero:
        return f"{whole(first.name)} trains the best detector{where}: F1 {first.mean('f1'):.2f}"
    names = f"{whole(first.name)} and {whole(second.name)}"
    return f"No training set is clearly best{where}: {names} cannot be told apart"


def whole(name: str) -> str:
    """A name that no line break cuts."""
    return name.replace(" ", "\u00a0")


def signed(value: float) -> str:
    """+0.123 or, with a minus sign proper, −0.123."""
    return f"{value:+.3f}".replace("-", "\u2212")


def sentences(evaluation: Evaluation) -> list[str]:
    """What was found, the comparisons that matter, and what limits them."""
    return [_figures(evaluation), *_comparisons(evaluation), *_limits(evaluation)]


def difference(evaluation: Evaluation, first: str, second: str) -> Interval:
    """F1 of first minus F1 of second."""
    if (first, second) in evaluation.differences:
        return evaluation.differences[first, second]
    other = evaluation.differences[second, first]
    return Interval(-other.value, -other.high, -other.low)


def _ranked(evaluation: Evaluation) -> list[SetResult]:
    return sorted(evaluation.sets, key=lambda entry: -entry.mean("f1"))


def _figures(evaluation: Evaluation) -> str:
    figures = ", ".join(
        f"{whole(entry.name)} {entry.mean('f1'):.2f}{_span(entry.f1_interval)}" for entry in _ranked(evaluation)
    )
    test = evaluation.test
    return (
        f"F1 on {test.pictures} pictures with {test.people} people of {test.title}, by training set: {figures} "
        "(in brackets: 95 % intervals)."
    )


def _span(interval: Interval | None) -> str:
    return f" ({interval.low:.2f} to {interval.high:.2f})" if interval else ""


def _comparisons(evaluation: Evaluation) -> list[str]:
    found = [_compare(evaluation, refined, synthetic, "Refining") for refined, synthetic in evaluation.pairs]
    by_name = {entry.name: set(entry.folders) for entry in evaluation.sets}
    for more, folders in by_name.items():
        # What a set adds to another one: R + S+ beside R alone, the largest part that was also tried alone and is real.
        parts = [name for name, own in by_name.items() if own < folders]
        real = [name for name in parts if _entry(evaluation, name).kind in ("real", "stand-in")]
        for part in (real or parts)[:1]:
            rest = ", ".join(whole(name) for name in parts if name != part)
            found.append(_compare(evaluation, more, part, f"Adding {rest}" if rest else "Adding data"))
    return found


def _entry(evaluation: Evaluation, name: str) -> SetResult:
    return next(entry for entry in evaluation.sets if entry.name == name)


def _compare(evaluation: Evaluation, first: str, second: str, what: str) -> str:
    found = difference(evaluation, first, second)
    span = f"95 % interval {signed(found.low)} to {signed(found.high)}"
    first, second = whole(first), whole(second)
    if not found.excludes_zero:
        return (
            f"{what}: no difference can be claimed between {first} and {second}, "
            f"F1 differs by {signed(found.value)} ({span})."
        )
    verb, side = ("helped", "above") if found.value > 0 else ("harmed", "below")
    return f"{what} {verb}: F1 of {first} is {abs(found.value):.3f} {side} {second} ({span})."


def _limits(evaluation: Evaluation) -> list[str]:
    limits = []
    seeds = len(evaluation.sets[0].runs)
    if seeds == 1:
        limits.append(
            "One training run per set: the intervals cover the choice of test pictures, not luck in training."
        )
    elif seeds < 5:
        limits.append(f"Only {seeds} training runs per set: the intervals cover luck in training only roughly.")
    test = evaluation.test
    if evaluation.block > 1 and test.seconds_covered is not None:
        limits.append(
            "The test pictures are one series in time, neighbours are alike, and so count for less than as many "
            "independent ones; the intervals are drawn from blocks of time, and they speak of this place only."
        )
    if test.stands_in:
        limits.append("The test pictures stand in for real ones: these figures say nothing about a real camera.")
    if any(entry.mean("f1") < 0.05 for entry in evaluation.sets):
        limits.append("An F1 below 0.05 means that the detector has not learned to find people in the test pictures.")
    return limits
