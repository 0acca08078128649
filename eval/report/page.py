"""Writes index.html and report.json of an evaluation."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from annotate.files import write_json, write_text
from eval.report.conclusion import headline, sentences
from eval.report.curves import curve_svg
from eval.report.pictures import ReportPictures
from eval.results import Evaluation, SetResult

TEMPLATE = "report.html"


def figure_text(entry: SetResult, figure: str, digits: int = 3) -> str:
    """Mean over seeds, with the standard deviation where there are several seeds."""
    deviation = entry.deviation(figure)
    text = f"{entry.mean(figure):.{digits}f}"
    return text if deviation is None else f"{text} ± {deviation:.{digits}f}"


def epoch_text(entry: SetResult) -> str:
    """Epochs at which the checkpoints were taken, one per seed."""
    return ", ".join(f"{run.record['chosen']['epoch']:.3g}" for run in entry.runs)


def distance_text(entry: SetResult) -> str:
    """Fréchet distance; a star where it is biased, a dash where there is none."""
    if entry.frechet is None:
        return "–"
    return f"{entry.frechet.value:.3g}{'*' if entry.frechet.biased else ''}"


def write_report(out: Path, evaluation: Evaluation, pictures: ReportPictures) -> Path:
    """Write report.json, then index.html, into out; returns the page's path."""
    found = {"headline": headline(evaluation), "sentences": sentences(evaluation)}
    write_json(out / "report.json", {"conclusion": found, **evaluation.as_json()})
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.globals.update(
        figure=figure_text, epoch=epoch_text, distance=distance_text, curve=curve_svg,
    )  # fmt: skip
    page = environment.get_template(TEMPLATE).render(e=evaluation, p=pictures, **found)
    write_text(out / "index.html", page)
    return out / "index.html"
