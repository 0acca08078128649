"""The stages of a design: split, render, refine, draw subsets, train; then test and compare whatever came of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from annotate.dataset import read_info
from annotate.errors import PlafondError
from annotate.files import read_json
from eval.benchmark.config import BenchmarkConfig, RealSets
from eval.benchmark.design import Design
from eval.benchmark.options import CommandOptions
from eval.benchmark.sizes import Count, Guess, Sizes
from eval.benchmark.stages import Options, Source, Stage
from eval.benchmark.thesis import PROJECTED

SUBSET_SEED = 0
"""Seed of the order in which pictures of the sweep's subsets are drawn; smaller subsets are parts of larger ones."""
TRAIN_ONLY: Options = {"examples": 0, "mistakes": 0, "features": "bank", "feature_weights": None, "max_crops": 50,
                       "pool_weights": [], "mlflow": None}  # fmt: skip
"""What a call of evaluate need not do that only trains: its report is not shown."""
PROJECTION_ONLY = frozenset({"pool_weights", "pools", "pool_vectors", "max_points"})
"""Options of compare that only its plots follow."""
VARYING = frozenset({"train", "seeds", *TRAIN_ONLY})
"""Options in which calls of evaluate differ that keep their detectors in one folder."""


@dataclass(frozen=True)
class TrainingSet:
    """One row of the tables: its datasets. group: "" for those tested on R's test set, "new" for D_new's."""

    name: str
    sources: tuple[Source, ...]
    pictures: int
    group: str = ""


@dataclass(frozen=True)
class Bench:
    """A checked configuration, with everything that the building of stages asks for."""

    config: BenchmarkConfig
    options: CommandOptions
    sizes: Sizes
    guess: Guess

    def real(self, part: str, group: str = "") -> Source:
        """A part of R, or of R divided the other way round."""
        sets = self.config.new if group else self.config.real
        if sets.folder is not None:
            return Source(Path(part), _split_name(group))
        path = getattr(sets, part)
        assert path is not None
        return Source(path)

    @property
    def synthetic(self) -> Source:
        return Source(stage="render S") if self.config.synthetic is None else Source(self.config.synthetic)


def training_sets(bench: Bench, design: Design) -> list[TrainingSet]:
    """All rows, in the order of the thesis's tables."""
    sizes, favourite = bench.sizes, design.favourite
    real, synthetic = bench.real("train"), bench.synthetic
    few, many = sizes.real["train"].pictures, sizes.synthetic.pictures
    sets = [TrainingSet("R", (real,), few), TrainingSet("S", (synthetic,), many)]
    sets += [TrainingSet(name, (refined(name),), many) for name in design.presets]
    if design.mixtures:
        sets.append(TrainingSet("R + S", (real, synthetic), few + many))
    if favourite is not None:
        if design.mixtures or any(is_whole(sizes, times) for times in design.sweep):
            sets.append(TrainingSet(mixture_name(favourite), (real, refined(favourite)), few + many))
        for times in design.sweep:
            if not is_whole(sizes, times):
                part = Source(Path("train"), _subset_name(favourite, times))
                sets.append(TrainingSet(sweep_name(favourite, times), (real, part), few * (1 + times)))
        if design.reproduction:
            name = reproduction_name(favourite)
            sets.append(TrainingSet(name, (refined(name),), many))
        if design.new:
            sets += _new_sets(bench, favourite)
    if design.style:
        sets.append(TrainingSet("S_style", (refined("S_style"),), many))
    return sets


def _new_sets(bench: Bench, favourite: str) -> list[TrainingSet]:
    real, made = bench.real("train", "new"), refined(f"{favourite}_new")
    few, many = bench.sizes.new["train"].pictures, bench.sizes.synthetic.pictures
    return [
        TrainingSet("R_new", (real,), few, "new"),
        TrainingSet(f"{favourite}_new", (made,), many, "new"),
        TrainingSet(f"R_new + {favourite}_new", (real, made), few + many, "new"),
    ]


def refined(name: str) -> Source:
    return Source(stage=f"refine {name}")


def mixture_name(favourite: str) -> str:
    return f"R + {favourite}"


def sweep_name(favourite: str, times: int) -> str:
    return f"R + {times}x {favourite}"


def reproduction_name(favourite: str) -> str:
    return f"{favourite}_reproduction"


def is_whole(sizes: Sizes, times: int) -> bool:
    """Whether so many times the real pictures are all the refined ones that there are."""
    return times * sizes.real["train"].pictures >= sizes.synthetic.pictures


def train_stage_name(entry: TrainingSet, seed: int) -> str:
    return f"train {entry.name}, seed {seed}"


def test_stage_name(group: str) -> str:
    return "test new" if group else "test"


