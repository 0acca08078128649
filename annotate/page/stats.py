"""The statistics page: what the people of datasets are like, side by side and beside the boxes of real videos.

One HTML file without scripts. First what differs most, in words; then figures; then tables with every number, so that
nothing has to be read off a drawing.
"""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, FileSystemLoader
from pydantic import BaseModel, ConfigDict, Field
from tyro.conf import Positional

from annotate.dataset import Dataset, Person
from annotate.files import write_text
from annotate.keypoints import KEYPOINTS
from annotate.lens import Array
from annotate.page import refuse_no_page
from annotate.page import stats_figures as figures
from annotate.page.stats_boxes import (
    QUANTITIES,
    PictureBoxes,
    Quantity,
    Sample,
    dataset_boxes,
    grouped_sample,
    offsets_and_weights,
    sample,
)
from annotate.page.stats_compare import Difference, conclusion, difference, number, yardstick
from annotate.page.stats_figures import Series
from annotate.page.stats_reference import Reference, read_reference
from annotate.page.view_labels import activity_of, pose_of

_REFERENCE_FILE = Path("stats") / "overhead_person_boxes.csv.gz"
_POSES_SHOWN = 15


def _known_reference() -> Path | None:
    """The reference file in the folder of test data, where there is one."""
    path = Path(os.environ.get("PLAFOND_TEST_DATA") or "/nonexistent") / _REFERENCE_FILE
    return path if path.is_file() else None


class StatsConfig(BaseModel):
    """Write an HTML page with the statistics of datasets, side by side and beside real boxes."""

    model_config = ConfigDict(extra="forbid")

    datasets: Positional[list[Path]] = Field(min_length=1)
    """The dataset folders to compare."""
    reference: Path | None = Field(default_factory=_known_reference)
    """CSV file (.csv or .csv.gz) of real boxes with the columns video, frame, cx_px, cy_px, w_px, h_px and
    angle_deg_clockwise. Left out: stats/overhead_person_boxes.csv.gz in the folder PLAFOND_TEST_DATA if it is there,
    else none."""
    out: Path | None = None
    """HTML file to write; stats.html in the first dataset's folder if left out."""


@dataclass(frozen=True)
class Population:
    """A dataset or the reference, measured."""

    series: Series
    pictures: list[PictureBoxes]
    samples: dict[str, Sample]
    people: list[Person]
    hidden: int
    notes: list[str]


_DATASET_QUANTITIES = (
    Quantity("visible", "visible fraction", "% of the person", "Seen pixels by all of the person's.", lambda _: np.zeros(0)),
    Quantity("distance", "distance from below the camera", "m", "On the floor, from foot_m.", lambda _: np.zeros(0)),
)  # fmt: skip
"""What only datasets know; measured on people, not on boxes."""
_ALL = (*QUANTITIES, *_DATASET_QUANTITIES)


def run(config: StatsConfig) -> Path:
    """The command: write the page. Returns its path."""
    out = config.out or config.datasets[0] / "stats.html"
    refuse_no_page(out)
    datasets = [Dataset.read(path) for path in config.datasets]
    reference = read_reference(config.reference) if config.reference is not None else None
    return write_stats(datasets, reference, out)


def write_stats(datasets: list[Dataset], reference: Reference | None, out_html: Path) -> Path:
    """Write the page of datasets, beside a reference if there is one, and return its path."""
    names = _names(datasets)
    ours = [_of_dataset(dataset, Series(names[place], place)) for place, dataset in enumerate(datasets)]
    populations = ours if reference is None else [_of_reference(reference), *ours]
    baseline, others = populations[0], populations[1:]
    differences = _differences(others, baseline) if others else []
    environment = Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=True, trim_blocks=True)
    text = environment.get_template("stats.html").render(
        title=", ".join(names),
        populations=populations,
        baseline=baseline if others else None,
        sentences=conclusion(differences, baseline.series.name) or [_counts_sentence(one) for one in populations],
        figures=_figures(populations, differences),
        table=_table(populations, differences if reference is not None or len(ours) > 1 else []),
        poses=_poses(ours),
        reference=reference,
    )
    write_text(out_html, text)
    return out_html


