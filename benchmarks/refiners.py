"""What every refiner makes of the same people: trains each preset, refines S, and measures S+ (as thesis Table 4.1).

    python benchmarks/refiners.py --synthetic S --real Rs/train --other-real Rs/val --out OUT \
        --options refine.yaml --presets C_CP_S D_S guided

Every preset runs as its own `generate.py refine` with the same options (a YAML file of RefineConfig's fields); a run
that was stopped goes on, a preset that fails is reported and the rest goes on. Then, for each: Fréchet and kernel
distance of upright crops of S+ to those of R and of S at one equal number, R against other real pictures beside it;
people kept and refused, seams, steps and seconds of training. OUT/table.md and table.json hold the figures, OUT/grid.png and
grid-outputs.png random people as in thesis Figures 4.1 and 4.2: put back, and as the network gave them.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import cv2
import numpy as np
import tyro
import yaml

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from annotate.dataset import Dataset
from annotate.files import read_json, write_image, write_json, write_text
from eval.data.person_crops import Labelled, crops_of, draw_people, labelled_people
from eval.distances.frechet import distance
from eval.distances.kernel import kernel_distance
from eval.networks.features import FeatureNetwork, load_features
from refine.config import RefineConfig
from refine.crops import collect_crops
from refine.pipeline import RESULT, obtain_refiner
from refine.plan import make_plan
from refine.presets import PRESETS
from refine.reinsertion.apply import refine_crops

ROOT = Path(__file__).resolve().parents[1]
GRID_PEOPLE = 6
_CROP_PX = 128


@dataclass(frozen=True)
class Options:
    """Compare refiners on the same people."""

    synthetic: Path
    """Dataset S."""
    real: Path
    """Dataset R that refiners learn from."""
    other_real: Path
    """Other pictures of R's camera: how far real is from real."""
    out: Path
    """Folder of the results; each preset's S+ lies in a folder of its name."""
    options: Path | None = None
    """YAML of further fields of RefineConfig, the same for all presets."""
    presets: tuple[str, ...] = tuple(name for name, preset in PRESETS.items() if preset.learns)
    """Presets to compare."""
    features: str = "bank"
    """Feature network of the distances (eval.networks.features)."""
    weights: Path | None = None
    """Its weights."""
    count: int = 272
    """Crops of each side of a distance, where there are as many (272 in the thesis)."""
    seed: int = 0
    """Which crops are drawn."""


@dataclass(frozen=True)
class Row:
    """One line of the table; distances as mean, and for the kernel distance the 2.5th and 97.5th percentile."""

    name: str
    frechet_r: float
    kernel_r: tuple[float, float, float]
    frechet_s: float | None = None
    kernel_s: tuple[float, float, float] | None = None
    steps: int | None = None
    kept_step: int | None = None
    seconds: float | None = None
    kept_share: float | None = None
    refused: dict[str, int] = field(default_factory=dict)
    seams: dict[str, float] = field(default_factory=dict)


class Measure:
    """Distances in one feature network between crops drawn once for each dataset."""

    def __init__(self, network: FeatureNetwork, count: int, seed: int) -> None:
        self.network, self.count, self.seed = network, count, seed

    def features(self, people: Sequence[Labelled]) -> np.ndarray:
        return self.network(crops_of(people, _CROP_PX))

    def between(self, a: np.ndarray, b: np.ndarray) -> tuple[float, tuple[float, float, float]]:
        kernel = kernel_distance(a, b, np.random.default_rng(self.seed))
        return distance(a, b).value, (kernel.value, kernel.low, kernel.high)


def main(options: Options) -> None:
    base = yaml.safe_load(options.options.read_text()) if options.options else {}
    finished = [name for name in options.presets if _refine(options, name)]
    measure = Measure(load_features(options.features, options.weights), options.count, options.seed)
    rows, count = _measured(options, measure, finished)
    _write_table(options, measure, rows, count, base)
    write_image(options.out / "grid.png", _grid_put_back(options, finished))
    write_image(options.out / "grid-outputs.png", _grid_outputs(options, finished, base))
    print((options.out / "table.md").read_text())


def _refine(options: Options, name: str) -> bool:
    """Run one preset; False if it failed."""
    folder = options.out / name
    command = [
        sys.executable,
        "generate.py",
        "refine",
        *(("--config", str(options.options)) if options.options else ()),
    ]
    command += [
        "--synthetic",
        str(options.synthetic),
        "--real",
        str(options.real),
        "--preset",
        name,
        "--out",
        str(folder),
    ]
    if (folder / "annotations.json").is_file() or subprocess.run(command, cwd=ROOT).returncode == 0:
        return True
    print(f"{name}: failed", file=sys.stderr)
    return False


def _measured(options: Options, measure: Measure, finished: Sequence[str]) -> tuple[list[Row], int]:
    """Rows for R against other real pictures, S, and every S+; the same people of S in all of them."""
    rng = np.random.default_rng(options.seed)
    everybody = {
        name: labelled_people([Dataset.read(path)], "person", 0.25)
        for name, path in (("R", options.real), ("other R", options.other_real), ("S", options.synthetic))
    }
    count = min(options.count, *(len(people) for people in everybody.values()))
    drawn = {name: draw_people(people, count, rng) for name, people in everybody.items()}
    known = {name: measure.features(people) for name, people in drawn.items()}
    rows = [
        Row("other R", *measure.between(known["other R"], known["R"]), *measure.between(known["other R"], known["S"])),
        Row("S", *measure.between(known["S"], known["R"])),
    ]
    for name in finished:
        dataset = Dataset.read(options.out / name)
        found = measure.features(_same_people(drawn["S"], dataset))
        to_r, to_s = measure.between(found, known["R"]), measure.between(found, known["S"])
        rows.append(Row(name, *to_r, *to_s, **_told(dataset)))
    return rows, count


