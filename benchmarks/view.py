"""How fluent the view page is: loading, switching a layer and scrolling to the end of thousands of pictures.

python benchmarks/view.py --pictures 3000 --people 8 --out /tmp/view-benchmark

Writes a dataset of drawn pictures (every label, hard links of a few image files), its page, and opens it in headless
Chromium, each figure from a browser with nothing in its cache. Prints one JSON object.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import tyro

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from browser import Browser

from annotate.boxes import canonical_rotated_boxes
from annotate.dataset import Dataset, DatasetInfo, DatasetWriter, Person, Picture
from annotate.files import write_image
from annotate.page.view import write_view
from annotate.rle import encode_rle

IMAGES = 5
_LOAD = """
const entry = performance.getEntriesByType("navigation")[0];
return {load_ms: Math.round(entry.loadEventEnd), interactive_ms: Math.round(entry.domInteractive),
        nodes: document.querySelectorAll("*").length, cards: document.querySelectorAll("#grid figure").length};
"""
_READY = """[...document.querySelectorAll("#grid figure")].every(
  (card) => card.querySelector(".thumb").complete && card.querySelector("canvas").width !== 300)"""
_SCROLL = """
const end = document.documentElement.scrollHeight - innerHeight, start = performance.now();
const steps = STEPS, times = [];
let last = start, nodes = 0;
for (let step = 1; step <= steps; step++) {
  scrollTo(0, TO);
  const now = await new Promise(requestAnimationFrame);
  times.push(now - last);
  last = now;
  nodes = Math.max(nodes, document.querySelectorAll("*").length);
}
times.sort((a, b) => a - b);
return {total_ms: Math.round(last - start), frames: steps, median_frame_ms: Math.round(times[steps / 2]),
        worst_frame_ms: Math.round(times.at(-1)), most_nodes: nodes, height_px: Math.round(end)};
"""
_JUMP = """
const start = performance.now();
scrollTo(0, document.documentElement.scrollHeight);
await new Promise(requestAnimationFrame);
await new Promise(requestAnimationFrame);
while (!(READY)) await new Promise(requestAnimationFrame);
return Math.round(performance.now() - start);
""".replace("READY", _READY)
_SWITCH = """
const start = performance.now();
document.querySelector("#show-mask").click();
await new Promise(requestAnimationFrame);
await new Promise(requestAnimationFrame);
return Math.round(performance.now() - start);
"""


def main(out: Path, pictures: int = 3000, people: int = 8, size_px: int = 640, width: int = 1400) -> None:
    """Write the dataset and the page into out, measure, print."""
    shutil.rmtree(out, ignore_errors=True)
    dataset = drawn_dataset(out / "S", pictures, people, size_px)
    start = time.perf_counter()
    page = write_view(dataset, out / "S" / "view.html")
    found: dict[str, Any] = {"pictures": pictures, "people": people, "size_px": size_px, "cpus": os.cpu_count()}
    found["write_s"] = round(time.perf_counter() - start, 1)
    found["page_kb"] = page.stat().st_size // 1024
    found["labels_kb"] = sum(path.stat().st_size for path in (out / "S/.cache/view/labels").iterdir()) // 1024
    with Browser(width, 900) as browser:
        start = time.perf_counter()
        browser.open(page)
        browser.until(_READY)
        found["first_pictures_complete_ms"] = round(1000 * (time.perf_counter() - start))
        found |= browser.run(_LOAD)
        found["switch_layer_ms"] = browser.run(_SWITCH)
        found["scroll_at_6000_px_s"] = scrolled(browser, "step * 100")
        found["scroll_to_the_end_in_200_steps"] = scrolled(browser, "end * step / steps")
    with Browser(width, 900) as browser:
        browser.open(page)
        found["jump_to_end_complete_ms"] = browser.run(_JUMP)
        found["complaints"] = browser.complaints
    print(json.dumps(found, indent=1))


def scrolled(browser: Browser, target: str, steps: int = 200) -> dict[str, Any]:
    """Scroll to target px in each of the frames; how long frames took, and how much of that was the page's script."""
    before = browser.seconds()["ScriptDuration"]
    found: dict[str, Any] = browser.run(_SCROLL.replace("TO", target).replace("STEPS", str(steps)))
    found["script_ms_per_frame"] = round(1000 * (browser.seconds()["ScriptDuration"] - before) / steps, 1)
    return found


def drawn_dataset(root: Path, pictures: int, people: int, size_px: int) -> Dataset:
    """Pictures of elliptical people with every label; IMAGES different ones, linked under other names."""
    rng = np.random.default_rng(0)
    writer = DatasetWriter(root, DatasetInfo(kind="stand-in", seed=0))
    files, crowds = [], []
    for number in range(IMAGES):
        image = rng.integers(60, 200, (size_px // 8, size_px // 8, 3), dtype=np.uint8).repeat(8, 0).repeat(8, 1)
        files.append(root.parent / f"image-{number}.jpg")
        write_image(files[-1], image, jpeg_quality=90)
        crowds.append([drawn_person(rng, instance + 1, size_px) for instance in range(people)])
    for index in range(pictures):
        which = index % IMAGES
        picture = Picture(id=index, file_name=f"{index:06d}.jpg", width=size_px, height=size_px, people=crowds[which])
        writer.add_files(picture, {"file_name": files[which]})
    writer.finish()
    return Dataset.read(root)


def drawn_person(rng: np.random.Generator, instance: int, size_px: int) -> Person:
    """An ellipse that points anywhere, with boxes around it and keypoints along it."""
    x, y = rng.uniform(0.15, 0.85, 2) * size_px
    h, w, angle = 0.08 * size_px, 0.035 * size_px, rng.uniform(0, np.pi)
    rows, columns = np.mgrid[:size_px, :size_px] + 0.5
    along = (columns - x) * np.sin(angle) - (rows - y) * np.cos(angle)
    across = (columns - x) * np.cos(angle) + (rows - y) * np.sin(angle)
    mask = (along / h) ** 2 + (across / w) ** 2 < 1
    ys, xs = np.nonzero(mask)
    bbox = (int(xs.min()), int(ys.min()), int(np.ptp(xs)) + 1, int(np.ptp(ys)) + 1)
    rotated = canonical_rotated_boxes([[x, y, 2 * w, 2 * h, np.degrees(angle)]])[0]
    places = np.linspace(-0.8, 0.8, 17) * h
    points = tuple((x + t * np.sin(angle), y - t * np.cos(angle), 1 + k % 2) for k, t in enumerate(places))
    return Person(
        instance_id=instance, bbox=bbox, rotated_bbox=rotated, radius_bbox=rotated, whole_bbox=bbox,
        head_bbox=(x - 8, y - 8, 16, 16), head_point=(x, y), keypoints=points, segmentation_rle=encode_rle(mask),
        area=float(mask.sum()), visible_fraction=0.9, attributes={"activity": "sitting", "pose": {"name": "typing"}},
    )  # fmt: skip


if __name__ == "__main__":
    tyro.cli(main)