def making_stages(bench: Bench, design: Design) -> list[Stage]:
    """Every stage before the tests, in order. R is trained on first: what is wrong with evaluate's options is known soon."""
    sets = training_sets(bench, design)
    runs = [_train(bench, entry, seed) for seed in range(design.seeds) for entry in sets]
    stages = [_split(bench, group) for group in ("", "new") if _divided(bench, design, group)]
    stages.append(runs.pop(0))
    if bench.config.synthetic is None:
        stages.append(_render(bench))
    stages += [_refine(bench, name, name) for name in design.presets]
    favourite = design.favourite
    if favourite is not None:
        stages += [_subset(bench, favourite, times) for times in design.sweep if not is_whole(bench.sizes, times)]
        if design.reproduction:
            stages.append(_refine(bench, reproduction_name(favourite), favourite, seed=1))
        if design.new:
            stages.append(_refine(bench, f"{favourite}_new", favourite, group="new"))
    if design.style:
        stages.append(_style(bench))
    return [*stages, *runs]


def closing_stages(
    bench: Bench,
    design: Design,
    sets: Sequence[TrainingSet],
    seeds: Sequence[int],
    comparable: Sequence[TrainingSet] | None = None,
) -> list[Stage]:
    """The tests of the sets that were trained on, and the distances between those whose pictures are there (default: the
    same sets)."""
    stages = []
    for group in ("", "new"):
        own = [entry for entry in sets if entry.group == group]
        if own and seeds:
            stages.append(_test(bench, own, list(seeds), group))
    compared = [entry for entry in (sets if comparable is None else comparable) if _is_compared(entry, design)]
    if design.compare and {"R", "S"} <= {entry.name for entry in compared}:
        stages.append(_compare(bench, compared))
        ready = {entry.name for entry in compared}
        stages += [_project(bench, name, compared) for name in projected(bench, design) if name in ready]
    return stages


def _is_compared(entry: TrainingSet, design: Design) -> bool:
    """The rows of Table 4.1: sets of one dataset and the favourite with R."""
    favourite = design.favourite is not None and entry.name == mixture_name(design.favourite)
    return not entry.group and (len(entry.sources) == 1 or favourite)


def _divided(bench: Bench, design: Design, group: str) -> bool:
    sets = bench.config.new if group else bench.config.real
    return sets.folder is not None and (not group or design.new)


def _split_name(group: str) -> str:
    return "split R_new" if group else "split R"


def _split(bench: Bench, group: str) -> Stage:
    sets: RealSets = bench.config.new if group else bench.config.real
    assert sets.folder is not None
    given = {"by": sets.by, "fractions": list(sets.fractions), "gap": sets.gap}
    pictures = sum(count.pictures for count in (bench.sizes.new if group else bench.sizes.real).values())
    return Stage(
        _split_name(group), "split", {"R": Source(sets.folder)}, lambda paths: {"dataset": str(paths["R"]), **given},
        bench.guess.split(pictures), "R_new" if group else "R",
    )  # fmt: skip


def _render(bench: Bench) -> Stage:
    options = {"name": "S", **bench.options.render}
    work = bench.guess.render(bench.sizes.synthetic.pictures)
    return Stage("render S", "render", {}, lambda _: dict(options), work, "S")


def _refine(bench: Bench, name: str, preset: str, seed: int = 0, group: str = "") -> Stage:
    """S refined by a preset. group new: learned from R_new in as many steps as the preset took from R (section 5.7)."""
    common = dict(bench.options.refine)
    common["seed"] = common.get("seed", 0) + seed * common.get("seeds", 1)
    inputs = {"S": bench.synthetic, "R": bench.real("train", group)}
    steps = None
    if group:
        inputs["like"] = refined(preset)
        steps = bench.guess.refine_steps(bench.sizes.synthetic, bench.sizes.real["train"])

    def options(paths: dict[str, Path]) -> Options:
        found = {**common, "preset": preset, "synthetic": str(paths["S"]), "real": str(paths["R"])}
        return {**found, "steps": steps_of(paths["like"])} if group else found

    real = (bench.sizes.new if group else bench.sizes.real)["train"]
    work = bench.guess.refine(bench.sizes.synthetic, real, steps)
    return Stage(f"refine {name}", "refine", inputs, options, work, name)


def steps_of(refined_set: Path) -> int:
    """Steps of training that a refined dataset says it took."""
    steps = read_info(refined_set).config.get("refinement", {}).get("steps")
    if not isinstance(steps, int):
        raise PlafondError(f"{refined_set}/dataset.json: config.refinement.steps is {steps!r}, expected a number")
    return steps


def _style(bench: Bench) -> Stage:
    """The control of section 5.6: paintings instead of learning."""
    common, paintings = bench.options.refine, bench.config.paintings
    assert paintings is not None
    learns = ("steps", "epochs", "seeds")
    given = {name: value for name, value in common.items() if name not in learns} | {"paintings": str(paintings)}
    return Stage(
        "refine S_style", "refine", {"S": bench.synthetic},
        lambda paths: {**given, "preset": "S_style", "synthetic": str(paths["S"])},
        bench.guess.refine(bench.sizes.synthetic, None), "S_style",
    )  # fmt: skip