def _same_people(people: Sequence[Labelled], dataset: Dataset) -> list[Labelled]:
    pictures = {picture.file_name: picture for picture in dataset}
    return [(dataset, pictures[picture.file_name], person) for _, picture, person in people]


def _told(dataset: Dataset) -> dict:
    """What S+ says about its making."""
    config = dataset.info.config
    result, training = config[RESULT], config["training"]
    people = result["refined"] + result["refused"]
    chosen = next((one for one in training["seeds"] if one["seed"] == training["seed"]), None)
    return {
        "seconds": sum(read_json(path)["seconds"] for path in (dataset.root / "training").rglob("about.json")),
        "steps": config["refinement"]["steps"],
        "kept_step": chosen and chosen["kept_step"],
        "kept_share": result["refined"] / people if people else None,
        "refused": result["refused_by_reason"],
        "seams": result["seams"],
    }


def _write_table(options: Options, measure: Measure, rows: list[Row], count: int, base: dict) -> None:
    title = measure.network.kind.title
    head = (
        "",
        f"FD to R ({title})",
        "KD to R",
        "FD to S",
        "KD to S",
        "kept",
        "seam median / worst",
        "steps (kept)",
        "s",
    )
    lines = [_line(head), _line(["---"] * len(head)), *(_line(_cells(row)) for row in rows)]
    biased = ", fewer than features: biased upwards" if count <= measure.network.kind.dimensions else ""
    note = f"{count} crops of {_CROP_PX} px on each side{biased}; weights: {measure.network.weights}; options: {base}"
    write_text(options.out / "table.md", "\n".join([*lines, "", note]) + "\n")
    write_json(options.out / "table.json", {"conditions": note, "rows": [asdict(row) for row in rows]})


def _cells(row: Row) -> list[str]:
    def kernel(value: tuple[float, float, float] | None) -> str:
        return "" if value is None else f"{value[0]:.3f} ({value[1]:.3f} to {value[2]:.3f})"

    seam = f"{row.seams['median']:.2f} / {row.seams['worst']:.2f}" if row.seams.get("people") else ""
    return [
        row.name,
        f"{row.frechet_r:.1f}",
        kernel(row.kernel_r),
        "" if row.frechet_s is None else f"{row.frechet_s:.1f}",
        kernel(row.kernel_s),
        "" if row.kept_share is None else f"{100 * row.kept_share:.1f} %",
        seam,
        "" if row.steps is None else f"{row.steps:,} ({row.kept_step})",
        "" if row.seconds is None else f"{row.seconds:.0f}",
    ]


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _chosen(options: Options) -> list[Labelled]:
    people = labelled_people([Dataset.read(options.synthetic)], "person", 0.6)
    return draw_people(people, GRID_PEOPLE, np.random.default_rng(options.seed + 1))


def _grid_put_back(options: Options, names: Sequence[str]) -> np.ndarray:
    """Rows S, then every preset; random people after reinsertion, HWC uint8 RGB."""
    people = _chosen(options)
    rows = [("S", crops_of(people, _CROP_PX))]
    for name in names:
        rows.append((name, crops_of(_same_people(people, Dataset.read(options.out / name)), _CROP_PX)))
    return _rows(rows)


def _grid_outputs(options: Options, names: Sequence[str], base: dict) -> np.ndarray:
    """Rows S, then every preset; what its network makes of the whole crops of random people."""
    people = [(picture.file_name, person.instance_id) for _, picture, person in _chosen(options)]
    rows: list[tuple[str, np.ndarray]] = []
    for name in names:
        fields = {**base, "synthetic": options.synthetic, "out": options.out / f"{name}-grid", "preset": name}
        config = RefineConfig(**fields, weights=options.out / name / "training/checkpoint.pt")
        plan = make_plan(config)
        refiner, _ = obtain_refiner(plan, config.out)
        everybody = collect_crops(plan.synthetic, plan.rule, config.max_crops, config.seed, "S", True)
        crops = everybody.only(np.array([everybody.who.index(one) for one in people]))
        if not rows:
            rows.append(("S", crops.images))
        assert crops.labels is not None
        labels = list(crops.labels) if plan.preset.needs_labels(plan.config) else None
        rows.append((name, np.stack(refine_crops(refiner, list(crops.images), labels, GRID_PEOPLE))))
    return _rows(rows)


def _rows(rows: Sequence[tuple[str, np.ndarray]]) -> np.ndarray:
    return np.concatenate([np.concatenate([_label(name), *map(_scaled, crops)], axis=1) for name, crops in rows])


def _scaled(crop: np.ndarray) -> np.ndarray:
    return cv2.resize(crop, (_CROP_PX, _CROP_PX), interpolation=cv2.INTER_CUBIC)


def _label(name: str) -> np.ndarray:
    tile = np.full((_CROP_PX, _CROP_PX, 3), 255, np.uint8)
    cv2.putText(tile, name, (4, _CROP_PX // 2), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (0, 0, 0), 1, cv2.LINE_AA)
    return tile


if __name__ == "__main__":
    main(tyro.cli(Options))
