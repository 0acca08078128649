"""How long a report takes: choosing the worst mistakes of many test pictures, drawing them, writing the page.

    python benchmarks/report.py --pictures 1500 --people 20 --plots 12

Test pictures are drawn JPEG files, which are read as those of a dataset are; labels and detections are drawn too. Prints
one JSON object: seconds by wall clock and of the processor, and the size of the page.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from report_sample import scene

from annotate.files import read_image, write_image
from eval.measures.truth import PictureTruth
from eval.report.document import Cell, Column, Gallery, Plot, Report, Row, Section, Series, Table
from eval.report.page import write_report
from eval.report.pictures import TestedPicture, TestGalleries

FILES = 40
"""Different image files; further pictures show one of them again."""


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=1500)
    parser.add_argument("--people", type=int, default=20)
    parser.add_argument("--size-px", type=int, default=1280)
    parser.add_argument(
        "--sets", type=int, default=1, help="training sets, each with detections and galleries of its own"
    )
    parser.add_argument("--plots", type=int, default=12)
    parser.add_argument("--out", type=Path, help="keep the report here")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def main() -> None:
    how = arguments()
    rng = np.random.default_rng(how.seed)
    folder = Path(tempfile.mkdtemp(prefix="report-benchmark-"))
    files = []
    for number in range(FILES):
        files.append(folder / f"{number:03d}.jpg")
        write_image(files[-1], scene(rng, how.size_px, how.people)[0])
    found: dict[str, object] = {"pictures": how.pictures, "people": how.people, "sets": how.sets, "plots": how.plots}
    seconds: dict[str, list[float]] = {}
    sets = [drawn_results(rng, how.pictures, how.people, how.size_px, files) for _ in range(how.sets)]
    with measured(seconds, "choose and draw"):
        galleries = [gallery for number, own in enumerate(sets) for gallery in mistakes(number, own)]
    report = drawn_report(rng, galleries, how.plots)
    with measured(seconds, "write"):
        page = write_report(report, how.out or folder / "report")
    found["seconds"] = {key: round(values[0], 2) for key, values in seconds.items()}
    found["processor_seconds"] = {key: round(values[1], 2) for key, values in seconds.items()}
    found |= {"page_mb": round(page.stat().st_size / 1e6, 1), "cpus": os.cpu_count(), "load": os.getloadavg()[0]}
    shutil.rmtree(folder)
    print(json.dumps(found, indent=1))


@contextmanager
def measured(seconds: dict[str, list[float]], name: str) -> Iterator[None]:
    wall, processor = time.perf_counter(), time.process_time()
    yield
    seconds[name] = [time.perf_counter() - wall, time.process_time() - processor]


def drawn_results(
    rng: np.random.Generator, count: int, people: int, size_px: int, files: list[Path]
) -> list[TestedPicture]:
    """Pictures of one camera with detections of which one in five is wrong, and one person in five missed."""
    pictures = []
    for number in range(count):
        corners = rng.uniform(0.1, 0.8, (people, 2)) * size_px
        boxes = np.concatenate([corners, rng.uniform(0.03, 0.1, (people, 2)) * size_px], axis=1)
        wrong = rng.random(people) < 0.2
        moved = boxes + rng.normal(0, 0.003 * size_px, boxes.shape)
        moved[wrong, :2] = rng.uniform(0.1, 0.8, (int(wrong.sum()), 2)) * size_px
        read = partial(read_image, files[number % len(files)])
        truth = PictureTruth(boxes, size_px, size_px)
        found = np.column_stack([moved, rng.random(people)])
        pictures.append(TestedPicture(f"frame_{number:05d}.jpg", "camera", read, truth, found))
    return pictures


def mistakes(number: int, pictures: list[TestedPicture]) -> list[Gallery]:
    galleries = TestGalleries(pictures, 0.5)
    return [
        galleries.examples(f"examples-{number}", "Test pictures", 6),
        galleries.false_alarms(f"false-{number}", "False alarms"),
        galleries.missed_people(f"missed-{number}", "Missed people"),
    ]


def drawn_report(rng: np.random.Generator, galleries: list[Gallery], plots: int) -> Report:
    columns = [Column(f"figure {number}", better="higher") for number in range(8)]
    rows = [Row(f"set {name}", [Cell(float(value), 0.1, 0.9, 0.02) for value in rng.random(8)]) for name in range(6)]
    at = np.arange(30.0).tolist()
    curves = [
        Plot(f"plot-{number}", f"Plot {number}", "lines", "epochs", "F1",
             [Series(f"set {name}", at, rng.random(30).tolist()) for name in range(6)])
        for number in range(plots)
    ]  # fmt: skip
    section = Section("all", "All", tables=[Table("main", "Figures", "set", columns, rows)], plots=curves,
                      galleries=galleries)  # fmt: skip
    return Report("A report to measure", ["Its figures are random."], [section], [])


if __name__ == "__main__":
    main()
