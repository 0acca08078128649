"""A report such as an evaluation of several training sets gives, from drawn pictures and drawn figures."""

from __future__ import annotations

import cv2
import numpy as np

from eval.measures.truth import PictureTruth
from eval.report.document import (
    Cell,
    Column,
    CropOf,
    Gallery,
    PicturePair,
    Plot,
    Report,
    Row,
    Section,
    Series,
    Table,
)
from eval.report.image_store import jpeg
from eval.report.pictures import TestedPicture, TestGalleries

NAMES = [
    "R",
    "S",
    "S+ guided",
    "R + S",
    "R + S+ guided",
    "S of the other office, with a long-name_that_goes_on_and_on.v2",
]
EVIL = "<script>alert('x')</script>\"&' $$x$$ @name"
"""A name that harms a page which does not escape it."""


def scene(rng: np.random.Generator, size: int = 640, people: int = 8) -> tuple[np.ndarray, np.ndarray]:
    """A round picture of an office of a kind with people from above, and their (n, 4) boxes."""
    floor = cv2.resize(rng.integers(90, 170, (12, 12, 3), dtype=np.uint8), (size, size), interpolation=cv2.INTER_CUBIC)
    boxes = []
    for _ in range(people):
        centre = size / 2 + rng.uniform(-0.33, 0.33, 2) * size
        half = rng.uniform(0.03, 0.055, 2) * size
        colour = rng.integers(20, 240, 3).tolist()
        place = centre.astype(int).tolist()
        cv2.ellipse(floor, place, half.astype(int).tolist(), 0, 0, 360, colour, -1, cv2.LINE_AA)
        cv2.circle(floor, place, int(min(half) * 0.6), (60, 40, 30), -1, cv2.LINE_AA)
        boxes.append([*(centre - half), *(2 * half)])
    mask = np.zeros((size, size, 1), np.uint8)
    cv2.circle(mask, (size // 2, size // 2), int(size * 0.49), 1, -1)
    noisy = np.clip(floor + rng.normal(0, 5, floor.shape), 0, 255).astype(np.uint8)
    return noisy * mask, np.array(boxes).reshape(-1, 4)


def tested(rng: np.random.Generator, count: int, size: int = 640, people: int = 8) -> list[TestedPicture]:
    """Pictures and what a detector with faults found in them."""
    pictures = []
    for number in range(count):
        image, boxes = scene(rng, size, people)
        kept = boxes[rng.random(len(boxes)) < 0.8] + rng.normal(0, 2, 4)
        false = np.concatenate([rng.uniform(0.2, 0.7, (2, 2)) * size, rng.uniform(30, 60, (2, 2))], axis=1)
        scores = np.concatenate([rng.uniform(0.5, 1, len(kept)), rng.uniform(0.3, 0.9, 2)])
        found = np.column_stack([np.concatenate([kept, false]), scores])
        truth = PictureTruth(boxes, size, size)
        pictures.append(
            TestedPicture(f"office/frame_{number:05d}.jpg", f"camera {number}", lambda image=image: image, truth, found)
        )
    return pictures


def sample_report(seed: int = 0, names: list[str] | None = None, pictures: int = 14) -> Report:
    """All parts that a report can have."""
    rng = np.random.default_rng(seed)
    names = names or NAMES
    galleries = TestGalleries(tested(rng, pictures), 0.5)
    sections = [
        _figures(rng, names), _strata(rng, names), _curves(rng, names), _distances(rng, names), _people(rng, names),
        _refined(rng),
        Section("mistakes", "What went wrong", [f"The worst mistakes of the detector trained on {names[-2]}, seed 0."],
                galleries=[galleries.false_alarms("false", "False alarms, surest first"),
                           galleries.missed_people("missed", "Missed people, largest first"),
                           galleries.examples("examples", "Pictures, evenly spaced", 4)]),
    ]  # fmt: skip
    return Report(
        headline=f"{names[4]} trains the best detector: F1 0.83",
        sentences=[
            "F1 on 212 pictures with 1,731 people of Rs/test, real pictures, by training set: R + S+ guided 0.83 "
            "(0.81 to 0.85), R + S 0.80 (0.78 to 0.82), R 0.77 (0.74 to 0.79), S+ guided 0.69, S 0.61 (in brackets: "
            "95 % intervals).",
            "Refining helped: F1 of S+ guided is 0.081 above S (95 % interval +0.052 to +0.109).",
            "Adding S+ guided helped: F1 of R + S+ guided is 0.062 above R (95 % interval +0.034 to +0.090).",
        ],
        sections=sections,
        conditions=[
            ("Test", "office, real pictures: 212 pictures, 1,731 people"),
            ("Detector", "SqueezeDet, ImageNet weights of torchvision"),
            ("Training", "50 epochs, batches of 8, 512 px input, adam, learning rate 0.0003"),
            ("Right means", "IoU with a labelled box of at least 0.5"),
            ("Seeds", "0, 1, 2, 3, 4"),
            ("Intervals", "95 % bootstrap over blocks of 12 test pictures that follow one another and over seeds"),
            ("Ran on", "CPU, 2 threads, x86_64, torch 2.13.0"),
        ],
        warnings=["3 of 212 test pictures are also in R; its figures are too good."],
        note="Office of the ground floor, camera 3, spring.",
        commands=["python generate.py evaluate --train R=Rs/train S=S 'S+ guided=S+' 'R + S=Rs/train,S' --val Rs/val "
                  "--test Rs/test --seeds 0 1 2 3 4 --out report"],
        results={"sets": [{"name": name} for name in names]},
    )  # fmt: skip


def _cell(rng: np.random.Generator, value: float, published: float | None = None) -> Cell:
    spread = float(rng.uniform(0.015, 0.03))
    return Cell(value, value - spread, value + spread, spread / 2, published)


def _figures(rng: np.random.Generator, names: list[str]) -> Section:
    f1s = [0.77, 0.61, 0.69, 0.8, 0.83, 0.55]
    columns = [
        Column("Pictures", 0), Column("People", 0),
        Column("Precision", better="higher", hint="Share of detections that are people."),
        Column("Recall", better="higher", hint="Share of people who were found."),
        Column("F1", better="higher", hint="Harmonic mean of precision and recall; 1 is perfect."),
        Column("AP50", better="higher", hint="Average precision: area under precision over recall, at an IoU of 0.5."),
        Column("Miss rate", better="lower", hint="Log-average miss rate over false alarms per picture."),
        Column("Threshold", 2), Column("Kind"),
    ]  # fmt: skip
    kinds = ["real", "synthetic", "refined", "mixed", "mixed", "synthetic"]
    rows = [
        Row(name, [
            Cell(40 if kind == "real" else 1200), Cell(312 if kind == "real" else 12_034), _cell(rng, f1 + 0.03),
            _cell(rng, f1 - 0.04, 0.711 if place == 0 else None), _cell(rng, f1, 0.74 - place / 50 if place < 3 else None),
            _cell(rng, f1 - 0.02), _cell(rng, 1 - f1) if place != 1 else None, Cell(0.41), Cell(kind),
        ], "of this office" if place < 5 else "12 other offices")
        for place, (name, f1, kind) in enumerate(zip(names, f1s, kinds, strict=True))
    ]  # fmt: skip
    table = Table("main", "Figures on the test pictures", "Trained on", columns, rows, "Means over 5 seeds.")
    return Section("figures", "Figures", [], [table])


def _strata(rng: np.random.Generator, names: list[str]) -> Section:
    strata = ["below the camera", "middle", "edge", "standing", "sitting", "half hidden"]
    columns = [Column(name, 2, "higher", f"F1 of people: {name}.") for name in strata]
    rows = [Row(name, [_cell(rng, float(rng.uniform(0.4, 0.9))) for _ in strata]) for name in names]
    positions = [float(place) for place in range(len(strata))]
    series = []
    for name in names[:3]:
        y = rng.uniform(0.4, 0.9, len(strata))
        series.append(Series(name, positions, y.tolist(), (y - 0.05).tolist(), (y + 0.05).tolist()))
    bars = Plot("strata-plot", "F1 by where and how people are", "bars", "people", "F1", series, strata)
    return Section(
        "strata", "For whom it works", ["F1 of parts of the people."],
        [Table("strata-table", "F1 by stratum", "Trained on", columns, rows)], [bars],
    )  # fmt: skip


def _curves(rng: np.random.Generator, names: list[str]) -> Section:
    epochs = [float(epoch) for epoch in range(5, 55, 5)]
    plots = []
    everyone = []
    for name in names:
        level = rng.uniform(0.55, 0.85)
        y = level * (1 - np.exp(-np.array(epochs) / 12)) + rng.normal(0, 0.01, 10)
        everyone.append(Series(name, epochs, y.tolist(), (y - 0.03).tolist(), (y + 0.03).tolist()))
    plots.append(Plot("validation", "F1 on validation", "lines", "epochs", "F1", everyone))
    one = Series(names[0], epochs, everyone[0].y)
    parts = [Series(word, epochs, [y + shift for y in one.y], role="second")
             for word, shift in (("precision", 0.05), ("recall", -0.06))]  # fmt: skip
    plots.append(
        Plot("validation-one", f"Training on {names[0]}", "lines", "epochs", "share", [one, *parts], note="Seed 0.")
    )
    return Section("validation", "Validation during training", [], plots=plots)


def _distances(rng: np.random.Generator, names: list[str]) -> Section:
    columns = [Column("FID", 1, "lower", "Fréchet distance of Inception features; lower is closer."),
               Column("KID", 4, "lower", "Kernel distance; unbiased.")]  # fmt: skip
    rows = [
        Row(name, [Cell(float(rng.uniform(40, 160)), mark="*"), Cell(float(rng.uniform(0.01, 0.2)))]) for name in names
    ]
    x = rng.uniform(40, 160, len(names))
    y = 0.9 - x / 400
    points = [Series(name, [float(a)], [float(b)], [float(b) - 0.02], [float(b) + 0.02])
              for name, a, b in zip(names, x, y + rng.normal(0, 0.02, len(x)), strict=True)]  # fmt: skip
    line = Series("regression", [40.0, 160.0], [0.8, 0.5], role="line")
    plot = Plot(
        "distance-plot", "Does a smaller distance train a better detector?", "points", "FID", "F1", [*points, line]
    )
    table = Table(
        "distances-table", "Distance to the people of the test set", "Set", columns, rows, "* biased: few crops."
    )
    return Section("distances", "Distances", [], [table], [plot])


def _people(rng: np.random.Generator, names: list[str]) -> Section:
    series = []
    for name in names[:4]:
        centre = rng.normal(0, 2, 2)
        places = centre + rng.normal(0, 1, (60, 2))
        crops = [jpeg(cv2.resize(scene(rng, 96, 1)[0][16:80, 16:80], (64, 64))) for _ in range(12)]
        texts = [f"frame_{number}.jpg" for number in range(60)]
        series.append(
            Series(
                name,
                places[:, 0].tolist(),
                places[:, 1].tolist(),
                texts=texts,
                pictures=[crops[k % 12] for k in range(60)],
            )
        )
    plot = Plot("pca", "People of all sets in two directions", "points", "first component", "second component", series)
    return Section("pca-section", "How alike the people are", ["Hover over a point to see the person."], plots=[plot])


def _refined(rng: np.random.Generator) -> Section:
    def pair(size: int, caption: str) -> PicturePair:
        before, _ = scene(rng, size, 5)
        after = cv2.GaussianBlur(np.clip(before * np.array([1.1, 0.95, 0.8]) + 8, 0, 255).astype(np.uint8), (0, 0), 1.2)
        return PicturePair(before, after, "S", "S+ guided", caption)

    crops = [pair(160, "") for _ in range(6)]
    return Section("refined", "Before and after refining", galleries=[
        Gallery("refined-crops", "The same people", "Move the line.", crops),
        Gallery("refined-pictures", "Whole pictures", "", [pair(480, f"frame_{k}.jpg") for k in range(2)]),
    ])  # fmt: skip


def evil_report() -> Report:
    """Every text is a name that harms a page which does not escape it."""
    rng = np.random.default_rng(1)
    image, _ = scene(rng, 64, 1)
    points = Series(EVIL, [0.0, 1.0], [1.0, 2.0], texts=[EVIL, EVIL])
    section = Section(
        "s", EVIL, [EVIL],
        [Table("t", EVIL, EVIL, [Column(EVIL, hint=EVIL)], [Row(EVIL, [Cell(EVIL, mark=EVIL)], EVIL)], EVIL)],
        [Plot("p", EVIL, "points", EVIL, EVIL, [points, Series("other", [0.0], [0.0])], [EVIL, "b"], EVIL)],
        [Gallery("g", EVIL, EVIL, [PicturePair(image, image.copy(), EVIL, EVIL, EVIL)],
                 [CropOf(image, image, EVIL, EVIL)], key=[("red", EVIL)])],
    )  # fmt: skip
    return Report(EVIL, [EVIL], [section], [(EVIL, EVIL)], [EVIL], EVIL, [EVIL], {"evil": EVIL})
