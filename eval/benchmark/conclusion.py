"""The first sentences of a benchmark's report, computed from its figures and no stronger than they are.

A difference is claimed only if its 95 % interval leaves out zero. With many refiners some intervals leave it out by
chance: the sentences say how many were tried.
"""

from __future__ import annotations

from eval.benchmark.build import mixture_name, reproduction_name
from eval.benchmark.figures import regression_of
from eval.benchmark.results import Figure
from eval.benchmark.tables import Material, mean_difference, skip_pairs, sweep_points, sweep_set

LEARNED_F1 = 0.05
"""Below it differences mean nothing: the detector finds nobody but by chance."""


def headline(material: Material) -> str:
    """One line: the best training set on R's test pictures, or that none can be called best."""
    ranked = ranking(material)
    where = " on a stand-in for real pictures" if material.results.stands_in else ""
    if not ranked:
        return "No training set was measured"
    if len(ranked) == 1:
        return f"Trained on {ranked[0]}, the detector reaches F1 {_f1(material, ranked[0]):.2f}{where}"
    first, second = ranked[:2]
    found = material.results.difference(first, second)
    if found is not None and found.excludes_zero:
        return f"{first} trains the best detector{where}: F1 {_f1(material, first):.2f}"
    return f"No training set is clearly best{where}: {first} and {second} cannot be told apart"


def sentences(material: Material) -> list[str]:
    """What was found: refining against S, adding to R, the sweep, skip connections, distance and F1, chapter 5."""
    found = [_refining(material), *_mixtures(material), _sweep(material), _skip(material), *_regressions(material)]
    return [text for text in (*found, *_chapter_5(material), *_limits(material)) if text]


def ranking(material: Material) -> list[str]:
    """Sets that were tested on R's test pictures, best F1 first."""
    new = {name for name in material.results.sets if name.endswith("_new")}
    measured = [name for name, row in material.results.sets.items() if row.f1 is not None and name not in new]
    return sorted(measured, key=lambda name: -_f1(material, name))


def _f1(material: Material, name: str) -> float:
    return material.results.sets[name].f1 or 0.0


def interval_text(figure: Figure) -> str:
    return f"{figure.value:+.3f}, 95 % interval {figure.low:+.3f} to {figure.high:+.3f}".replace("-", "−")


def _refining(material: Material) -> str:
    """How many refined sets are better, and how many worse, than S."""
    differences = {
        name: found
        for name in material.design.presets
        if (found := material.results.difference(name, "S")) is not None and found.low is not None
    }
    if not differences:
        return ""
    better = [name for name, found in differences.items() if found.excludes_zero and found.value > 0]
    worse = [name for name, found in differences.items() if found.excludes_zero and found.value < 0]
    tried = f"Of {len(differences)} refined set{'s' * (len(differences) > 1)}"
    if not better and not worse:
        return f"{tried} none can be told from S by F1."
    parts = []
    if better:
        best = max(better, key=lambda name: differences[name].value)
        parts.append(f"{len(better)} above S ({', '.join(better)}; most {best}: {interval_text(differences[best])})")
    if worse:
        parts.append(f"{len(worse)} below it ({', '.join(worse)})")
    chance = " With so many comparisons, one in twenty may do so by chance." if len(differences) > 5 else ""
    return f"{tried}, {' and '.join(parts)} by F1; the others cannot be told from it.{chance}"


def _mixtures(material: Material) -> list[str]:
    favourite = material.design.favourite
    names = ["R + S", *([mixture_name(favourite)] if favourite else [])]
    return [text for name in names if (text := _compared(material, name, "R"))]


def _compared(material: Material, first: str, second: str) -> str:
    """A sentence on F1 of one set against another; "" if they were not compared."""
    found = material.results.difference(first, second)
    if found is None or found.low is None:
        return ""
    if not found.excludes_zero:
        return f"{first} and {second} cannot be told apart: F1 differs by {interval_text(found)}."
    return f"{first} is {'better' if found.value > 0 else 'worse'} than {second}: F1 {interval_text(found)}."


def _sweep(material: Material) -> str:
    if not material.design.sweep:
        return ""
    names = {times: sweep_set(material, times) for times in sweep_points(material.design, material.sizes) if times}
    helped = [
        times for times, name in names.items()
        if (found := material.results.difference(name, "R")) is not None and found.excludes_zero and found.value > 0
    ]  # fmt: skip
    measured = [times for times, name in names.items() if material.results.difference(name, "R") is not None]
    if not measured:
        return ""
    if not helped:
        return f"Sweep: no gain over R alone can be claimed at N = {_listed(measured)}."
    return f"Sweep: F1 is above that of R alone at N = {_listed(helped)} of {_listed(measured)} (intervals leave out zero)."


def _listed(numbers: list[int]) -> str:
    return ", ".join(map(str, numbers))


def _skip(material: Material) -> str:
    found = mean_difference(material, skip_pairs(material))
    if found is None:
        return ""
    claim = (
        "no difference can be claimed" if not found.excludes_zero else ("they help" if found.value > 0 else "they harm")
    )
    return f"Skip connections: {claim}; mean F1 with minus without {interval_text(found)}, over refiners."


def _regressions(material: Material) -> list[str]:
    found = []
    for reference in ("R", "S"):
        line = regression_of(material, reference)
        if line is None:
            continue
        measure = material.results.measure
        if not line.slope.excludes_zero:
            found.append(
                f"No relation between {measure} to {reference} and F1 can be claimed over {line.n} refined sets."
            )
        else:
            sense = "falls" if line.slope.value < 0 else "rises"
            found.append(
                f"F1 {sense} with {measure} to {reference} over {line.n} refined sets (r = {line.r.value:.2f})."
            )
    return found


def _chapter_5(material: Material) -> list[str]:
    favourite = material.design.favourite
    texts = [_compared(material, "S_style", "S")]
    if favourite is not None:
        texts.append(_compared(material, reproduction_name(favourite), favourite))
        texts.append(_compared(material, f"R_new + {favourite}_new", "R_new"))
    return texts


def _limits(material: Material) -> list[str]:
    """What the figures do not say."""
    limits = []
    rows = material.results.sets.values()
    runs = min((row.runs for row in rows), default=0)
    if runs == 1:
        limits.append(
            "One training run for each set: intervals cover the choice of test pictures, not luck in training."
        )
    if material.design.presets:
        limits.append("Each refiner was trained once; with another seed it may turn out otherwise (Table 5.3).")
    if material.results.stands_in:
        limits.append("The test pictures stand in for real ones: these figures say nothing about a real camera.")
    if any(_f1(material, name) < LEARNED_F1 for name in ranking(material)):
        limits.append(
            f"An F1 below {LEARNED_F1} means that the detector has not learned to find people in the test pictures."
        )
    return limits
