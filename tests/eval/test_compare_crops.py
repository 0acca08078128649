"""Which crops stand for a set: as many of each, halves that share no picture, the same people of a refinement."""

from pathlib import Path

import numpy as np
import pytest

from annotate.dataset import Dataset, DatasetInfo, DatasetWriter, Person, Picture
from annotate.errors import InputError
from eval.compare.crops import People, draw_crops, equal_number, people_of
from eval.data.training_sets import TrainingSet


def _write(root: Path, people: list[int], times: list[float] | None = None, level: int = 0) -> Dataset:
    """Grey pictures; picture k has people[k] people whose boxes are brighter the later they are labelled."""
    writer = DatasetWriter(root, DatasetInfo(kind="synthetic", name=root.name))
    for number, count in enumerate(people):
        image = np.full((64, 64, 3), 20 + number + level, np.uint8)
        labelled = [Person(instance_id=k + 1, bbox=(8.0 * k, 20.0, 7.0, 12.0)) for k in range(count)]
        for k in range(count):
            image[20:32, 8 * k : 8 * k + 7] = 80 + 10 * k + number
        time = None if times is None else times[number]
        writer.add(
            Picture(id=number, file_name=f"{number:03d}.png", width=64, height=64, people=labelled, time_s=time), image
        )
    writer.finish()
    return Dataset.read(root)


def _people(datasets: list[Dataset], seed: int = 0) -> People:
    return people_of(TrainingSet("R", datasets), "person", 0.2, np.random.default_rng(seed))


def _times(people: People, half: int) -> list[float | None]:
    return [people.labelled[index][1].time_s for index in people.halves[half]]


def test_halves_of_a_clip_are_its_earlier_and_its_later_part(tmp_path: Path) -> None:
    people = _people([_write(tmp_path / "R", [2, 1, 1, 2], times=[30.0, 10.0, 20.0, 0.0])])
    assert people.timed
    assert _times(people, 0) == [0.0, 0.0, 10.0]
    assert _times(people, 1) == [20.0, 30.0, 30.0]


def test_halves_without_times_are_whole_pictures_by_chance(tmp_path: Path) -> None:
    dataset = _write(tmp_path / "R", [2] * 8)
    cuts = set()
    for seed in range(5):
        people = _people([dataset], seed)
        first, second = ({int(people.groups[index]) for index in half} for half in people.halves)
        assert not people.timed and not first & second and len(first) == len(second) == 4
        cuts.add(tuple(sorted(first)))
    assert len(cuts) > 1


def test_every_dataset_of_a_set_is_halved_by_itself(tmp_path: Path) -> None:
    """Otherwise the halves of two clips would be two cameras."""
    clips = [_write(tmp_path / name, [1, 1, 1, 1], times=[0.0, 1.0, 2.0, 3.0]) for name in "ab"]
    people = _people(clips)
    assert _times(people, 0) == [0.0, 1.0, 0.0, 1.0]
    assert people.groups.tolist() == [0, 1, 2, 3, 4, 5, 6, 7]


def test_one_picture_has_no_halves_and_two_of_them_have(tmp_path: Path) -> None:
    one = _write(tmp_path / "a", [4])
    assert not _people([one]).divisible
    both = _people([one, _write(tmp_path / "b", [3])])
    assert both.divisible and [len(half) for half in both.halves] == [4, 3]


def test_held_out_together_are_pictures_or_stretches_of_a_clip(tmp_path: Path) -> None:
    assert _people([_write(tmp_path / "S", [2, 1])]).keys.tolist() == ["000", "000", "001"]
    clip = _people([_write(tmp_path / "R", [1] * 20, times=[float(k) for k in range(20)])])
    assert clip.keys.tolist() == [f"time {k // 2}" for k in range(20)]


def test_number_is_that_of_the_smallest_set_and_of_the_reference_halves(tmp_path: Path) -> None:
    small, large = (_people([_write(tmp_path / name, [2] * count)]) for name, count in (("a", 5), ("b", 9)))
    a, b = (
        People(name, one.labelled, one.groups, one.keys, one.halves, False)
        for name, one in (("a", small), ("b", large))
    )
    assert equal_number([a, b], ["b"], 500, halves=False) == 10
    assert equal_number([a, b], ["b"], 500, halves=True) == 8
    assert equal_number([a, b], ["a"], 500, halves=True) == 4
    assert equal_number([a, b], ["a"], 3, halves=True) == 3


def test_drawn_halves_have_that_number_each_and_share_no_picture(tmp_path: Path) -> None:
    people = _people([_write(tmp_path / "R", [3] * 6)])
    drawn = draw_crops(people, 5, True, 32, np.random.default_rng(0), iter)
    first, second = drawn.halves
    assert drawn.crops.shape == (10, 32, 32, 3) and len(first) == len(second) == len(drawn.compared) == 5
    assert sorted([*first, *second]) == list(range(10))
    assert not {*drawn.groups[first]} & {*drawn.groups[second]}


def test_a_set_and_its_refinement_give_crops_of_the_same_people(tmp_path: Path) -> None:
    sets = [_people([_write(tmp_path / name, [3] * 6, level=level)]) for name, level in (("S", 0), ("S+", 9))]
    one, other = (draw_crops(people, 7, False, 32, np.random.default_rng(0), iter) for people in sets)
    assert one.texts == other.texts and len(set(one.texts)) == 7
    assert not np.array_equal(one.crops, other.crops)


def test_fewer_than_two_usable_people_are_refused(tmp_path: Path) -> None:
    dataset = _write(tmp_path / "R", [1])
    with pytest.raises(InputError, match=r'--sets: "R" has 1 people of whom .*needs 2 or more'):
        _people([dataset])
    with pytest.raises(InputError, match=r'"R" has 0 people, with a labelled head,'):
        people_of(TrainingSet("R", [_write(tmp_path / "T", [3])]), "head", 0.2, np.random.default_rng(0))
