"""The `benchmark` command: the thesis's Algorithm 3 over the commands of plafond, continued where it stopped.

Each stage is a command in a process of its own. A stage that fails is reported with the last lines of its log, what
depends on it is skipped, and the rest goes on; the report is written in any case, and the exit status tells.
"""

from __future__ import annotations

import shlex
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from annotate.errors import InputError, PlafondError
from annotate.files import write_text
from eval.benchmark.build import Bench, closing_stages, making_stages, training_sets
from eval.benchmark.config import BenchmarkConfig, budget_seconds
from eval.benchmark.design import full_design
from eval.benchmark.options import check_inputs, check_presets, read_options
from eval.benchmark.outcome import Entry, Outcome
from eval.benchmark.plan import Paces, Plan, fitting_plan, plan_of, plan_text, time_text
from eval.benchmark.processes import PROGRAM, last_lines, locked, run_logged
from eval.benchmark.report import make_report
from eval.benchmark.sizes import Guess, has_cuda, sizes_of
from eval.benchmark.stages import Prepared, Stage, Workspace
from eval.report.page import write_report


def run(config: BenchmarkConfig) -> Path:
    """Do what is configured and return the path of the page. InputError before any work; PlafondError at the end if
    a stage failed."""
    return run_benchmark(config, PROGRAM)


def run_benchmark(config: BenchmarkConfig, program: Sequence[str]) -> Path:
    """The same with another program in the place of generate.py."""
    budget_s = budget_seconds(config.budget)
    bench = checked(config, program)
    space = Workspace(config.out.resolve())
    paces = Paces.measured(space.markers())
    full = plan_of(bench, full_design(config), space, paces)
    chosen = fitting_plan(bench, full.design, space, paces, budget_s)
    print(plan_text(full, chosen, budget_s), flush=True)
    if config.dry_run:
        return config.out
    with locked(space.out) as lock, _stopped_by_signals():
        write_text(space.out / "config.yaml", yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False))
        outcome = Session(bench, space, chosen, budget_s, program, lock).run()
        page = write_report(make_report(bench, outcome, _commands(config)), space.out)
    if outcome.failures:
        raise PlafondError(_failure_text(outcome, page))
    return page


def checked(config: BenchmarkConfig, program: Sequence[str]) -> Bench:
    """Everything that can be wrong is looked at here; InputError says what to do."""
    _refuse_foreign_folder(config.out)
    options = read_options(config)
    check_inputs(config, options)
    wanted = [*config.presets, *(["S_style"] if config.paintings else [])]
    check_presets(wanted, config.refine, program)
    sizes = sizes_of(config, options)
    return Bench(config, options, sizes, Guess(options, has_cuda(options.evaluate)))


def _refuse_foreign_folder(out: Path) -> None:
    if out.exists() and not out.is_dir():
        raise InputError(f"--out {out}: is a file; a benchmark needs a folder")
    if out.is_dir() and any(out.iterdir()) and not (out / "stages").is_dir() and not (out / ".lock").is_file():
        raise InputError(f"--out {out}: is not empty and holds no benchmark; name another folder")


def _commands(config: BenchmarkConfig) -> list[str]:
    return [f"python generate.py benchmark --config {shlex.quote(str(config.out / 'config.yaml'))}"]


def _failure_text(outcome: Outcome, page: Path) -> str:
    failed = "\n".join(f"  {name}: {detail}" for name, detail in outcome.failures.items())
    return f"{len(outcome.failures)} stages failed, the rest is in {page}:\n{failed}\nThe same command tries them again"


