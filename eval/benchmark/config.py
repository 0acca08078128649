"""The configuration of `benchmark`: whose pictures, which refiners, how often, how long."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from annotate.errors import InputError
from eval.benchmark.thesis import FAVOURITE, SWEEP, TABLE_3_2

Part = Literal[
    "4.1", "4.2", "4.3", "4.4", "4.5", "4.6", "4.7", "curves", "regression", "projection", "5.1", "5.2", "5.3"
]
PARTS: tuple[Part, ...] = (
    *("4.1", "4.2", "4.3", "4.4", "4.5", "4.6", "4.7"),
    *("curves", "regression", "projection", "5.1", "5.2", "5.3"),
)


class RealSets(BaseModel):
    """Real pictures: three datasets, or one that is divided."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    train: Path | None = None
    """Dataset that refiners and detectors learn from."""
    val: Path | None = None
    """Dataset on which checkpoints and score thresholds are chosen."""
    test: Path | None = None
    """Dataset on which everything is measured."""
    folder: Path | None = None
    """One dataset to divide, instead of the three."""
    by: Literal["time", "random", "site"] = "time"
    """How it is divided; see the command split."""
    fractions: tuple[float, float, float] = (0.15, 0.15, 0.70)
    """Its shares of train, val and test."""
    gap: int = Field(default=0, ge=0)
    """Pictures left out between two blocks of time."""

    @property
    def given(self) -> bool:
        return any(path is not None for path in (self.train, self.val, self.test, self.folder))


class BenchmarkConfig(BaseModel):
    """Render, refine by every preset, train, select, test: the thesis's Algorithm 3 and its tables, with your pictures."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    out: Path = Path("out/benchmark")
    """Folder of the benchmark; the same command continues it after a kill."""
    real: RealSets = RealSets()
    """R: your labelled pictures."""
    new: RealSets = RealSets()
    """R divided the other way round, most of it for training (thesis section 5.7); left out: no Table 5.2."""
    synthetic: Path | None = None
    """An existing dataset S; left out: it is rendered."""
    render: Path | None = None
    """YAML file of `generate.py render` options for S; left out: that command's defaults."""
    refine: Path | None = None
    """YAML file of `generate.py refine` options that all presets share."""
    evaluate: Path | None = None
    """YAML file of `generate.py evaluate` options that all training sets share."""
    compare: Path | None = None
    """YAML file of `generate.py compare` options."""
    presets: list[str] = list(TABLE_3_2)
    """Refiners to compare, most important first: a budget leaves out the last; the default is the thesis's Table 3.2."""
    favourite: str = FAVOURITE
    """The refiner that is mixed with R, swept, repeated and plotted; where it is not among the presets, the first is."""
    paintings: Path | None = None
    """Folder of paintings for the control S_style (thesis section 5.6); left out: no Table 5.1."""
    seeds: int = Field(default=5, ge=1)
    """Training runs of the detector for each training set, seeds 0, 1, ..."""
    sweep: list[int] = list(SWEEP)
    """How many times as many refined pictures as real ones are added to R."""
    parts: list[Part] = list(PARTS)
    """Tables and figures wanted, by number; curves: Figures 4.11 and 4.12, regression: 4.8 and 4.9, projection: 4.10, 5.1,
    5.3 and 5.4. Work that none of them needs is not done."""
    budget: str | None = None
    """Time this run may take, as in 90m, 3h, 1h30m. What does not fit is left out and named: seeds, presets, sweep."""
    dry_run: bool = False
    """Print what would be done, with estimated times, and stop."""
    note: str = ""
    """A sentence that the report shows at the top."""


OWN_OPTIONS = {
    "render": ("out", "overwrite"),
    "refine": ("synthetic", "real", "out", "preset", "weights", "overwrite"),
    "evaluate": ("train", "val", "test", "out", "seeds", "pairs"),
    "compare": ("sets", "reference", "out", "pca"),
}
"""Options that the benchmark gives each command itself."""


def budget_seconds(text: str | None) -> float | None:
    """Seconds of "90m", "3h", "1h30m", "45s"; None for None. InputError for anything else."""
    if text is None:
        return None
    found = re.fullmatch(r"(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m)?(?:(\d+(?:\.\d+)?)s)?", text.strip().lower())
    hours, minutes, seconds = (float(part or 0) for part in found.groups()) if found else (0.0, 0.0, 0.0)
    total = 3600 * hours + 60 * minutes + seconds
    if total <= 0:
        raise InputError(f'--budget "{text}": expected a time such as 90m, 3h or 1h30m')
    return total
