"""The statistics page, as text and in a browser."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from browser import Browser
from labelled_dataset import write_labelled

from annotate.dataset import Dataset, DatasetInfo, DatasetWriter, Person, Picture
from annotate.errors import InputError
from annotate.page.stats import StatsConfig, run, write_stats
from annotate.page.stats_reference import COLUMNS


def write_boxes(root: Path, width_px: int = 10) -> Dataset:
    """A dataset with upright boxes and nothing else, as other formats give it."""
    rng = np.random.default_rng(5)
    writer = DatasetWriter(root, DatasetInfo(kind="real"))
    for number in range(6):
        corners = rng.uniform(0, 40, (4, 2))
        people = [
            Person(instance_id=k + 1, bbox=(x, y, width_px, 10), provenance="human")
            for k, (x, y) in enumerate(corners.tolist())
        ]
        writer.add(
            Picture(id=number, file_name=f"{number}.png", width=64, height=64, people=people),
            np.zeros((64, 64, 3), np.uint8),
        )
    writer.finish()
    return Dataset.read(root)


def write_reference(path: Path) -> Path:
    rng = np.random.default_rng(6)
    rows = [",".join(COLUMNS)]
    for video in ("a", "b", "c"):
        angle, radius = rng.uniform(0, 360, 200), rng.uniform(100, 500, 200)
        x, y = 540 + radius * np.sin(np.radians(angle)), 540 - radius * np.cos(np.radians(angle))
        rows += [f"{video},{k // 4},{x[k]:.1f},{y[k]:.1f},50,90,{angle[k] % 180:.1f}" for k in range(200)]
    path.write_text("\n".join(rows))
    return path


def text_of(page: Path) -> str:
    body = page.read_text().split("<body>")[1]
    return " ".join(re.sub(r"<svg.*?</svg>|<[^>]+>", " ", body, flags=re.DOTALL).split())


def test_page_begins_with_what_differs_most_from_the_reference(tmp_path: Path) -> None:
    write_labelled(tmp_path / "S", count=9, name="drawn")
    reference = write_reference(tmp_path / "boxes.csv")
    page = run(StatsConfig(datasets=[tmp_path / "S"], reference=reference))
    assert page == tmp_path / "S/stats.html"
    text = text_of(page)
    assert text.startswith("drawn drawn differs most from the real boxes in")
    assert "9 pictures, 18 people , 4 more hidden and not counted" in text.replace("people,", "people ,")
    for title in (
        "tilt against the radial direction",
        "visible fraction",
        "keypoints: drawn",
        "activities",
        "a 1080 × 1080 px",
    ):
        assert title in text


def test_boxes_only_leave_out_what_is_not_known_and_say_so(tmp_path: Path) -> None:
    write_boxes(tmp_path / "R")
    text = text_of(run(StatsConfig(datasets=[tmp_path / "R"], reference=None)))
    assert "R shows 24 people in 6 pictures, 4.0 in each" in text
    assert (
        "not known: rotated box size, elongation of boxes, tilt against the radial direction, visible fraction" in text
    )
    assert "no camera for some pictures" in text and "Wasserstein" not in text and "keypoints:" not in text


def test_datasets_are_compared_with_the_first_where_there_is_no_reference(tmp_path: Path) -> None:
    datasets = [write_boxes(tmp_path / "A"), write_boxes(tmp_path / "B", width_px=20)]
    text = text_of(write_stats(datasets, None, tmp_path / "out.html"))
    assert "B differs most from A in box size" in text and "one real video" not in text


def test_figures_follow_the_colours_of_the_page(tmp_path: Path) -> None:
    html = write_stats([write_boxes(tmp_path / "A")], None, tmp_path / "out.html").read_text()
    assert "#0a0" not in html and "var(--series-0)" in html and "<script" not in html
    assert html == write_stats([Dataset.read(tmp_path / "A")], None, tmp_path / "again.html").read_text()


def test_empty_dataset_and_wrong_paths(tmp_path: Path) -> None:
    write_labelled(tmp_path / "E", count=0, name="empty")
    assert "empty shows 0 people in 0 pictures" in text_of(run(StatsConfig(datasets=[tmp_path / "E"], reference=None)))
    with pytest.raises(InputError, match="is no HTML file"):
        run(StatsConfig(datasets=[tmp_path / "E"], reference=None, out=tmp_path))
    with pytest.raises(InputError, match="no such file"):
        run(StatsConfig(datasets=[tmp_path / "E"], reference=tmp_path / "none.csv"))


def test_names_from_files_cannot_become_markup(tmp_path: Path) -> None:
    dataset = write_labelled(tmp_path / "S", name="<script>alert(1)</script>")
    assert "<script>" not in write_stats([dataset], None, tmp_path / "out.html").read_text()


def test_page_opens_without_complaints_and_nothing_scrolls_sideways(tmp_path: Path) -> None:
    datasets = [write_labelled(tmp_path / "S", count=9, name="a" * 90), write_boxes(tmp_path / "R")]
    page = write_stats(datasets, None, tmp_path / "out.html")
    with Browser(360, 700) as browser:
        inks = set()
        for width, dark in [(360, True), (1400, False)]:
            browser.resize(width, 700)
            browser.scheme(dark)
            browser.open(page)
            script = "const r = document.documentElement; return [r.scrollWidth - r.clientWidth, r.clientWidth]"
            assert browser.run(script) == [0, width]
            inks.add(browser.run("return getComputedStyle(document.querySelector('figure svg text')).fill"))
            widths = browser.run("return [...document.querySelectorAll('figure svg')].map((s) => s.clientWidth)")
            assert len(widths) > 10 and min(widths) > 200
        assert len(inks) == 2 and browser.complaints == []
