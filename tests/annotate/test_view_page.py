"""The view page in a browser: what is drawn, what switches, filters and keys do, and how much is in the document."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import Browser
from labelled_dataset import write_labelled

from annotate.page.view import write_view

GRID_COLOURS = """
const colours = (place = 0) => {
  const canvas = document.querySelector(`#grid figure[data-place="${place}"] canvas`);
  const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d", {willReadFrequently: true});
  copy.drawImage(canvas, 0, 0);
  const data = copy.getImageData(0, 0, canvas.width, canvas.height).data;
  const found = new Set();
  for (let k = 0; k < data.length; k += 4) {
    if (data[k + 3] > 250) found.add("#" + [0, 1, 2].map((c) => data[k + c].toString(16).padStart(2, "0")).join(""));
  }
  return found;
};
const soon = () => new Promise((done) => setTimeout(done, 60));
"""
PAINTED = "[0, 300].indexOf(document.querySelector('#grid canvas')?.width ?? 0) < 0"


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with Browser() as one:
        yield one


@pytest.fixture
def browser(chromium: Browser) -> Iterator[Browser]:
    chromium.complaints.clear()
    yield chromium
    assert chromium.complaints == []


def opened(browser: Browser, tmp_path: Path, fragment: str = "", **options: object) -> Path:
    page = write_view(write_labelled(tmp_path / "S", **options), tmp_path / "S/view.html")
    browser.open(page, fragment)
    browser.until(PAINTED)
    browser.run("await new Promise((done) => setTimeout(done, 150))")
    return page


def test_grid_shows_thumbnails_with_labels_and_switches_hide_them(browser: Browser, tmp_path: Path) -> None:
    opened(browser, tmp_path)
    found = browser.run(
        GRID_COLOURS
        + """
        const head = "#00d0ff", person = "#ffc400";
        const before = [colours().has(head), colours().has(person)];
        document.querySelector("#show-head").click();
        await soon();
        const without = [colours().has(head), colours().has(person)];
        const thumbs = [...document.querySelectorAll("#grid .thumb")].map((image) => image.naturalWidth);
        return {before, without, thumbs};
        """
    )
    assert found == {"before": [True, True], "without": [False, True], "thumbs": [64, 64, 64]}


def test_only_what_is_near_the_window_is_in_the_document(browser: Browser, tmp_path: Path) -> None:
    opened(browser, tmp_path, count=500)
    nodes = "return document.querySelectorAll('*').length"
    top = browser.run(nodes)
    assert browser.run("return document.querySelector('#grid figure span').textContent") == "a #0000.png"
    browser.run("scrollTo(0, document.documentElement.scrollHeight)")
    browser.until("[...document.querySelectorAll('#grid figure')].some((card) => card.dataset.place === '499')")
    assert top < 500 and browser.run(nodes) < 500
    assert browser.run("return document.querySelectorAll('#grid figure').length") < 60


def test_filters_and_order(browser: Browser, tmp_path: Path) -> None:
    opened(browser, tmp_path, count=12)
    script = """
    const set = (id, value) => {
      document.querySelector("#" + id).value = value;
      document.querySelector("#" + id).dispatchEvent(new Event("input", {bubbles: true}));
      const names = [...document.querySelectorAll("#grid figure span:first-child")];
      return names.map((name) => name.textContent.slice(-6, -4));
    };
    const three = set("people", 3);
    const named = set("search", "#0005");
    set("search", "");
    set("people", 0);
    const standing = set("activity", "standing").length;
    set("activity", "");
    const most = set("sort", "most").slice(0, 5);
    return {three, named, standing, most, hash: location.hash};
    """
    found = browser.run(script)
    assert found["three"] == ["02", "05", "08", "11"] and found["named"] == ["05"]
    assert (found["standing"], found["most"]) == (8, ["02", "05", "08", "11", "01"])
    assert found["hash"] == "#sort=most"


def test_maps_lie_over_the_picture_with_a_legend(browser: Browser, tmp_path: Path) -> None:
    opened(browser, tmp_path, dense=True)
    script = """
    const seen = [];
    for (const map of ["depth", "normals", "classes", "picture"]) {
      document.querySelector("#map-" + map).click();
      const image = document.querySelector("#grid .map");
      if (map !== "picture") await image.decode();
      seen.push([getComputedStyle(image).display !== "none", document.querySelector("#legend").textContent]);
    }
    return seen;
    """
    depth, normals, classes, picture = browser.run(script)
    assert depth == [True, "1 m3 m along the ray; black: nothing"] and "towards the camera" in normals[1]
    assert classes == [True, "nothingfloorskin"] and picture == [False, ""]


def test_layers_of_one_colour_have_switches_that_look_different(browser: Browser, tmp_path: Path) -> None:
    opened(browser, tmp_path)
    script = """
    const look = (layer) => getComputedStyle(document.querySelector(`.swatch[data-layer=${layer}]`), "::before");
    return ["person", "rotated", "head", "point"].map((layer) =>
      [look(layer).borderTopColor, look(layer).borderTopStyle, look(layer).borderTopLeftRadius]);
    """
    person, rotated, head, point = browser.run(script)
    assert person[0] == rotated[0] and head[0] == point[0]
    assert (person[1], rotated[1]) == ("solid", "dashed") and head[2] != point[2]


def test_enlarged_labels_lie_on_the_picture_in_every_layer(browser: Browser, tmp_path: Path) -> None:
    layers = "person,rotated,radius,whole,head,point,mask,keypoints,hidden,ignore"
    opened(browser, tmp_path, f"#picture=1&labels={layers}")
    browser.until("document.querySelector('#pane .full').naturalWidth === 64")
    script = """
    const image = document.querySelector("#pane .full").getBoundingClientRect();
    const boxes = {};
    for (const path of document.querySelectorAll("svg path:not(.area)")) {
      const box = path.getBoundingClientRect(), scale = image.width / 64;
      boxes[path.dataset.layer] ??= [box.left - image.left, box.top - image.top, box.width, box.height].map((v) => v / scale);
    }
    return {boxes, dash: getComputedStyle(document.querySelector("path.hidden:not(.area)")).strokeDasharray};
    """
    found = browser.run(script)
    for layer, box in [
        ("person", [5, 10, 10, 20]), ("whole", [5, 10, 10, 30]), ("head", [6, 10, 5, 5.2]), ("mask", [5, 10, 10, 20]),
        ("hidden", [2, 36, 20, 10]), ("ignore", [40, 0, 20, 9]),
    ]:  # fmt: skip
        assert found["boxes"][layer] == pytest.approx(box, abs=0.3), layer
    assert set(found["boxes"]) == set(layers.split(",")) and found["dash"] != "none"


def test_layers_switch_in_the_enlarged_picture_too(browser: Browser, tmp_path: Path) -> None:
    opened(browser, tmp_path, "#picture=1")
    browser.until("document.querySelector('path.keypoints')")
    script = """
    const seen = (layer) => [...document.querySelectorAll("path." + layer)].map((path) => path.style.display);
    const before = [new Set(seen("hidden")).size, seen("hidden")[0], seen("rotated")[0]];
    document.querySelector("dialog #show-hidden").click();
    const after = [seen("hidden")[0], seen("person")[0]];
    return {before, after, hash: location.hash};
    """
    found = browser.run(script)
    assert found["before"] == [1, "", "none"] and found["after"] == ["none", ""]
    assert "hidden" not in found["hash"] and "picture=1" in found["hash"]


def test_seen_keypoints_are_filled_and_covered_ones_hollow(browser: Browser, tmp_path: Path) -> None:
    opened(browser, tmp_path, "#picture=0")
    browser.until("document.querySelector('path.keypoints')")
    script = "return [...document.querySelectorAll('path.keypoints')].map((p) => [p.getAttribute('d'), p.style.stroke])"
    limbs, seen, ring, hole = browser.run(script)
    assert limbs[0] == "M7 12L10 18M10 18L13 24" and seen[0] == "M7 12h.01M13 24h.01"
    assert ring[0] == hole[0] == "M10 18h.01" and hole[1] != ring[1] == seen[1]


def test_clicked_picture_is_enlarged_and_arrow_keys_go_on(browser: Browser, tmp_path: Path) -> None:
    opened(browser, tmp_path)
    caption = "return document.querySelector('#caption').textContent"
    browser.run("document.querySelectorAll('#grid .frame')[2].click()")
    assert browser.run(caption) == "a #0002.png · 3 people (3 of 3)"
    browser.press("ArrowRight")
    assert browser.run(caption) == "a #0000.png · 1 person (1 of 3)"
    browser.press("ArrowLeft")
    browser.press("ArrowLeft")
    assert browser.run(caption) == "a #0001.png · 2 people, 1 hidden (2 of 3)"
    browser.run("document.querySelector('[data-do=close]').click()")
    browser.until("!document.querySelector('dialog').open && location.hash === ''")
    assert browser.run("return document.querySelector('#home #switches') !== null")


def test_wheel_zooms_about_the_pointer_and_dragging_moves(browser: Browser, tmp_path: Path) -> None:
    opened(browser, tmp_path, "#picture=0")
    where = """
    const pane = document.querySelector("#pane").getBoundingClientRect();
    return [(300 - pane.left) / pane.width, (250 - pane.top) / pane.height, pane.width, pane.left];
    """
    before = browser.run(where)
    browser.mouse("mouseWheel", 300, 250, deltaX=0, deltaY=-600)
    after = browser.run(where)
    assert after[:2] == pytest.approx(before[:2], abs=0.002) and after[2] > 2 * before[2]
    for kind, x in [("mousePressed", 300), ("mouseMoved", 340), ("mouseReleased", 340)]:
        browser.mouse(kind, x, 250, button="left", buttons=1, clickCount=1)
    assert browser.run(where)[3] == pytest.approx(after[3] + 40, abs=1)


def test_person_under_the_pointer_is_described(browser: Browser, tmp_path: Path) -> None:
    opened(browser, tmp_path, "#picture=0")
    browser.until("document.querySelector('path.person')")
    middle = "const b = document.querySelector('path.person').getBoundingClientRect();"
    x, y = browser.run(middle + "return [b.left + b.width / 2, b.top + b.height * .8]")
    browser.click(x, y)
    details = browser.run("return document.querySelector('#details').innerText")
    for text in ("person 1", "10 × 20 px", "66 %", "1.0 m, 22 px", "<b>typing</b>", "sitting"):
        assert text in details
    assert browser.run("return document.querySelectorAll('g.chosen').length") == 1


def test_address_keeps_the_state(browser: Browser, tmp_path: Path) -> None:
    page = opened(browser, tmp_path, "#picture=2&labels=head&map=depth&people=2&sort=fewest", dense=True)
    script = """
    return [document.querySelector("#caption").textContent, document.querySelector("#map-depth").checked,
      [...document.querySelectorAll("#layers input:checked")].map((input) => input.value), location.hash,
      document.querySelector("#count").textContent];
    """
    caption, depth, labels, _, count = browser.run(script)
    assert caption == "a #0002.png · 3 people (2 of 2)" and depth and labels == ["head"]
    assert count == "2 of 3 pictures"
    browser.press("ArrowLeft")
    browser.open(page, browser.run("return location.hash"))
    assert browser.run(script)[0].startswith("a #0001.png")


@pytest.mark.parametrize("fragment", ["", "#picture=1"])
def test_nothing_scrolls_sideways_in_either_colour_scheme(browser: Browser, tmp_path: Path, fragment: str) -> None:
    page = write_view(write_labelled(tmp_path / "S", name="a" * 90, dense=True), tmp_path / "S/view.html")
    papers = set()
    for width, dark in [(360, True), (2400, False)]:
        browser.resize(width, 700)
        browser.scheme(dark)
        browser.open(page, fragment)
        browser.until(PAINTED)
        found = browser.run("const r = document.documentElement; return [r.scrollWidth - r.clientWidth, r.clientWidth]")
        buttons = browser.run(
            "return [...document.querySelectorAll('dialog[open] button')].map((b) => b.getBoundingClientRect().right)"
        )
        papers.add(browser.run("return getComputedStyle(document.body).backgroundColor"))
        assert found == [0, width] and all(right <= width for right in buttons)
    browser.resize(1280, 800)
    assert len(papers) == 2
