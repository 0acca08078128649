"""What is still to be done and how long it will take, and what has to go so that it fits a budget.

A stage is expected to take its guess (sizes.py) times how much longer than their guesses finished stages of its kind
took in this folder. While nothing of a kind is done, the guess stands as it is and is marked.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from annotate.errors import PlafondError
from eval.benchmark.build import Bench, closing_stages, making_stages, training_sets
from eval.benchmark.design import Design
from eval.benchmark.stages import Stage, Work, Workspace


@dataclass(frozen=True)
class Paces:
    """How many times its guess a stage of each kind takes."""

    factors: dict[str, float]

    @classmethod
    def measured(cls, markers: Iterable[dict[str, Any]]) -> Paces:
        """From what finished stages left; one that a kill had cut in two counts for nothing."""
        took: dict[str, float] = {}
        guessed: dict[str, float] = {}
        for marker in markers:
            pace, guess = marker.get("pace"), marker.get("guess_s", 0)
            if pace and guess > 0 and not marker.get("continued"):
                took[pace] = took.get(pace, 0.0) + marker.get("seconds", 0.0)
                guessed[pace] = guessed.get(pace, 0.0) + guess
        return cls({pace: took[pace] / guessed[pace] for pace in took})

    def seconds(self, work: Work) -> float:
        return work.guess_s * self.factors.get(work.pace, 1.0)

    def is_guess(self, work: Work) -> bool:
        return work.pace not in self.factors


@dataclass(frozen=True)
class Line:
    """A stage of the plan. seconds: 0 if it is done."""

    stage: Stage
    seconds: float
    done: bool
    guessed: bool


@dataclass(frozen=True)
class Plan:
    """A design with its stages, those that are done among them."""

    design: Design
    lines: tuple[Line, ...]
    fits: bool = True

    @property
    def seconds(self) -> float:
        return sum(line.seconds for line in self.lines)


def all_stages(bench: Bench, design: Design) -> list[Stage]:
    """Every stage of a design if nothing fails."""
    closing = closing_stages(bench, design, training_sets(bench, design), range(design.seeds))
    return [*making_stages(bench, design), *closing]


def plan_of(bench: Bench, design: Design, space: Workspace, paces: Paces, gone: frozenset[str] = frozenset()) -> Plan:
    """The design's stages with what is done and how long the rest takes. gone: stages that will not be done any more."""
    lines = []
    for stage in all_stages(bench, design):
        if stage.name in gone:
            continue
        done = is_done(stage, space)
        seconds = 0.0 if done else paces.seconds(stage.work)
        lines.append(Line(stage, seconds, done, not done and paces.is_guess(stage.work)))
    return Plan(design, tuple(lines))


def is_done(stage: Stage, space: Workspace) -> bool:
    """Whether it was done before with all that decides it, so that its result can be taken."""
    try:
        prepared = space.prepare(stage)
    except PlafondError:  # It says why when its turn comes.
        return False
    return prepared is not None and space.finished(prepared)


def fitting_plan(
    bench: Bench,
    design: Design,
    space: Workspace,
    paces: Paces,
    budget_s: float | None,
    gone: frozenset[str] = frozenset(),
) -> Plan:
    """The plan of the design, or of the first smaller one that fits; the smallest, marked, if none does."""
    for smaller in design.smaller():
        plan = plan_of(bench, smaller, space, paces, gone)
        if budget_s is None or plan.seconds <= budget_s:
            return plan
    return Plan(plan.design, plan.lines, fits=False)


def plan_text(full: Plan, chosen: Plan, budget_s: float | None) -> str:
    """A table: stage, units, estimated time, whether it is done, whether a budget leaves it out."""
    kept = {line.stage.name for line in chosen.lines}
    rows = [("stage", "units", "time", "")]
    for line in full.lines:
        chosen_line = next((one for one in chosen.lines if one.stage.name == line.stage.name), line)
        shown = chosen_line if line.stage.name in kept else line
        state = "done" if shown.done else "" if line.stage.name in kept else "left out: budget"
        rows.append((line.stage.name, units_text(shown.stage.work), time_text(shown.seconds, shown.guessed), state))
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    table = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([*table, "", *_summary(full, chosen, budget_s)])


def _summary(full: Plan, chosen: Plan, budget_s: float | None) -> list[str]:
    guessed = any(line.guessed for line in chosen.lines)
    lines = [f"in all: {time_text(chosen.seconds, guessed)}"]
    if guessed:
        lines.append("~: a rough figure built in; it is replaced by what finished stages of this folder took")
    if budget_s is not None:
        lines.append(f"budget: {time_text(budget_s, False)}; everything would take {time_text(full.seconds, guessed)}")
        lines += [f"left out: {text}" for text in chosen.design.left_out]
        if not chosen.fits:
            lines.append("even this is expected to take longer; what does not fit when its turn comes is left out")
    return lines


def units_text(work: Work) -> str:
    return ", ".join(f"{count:,.0f} {kind}" for kind, count in work.units.items())


def time_text(seconds: float, guessed: bool) -> str:
    """As in 3 h 05 min, 12 min or 40 s; ~ before a guess."""
    mark = "~" if guessed and seconds > 0 else ""
    if seconds < 90:
        return f"{mark}{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{mark}{minutes // 60} h {minutes % 60:02d} min" if minutes >= 90 else f"{mark}{minutes} min"