def _subset_name(favourite: str, times: int) -> str:
    return f"draw {times}x {favourite}"


def _subset(bench: Bench, favourite: str, times: int) -> Stage:
    """times * |R| pictures of the refined set, drawn by a seed: the part `train` of a random split, linked and not copied."""

    def options(paths: dict[str, Path]) -> Options:
        whole, wanted = picture_count(paths["refined"]), times * picture_count(paths["R"])
        share = min(1.0, wanted / whole)
        fractions = [share, 0.0, 1.0 - share]
        return {"dataset": str(paths["refined"]), "by": "random", "fractions": fractions, "seed": SUBSET_SEED}

    inputs = {"refined": refined(favourite), "R": bench.real("train")}
    work = bench.guess.split(bench.sizes.synthetic.pictures)
    return Stage(_subset_name(favourite, times), "split", inputs, options, work, f"{times}x {favourite}")


def picture_count(root: Path) -> int:
    """Pictures of a finished dataset."""
    return len(read_json(root / "annotations.json")["images"])


def _train(bench: Bench, entry: TrainingSet, seed: int) -> Stage:
    counts = _counts(bench, entry.group)
    real = bench.real("train", entry.group) in entry.sources
    work = bench.guess.train(entry.pictures, real, counts["val"].pictures, counts["test"].pictures)
    return _evaluate(bench, train_stage_name(entry, seed), [entry], [seed], entry.group, work, TRAIN_ONLY)


def _test(bench: Bench, sets: list[TrainingSet], seeds: list[int], group: str) -> Stage:
    counts = _counts(bench, group)
    seen = sum(entry.pictures for entry in sets)
    work = bench.guess.test(len(sets) * len(seeds), counts["test"].pictures, seen)
    return _evaluate(bench, test_stage_name(group), sets, seeds, group, work, {})


def _counts(bench: Bench, group: str) -> dict[str, Count]:
    return bench.sizes.new if group else bench.sizes.real


def _evaluate(
    bench: Bench, name: str, sets: list[TrainingSet], seeds: list[int], group: str, work: Any, more: Options
) -> Stage:
    """A call of evaluate. All calls with one validation and test set write into one folder, which keeps the detectors."""
    inputs, entries = set_inputs(sets)
    inputs |= {"val": bench.real("val", group), "test": bench.real("test", group)}

    def options(paths: dict[str, Path]) -> Options:
        places = {"train": entries(paths), "val": str(paths["val"]), "test": str(paths["test"])}
        return {**bench.options.evaluate, **more, **places, "seeds": seeds}

    shared = "detectors-new" if group else "detectors"
    return Stage(name, "evaluate", inputs, options, work, "", "report", shared, VARYING, ("val", "test"))


def set_inputs(sets: Sequence[TrainingSet]) -> tuple[dict[str, Source], Callable[[dict[str, Path]], list[str]]]:
    """The sets' datasets as inputs of a stage, and what turns their places into NAME=FOLDER,FOLDER."""
    words = {(entry.name, number): f"{entry.name} {number}" for entry in sets for number in range(len(entry.sources))}
    inputs = {words[entry.name, number]: one for entry in sets for number, one in enumerate(entry.sources)}

    def entries(paths: dict[str, Path]) -> list[str]:
        return [
            f"{entry.name}={','.join(str(paths[words[entry.name, number]]) for number in range(len(entry.sources)))}"
            for entry in sets
        ]

    return inputs, entries


def _compare(bench: Bench, sets: list[TrainingSet]) -> Stage:
    """Distances; the projections are stages of their own, for they need weights that may not be there."""
    return _comparison(bench, "compare", sets, {"reference": ["R", "S"], "pca": False})


def projected(bench: Bench, design: Design) -> list[str]:
    """Refined sets that are shown beside R and S: the favourite and those that the thesis shows."""
    if "projection" not in bench.config.parts:
        return []
    return [name for name in design.presets if name in PROJECTED or name == design.favourite]


def _project(bench: Bench, name: str, sets: Sequence[TrainingSet]) -> Stage:
    """Principal components of R, S and one refined set, as in Figure 4.10; distances are not wanted, so cheap ones."""
    three = [entry for entry in sets if entry.name in ("R", "S", name)]
    more = {"reference": [], "features": ["bank"], "feature_weights": [], "pca": True}
    return _comparison(bench, f"project {name}", three, more)


def _comparison(bench: Bench, name: str, sets: list[TrainingSet], more: Options) -> Stage:
    inputs, entries = set_inputs(sets)
    target = {"target": bench.options.evaluate["target"]} if "target" in bench.options.evaluate else {}

    shared = {key: value for key, value in bench.options.compare.items() if more["pca"] or key not in PROJECTION_ONLY}

    def options(paths: dict[str, Path]) -> Options:
        return {**target, **shared, "sets": entries(paths), **more}

    work = bench.guess.compare(len(sets))
    return Stage(name, "compare", inputs, options, work, "comparison", "report")
