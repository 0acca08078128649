"""What --train may say, and which training sets are refinements of others."""

from collections.abc import Callable
from pathlib import Path

import pytest

from annotate.dataset import Dataset
from annotate.errors import InputError
from eval.data.training_sets import (
    TrainingSet,
    find_pairs,
    named_pairs,
    parse_entries,
    parse_entry,
    read_set,
    shared_pictures,
)


def test_entry_is_a_folder_or_a_name_with_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for folder in ("S", "S+", "Rs/train", "a=b", "c,d"):
        Path(folder).mkdir(parents=True)
    assert parse_entry("S+") == ("S+", [Path("S+")])
    assert parse_entry("S+=S+") == ("S+", [Path("S+")])
    assert parse_entry("R=Rs/train") == ("R", [Path("Rs/train")])
    assert parse_entry("R + S+=Rs/train,S+") == ("R + S+", [Path("Rs/train"), Path("S+")])
    assert parse_entry("Rs/train") == ("train", [Path("Rs/train")])
    assert parse_entry("a=b") == ("a=b", [Path("a=b")])
    assert parse_entry("x=c,d") == ("x", [Path("c,d")])


def test_set_of_stand_in_pictures_says_so_in_its_name(tmp_path: Path, write_discs: Callable[..., Path]) -> None:
    real, stand_in = write_discs(tmp_path / "R", kind="real"), write_discs(tmp_path / "T", kind="stand-in")
    assert read_set("R", [real]).name == "R"
    assert read_set("T", [stand_in]).name == "T (stand-in)"
    assert read_set("my stand-in", [stand_in]).name == "my stand-in"
    assert read_set("both", [real, stand_in]).name == "both (part stand-in)"


@pytest.mark.parametrize("entry", ["=S", "R=", "R=S,,T", ""])
def test_entry_with_an_empty_part_is_refused(entry: str) -> None:
    with pytest.raises(InputError, match="expected FOLDER, NAME=FOLDER or NAME=FOLDER,FOLDER"):
        parse_entry(entry)


def test_same_name_twice_is_refused() -> None:
    with pytest.raises(InputError, match='two sets are called "train"'):
        parse_entries(["A/train", "B/train"])
    with pytest.raises(InputError, match="at least one"):
        parse_entries([])


def _set(name: str, *roots: Path) -> TrainingSet:
    return TrainingSet(name, [Dataset.read(root) for root in roots])


def test_refined_set_is_paired_with_the_set_of_the_same_pictures(
    tmp_path: Path, write_discs: Callable[..., Path]
) -> None:
    synthetic = _set("S", write_discs(tmp_path / "S"))
    refined = _set("S+", write_discs(tmp_path / "S+", kind="refined"))
    mixed = _set("both", tmp_path / "S", tmp_path / "S+")
    pairs = find_pairs([refined, mixed, synthetic])
    assert [(pair.refined_name, pair.synthetic_name) for pair in pairs] == [("S+", "S")]
    assert mixed.kind == "mixed" and synthetic.kind == "synthetic"
    assert find_pairs([synthetic, _set("T", write_discs(tmp_path / "T"))]) == []


def test_refined_set_alone_finds_the_dataset_it_was_made_from(tmp_path: Path, write_discs: Callable[..., Path]) -> None:
    root = write_discs(tmp_path / "S")
    refined = _set("S+", write_discs(tmp_path / "S+", kind="refined", config={"synthetic": str(root)}))
    (pair,) = find_pairs([refined])
    assert pair.synthetic_name == "S" and pair.synthetic.root == root


def test_named_pairs_must_be_training_sets(tmp_path: Path, write_discs: Callable[..., Path]) -> None:
    sets = [_set("S", write_discs(tmp_path / "S")), _set("T", write_discs(tmp_path / "T"))]
    assert named_pairs(["T=S"], sets)[0].synthetic_name == "S"
    with pytest.raises(InputError, match='"U" is none of the training sets S, T'):
        named_pairs(["U=S"], sets)


def test_test_pictures_in_a_training_set_are_noticed(tmp_path: Path, write_discs: Callable[..., Path]) -> None:
    train = Dataset.read(write_discs(tmp_path / "a", seed=1))
    same, other = write_discs(tmp_path / "b", seed=1), write_discs(tmp_path / "c", seed=2)
    assert len(shared_pictures([train], Dataset.read(same))) == 6
    assert shared_pictures([train], Dataset.read(other)) == []


def test_recipe_has_stages_and_unlabelled_pictures(tmp_path: Path, write_discs: Callable[..., Path]) -> None:
    a, b, c, u = (write_discs(tmp_path / name, pictures=2) for name in "abcu")
    staged = read_set("x", [a, b, Path("then"), c])
    assert [[one.root for one in stage] for stage in staged.stages] == [[a, b], [c]]
    assert staged.recipe == "a+b, then c" and staged.pictures == 6 and not staged.towards
    drawn = read_set("x", [a, Path("then"), b, Path("towards"), u])
    assert [one.root for one in drawn.towards] == [u] and drawn.recipe == "a, then b, towards u"
    assert [len(stage) for stage in read_set("x", [a, b]).stages] == [2] and read_set("x", [a, b]).recipe == ""


@pytest.mark.parametrize("parts", ["then,a", "a,then", "a,then,then,b", "towards,a", "a,towards", "a,towards,b,then,c"])
def test_recipe_without_folders_is_refused(parts: str) -> None:
    with pytest.raises(InputError, match=r'--train "x": (expected a folder|found "then" after)'):
        read_set("x", [Path(part) for part in parts.split(",")])
