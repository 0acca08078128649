"""What became of the stages of a benchmark."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from eval.benchmark.build import TrainingSet, test_stage_name, train_stage_name
from eval.benchmark.design import Design
from eval.benchmark.stages import Stage

State = Literal["done", "kept", "failed", "skipped", "left out"]


@dataclass(frozen=True)
class Entry:
    """A stage in the report. kept: done by an earlier run; skipped: it needs one that failed; seconds: of this run."""

    name: str
    state: State
    seconds: float | None = None
    detail: str = ""


@dataclass
class Outcome:
    """Of a run. reports: the report.json that finished stages left, by stage."""

    design: Design
    entries: list[Entry] = field(default_factory=list)
    reports: dict[str, Path] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    """Why a training set, or the comparison, has no figures."""
    seeds: int = 0
    """Training runs of each set that was tested."""

    def states(self, *wanted: State) -> dict[str, str]:
        """Details of the stages in these states, by name."""
        return {entry.name: entry.detail for entry in self.entries if entry.state in wanted}

    @property
    def failures(self) -> dict[str, str]:
        return self.states("failed")

    @property
    def skipped(self) -> dict[str, str]:
        return self.states("skipped")

    @property
    def left_out(self) -> list[str]:
        """What the budget took: parts of the design, then single stages."""
        return [*self.design.left_out, *self.states("left out")]

    @property
    def gone(self) -> frozenset[str]:
        """Stages that will not be done in this run any more."""
        return frozenset(self.states("failed", "skipped", "left out"))

    @property
    def handled(self) -> frozenset[str]:
        return frozenset(entry.name for entry in self.entries)

    def blocked(self, stage: Stage) -> str:
        """Why a stage cannot be done: one that it needs was not; "" if nothing stands in its way."""
        states = {entry.name: entry for entry in self.entries}
        for name in stage.needs:
            if name in states and states[name].state in ("failed", "skipped", "left out"):
                return f"it needs {name}, which {'was ' if states[name].state != 'failed' else ''}{states[name].state}"
        return ""

    def testable(self, sets: Sequence[TrainingSet], seeds: int) -> tuple[list[TrainingSet], list[int]]:
        """The sets with nothing failed, and the seeds with which all of these were trained; notes what is missing."""
        done = {entry.name for entry in self.entries if entry.state in ("done", "kept")}
        complete, numbers = [], set(range(seeds))
        for entry in sets:
            names = {seed: train_stage_name(entry, seed) for seed in range(seeds)}
            gone = {**self.states("failed"), **self.states("skipped")}
            fault = next((name for name in names.values() if name in gone), None)
            trained = {seed for seed, name in names.items() if name in done}
            if fault is not None or 0 not in trained:
                self.missing[entry.name] = (
                    f"{fault}: {without_log(gone[fault])}" if fault else "left out because of the budget"
                )
            else:
                complete.append(entry)
                numbers &= trained
        return complete, sorted(numbers)

    def note_untested(self, sets: Sequence[TrainingSet]) -> None:
        """Sets that were trained on but whose test, or comparison, did not come about have no figures either."""
        gone = self.states("failed", "skipped", "left out")
        for entry in sets:
            name = test_stage_name(entry.group)
            if name in gone:
                self.missing.setdefault(entry.name, f"{name}: {without_log(gone[name])}")
        if "compare" in gone:
            self.missing["compare"] = gone["compare"]


def without_log(detail: str) -> str:
    """What became of a stage, without where its log lies."""
    return detail.partition(" (log: ")[0]
