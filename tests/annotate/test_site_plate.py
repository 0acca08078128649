"""Empty rooms from frames with people in them, judged by the room that was drawn behind the people."""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import shapely
import yaml

from annotate.errors import InputError
from annotate.files import read_image, write_image
from annotate.site import Site
from annotate.site.fill import filled, is_convincing
from annotate.site.frames import boxes_of, open_frames
from annotate.site.median import temporal_median
from annotate.site.plate import SitePlateConfig, run_plate

sys.path.insert(0, str(Path(__file__).parents[1]))
from sites import write_office_a_site, write_small_site

WIDTH, HEIGHT, FRAMES = 160, 120, 20
SITTER = (100, 70, 24, 30)
LENS = {"model": "equidistant", "width_px": WIDTH, "height_px": HEIGHT, "f_px": 60}


def room() -> np.ndarray:
    """A floor of soft tiles, HWC uint8."""
    y, x = np.indices((HEIGHT, WIDTH))
    tiles = 120 + 30 * (((x // 20) + (y // 20)) % 2)
    return np.repeat(tiles[..., None], 3, axis=2).astype(np.uint8)


def write_frames(folder: Path, sitter: bool = True, labelled: bool = True) -> np.ndarray:
    """A walker crosses the room, waiting for half of the time, and somebody sits; YOLO labels. Returns the room."""
    background = room()
    for index in range(FRAMES):
        frame, boxes = background.copy(), []
        left = 20 if index < 12 else 20 + 9 * (index - 11)
        frame[20:60, left : left + 16] = (200, 40, 40)
        boxes.append((left, 20, 16, 40))
        if sitter:
            x, y, w, h = SITTER
            frame[y : y + h, x : x + w] = (30, 30, 160)
            boxes.append(SITTER)
        write_image(folder / "images" / f"frame_{index:04d}.png", frame)
        lines = [f"0 {(x + w / 2) / WIDTH} {(y + h / 2) / HEIGHT} {w / WIDTH} {h / HEIGHT}\n" for x, y, w, h in boxes]
        (folder / "labels").mkdir(exist_ok=True)
        (folder / "labels" / f"frame_{index:04d}.txt").write_text("".join(lines) if labelled else "")
    return background


def test_who_moves_is_gone_even_if_he_waits_for_more_than_half_of_the_time(tmp_path: Path) -> None:
    background = write_frames(tmp_path / "clip", sitter=False)
    run_plate(SitePlateConfig(frames=tmp_path / "clip", labels=tmp_path / "clip", out=tmp_path / "site"))
    np.testing.assert_array_equal(read_image(tmp_path / "site" / "plate.png"), background)
    run_plate(SitePlateConfig(frames=tmp_path / "clip", out=tmp_path / "unlabelled"))
    assert (read_image(tmp_path / "unlabelled" / "plate.png")[30, 25] == (200, 40, 40)).all()


def test_who_never_moves_is_filled_and_becomes_an_ignore_area(tmp_path: Path) -> None:
    background = write_frames(tmp_path / "clip")
    run_plate(SitePlateConfig(frames=tmp_path / "clip", labels=tmp_path / "clip", out=tmp_path / "site"))
    plate = read_image(tmp_path / "site" / "plate.png")
    x, y, w, h = SITTER
    assert not (plate == (30, 30, 160)).all(axis=2).any()
    away = np.ones((HEIGHT, WIDTH), bool)
    away[y - 4 : y + h + 4, x - 4 : x + w + 4] = False
    np.testing.assert_array_equal(plate[away], background[away])
    site = yaml.safe_load((tmp_path / "site" / "site.yaml").read_text())
    (area,) = site["ignore"]
    assert shapely.Polygon(area).buffer(0.5).covers(shapely.box(x, y, x + w, y + h))
    assert shapely.Polygon(area).area < 1.6 * w * h


def test_unfilled_sitter_stays_but_is_ignored(tmp_path: Path) -> None:
    write_frames(tmp_path / "clip")
    config = SitePlateConfig(frames=tmp_path / "clip", labels=tmp_path / "clip", out=tmp_path / "site", fill=False)
    run_plate(config)
    x, y, w, h = SITTER
    assert (read_image(tmp_path / "site" / "plate.png")[y + 2 : y + h - 2, x + 2 : x + w - 2] == (30, 30, 160)).all()
    assert len(yaml.safe_load((tmp_path / "site" / "site.yaml").read_text())["ignore"]) == 1


def test_skeleton_says_what_is_missing_and_is_read_once_that_is_added(tmp_path: Path) -> None:
    write_frames(tmp_path / "clip")
    run_plate(SitePlateConfig(frames=tmp_path / "clip", labels=tmp_path / "clip", out=tmp_path / "site"))
    path = tmp_path / "site" / "site.yaml"
    with pytest.raises(InputError, match="lens is missing"):
        Site.read(path)
    text = path.read_text()
    assert "# lens: {model: equidistant, width_px: 160, height_px: 120" in text and "# floor_px" in text
    added = {"lens": LENS, "camera": {"height_m": 3}, "floor_px": [[40, 30], [120, 30], [120, 90], [40, 90]]}
    path.write_text(text + yaml.safe_dump(added))
    assert Site.read(tmp_path / "site").backgrounds[0].name == "plate.png"


def test_a_second_plate_updates_the_site_and_keeps_what_a_person_wrote(tmp_path: Path) -> None:
    write_frames(tmp_path / "clip")
    config = SitePlateConfig(frames=tmp_path / "clip", labels=tmp_path / "clip", out=tmp_path / "site")
    run_plate(config)
    path = tmp_path / "site" / "site.yaml"
    mine = [[1.0, 1.0], [9.0, 1.0], [9.0, 9.0]]
    before = yaml.safe_load(path.read_text())
    path.write_text(yaml.safe_dump({**before, "name": "mine", "ignore": [*before["ignore"], mine]}))
    run_plate(config)
    after = yaml.safe_load(path.read_text())
    assert after["name"] == "mine" and after["backgrounds"] == ["plate.png"]
    assert len(after["ignore"]) == 2 and mine in after["ignore"]
    assert (tmp_path / "site" / "site.yaml.before").is_file()


def test_median_does_not_depend_on_how_much_memory_it_may_use(tmp_path: Path) -> None:
    write_frames(tmp_path / "clip")
    frames = open_frames(tmp_path / "clip", most=99)
    boxes = boxes_of(frames, tmp_path / "clip")
    whole, pieces = temporal_median(frames, boxes), temporal_median(frames, boxes, memory_bytes=200_000)
    np.testing.assert_array_equal(whole.free, pieces.free)
    np.testing.assert_array_equal(whole.covered, pieces.covered)


def test_unlabelled_median_is_numpys(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    stack = rng.integers(0, 256, (7, 12, 16, 3), np.uint8)
    for index, frame in enumerate(stack):
        write_image(tmp_path / f"f{index}.png", frame)
    still = temporal_median(open_frames(tmp_path, most=99), [np.zeros((0, 4))] * 7)
    np.testing.assert_array_equal(still.free, np.median(stack, axis=0).astype(np.uint8))


def test_frames_are_spread_over_a_share_of_the_time_in_natural_order(tmp_path: Path) -> None:
    for index in range(12):
        write_image(tmp_path / f"f{index}.png", np.full((4, 6, 3), index, np.uint8))
    frames = open_frames(tmp_path, most=3, exclude=("f11",), share=(0.0, 0.75))
    assert frames.names == ["f0.png", "f4.png", "f7.png"]
    assert [int(frame[0, 0, 0]) for frame in frames.read()] == [0, 4, 7]


def test_a_video_is_read_like_its_frames(tmp_path: Path) -> None:
    video = cv2.VideoWriter(str(tmp_path / "clip.avi"), cv2.VideoWriter_fourcc(*"MJPG"), 5, (64, 48))
    for level in (10, 60, 110, 160, 210):
        video.write(np.full((48, 64, 3), level, np.uint8))
    video.release()
    frames = open_frames(tmp_path / "clip.avi", most=3)
    assert (frames.width_px, frames.height_px, len(frames.names)) == (64, 48, 3)
    assert [round(float(frame.mean()), -1) for frame in frames.read()] == [10, 110, 210]
    run_plate(SitePlateConfig(frames=tmp_path / "clip.avi", out=tmp_path / "site"))
    assert abs(float(read_image(tmp_path / "site" / "plate.png").mean()) - 110) < 3


def test_a_narrow_hole_in_a_pattern_is_filled_convincingly_and_a_wide_one_is_not() -> None:
    x = np.indices((300, 400))[1]
    stripes = np.repeat((128 + 60 * np.sin(x / 3))[..., None], 3, axis=2).astype(np.uint8)
    hole = np.zeros((300, 400), bool)
    hole[140:150, 100:200] = True
    broken = stripes.copy()
    broken[hole] = 0
    mended = filled(broken, hole)
    error = np.abs(mended.astype(int) - stripes)[hole]
    assert error.mean() < 12
    assert is_convincing(mended, hole) and not is_convincing(broken, hole)
    wide = np.zeros_like(hole)
    wide[100:160, 100:180] = True
    assert not is_convincing(stripes, wide)


REFUSALS = [
    ({"frames": "gone"}, "gone: expected a folder of frames, a dataset or a video"),
    ({"frames": "clip/labels"}, r"no pictures \(.jpg, .jpeg, .png\)"),
    ({"frames": "clip/labels/frame_0000.txt"}, "neither a folder nor a video"),
    ({"name": "plate.gif"}, r"--name plate.gif: expected a plain file name ending in \.png or \.jpg"),
    ({"share": (0.5, 0.2)}, r"--share 0.5 0.2"),
    ({"exclude": ["frame_99"]}, "--exclude frame_99"),
]


@pytest.mark.parametrize(("changes", "message"), REFUSALS)
def test_wrong_input_is_refused_before_anything_is_written(
    tmp_path: Path, changes: dict[str, object], message: str
) -> None:
    write_frames(tmp_path / "clip")
    if "frames" in changes:
        changes = {"frames": tmp_path / str(changes["frames"])}
    config = SitePlateConfig(**{"frames": tmp_path / "clip", "out": tmp_path / "site", **changes})
    with pytest.raises(InputError, match=message):
        run_plate(config)
    assert not (tmp_path / "site").exists()


def test_frames_without_labels_or_of_another_size_are_named(tmp_path: Path) -> None:
    write_frames(tmp_path / "clip")
    (tmp_path / "clip" / "labels" / "frame_0003.txt").unlink()
    config = SitePlateConfig(frames=tmp_path / "clip", labels=tmp_path / "clip", out=tmp_path / "site")
    with pytest.raises(InputError, match=r"nothing is said about frame_0003\.png"):
        run_plate(config)
    write_image(tmp_path / "clip" / "images" / "frame_0007.png", np.zeros((9, 9, 3), np.uint8))
    with pytest.raises(InputError, match=r"frame_0007\.png: is 9 x 9 px, the first frame 160 x 120"):
        run_plate(config)


def test_frames_of_another_size_than_the_sites_pictures_are_refused(tmp_path: Path) -> None:
    write_frames(tmp_path / "clip")
    write_small_site(tmp_path / "site")
    with pytest.raises(InputError, match=r"background floor\.png is 96 x 96 px, the frames are 160 x 120"):
        run_plate(SitePlateConfig(frames=tmp_path / "clip", out=tmp_path / "site"))


def test_a_real_office_becomes_a_site(tmp_path: Path, data: Path) -> None:
    site = Site.read(write_office_a_site(tmp_path, data, most=12, fill=False))
    assert len(site.placed_seats()) >= 10 and len(site.furniture_prisms()) >= 6
    assert 30 < shapely.Polygon(site.floor_m()).area < 90
    # Work tops are as deep and wide as work tops are.
    first = shapely.Polygon(site.furniture_prisms()[1].footprint_m).minimum_rotated_rectangle
    corners = np.asarray(first.exterior.coords)
    sides = sorted(np.linalg.norm(np.diff(corners[:3], axis=0), axis=1))
    assert 0.6 < sides[0] < 1.3 and 1.4 < sides[1] < 2.4


@pytest.fixture()
def data() -> Path:
    import os

    root = Path(os.environ.get("PLAFOND_TEST_DATA", "/nowhere"))
    if not (root / "real" / "office-a").is_dir():
        pytest.skip("PLAFOND_TEST_DATA does not name a folder with real/office-a")
    return root
