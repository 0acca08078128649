"""The report page in a browser: it opens offline, sorts, slides, enlarges, fits a phone, and can be read in the dark."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from browser import Browser
from report_sample import EVIL, NAMES, evil_report, sample_report

from annotate.files import read_json
from eval.report.document import Cell, Column, Gallery, PicturePair, Plot, Report, Row, Section, Series, Table
from eval.report.page import write_report

DRAWN = "document.querySelectorAll('figure.plot').length === settled.size"

CONTRAST = """
const numbers = (colour) => {
  const parts = colour.match(/[\\d.]+/g).map(Number);
  return colour.startsWith("color(") ? parts.slice(0, 3).map((part) => part * 255).concat(parts.slice(3)) : parts;
};
const light = (colour) => {
  const [r, g, b] = numbers(colour).slice(0, 3).map((part) => part / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const ground = (element) => {
  for (let one = element; one; one = one.parentElement) {
    const colour = getComputedStyle(one).backgroundColor;
    if ((numbers(colour)[3] ?? 1) > 0.5) return colour;
  }
  return "rgb(255, 255, 255)";
};
const ratio = (a, b) => (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
const weak = [];
for (const element of document.querySelectorAll("main *, nav *")) {
  const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
  if (!own || !element.checkVisibility() || element.closest("script, .tag, .legend i, option")) continue;
  const [ink, paper] = [getComputedStyle(element).color, ground(element)];
  const found = ratio(light(ink), light(paper));
  if (found < 4.5) weak.push([element.tagName, element.className, ink, paper, found]);
}
return weak;
"""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_report(sample_report(pictures=8), tmp_path_factory.mktemp("report"))


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with Browser(1280, 900) as one:
        yield one


@pytest.fixture
def browser(chromium: Browser, page: Path) -> Iterator[Browser]:
    """The page, opened; no complaint may come up."""
    chromium.complaints.clear()
    chromium.resize(1280, 900)
    chromium.scheme(False)
    chromium.open(page)
    yield chromium
    assert chromium.complaints == []


def names(browser: Browser, table: str = "table-main") -> list[str]:
    return browser.run(f"return [...document.querySelectorAll('#{table} tbody th')].map((cell) => cell.dataset.sort)")


def click(browser: Browser, selector: str) -> None:
    x, y = browser.run(
        f"""const element = document.querySelector({json.dumps(selector)});
        element.scrollIntoView({{block: "center", behavior: "instant"}});
        const box = element.getBoundingClientRect();
        return [box.x + box.width / 2, box.y + box.height / 2];"""
    )
    browser.click(x, y)


def test_nothing_reaches_beyond_the_window(browser: Browser) -> None:
    browser.until(DRAWN)
    for width in (360, 768, 1400):
        browser.resize(width, 900)
        browser.run("await new Promise((done) => setTimeout(done, 100))")
        assert browser.run("return document.documentElement.scrollWidth") == width
        cards = browser.run("return getComputedStyle(document.querySelector('#table-main td')).display")
        assert cards == ("table-cell" if width == 1400 else "grid")


def test_every_text_can_be_read_in_light_and_dark(browser: Browser) -> None:
    browser.run("for (const details of document.querySelectorAll('details')) details.open = true")
    for dark in (False, True):
        browser.scheme(dark)
        assert browser.run(CONTRAST) == []


def test_plots_are_drawn_in_the_colours_of_the_page(browser: Browser) -> None:
    inks = """
    const found = new Set();
    for (const {views} of settled.values()) {
      const canvas = views.roots[0].export("auto", true).canvas;
      const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
      for (let k = 0; k < data.length; k += 4) if (data[k + 3] === 255) found.add(data.slice(k, k + 3).join());
    }
    return ["10,99,201", "125,184,255"].map((ink) => found.has(ink));
    """
    browser.until(DRAWN)
    assert browser.run(inks) == [True, False]
    browser.run("window.before = settled.size; settled.clear()")
    browser.scheme(True)
    browser.until("settled.size === before")
    browser.until("[...settled.values()].every((one) => one.light)")
    browser.run("await new Promise((done) => setTimeout(done, 200))")
    assert browser.run(inks) == [False, True]


def test_a_table_sorts_by_a_click_and_by_keyboard(browser: Browser) -> None:
    assert names(browser) == NAMES
    heading = '#table-main button[data-column="4"]'
    click(browser, heading)
    assert names(browser)[0] == "R + S+ guided" and names(browser)[-1] == NAMES[-1]
    sorts = "return document.querySelector('#table-main [aria-sort=descending]').textContent.trim()"
    assert browser.run(sorts) == "F1"
    click(browser, heading)
    assert names(browser)[0] == NAMES[-1]
    click(browser, heading)
    assert names(browser) == NAMES
    assert browser.run("return document.querySelectorAll('#table-main [aria-sort=none]').length") == 10
    browser.run(f"document.querySelector('{heading}').focus()")
    browser.press("Enter")
    browser.run("document.activeElement.click()")
    assert names(browser)[0] == "R + S+ guided"


def test_smaller_is_better_sorts_upwards_and_what_is_missing_comes_last(browser: Browser) -> None:
    heading = '#table-main button[data-column="6"]'
    click(browser, heading)
    assert [names(browser)[0], names(browser)[-1]] == ["R + S+ guided", "S"]
    click(browser, heading)
    assert [names(browser)[0], names(browser)[-1]] == [NAMES[-1], "S"]


def test_a_phone_sorts_by_a_list(browser: Browser) -> None:
    browser.resize(360, 800)
    browser.run(
        "const list = document.querySelector('#table-main select'); list.value = '4';"
        "list.dispatchEvent(new Event('change'))"
    )
    assert browser.run("return document.querySelector('#table-main select').checkVisibility()")
    assert names(browser)[0] == "R + S+ guided"


def test_a_column_says_what_it_means_to_pointer_and_keyboard(browser: Browser) -> None:
    tip = "return [document.getElementById('report-tip').hidden, document.getElementById('report-tip').textContent]"
    browser.run("document.querySelector('#table-main button[data-column=\"4\"]').focus({preventScroll: true})")
    assert browser.run(tip) == [False, "Harmonic mean of precision and recall; 1 is perfect."]
    described = browser.run(
        "return document.getElementById(document.activeElement.getAttribute('aria-describedby')).textContent"
    )
    assert described == "Harmonic mean of precision and recall; 1 is perfect."
    browser.press("Escape")
    assert browser.run(tip)[0] is True


def test_the_best_of_a_column_is_marked(browser: Browser) -> None:
    best = browser.run(
        "return [...document.querySelectorAll('#table-main tbody .best')].map((mark) => mark.closest('tr').cells[0].dataset.sort)"
    )
    assert best == ["R + S+ guided"] * 5


def test_a_pair_slides_by_pointer_and_keyboard(browser: Browser) -> None:
    at = "return document.querySelector('#gallery-refined-pictures .compare').style.getPropertyValue('--at')"
    place = browser.run(
        """const frame = document.querySelector("#gallery-refined-pictures .compare");
        frame.scrollIntoView({block: "center", behavior: "instant"});
        const box = frame.getBoundingClientRect();
        return [box.x, box.y, box.width, box.height]"""
    )
    assert browser.run(at) == "50%"
    browser.click(place[0] + place[2] / 4, place[1] + place[3] / 2)
    assert browser.run(at) == "25%"
    inset = "return getComputedStyle(document.querySelector('#gallery-refined-pictures .after')).clipPath"
    assert browser.run(inset) == "inset(0px 0px 0px 25%)"
    browser.run("document.querySelector('#gallery-refined-pictures input').focus()")
    browser._call("Input.dispatchKeyEvent", {"type": "keyDown", "key": "ArrowRight", "windowsVirtualKeyCode": 39})
    assert browser.run(at) == "26%"
    text = "return document.querySelector('#gallery-refined-pictures input').getAttribute('aria-valuetext')"
    assert browser.run(text) == "26 % S, 74 % S+ guided"


def test_a_crop_opens_its_picture_and_escape_closes_it(browser: Browser) -> None:
    state = """
    const large = document.getElementById("report-large");
    return [large.open, large.querySelector("img").naturalWidth, large.querySelector("figcaption").textContent];
    """
    assert browser.run(state)[0] is False
    click(browser, "#gallery-false .open")
    browser.until("document.querySelector('#report-large img').naturalWidth > 0")
    opened, width, caption = browser.run(state)
    assert (
        opened and width == 640 and re.fullmatch(r"office/frame_\d+\.jpg: \d found, \d missed, 2 false alarms", caption)
    )
    browser.press("ArrowRight")
    count = browser.run("return document.querySelector('#report-large .count').textContent")
    assert count == "2 of 12"
    browser._call("Input.dispatchKeyEvent", {"type": "keyDown", "key": "Escape", "windowsVirtualKeyCode": 27})
    browser.until("!document.getElementById('report-large').open")
    focused = "return [...document.querySelectorAll('#gallery-false .open')].indexOf(document.activeElement)"
    assert browser.run(focused) == 1


def test_every_picture_is_in_the_page_once(browser: Browser, page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    images = re.findall(r"data:image/jpeg;base64,[A-Za-z0-9+/=]+", text.split('<div class="gallery"', 1)[1])
    assert len(images) > 20 and len(set(images)) == len(images)
    assert browser.run(
        "return [...document.images].filter((image) => image.src).every((image) => image.naturalWidth > 0)"
    )


FIRST_POINT = """
const figure = document.getElementById("plot-pca");
figure.scrollIntoView({block: "center", behavior: "instant"});
await new Promise((done) => setTimeout(done, 200));
const view = settled.get(figure).views.roots[0], frame = view.frame;
const data = view.model.renderers[0].data_source.data;
const box = figure.querySelector(".drawing").getBoundingClientRect();
return [box.x + frame.x_scale.compute(data.x[0]), box.y + frame.y_scale.compute(data.y[0])];
"""
CROPS_SHOWN = """
await new Promise((done) => setTimeout(done, 250));
const seen = [];
const walk = (root) => { for (const element of root.querySelectorAll("*")) {
  const shown = element.tagName === "IMG" && element.width === 128;
  if (shown) seen.push([element.naturalWidth, element.parentElement.textContent.trim()]);
  if (element.shadowRoot) walk(element.shadowRoot);
} };
walk(document);
return seen;
"""


def test_a_point_shows_its_crop_beside_the_pointer(browser: Browser) -> None:
    browser.until(DRAWN)
    x, y = browser.run(FIRST_POINT)
    assert browser.run(CROPS_SHOWN) == []
    browser.mouse("mouseMoved", x, y, button="none")
    assert browser.run(CROPS_SHOWN)[0] == [64, "Rframe_0.jpg"]


def test_a_finger_shows_a_points_crop_and_does_not_widen_the_page(browser: Browser) -> None:
    browser.resize(360, 760)
    browser.until(DRAWN)
    x, y = browser.run(FIRST_POINT)
    browser._call("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
    browser._call("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    assert browser.run(CROPS_SHOWN)[0] == [64, "Rframe_0.jpg"]
    assert browser.run("return document.documentElement.scrollWidth") == 360


def test_a_series_is_hidden_by_its_legend(browser: Browser) -> None:
    visible = """
    const {views} = settled.get(document.getElementById("plot-validation"));
    return views.roots[0].model.renderers.filter((one) => one.name === "s1").map((one) => one.visible);
    """
    browser.until(DRAWN)
    assert browser.run(visible) == [True] * 4
    click(browser, '#plot-validation button[data-series="s1"]')
    assert browser.run(visible) == [False] * 4
    assert browser.run("return document.querySelector('#plot-validation [data-series=s1]').ariaPressed") == "false"


def test_paper_gets_plots_tables_and_both_pictures_of_a_pair(browser: Browser) -> None:
    browser.until(DRAWN)
    browser.run("dispatchEvent(new Event('beforeprint'))")
    assert browser.run("return document.querySelectorAll('.plot .paper canvas').length") == 5
    assert browser.run("return document.querySelectorAll('.plot.light-inks').length") == 0
    browser._call("Emulation.setEmulatedMedia", {"media": "print"})
    browser.resize(700, 900)
    shown = browser.run(
        """const style = (selector) => getComputedStyle(document.querySelector(selector));
        return [style("nav").display, style(".paper").display, style(".drawing").display, style("#table-main td").display,
                style(".compare .after").position, document.documentElement.scrollWidth <= 700];"""
    )
    browser._call("Emulation.setEmulatedMedia", {"media": ""})
    assert shown == ["none", "block", "none", "table-cell", "static", True]


def test_light_inks_of_a_dark_page_are_turned_for_paper(browser: Browser) -> None:
    browser.scheme(True)
    browser.until("settled.size === 5 && [...settled.values()].every((one) => one.light)")
    browser.run("dispatchEvent(new Event('beforeprint'))")
    assert browser.run("return document.querySelectorAll('.plot.light-inks').length") == 5


def test_a_sheet_of_paper_is_printed(browser: Browser) -> None:
    data = base64.b64decode(browser._call("Page.printToPDF", {"printBackground": True})["data"])
    assert data.startswith(b"%PDF") and len(data) > 100_000


def test_names_cannot_harm_the_page(chromium: Browser, tmp_path: Path) -> None:
    chromium.complaints.clear()
    page = write_report(evil_report(), tmp_path)
    chromium.resize(360, 800)
    chromium.run("window.alert = undefined")
    chromium.open(page)
    chromium.until(DRAWN)
    chromium.run("await new Promise((done) => setTimeout(done, 100))")
    assert chromium.complaints == []
    assert chromium.run("return document.querySelector('h1').textContent") == EVIL
    assert chromium.run("return document.title") == EVIL
    assert chromium.run("return document.querySelector('pre').textContent") == EVIL
    assert chromium.run("return [...document.scripts].some((one) => one.textContent.startsWith('alert'))") is False
    assert chromium.run("return document.documentElement.scrollWidth") == 360
    assert read_json(tmp_path / "report.json")["evil"] == EVIL


def test_nothing_is_asked_of_a_network(browser: Browser, page: Path) -> None:
    asked = browser.run("return performance.getEntriesByType('resource').map((one) => one.name.slice(0, 60))")
    assert [name for name in asked if not name.startswith(("data:", "blob:"))] == []
    assert "default-src 'none'" in page.read_text(encoding="utf-8")
    assert sorted(path.name for path in page.parent.iterdir()) == ["index.html", "report.json"]


def test_headings_lead_to_every_section(browser: Browser) -> None:
    found = browser.run(
        "return [...document.querySelectorAll('nav a')].map((link) => document.getElementById(link.hash.slice(1))?.tagName)"
    )
    assert found == ["SECTION"] * 10
    ids = browser.run("return [...document.querySelectorAll('[id]')].map((element) => element.id)")
    assert len(set(ids)) == len(ids)


def test_report_json_holds_the_figures(page: Path) -> None:
    found = read_json(page.parent / "report.json")
    report = sample_report(pictures=8)
    assert found["conclusion"]["headline"] == report.headline and found["warnings"] == report.warnings
    assert [table["id"] for table in found["tables"]] == ["main", "strata-table", "distances-table"]
    assert found["tables"][0]["rows"][0]["cells"][4]["published"] == 0.74
    assert [plot["id"] for plot in found["plots"]][:2] == ["strata-plot", "validation"]
    assert "pictures" not in found["plots"][-1]["series"][0]
    assert [section["id"] for section in found["sections"]] == [section.id for section in report.sections]
    assert found["sections"][-1]["galleries"][0]["captions"][0].startswith("score 0.")
    assert found["sets"][0] == {"name": "R"} and found["commands"] == report.commands


def test_the_same_report_is_the_same_page(tmp_path: Path) -> None:
    first = write_report(evil_report(), tmp_path / "a").read_text(encoding="utf-8")
    assert write_report(evil_report(), tmp_path / "b").read_text(encoding="utf-8") == first


def test_figures_that_json_does_not_know_become_null(tmp_path: Path) -> None:
    table = Table("t", "T", "set", [Column("x")], [Row("a", [Cell(np.float64("nan"))])])
    report = Report("h", [], [Section("s", "S", tables=[table])], [], results={"n": np.int64(3), "a": np.arange(2)})
    write_report(report, tmp_path)
    text = (tmp_path / "report.json").read_text(encoding="utf-8")
    assert "NaN" not in text
    found = json.loads(text)
    assert found["n"] == 3 and found["a"] == [0, 1] and found["tables"][0]["rows"][0]["cells"][0]["value"] is None


def _report(section: Section) -> Report:
    return Report("h", [], [section], [])


def test_a_page_without_plots_carries_no_library(tmp_path: Path) -> None:
    assert write_report(_report(Section("s", "S", ["text"])), tmp_path).stat().st_size < 60_000


@pytest.mark.parametrize(
    ("section", "text"),
    [
        (Section("s", "S", tables=[Table("t", "T", "", [Column("x")], [Row("a", [])])]), "0 cells, there are 1 columns"),
        (Section("s", "S", plots=[Plot("p", "P", "lines", "", "", [Series("a", [1.0], [])])]), "another number of y"),
        (Section("s", "S", galleries=[Gallery("g", "")] * 2), 'gallery id "g" is used 2 times'),
        (
            Section("s", "S", galleries=[Gallery("g", "", pairs=[
                PicturePair(np.zeros((4, 4, 3), np.uint8), np.zeros((4, 5, 3), np.uint8), "a", "b")])]),
            "a slider needs two of one size",
        ),
    ],
)  # fmt: skip
def test_a_report_that_does_not_fit_together_is_refused(section: Section, text: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=re.escape(text)):
        write_report(replace(_report(section), note="n"), tmp_path)
    assert list(tmp_path.iterdir()) == []