def _differences(populations: list[Population], baseline: Population) -> list[Difference]:
    """Every quantity that both know, of every population against the baseline."""
    found = []
    yardsticks = {key: yardstick(known) for key, known in baseline.samples.items()}
    for one in populations:
        for quantity in QUANTITIES:
            ours, theirs = one.samples.get(quantity.key), baseline.samples.get(quantity.key)
            if ours is not None and theirs is not None:
                found.append(difference(one.series.name, quantity, ours, theirs, yardsticks[quantity.key]))
    return found


def _names(datasets: list[Dataset]) -> list[str]:
    """Names by which the datasets are told apart: their own, or their paths where those are the same."""
    own = [dataset.info.name or dataset.root.resolve().name for dataset in datasets]
    return [name if own.count(name) == 1 else str(dataset.root) for name, dataset in zip(own, datasets, strict=True)]


def _of_dataset(dataset: Dataset, series: Series) -> Population:
    boxes = dataset_boxes(dataset)
    people = [person for picture in dataset for person in picture.shown_people]
    hidden = sum(len(picture.people) for picture in dataset) - len(people)
    samples = {quantity.key: found for quantity in QUANTITIES if (found := sample(boxes, quantity)) is not None}
    visible = [100 * person.visible_fraction for person in people if person.visible_fraction is not None]
    distance = [float(np.hypot(*person.foot_m)) for person in people if person.foot_m is not None]
    for key, values in (("visible", visible), ("distance", distance)):
        found = grouped_sample(np.array(values, float), np.full(len(values), ""))
        if found is not None:
            samples[key] = found
    return Population(series, boxes, samples, people, hidden, _notes(dataset, people, samples))


def _of_reference(reference: Reference) -> Population:
    samples = {q.key: found for q in QUANTITIES if (found := sample(reference.pictures, q)) is not None}
    unknown = [video for video, size in reference.sizes_px.items() if size is None]
    notes = ["rotated boxes only: its upright boxes are those around them, a little too large", "no empty pictures"]
    if unknown:
        notes.append(f"picture size unclear, left out of what is relative to it: {', '.join(unknown)}")
    return Population(Series("the real boxes", None), reference.pictures, samples, [], 0, notes)


def _notes(dataset: Dataset, people: list[Person], samples: dict[str, Sample]) -> list[str]:
    """What is not known of a dataset."""
    missing = [quantity.title for quantity in _ALL if quantity.key not in samples]
    missing += [] if any(person.keypoints for person in people) else ["keypoints"]
    missing += [] if any(activity_of(person) for person in people) else ["activities"]
    notes = [f"not known: {', '.join(missing)}"] if missing else []
    if any(picture.camera is None for picture in dataset):
        notes.append("no camera for some pictures: their middle is taken for the nadir")
    return notes


def _counts_sentence(population: Population) -> str:
    pictures, people = len(population.pictures), len(population.people)
    text = f"{population.series.name} shows {people} people in {pictures} pictures, {people / max(1, pictures):.1f} in each"
    size = population.samples.get("size")
    if size is None:
        return f"{text}."
    return f"{text}; half of their boxes are smaller than {number(size.quantiles([0.5])[0])} % of the shorter side."


def _figures(populations: list[Population], differences: list[Difference]) -> list[dict[str, Any]]:
    """Title, explanation and drawing of every figure for which something is known."""
    found = []
    for quantity in _ALL:
        known = [(one.series, one.samples[quantity.key]) for one in populations if quantity.key in one.samples]
        if known:
            about = [quantity.about, *_distances(quantity, differences)]
            found.append({"title": quantity.title, "about": about, "svg": figures.histogram(quantity, known)})
    return [*found, *_further_figures(populations)]


def _distances(quantity: Quantity, differences: list[Difference]) -> list[str]:
    return [
        f"{one.dataset}: {number(one.distance)} {quantity.unit} apart, {one.deviations:.2f} standard deviations"
        for one in differences
        if one.quantity is quantity
    ]


