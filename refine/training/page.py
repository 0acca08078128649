"""training/index.html: what was trained, how its losses and distances went, and what its crops look like.

A pure function of the files that the trainer leaves in the folder, so that it can be written again at any time:
`write_page(folder)`. A folder of several seeds holds one folder for each and gets a page of all of them.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from annotate.errors import InputError
from annotate.files import read_image, read_json, write_text
from refine.training.curves import Curve, chart, smoothed
from refine.training.log import read_rows
from refine.training.selection import Look, best, kept

ABOUT, LOSSES, DISTANCES = "about.json", "losses.jsonl", "distances.jsonl"
RESULT = "result.json"
"""What became of the people that were refined (refine.reinsertion.apply.RefinementSummary), once they were."""
GRID, BEST_GRID = "grid.jpg", "grid-best.jpg"
PAGE = "index.html"
_TEMPLATE = "page.html"
_QUALITY = 88


@dataclass(frozen=True)
class Run:
    """One training, as its folder tells."""

    name: str
    """Of its folder."""
    about: dict[str, Any]
    losses: list[dict[str, float]]
    looks: list[Look]
    grid: np.ndarray | None
    best_grid: np.ndarray | None

    @property
    def unrefined(self) -> Look | None:
        """The distance of crops of S as they are."""
        return next((look for look in self.looks if look.step == 0), None)

    @property
    def refined(self) -> list[Look]:
        return [look for look in self.looks if look.step]

    @property
    def best(self) -> Look | None:
        return best(self.looks)

    @property
    def kept(self) -> Look | None:
        """The look at the networks that refine the dataset."""
        return kept(self.looks, self.about["keep"])

    @property
    def steps_per_s(self) -> float:
        return self.about["steps"] / max(self.about["seconds"], 1e-9)


def read_run(folder: Path) -> Run:
    """InputError if the folder is no training's."""
    about = read_json(folder / ABOUT)
    looks = [Look.of(row) for row in read_rows(folder / DISTANCES)]
    grids = [read_image(path) if (path := folder / name).is_file() else None for name in (GRID, BEST_GRID)]
    return Run(folder.name, about, read_rows(folder / LOSSES), looks, *grids)


def read_runs(folder: Path) -> list[Run]:
    """The trainings in a folder: its own, or one for each seed. InputError if there is none."""
    if (folder / ABOUT).is_file():
        return [read_run(folder)]
    found = sorted(folder.glob("seed-*"), key=lambda path: (len(path.name), path.name))
    runs = [read_run(path) for path in found if (path / ABOUT).is_file()]
    if not runs:
        raise InputError(
            f"{folder}: holds no training; expected its {ABOUT}, or folders seed-0, seed-1, ... with theirs"
        )
    return runs


def write_page(folder: Path) -> Path:
    """Write index.html for the trainings in folder and return its path. InputError if there is none."""
    runs = read_runs(folder)
    chosen = nearest(runs)
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.globals.update(
        loss_charts=loss_charts, distance_chart=distance_chart, tiles=tiles, facts=facts, duration=duration,
    )  # fmt: skip
    result = read_json(folder / RESULT) if (folder / RESULT).is_file() else None
    page = environment.get_template(_TEMPLATE).render(runs=runs, run=chosen, title=_title(runs), result=result)
    write_text(folder / PAGE, page)
    return folder / PAGE


def nearest(runs: list[Run]) -> Run:
    """The training whose kept networks are nearest to the crops held out; the first where nothing is known."""
    known = [run for run in runs if run.kept is not None]
    return min(known, key=lambda run: run.kept.value) if known else runs[0]  # type: ignore[union-attr]


def loss_charts(run: Run) -> list[tuple[str, str]]:
    """Every loss, smoothed: (name, SVG)."""
    names = [name for name in (run.losses[0] if run.losses else {}) if name not in ("step", "learning_rate")]
    steps = [row["step"] for row in run.losses]
    curves = [smoothed(name, steps, [row[name] for row in run.losses]) for name in names]
    return [(curve.name, chart([curve], curve.name, max(steps))) for curve in curves]


def distance_chart(runs: list[Run]) -> str:
    """Distance to the crops held out over the steps of every training; the ring is the nearest."""
    curves = [_distances(run, band=len(runs) == 1) for run in runs if run.refined]
    before = runs[0].unrefined
    last = max(curve.x[-1] for curve in curves)
    return chart(curves, "Distance to held-out real crops", last, None if before is None else before.value)


def _distances(run: Run, band: bool) -> Curve:
    looks = run.refined
    low, high = ([look.low for look in looks], [look.high for look in looks]) if band else ([], [])
    marked = looks.index(run.best) if run.best is not None else None
    return Curve(run.name, [look.step for look in looks], [look.value for look in looks], low, high, marked)


def tiles(run: Run, best_ones: bool) -> tuple[list[str], list[str]]:
    """Embedded pictures cut from a grid: S with the views below, one for each person; and R."""
    grid = run.best_grid if best_ones else run.grid
    if grid is None:
        return [], []
    size = grid.shape[0] // len(run.about["rows"])
    people = min(grid.shape[1] // size, run.about["crops"]["S"])
    real = min(grid.shape[1] // size, run.about["crops"]["R"])
    columns = [grid[:-size, place * size : (place + 1) * size] for place in range(people)]
    return [_embedded(one) for one in columns], [
        _embedded(grid[-size:, place * size : (place + 1) * size]) for place in range(real)
    ]


def _embedded(image: np.ndarray) -> str:
    _, encoded = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    return f"data:image/jpeg;base64,{base64.b64encode(encoded.tobytes()).decode()}"


def facts(run: Run) -> list[tuple[str, str]]:
    """Conditions of the training in words."""
    about = run.about
    crops, speed = about["crops"], about["speed"]
    found = [
        ("Preset", f"{about['preset']}: {about['summary']}" if about.get("summary") else about["preset"]),
        ("Steps", f"{about['steps']:,} of {about['total_steps']:,}, seed {about['seed']}"),
        ("Time", f"{duration(about['seconds'])}, {run.steps_per_s:.3g} steps a second with looks and checkpoints"),
        ("Crops", f"{crops['S']:,} of S, {crops['R']:,} of R; {crops['held out']:,} of R held out"),
        *((name, str(text)) for name, text in about.get("data", {}).items()),
        ("Hardware", f"{about['device']}, PyTorch {about['torch']}, processes: {about['processes']}"),
        ("Arithmetic", ", ".join(f"{name} {value}" for name, value in speed.items())),
    ]
    if about.get("features"):
        found.append(
            ("Features of the losses", "; ".join(f"pool {pool}: {one}" for pool, one in about["features"].items()))
        )
    if about["distance"]:
        found.append(
            ("Distance", f"{about['distance']}, kernel distance in its features; weights: {about['distance_weights']}")
        )
    return found


def duration(seconds: float) -> str:
    """As people say it."""
    if seconds < 120:
        return f"{seconds:.3g} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"


def _title(runs: list[Run]) -> str:
    about = runs[0].about
    state = "trained" if all(run.about["steps"] >= run.about["total_steps"] for run in runs) else "in training"
    return f"{about['preset']}, {state}" + (f" with {len(runs)} seeds" if len(runs) > 1 else "")
