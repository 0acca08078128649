"""Crops of people and of background, and how a set is divided among the parts."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import shapely

from annotate.dataset import Dataset, DatasetInfo, DatasetWriter, Person, Picture
from annotate.errors import InputError
from eval.ood.config import OodConfig
from eval.ood.crops import BACKGROUND, PERSON, CropSet, Window, background_frames, cut, join, occupied, person_window
from eval.ood.domains import Domain, cut_crops, divide, parse_sets, plan_crops, read_domains

WriteDiscs = Callable[..., Path]


def _config(**options: object) -> OodConfig:
    return OodConfig(sets=[], **{"crop_px": 32, "max_crops": 200, **options})  # type: ignore[arg-type]


@pytest.fixture
def domain(tmp_path: Path, write_discs: WriteDiscs) -> Domain:
    return Domain("S", Dataset.read(write_discs(tmp_path / "S", 24, size=128)))


def test_core_of_background_touches_neither_people_nor_ignore_areas(tmp_path: Path) -> None:
    people = [
        Person(instance_id=1, bbox=(20, 90, 30, 30)),
        Person(instance_id=2, bbox=(100, 20, 20, 20), hidden=True),
    ]
    area = [(150.0, 100.0), (200.0, 100.0), (200.0, 200.0), (150.0, 200.0)]
    picture = Picture(id=0, file_name="a.png", width=200, height=200, people=people, ignore_areas=[area])
    dataset = Dataset(tmp_path, DatasetInfo(kind="real"), [picture])
    window = person_window(dataset, picture, people[0].bbox, 32)[1]
    frames = background_frames(dataset, picture, [window], 30, 32, np.random.default_rng(0))
    assert len(frames) == 30
    taken = shapely.union_all([shapely.box(20, 90, 50, 120), shapely.box(100, 20, 120, 40), shapely.Polygon(area)])
    assert occupied(picture).equals(taken)
    cores = [shapely.Polygon(frame.to_picture([[4, 4], [28, 4], [28, 28], [4, 28]])) for frame in frames]
    assert not any(taken.intersects(core) for core in cores)
    assert any(taken.intersects(shapely.Polygon(frame.corners_px())) for frame in frames)


def test_background_has_sizes_and_distances_of_people(tmp_path: Path) -> None:
    picture = Picture(id=0, file_name="a.png", width=300, height=400)
    dataset = Dataset(tmp_path, DatasetInfo(kind="real"), [picture])
    windows = [Window(radius=0.1, side=0.08, inside=1.0), Window(radius=0.2, side=0.12, inside=1.0)]
    frames = background_frames(dataset, picture, windows, 60, 32, np.random.default_rng(1))
    middles = np.array([frame.to_picture([[16, 16]])[0] for frame in frames])
    radii, sides = np.hypot(*(middles - [150, 200]).T), [frame.picture_px_per_crop_px * 32 for frame in frames]
    pairs = {(round(float(radius), 6), round(side, 6)) for radius, side in zip(radii, sides, strict=True)}
    assert pairs == {(50.0, 40.0), (100.0, 60.0)}
    angles = np.arctan2(*(middles - [150, 200]).T)
    assert np.histogram(angles, bins=4, range=(-np.pi, np.pi))[0].min() > 5


def test_crowded_picture_gives_fewer_crops(tmp_path: Path) -> None:
    picture = Picture(
        id=0, file_name="a.png", width=100, height=100, ignore_areas=[[(0, 0), (100, 0), (100, 100), (0, 100)]]
    )
    dataset = Dataset(tmp_path, DatasetInfo(kind="real"), [picture])
    window = Window(radius=0.1, side=0.1, inside=1.0)
    assert background_frames(dataset, picture, [window], 5, 32, np.random.default_rng(0)) == []


def test_windows_are_those_of_the_upright_crop(tmp_path: Path) -> None:
    """A box straight above the nadir: nothing turned, 1.25 times its longer side, half of it in the picture."""
    picture = Picture(id=0, file_name="a.png", width=300, height=400)
    dataset = Dataset(tmp_path, DatasetInfo(kind="real"), [picture])
    frame, window = person_window(dataset, picture, (140, -20, 20, 40), 50)
    assert window.side * 500 == pytest.approx(50) and window.radius * 500 == pytest.approx(200)
    assert window.inside == pytest.approx(0.5)
    np.testing.assert_allclose(frame.corners_px()[0], [125, -25])


def test_parts_are_blocks_of_time_without_common_pictures(domain: Domain) -> None:
    parts = divide(domain, (0.5, 0.25, 0.25), gap=2)
    times = {part: [picture.time_s for picture in pictures] for part, pictures in parts.items()}
    assert times == {"train": [*range(12)], "val": [*range(14, 18)], "test": [*range(20, 24)]}
    plan = plan_crops(domain, _config(gap=1), 0)
    pictures = {part: {place.picture.id for place in places} for part, places in plan.items()}
    assert all(pictures.values())
    assert not pictures["train"] & pictures["val"] and not (pictures["train"] | pictures["val"]) & pictures["test"]


@pytest.mark.parametrize("fractions", [(0.5, 0.5, 0.0), (0.5, 0.2, 0.2)])
def test_shares_that_do_not_add_up_are_refused(domain: Domain, fractions: tuple[float, float, float]) -> None:
    with pytest.raises(InputError, match=r"--fractions .* must be above 0 and add up to 1"):
        divide(domain, fractions, 0)


def test_people_and_background_are_as_many_and_no_more_than_asked_for(domain: Domain) -> None:
    plan = plan_crops(domain, _config(max_crops=80, fractions=(0.4, 0.2, 0.4)), 0)
    crops = cut_crops(domain, plan, 32)
    for part, most in (("train", 32), ("val", 16), ("test", 32)):
        labels = [place.label for place in plan[part]]
        assert labels.count(PERSON) == labels.count(BACKGROUND) == most // 2
    people, background = (crops.train.images[crops.train.labels == label] for label in (PERSON, BACKGROUND))
    assert (people[:, 16, 16, 0] > 200).all() and (background[:, 16, 16, 0] < 120).all()


def test_plan_depends_on_the_seed_alone(domain: Domain) -> None:
    def corners(seed: int) -> list[list[float]]:
        return [place.frame.corners_px().ravel().tolist() for place in plan_crops(domain, _config(), seed)["train"]]

    assert corners(3) == corners(3) != corners(4)


def test_crops_join_in_order_and_keep_their_pieces(domain: Domain) -> None:
    crops = cut_crops(domain, plan_crops(domain, _config(), 0), 32)
    assert [piece.name for piece in crops.all.pieces] == ["S/train", "S/val", "S/test"]
    assert len(crops.all) == len(crops.train) + len(crops.val) + len(crops.test)
    assert len(join("again", [crops.known, crops.test]).pieces) == 3
    np.testing.assert_array_equal(crops.known.images[len(crops.train) :], crops.val.images)
    assert isinstance(cut("none", domain.dataset, [], 32), CropSet)


def test_set_with_too_few_people_is_refused(tmp_path: Path, write_discs: WriteDiscs) -> None:
    few = Domain("few", Dataset.read(write_discs(tmp_path / "few", 6, size=128)))
    message = r'--sets "few" .*: train, 3 pictures: found 6 people, expected at least 8; use more pictures'
    with pytest.raises(InputError, match=message):
        plan_crops(few, _config(), 0)
    nobody = Domain("empty", Dataset.read(write_discs(tmp_path / "empty", 6, people=0)))
    with pytest.raises(InputError, match="found 0 people"):
        plan_crops(nobody, _config(), 0)


def test_too_few_crops_for_a_part_are_refused(domain: Domain) -> None:
    with pytest.raises(InputError, match=r"--max-crops 60 leaves 6 people .*; use --max-crops 80 or more"):
        plan_crops(domain, _config(max_crops=60), 0)


def test_set_without_room_for_background_is_refused(tmp_path: Path) -> None:
    """Everything around the people is an ignore area."""
    writer = DatasetWriter(tmp_path / "full", DatasetInfo(kind="real"))
    for number in range(12):
        people = [Person(instance_id=k + 1, bbox=(10.0 + 20 * k, 10, 15, 15)) for k in range(4)]
        writer.add(
            Picture(id=number, file_name=f"{number}.png", width=96, height=96, people=people,
                    ignore_areas=[[(0, 25), (96, 25), (96, 96), (0, 96)]]),
            np.zeros((96, 96, 3), np.uint8),
        )  # fmt: skip
    writer.finish()
    full = Domain("full", Dataset.read(tmp_path / "full"))
    with pytest.raises(InputError, match=r"found room for \d crops without people, expected at least 8"):
        plan_crops(full, _config(), 0)


def test_fewer_than_three_sets_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for folder in ("a", "b", "c=d"):
        Path(folder).mkdir()
    assert parse_sets(["a", "B=b", "c=d"]) == {"a": Path("a"), "B": Path("b"), "c=d": Path("c=d")}
    with pytest.raises(InputError, match="found 2 datasets, expected at least 3: source, validation and target"):
        parse_sets(["a", "b"])
    with pytest.raises(InputError, match='"a" and "x" are the same folder'):
        parse_sets(["a", "b", "x=./../" + tmp_path.name + "/a"])
    with pytest.raises(InputError, match='two sets are called "a"'):
        parse_sets(["a", "a=b", "c=d"])
    with pytest.raises(InputError, match="expected FOLDER or NAME=FOLDER"):
        parse_sets(["a", "b", "c="])


def test_sets_with_common_pictures_are_refused(tmp_path: Path, write_discs: WriteDiscs) -> None:
    roots = [write_discs(tmp_path / name, 3, seed=seed) for name, seed in (("a", 1), ("b", 1), ("c", 2))]
    with pytest.raises(InputError, match=r'3 pictures of "b" are also in "a", images/000\.png for one'):
        read_domains(_config().model_copy(update={"sets": [str(root) for root in roots]}))
