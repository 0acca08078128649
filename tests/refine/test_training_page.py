"""The page of a training: written from its files alone, readable offline from a phone's width on."""

import json
import re
import shutil
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pytest
from browser import Browser
from training_engine import training

from annotate.errors import InputError
from annotate.files import write_image, write_json
from refine.training.curves import Curve, chart, smoothed
from refine.training.page import duration, nearest, read_runs, write_page


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("trained")
    training(folder, judged=True, select_every=3, preset="A").run()
    return folder


@pytest.fixture(scope="module")
def seeds(trained: Path, tmp_path_factory) -> Path:
    """Three trainings, the second nearest."""
    folder = tmp_path_factory.mktemp("seeds")
    for seed, value in enumerate((0.5, 0.2, 0.4)):
        shutil.copytree(trained, folder / f"seed-{seed}")
        looks = [{"step": 0, "value": 1.0, "low": 0.9, "high": 1.1}]
        looks += [{"step": step, "value": value + step / 10, "low": 0.1, "high": 2.0} for step in (3, 6, 9, 10)]
        (folder / f"seed-{seed}/distances.jsonl").write_text("".join(json.dumps(look) + "\n" for look in looks))
    return folder


def test_page_is_the_same_however_often_it_is_written(trained: Path) -> None:
    first = (trained / "index.html").read_text()
    write_page(trained)
    assert (trained / "index.html").read_text() == first


def test_page_tells_what_was_trained_and_under_which_conditions(trained: Path) -> None:
    page = (trained / "index.html").read_text()
    for text in (
        "A, trained",
        "KD-plafond-bank-1",
        "10 of 10, seed 0",
        "5 of S, 5 of R; 8 of R held out",
        "CPU, ",
    ):
        assert text in page
    for loss in ("adversarial_G", "cyclic_pixel", "D_Y"):
        assert f"<figcaption>{loss}</figcaption>" in page
    assert "From above: S, refined, attention." in page
    assert "learning_rate" in page


def test_page_needs_nothing_from_elsewhere(trained: Path) -> None:
    page = (trained / "index.html").read_text()
    assert set(re.findall(r'(?:src|href)="(\w+:)', page)) == {"data:"}
    assert "<script" not in page


def test_page_of_several_seeds_takes_the_nearest_and_lists_all(seeds: Path) -> None:
    runs = read_runs(seeds)
    assert [run.name for run in runs] == ["seed-0", "seed-1", "seed-2"]
    assert nearest(runs).name == "seed-1"
    page = write_page(seeds).read_text()
    assert 'href="seed-1/index.html">seed-1</a>, taken' in page
    assert "of seed-1," in page
    assert page.count("<tr") == 4


def test_page_says_so_where_refining_brought_nothing_nearer(trained: Path, seeds: Path) -> None:
    note = "refining did not help"
    assert note not in write_page(seeds).read_text()
    looks = (seeds / "seed-0/distances.jsonl").read_text().replace('"value": 1.0', '"value": 0.1')
    worse = seeds / "seed-0"
    (worse / "distances.jsonl").write_text(looks)
    assert note in write_page(worse).read_text()


def test_folder_without_a_training_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"holds no training; expected its about\.json"):
        write_page(tmp_path)


def test_names_from_outside_are_text_and_not_markup(trained: Path, tmp_path: Path) -> None:
    shutil.copytree(trained, tmp_path / "copy")
    about = json.loads((tmp_path / "copy/about.json").read_text())
    write_json(tmp_path / "copy/about.json", {**about, "data": {"Dataset S": "<script>alert(1)</script>"}})
    page = write_page(tmp_path / "copy").read_text()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_smoothed_curve_keeps_the_mean_and_few_points() -> None:
    steps, values = list(range(1, 1001)), [float(step % 10) for step in range(1, 1001)]
    curve = smoothed("loss", steps, values)
    assert len(curve.x) == 120
    assert np.mean(curve.y) == pytest.approx(4.5, abs=0.1)
    assert all(low <= y <= high for low, y, high in zip(curve.low, curve.y, curve.high, strict=True))
    assert smoothed("loss", [1, 2], [3.0, 4.0]).y == [3.0, 4.0]


@pytest.mark.parametrize("values", [(1.0, 2.0, 1.5), (0.0, 0.0, 0.0), (-3e-9, 5e-9, 1e-9), (1e6, 1e6, 1e6)])
def test_chart_is_well_formed_and_stays_inside(values: tuple[float, ...]) -> None:
    drawn = chart([Curve("a <b>", [10, 20, 30], values, values, values, marked=2)], "x & y", 30, level=values[0])
    root = ElementTree.fromstring(drawn)
    points = [float(y) for pair in root.find("polyline").attrib["points"].split() for y in pair.split(",")[1:]]
    assert all(0 <= y <= 210 for y in points)
    assert root.find("circle/title").text.startswith("a <b>: ")
    assert root.find("line[@class='level']") is not None


def test_durations_are_said_as_people_do() -> None:
    assert [duration(value) for value in (3.25, 150, 7300, 86_400)] == ["3.25 s", "2 min", "2 h 2 min", "24 h 0 min"]


@pytest.mark.parametrize("dark", [False, True])
def test_page_in_a_browser_has_no_faults_at_any_width(trained: Path, seeds: Path, tmp_path: Path, dark: bool) -> None:
    long = tmp_path / "long"
    shutil.copytree(trained, long)
    write_image(long / "grid.jpg", np.full((4 * 32, 5 * 32, 3), 90, np.uint8))
    about = json.loads((long / "about.json").read_text())
    write_json(long / "about.json", {**about, "data": {"Dataset S": "n" * 300}, "device": "a very long name " * 12})
    pages = [write_page(folder) for folder in (trained, seeds, long)]
    with Browser(dark=dark) as browser:
        for page in pages:
            for width in (360, 1280):
                browser.resize(width, 800)
                browser.open(page)
                wide = browser.run("return document.documentElement.scrollWidth")
                assert wide <= width
                assert browser.run("return [...document.images].every((image) => image.naturalWidth > 0)")
        assert browser.complaints == []
