"""The training sets that an evaluation compares: what --train names, and which of them are refinements of others.

A set is one recipe: NAME=A,B learns from A and B together; NAME=A,then,B from A first and from B afterwards, at a lower
learning rate (fine-tuning); NAME=A,towards,U from A while features are drawn towards the unlabelled pictures of U
(domain-adversarial). `then` may come several times, `towards` once, at the end.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

from annotate.dataset import Dataset
from annotate.errors import InputError

THEN, TOWARDS = "then", "towards"


@dataclass(frozen=True)
class TrainingSet:
    """One row of the table: a name and its recipe."""

    name: str
    datasets: list[Dataset]
    """All whose labels are learned, in the order of the recipe."""
    lengths: tuple[int, ...] = ()
    """How many of them each stage has; () for one stage with all."""
    towards: list[Dataset] = field(default_factory=list)
    """Whose pictures are seen without their labels."""

    @property
    def stages(self) -> list[list[Dataset]]:
        lengths = self.lengths or (len(self.datasets),)
        starts = [sum(lengths[:number]) for number in range(len(lengths))]
        return [self.datasets[start : start + length] for start, length in zip(starts, lengths, strict=True)]

    @property
    def pictures(self) -> int:
        return sum(len(dataset) for dataset in self.datasets)

    @property
    def kind(self) -> str:
        """Kind of its datasets; "mixed" if they differ."""
        kinds = {dataset.info.kind for dataset in self.datasets}
        return kinds.pop() if len(kinds) == 1 else "mixed"

    @property
    def recipe(self) -> str:
        """What is done with its datasets, in words; "" where it is simply learned from them together."""
        counts = ["+".join(dataset.root.name for dataset in stage) for stage in self.stages]
        text = f", {THEN} ".join(counts) if len(counts) > 1 else ""
        unlabelled = f"{TOWARDS} {'+'.join(dataset.root.name for dataset in self.towards)}" if self.towards else ""
        return ", ".join(part for part in (text, unlabelled) if part)


def read_set(name: str, folders: Sequence[Path], option: str = "--train") -> TrainingSet:
    """Read a training set from the parts of its entry (parse_entry).

    Where a part of it only stands in for real pictures, its name says so. InputError for a recipe that cannot be.
    """
    stages, unlabelled = _recipe(name, [str(folder) for folder in folders], option)
    read = {folder: Dataset.read(Path(folder)) for folder in dict.fromkeys([*chain.from_iterable(stages), *unlabelled])}
    datasets = [read[folder] for stage in stages for folder in stage]
    lengths = tuple(len(stage) for stage in stages) if len(stages) > 1 else ()
    found = TrainingSet(name, datasets, lengths, [read[folder] for folder in unlabelled])
    stand_ins = [dataset.info.kind == "stand-in" for dataset in datasets]
    if not any(stand_ins) or "stand-in" in name.lower():
        return found
    mark = "stand-in" if all(stand_ins) else "part stand-in"
    return TrainingSet(f"{name} ({mark})", datasets, lengths, found.towards)


def _recipe(name: str, parts: Sequence[str], option: str) -> tuple[list[list[str]], list[str]]:
    """Folders of each stage, and of unlabelled pictures."""
    stages: list[list[str]] = [[]]
    unlabelled: list[str] | None = None
    for part in parts:
        if part == TOWARDS and unlabelled is None:
            unlabelled = []
        elif part == THEN and unlabelled is None:
            stages.append([])
        elif part in (THEN, TOWARDS):
            raise InputError(
                f'{option} "{name}": found "{part}" after "{TOWARDS}", expected folders of unlabelled pictures'
            )
        else:
            (stages[-1] if unlabelled is None else unlabelled).append(part)
    if not all(stages) or unlabelled == []:
        raise InputError(
            f'{option} "{name}": expected a folder before and after every "{THEN}" and "{TOWARDS}", found '
            f"{','.join(parts)}"
        )
    return stages, unlabelled or []


@dataclass(frozen=True)
class Pair:
    """A refined dataset beside the synthetic one it was made from; names as the report shows them."""

    refined_name: str
    refined: Dataset
    synthetic_name: str
    synthetic: Dataset


def parse_entry(entry: str, option: str = "--train") -> tuple[str, list[Path]]:
    """A --train entry: its name and the parts of its recipe. FOLDER, or NAME=FOLDER, or NAME=FOLDER,FOLDER.

    Names and folders may hold "+" and spaces; an entry that is a folder as it stands is taken as one. A folder alone
    is named by its last part. InputError for an entry with an empty part.
    """
    name, equals, folders = entry.partition("=")
    if Path(entry).is_dir() or not equals:
        name, folders = Path(entry).resolve().name, entry
    parts = [folders] if Path(folders).is_dir() else folders.split(",")
    if not name.strip() or not all(part.strip() for part in parts):
        raise InputError(f'{option} "{entry}": expected FOLDER, NAME=FOLDER or NAME=FOLDER,FOLDER')
    return name.strip(), [Path(part.strip()) for part in parts]


def parse_entries(entries: Sequence[str], option: str = "--train") -> dict[str, list[Path]]:
    """All entries of an option by name, in order; InputError for none, or for a name used twice."""
    if not entries:
        raise InputError(f"{option}: expected at least one dataset, found none")
    sets: dict[str, list[Path]] = {}
    for entry in entries:
        name, folders = parse_entry(entry, option)
        if name in sets:
            raise InputError(f'{option}: two sets are called "{name}"; name them with NAME=FOLDER')
        sets[name] = folders
    return sets


def _file_names(dataset: Dataset) -> set[str]:
    return {picture.stem for picture in dataset}


def find_pairs(sets: Sequence[TrainingSet]) -> list[Pair]:
    """Refined sets with the synthetic ones of the same pictures, as far as they are among the sets.

    A set is a refinement if its dataset says so (kind refined) and another set's pictures have the same file names;
    where none has, the dataset it says it was made from is used, if that is still there.
    """
    single = [(entry.name, entry.datasets[0]) for entry in sets if len(entry.datasets) == 1]
    pairs = []
    for name, refined in single:
        if refined.info.kind != "refined":
            continue
        names = _file_names(refined)
        others = [(o, d) for o, d in single if d.info.kind != "refined" and names <= _file_names(d)]
        source = others[0] if others else _named_source(refined)
        if source is not None:
            pairs.append(Pair(name, refined, *source))
    return pairs


def _named_source(refined: Dataset) -> tuple[str, Dataset] | None:
    """The dataset that a refined one says it was made from, if it is there and holds its pictures."""
    path = refined.info.config.get("synthetic")
    if not isinstance(path, str) or not (Path(path) / "dataset.json").is_file():
        return None
    try:
        source = Dataset.read(Path(path))
    except InputError:
        return None
    return (Path(path).name, source) if _file_names(refined) <= _file_names(source) else None


def named_pairs(texts: Sequence[str], sets: Sequence[TrainingSet]) -> list[Pair]:
    """Pairs given as REFINED=SYNTHETIC names of training sets; InputError for an unknown name or other pictures."""
    by_name = {entry.name: entry for entry in sets if len(entry.datasets) == 1}
    pairs = []
    for text in texts:
        refined, _, synthetic = text.partition("=")
        for name in (refined, synthetic):
            if name not in by_name:
                raise InputError(f'--pairs "{text}": "{name}" is none of the training sets {", ".join(by_name)}')
        a, b = by_name[refined].datasets[0], by_name[synthetic].datasets[0]
        if not _file_names(a) & _file_names(b):
            raise InputError(
                f'--pairs "{text}": the two sets share no file names, so nothing can be shown side by side'
            )
        pairs.append(Pair(refined, a, synthetic, b))
    return pairs


def shared_pictures(train: Sequence[Dataset], test: Dataset) -> list[str]:
    """File names of test pictures that, bit for bit, are also in a training set: a leak that flatters the figures."""
    seen = set().union(*(_checksums(dataset) for dataset in train)) if train else set()
    return sorted(name for checksum, name in _checksums(test).items() if checksum in seen)


def _checksums(dataset: Dataset) -> dict[str, str]:
    """File names by the SHA-256 that manifest.jsonl records."""
    path = dataset.root / "manifest.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    entries = [json.loads(line) for line in lines if line.strip()]
    return {entry["image_sha256"]: entry["file"] for entry in entries if "image_sha256" in entry}