class Session:
    """One run over the stages of a plan."""

    def __init__(
        self,
        bench: Bench,
        space: Workspace,
        plan: Plan,
        budget_s: float | None,
        program: Sequence[str],
        lock: int | None,
    ) -> None:
        self.bench = bench
        self.space = space
        self.program = program
        self.lock = lock
        self.budget_s = budget_s
        self.started = time.monotonic()
        self.outcome = Outcome(plan.design)

    @property
    def remaining_s(self) -> float | None:
        """Seconds left of the budget; None without one."""
        return None if self.budget_s is None else self.budget_s - (time.monotonic() - self.started)

    def run(self) -> Outcome:
        """Do all stages, those of the plan as it becomes, then tests and comparison of what came of them."""
        outcome = self.outcome
        while (stage := self._next()) is not None:
            if self._do(stage) and self.budget_s is not None:
                self._plan_again()
        sets = training_sets(self.bench, outcome.design)
        testable, seeds = outcome.testable(sets, outcome.design.seeds)
        outcome.seeds = len(seeds)
        made = [
            entry for entry in sets if all(not one.stage or one.stage in self.space.results for one in entry.sources)
        ]
        for stage in closing_stages(self.bench, outcome.design, testable, seeds, made):
            self._do(stage)
        outcome.note_untested(testable)
        return outcome

    def _next(self) -> Stage | None:
        stages = making_stages(self.bench, self.outcome.design)
        return next((stage for stage in stages if stage.name not in self.outcome.handled), None)

    def _do(self, stage: Stage) -> bool:
        """Do a stage, or note why it is not done. True if it took time."""
        reason = self.outcome.blocked(stage) or self._other_seed_failed(stage)
        if reason:
            return self._note(stage, "skipped", reason)
        try:
            prepared = self.space.prepare(stage)
            if prepared is None:
                return self._note(stage, "skipped", f"it needs {', '.join(stage.needs)}")
            if self.space.finished(prepared):
                self._keep(prepared)
                return self._note(stage, "kept")
            if not self._fits(stage):
                return self._note(stage, "left out", "no longer fits the budget")
            return self._execute(prepared)
        except PlafondError as error:
            return self._note(stage, "failed", str(error))

    def _execute(self, prepared: Prepared) -> bool:
        stage, continued = prepared.stage, prepared.started
        print(f"{stage.name}{' (continued)' if continued else ''}: log in {prepared.log}", flush=True)
        options = prepared.write_options()
        started = time.monotonic()
        words = [*self.program, *stage.command.split(), "--config", str(options)]
        status = run_logged(words, prepared.log, self.lock)
        seconds = time.monotonic() - started
        if status != 0:
            lines = last_lines(prepared.log)
            print("\n".join(f"    {line}" for line in lines), file=sys.stderr, flush=True)
            told = lines[-1] if lines else "it printed nothing"
            self._note(stage, "failed", f"exit status {status}: {told} (log: {prepared.log})", seconds)
            return True
        self.space.finish(prepared, seconds, continued)
        self._keep(prepared)
        self._note(stage, "done", "", seconds)
        return True

    def _keep(self, prepared: Prepared) -> None:
        if prepared.stage.result == "report":
            self.outcome.reports[prepared.stage.name] = prepared.folder / "report.json"

    def _note(self, stage: Stage, state: Any, detail: str = "", seconds: float | None = None) -> bool:
        """Enter a stage into the outcome, and print a line. Returns False, for nothing was done."""
        self.outcome.entries.append(Entry(stage.name, state, seconds, detail))
        took = f" in {time_text(seconds, False)}" if seconds is not None else ""
        print(f"{stage.name}: {state}{took}{f': {detail}' if detail else ''}", flush=True)
        return False

    def _other_seed_failed(self, stage: Stage) -> str:
        """A set that could not be trained on with one seed is not tried with the next: its row would be incomplete."""
        start, found, _ = stage.name.partition(", seed ")
        failed = next((name for name in self.outcome.failures if found and name.startswith(f"{start}, seed ")), None)
        return f"{failed} failed" if failed else ""

    def _plan_again(self) -> None:
        """With the times measured so far: what no longer fits goes, and is named."""
        before = self.outcome.design
        paces = Paces.measured(self.space.markers())
        plan = fitting_plan(self.bench, before, self.space, paces, self.remaining_s, self.outcome.gone)
        for text in plan.design.left_out[len(before.left_out) :]:
            print(f"left out, it no longer fits the budget: {text}", flush=True)
        self.outcome.design = plan.design

    def _fits(self, stage: Stage) -> bool:
        """Whether a stage and the tests still fit. Tests always do: without them all that was done would be lost."""
        remaining = self.remaining_s
        if remaining is None or stage.name.startswith("test"):
            return True
        paces = Paces.measured(self.space.markers())
        design = self.outcome.design
        sets = training_sets(self.bench, design)
        closing = [
            one for one in closing_stages(self.bench, design, sets, range(design.seeds)) if one.name.startswith("test")
        ]
        return paces.seconds(stage.work) + sum(paces.seconds(one.work) for one in closing) <= remaining


@contextmanager
def _stopped_by_signals() -> Iterator[None]:
    """SIGTERM ends a run as Ctrl-C does: the command that runs is stopped first."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(number: int, frame: Any) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