def _further_figures(populations: list[Population]) -> list[dict[str, Any]]:
    found = []
    sized = [one for one in populations if {"size", "radius"} <= one.samples.keys()]
    if sized:
        svg = figures.size_by_radius([(one.series, *_sizes_by_radius(one.pictures)) for one in sized])
        about = ["Median of the upright boxes, and the middle 80 % as a band."]
        found.append({"title": "box size by distance from the nadir", "about": about, "svg": svg})
    places = [(one, *offsets_and_weights(one.pictures)) for one in sized]
    reach = max([1.1, *(float(np.quantile(np.abs(offsets), 0.995)) for _, offsets, _ in places)])
    for place, (one, offsets, weights) in enumerate(places):
        svg = figures.density_map(offsets, weights, f"density-{place}", reach)
        about = ["Centres of boxes; the circle touches the longer sides of the picture."]
        found.append({"title": f"where people are: {one.series.name}", "about": about, "svg": svg})
    for place, one in enumerate(populations):
        shares = _keypoint_shares(one.people)
        if shares is not None:
            svg = figures.keypoint_bars(shares, f"keypoints-{place}")
            found.append({"title": f"keypoints: {one.series.name}", "about": [], "svg": svg})
    return found + _activity_figure(populations)


def _activity_figure(populations: list[Population]) -> list[dict[str, Any]]:
    counts = [(one, Counter(filter(None, map(activity_of, one.people)))) for one in populations]
    known = [(one, count) for one, count in counts if count]
    names = sorted({name for _, count in known for name in count})
    if not names:
        return []
    shares = [(one.series, np.array([100 * count[name] / len(one.people) for name in names])) for one, count in known]
    return [{"title": "activities", "about": [], "svg": figures.share_bars(names, shares, "activities")}]


def _sizes_by_radius(pictures: list[PictureBoxes]) -> tuple[Array, Array, Array]:
    """Radii, sizes and weights of all people, in one order."""
    by_key = {quantity.key: quantity for quantity in QUANTITIES}
    radii, sizes = sample(pictures, by_key["radius"]), sample(pictures, by_key["size"])
    assert radii is not None and sizes is not None
    return radii.values, sizes.values, sizes.weights


def _keypoint_shares(people: list[Person]) -> Array | None:
    """(17, 3) shares in % of keypoints seen, covered and outside; None where nobody has keypoints."""
    rows = [[point[2] for point in person.keypoints] for person in people if person.keypoints is not None]
    if not rows:
        return None
    visibility = np.array(rows).reshape(-1, len(KEYPOINTS))
    return np.stack([100 * (visibility == value).mean(axis=0) for value in (2, 1, 0)], axis=1)


def _poses(populations: list[Population]) -> list[dict[str, Any]]:
    """The most frequent poses of each dataset that names poses."""
    found = []
    for one in populations:
        counts = Counter(filter(None, map(pose_of, one.people)))
        if counts:
            rows = [(name, f"{100 * n / len(one.people):.1f} %") for name, n in counts.most_common(_POSES_SHOWN)]
            found.append({"name": one.series.name, "rows": rows, "kinds": len(counts)})
    return found


def _table(populations: list[Population], differences: list[Difference]) -> list[dict[str, Any]]:
    """A row for each quantity: median and the middle 80 % of every population, then the distances."""
    rows = []
    for quantity in _ALL:
        cells = [_cell(one.samples.get(quantity.key)) for one in populations]
        if any(cells):
            apart = [one for one in differences if one.quantity is quantity]
            rows.append({"quantity": quantity, "cells": cells, "differences": _by_name(populations, apart),
                         "yardstick": next((one.yardstick for one in apart), None)})  # fmt: skip
    return rows


def _cell(values: Sample | None) -> str:
    if values is None:
        return ""
    low, median, high = values.quantiles([0.1, 0.5, 0.9])
    return f"{number(median)} ({number(low)} to {number(high)})"


def _by_name(populations: list[Population], differences: list[Difference]) -> list[Difference | None]:
    by_name = {one.dataset: one for one in differences}
    return [by_name.get(one.series.name) for one in populations[1:]]
