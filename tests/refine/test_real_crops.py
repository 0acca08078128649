"""The choice of real crops: what dominates loses its weight, people are left out by name, and the sheet shows both."""

from pathlib import Path

import numpy as np
import pytest

from annotate.dataset import Dataset
from annotate.errors import InputError
from annotate.files import read_image
from refine.config import RefineConfig
from refine.crops import CropRule, CropSet
from refine.real_crops import RealCrops, balanced, collect_real, kinds_of_surroundings, read_left_out, write_sheet

RULE = CropRule(32, "person", None, 1.25)


def crop(beside: str, rng: np.random.Generator) -> np.ndarray:
    """A person (a blob of any colour in the middle) on carpet, beside a "computer", a "plant" or nothing."""
    image = rng.normal(120, 6, (64, 64, 3))
    if beside == "computer":
        image[2:14, 8:56] = (30, 200, 240)
        image[4:12, 10:54] = (10, 20, 30)
    elif beside == "plant":
        image[:, :12] = rng.normal((30, 140, 40), 40, (64, 12, 3))
    image[20:44, 24:40] = rng.integers(0, 256, 3)
    return image.clip(0, 255).astype(np.uint8)


def crops(*counted: tuple[str, int]) -> tuple[np.ndarray, np.ndarray]:
    """Crops in random order, and what stands beside each."""
    rng = np.random.default_rng(4)
    beside = rng.permutation([name for name, count in counted for _ in range(count)])
    return np.stack([crop(name, rng) for name in beside]), beside


def test_surroundings_are_told_apart_whatever_the_person_wears() -> None:
    images, beside = crops(("computer", 40), ("plant", 15), ("nothing", 12))
    kinds = kinds_of_surroundings(images, 3, np.random.default_rng(0))
    for name in np.unique(beside):
        assert len(np.unique(kinds[beside == name])) == 1
    assert len(np.unique(kinds)) == 3


def test_what_dominates_is_cut_to_its_share() -> None:
    images, beside = crops(("computer", 60), ("plant", 12), ("nothing", 10))
    rng = np.random.default_rng(0)
    kept = balanced(kinds_of_surroundings(images, 3, rng), rng)
    assert {name: int((beside[kept] == name).sum()) for name in np.unique(beside)} == {
        "computer": 10,
        "plant": 10,
        "nothing": 10,
    }


def test_rare_kind_is_kept_whole_and_does_not_empty_the_others() -> None:
    kinds = np.repeat([0, 1, 2], [50, 40, 2])
    kept = balanced(kinds, np.random.default_rng(0))
    assert np.bincount(kinds[kept]).tolist() == [40, 40, 2]


def test_people_are_left_out_by_name(write_people, tmp_path: Path) -> None:
    root = write_people(tmp_path / "R", kind="real", masks=False)
    named = tmp_path / "without.txt"
    named.write_text("# on the left\nday1/000.png 2\n\nday1/001.png 3  # a poster\n")
    real = collect_real(Dataset.read(root), RULE, config(root, real_without=named))
    assert ("day1/000.png", 2) not in real.crops.who
    assert len(real.crops) == 4


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("day1/000.png", r"line 1 is 'day1/000.png'; expected `file_name instance_id`"),
        ("\nday1/000.png 9", r"line 2: there is no person 9 in a picture day1/000.png"),
    ],
)
def test_wrong_line_is_told(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "without.txt"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        read_left_out(path, {("day1/000.png", 1)})
    with pytest.raises(InputError, match="no such file"):
        read_left_out(tmp_path / "none.txt", set())


def test_list_that_leaves_nobody_is_refused(write_people, tmp_path: Path) -> None:
    root = write_people(tmp_path / "R", kind="real", masks=False)
    everybody = [(p.file_name, one.instance_id) for p in Dataset.read(root) for one in p.people]
    path = tmp_path / "without.txt"
    path.write_text("".join(f"{name} {number}\n" for name, number in everybody))
    with pytest.raises(InputError, match="leaves nobody"):
        collect_real(Dataset.read(root), RULE, config(root, real_without=path))


def test_choice_follows_from_the_seed(write_people, tmp_path: Path) -> None:
    root = write_people(tmp_path / "R", kind="real", masks=False)
    one, same = (collect_real(Dataset.read(root), RULE, config(root, real_balance=2)) for _ in range(2))
    assert np.array_equal(one.kept, same.kept)


def test_sheet_names_every_crop_and_darkens_those_left_out(tmp_path: Path) -> None:
    images = np.full((3, 32, 32, 3), 200, np.uint8)
    who = (("a.png", 1), ("a.png", 2), ("b c.png", 1))
    real = RealCrops(CropSet(images, who), np.array([1, 0, 0]), np.array([True, False, True]))
    write_sheet(tmp_path, real)
    lines = (tmp_path / "real-crops.txt").read_text().splitlines()
    assert [line.split("  #")[0] for line in lines] == ["a.png 2", "b c.png 1", "a.png 1"]
    assert "left out" in lines[0]
    sheet = read_image(tmp_path / "real-crops.jpg")
    means = [sheet[:96, 96 * column : 96 * (column + 1)].mean() for column in range(4)]
    assert means == pytest.approx([50, 200, 200, 0], abs=2)
    # The list is what --real-without reads.
    assert read_left_out(tmp_path / "real-crops.txt", set(who)) == set(who)


def config(root: Path, **changes) -> RefineConfig:
    return RefineConfig(synthetic=root, real=root, out=root.parent / "out", size_px=32, **changes)
