"""The view page, as text and in a browser."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pytest

from annotate.dataset import Dataset, DatasetInfo, DatasetWriter, Person, Picture
from annotate.errors import InputError
from annotate.page.view import ViewConfig, evenly_spaced, run, write_view

BROWSER = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)
BROWSER_OPTIONS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


def write_dataset(root: Path, count: int = 3, name: str = "small") -> Dataset:
    mask = np.zeros((48, 64), np.uint16)
    mask[10:30, 5:15] = 1
    writer = DatasetWriter(root, DatasetInfo(name=name, kind="stand-in", seed=3))
    for number in range(count):
        people = [
            Person(instance_id=1, bbox=(5, 10, 10, 20), head_bbox=(6, 10, 5, 5.25), attributes={"pose": "<b>sits</b>"}),
        ]
        picture = Picture(
            id=number, file_name=f"a #{number:04d}.png", width=64, height=48, people=people,
            ignore_areas=[[(40, 0), (60, 0), (60, 9)]],
        )  # fmt: skip
        writer.add(picture, np.full((48, 64, 3), 60 + number % 99, np.uint8), mask)
    writer.finish()
    return Dataset.read(root)


def sources(html: str) -> list[str]:
    return [unquote(address) for address in re.findall(r'<img src="([^"]+)"', html)]


def in_browser(page: Path, script: str, width: int = 360) -> dict[str, object]:
    """Open a copy of the page with a script at its end and return the object that the script makes."""
    if BROWSER is None:
        pytest.skip("no chromium is installed")
    probe = page.with_name("probe.html")
    result = f"document.body.innerHTML = '<pre id=result>' + JSON.stringify((() => {{{script}}})()) + '</pre>';"
    probe.write_text(page.read_text().replace("</body>", f"<script>{result}</script></body>"))
    profile = page.parent / "profile"
    command = [BROWSER, *BROWSER_OPTIONS, f"--user-data-dir={profile}", f"--window-size={width},640", "--dump-dom"]
    done = subprocess.run([*command, probe.as_uri()], capture_output=True, text=True, timeout=120, check=True)
    found = re.search(r'<pre id="result">(.*?)</pre>', done.stdout)
    assert found, done.stdout[-500:] + done.stderr[-500:]
    values: dict[str, object] = json.loads(found[1])
    return values


def test_page_names_every_picture_and_draws_every_label(tmp_path: Path) -> None:
    write_dataset(tmp_path / "S+")
    page = run(ViewConfig(dataset=tmp_path / "S+"))
    html = page.read_text()
    assert page == tmp_path / "S+/view.html"
    assert sources(html) == [f"images/a #{number:04d}.png" for number in range(3)]
    assert all((page.parent / address).is_file() for address in sources(html))
    for layer, path in [("person", "M5 10h10v20h-10Z"), ("head", "M6 10h5v5.2h-5Z"), ("ignore", "M40 0L60 0L60 9Z")]:
        assert html.count(f'<path class="{layer}" d="{path}">') == 3
    masks = re.findall(r'<path class="mask" d="M(.*?)Z">', html)
    assert {frozenset(mask.split("L")) for mask in masks} == {frozenset({"5 10", "15 10", "15 30", "5 30"})}
    assert "stand in for real ones" in html and "rotated boxes" not in html


def test_names_from_files_cannot_become_markup(tmp_path: Path) -> None:
    dataset = write_dataset(tmp_path / "S", name="<script>alert(1)</script>")
    html = write_view(dataset, tmp_path / "page.html").read_text()
    assert "<script>alert" not in html and "<b>sits" not in html and "&lt;b&gt;sits" in html


def test_page_elsewhere_refers_to_the_pictures_relatively(tmp_path: Path) -> None:
    dataset = write_dataset(tmp_path / "data/S")
    page = write_view(dataset, tmp_path / "pages/deep/page.html")
    assert all((page.parent / address).is_file() for address in sources(page.read_text()))
    with pytest.raises(InputError, match="is a folder"):
        run(ViewConfig(dataset=tmp_path / "data/S", out=tmp_path / "pages"))


def test_hundreds_of_pictures_load_lazily(tmp_path: Path) -> None:
    html = write_view(write_dataset(tmp_path / "S", count=300), tmp_path / "page.html").read_text()
    assert html.count('loading="lazy"') == html.count("<img ") == 300
    assert len(html) < 300 * 2000


def test_larger_datasets_are_thinned_evenly_and_say_so(tmp_path: Path) -> None:
    dataset = write_dataset(tmp_path / "S", count=9)
    assert [picture.id for picture in evenly_spaced(dataset.pictures, 3)] == [0, 4, 8]
    html = run(ViewConfig(dataset=tmp_path / "S", max_pictures=3)).read_text()
    assert html.count("<figure") == 3 and "3 of 9 pictures" in html


def test_empty_dataset_says_so(tmp_path: Path) -> None:
    assert "has no pictures" in write_view(write_dataset(tmp_path / "S", count=0), tmp_path / "p.html").read_text()


def test_checkboxes_hide_and_show_their_labels(tmp_path: Path) -> None:
    page = write_view(write_dataset(tmp_path / "S"), tmp_path / "S/page.html")
    script = """
    const seen = (layer) => getComputedStyle(document.querySelector("path." + layer)).display;
    const before = [seen("head"), seen("mask")];
    document.querySelector("#show-head").click();
    const hidden = [seen("head"), seen("mask")];
    document.querySelector("#show-head").click();
    return {before, hidden, after: seen("head")};
    """
    assert in_browser(page, script) == {"before": ["inline", "inline"], "hidden": ["none", "inline"], "after": "inline"}


def test_labels_lie_on_the_picture_and_nothing_scrolls_sideways(tmp_path: Path) -> None:
    page = write_view(write_dataset(tmp_path / "S", name="a" * 90), tmp_path / "S/page.html")
    script = """
    const root = document.documentElement, card = document.querySelector("figure");
    const image = card.querySelector("img").getBoundingClientRect();
    const box = card.querySelector("path.person").getBoundingClientRect();
    return {
      scroll: root.scrollWidth - root.clientWidth, narrow: root.clientWidth <= 500,
      left: (box.left - image.left) / image.width * 64, top: (box.top - image.top) / image.height * 48,
    };
    """
    found = in_browser(page, script)
    assert found["scroll"] == 0 and found["narrow"]
    assert abs(float(str(found["left"])) - 5) < 0.3 and abs(float(str(found["top"])) - 10) < 0.3


def test_clicked_picture_is_enlarged_and_arrows_go_on(tmp_path: Path) -> None:
    page = write_view(write_dataset(tmp_path / "S"), tmp_path / "S/page.html")
    script = """
    document.querySelectorAll("figure .frame")[2].click();
    const text = () => document.querySelector("dialog .bar span").textContent;
    const first = [document.querySelector("dialog").open, text()];
    document.querySelector("[data-step='1']").click();
    const second = text();
    document.querySelector("[data-step='0']").click();
    return {first, second, open: document.querySelector("dialog").open};
    """
    found = in_browser(page, script)
    assert found["first"] == [True, "a #0002.png · 1 person (3 of 3)"]
    assert (found["second"], found["open"]) == ("a #0000.png · 1 person (1 of 3)", False)
