"""What is measured on boxes, the inference of picture sizes, and distances between distributions."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import numpy as np
import pytest

from annotate.boxes import canonical_rotated_boxes
from annotate.errors import InputError
from annotate.page.stats_boxes import QUANTITIES, PictureBoxes, Sample, grouped_sample, sample, tilts_deg
from annotate.page.stats_compare import conclusion, difference, number, wasserstein, yardstick
from annotate.page.stats_reference import COLUMNS, picture_size_of, read_reference

BY_KEY = {quantity.key: quantity for quantity in QUANTITIES}


def picture(upright: list[list[float]], rotated: list[list[float]] | None = None, group: str = "") -> PictureBoxes:
    unknown = np.full((len(upright), 5), np.nan)
    turned = unknown if rotated is None else np.array(rotated, float)
    return PictureBoxes(group, 100.0, np.array([100.0, 50.0]), np.array(upright, float).reshape(-1, 4), turned)


def plain(values: list[float], group: str = "") -> Sample:
    found = grouped_sample(np.array(values, float), np.full(len(values), group))
    assert found is not None
    return found


def radial_boxes(rng: np.random.Generator, nadir: tuple[float, float], reach: float, count: int) -> np.ndarray:
    """Boxes twice as long as wide that point away from nadir, some degrees off."""
    angle, radius = rng.uniform(0, 2 * np.pi, count), reach * np.sqrt(rng.uniform(0.04, 1, count))
    centres = np.array(nadir) + radius[:, None] * np.stack([np.sin(angle), -np.cos(angle)], axis=1)
    degrees = np.degrees(angle) + rng.normal(0, 5, count)
    return canonical_rotated_boxes(np.column_stack([centres, np.full(count, 40), np.full(count, 80), degrees]))


def test_quantities_are_relative_to_the_shorter_side_and_the_nadir() -> None:
    one = picture([[110, 40, 20, 20], [100, 90, 40, 10]], [[120, 50, 10, 40, 90], [120, 95, 30, 30, 0]])
    values = {key: sample([one], quantity) for key, quantity in BY_KEY.items()}
    expected = {
        "people": [2], "size": [20, 20], "rotated_size": [20, 30], "elongation": [4, 1], "tilt": [0],
        "radius": [0.4, np.hypot(0.4, 0.9)], "spacing": [45, 45], "overlap": [0, 0],
    }  # fmt: skip
    for key, numbers in expected.items():
        found = values[key]
        assert found is not None
        np.testing.assert_allclose(found.values, numbers, atol=1e-9, err_msg=key)


def test_what_is_not_known_has_no_sample() -> None:
    assert sample([picture([[0, 0, 5, 5]])], BY_KEY["tilt"]) is None
    unsized = PictureBoxes("", None, np.full(2, np.nan), np.array([[0.0, 0, 5, 5]]), np.full((1, 5), np.nan))
    assert sample([unsized], BY_KEY["size"]) is None and sample([unsized], BY_KEY["people"]) is not None


@pytest.mark.parametrize(("degrees", "tilt"), [(0, 0), (30, 30), (-30, 30), (-90, 90), (89, 89)])
def test_tilt_is_measured_from_the_direction_away_from_the_nadir(degrees: float, tilt: float) -> None:
    above, right = [50, 10, 5, 20, degrees], [90, 50, 5, 20, degrees + 90]
    found = tilts_deg(canonical_rotated_boxes([above, right]), np.array([50.0, 50.0]))
    np.testing.assert_allclose(found, [tilt, tilt], atol=1e-9)


def test_every_video_weighs_the_same_and_quantiles_follow_the_weights() -> None:
    found = grouped_sample(np.array([1.0, 1, 1, 1, 9, np.nan]), np.array(["a", "a", "a", "a", "b", "b"]))
    assert found is not None and len(found.values) == 5
    np.testing.assert_allclose(found.quantiles([0.25, 0.75]), [1, 9])


def test_distance_of_equal_samples_is_the_mean_difference_of_their_sorted_values() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.normal(0, 1, 200), rng.gamma(2, 1, 200)
    assert wasserstein(plain(a.tolist()), plain(b.tolist())) == pytest.approx(np.abs(np.sort(a) - np.sort(b)).mean())


def test_conclusion_names_what_was_moved_most_and_puts_it_beside_the_spread_of_videos() -> None:
    rng = np.random.default_rng(1)
    videos = [grouped_sample(rng.normal(10 + k, 2, 300), np.full(300, f"v{k}")) for k in range(4)]
    assert all(videos)
    values = np.concatenate([video.values for video in videos if video])
    baseline = grouped_sample(values, np.repeat(["v0", "v1", "v2", "v3"], 300))
    assert baseline is not None
    far = difference(
        "S", BY_KEY["size"], Sample(values + 9, baseline.weights, baseline.groups), baseline, yardstick(baseline)
    )
    near = difference(
        "S", BY_KEY["tilt"], Sample(values + 0.01, baseline.weights, baseline.groups), baseline, yardstick(baseline)
    )
    assert far.distance == pytest.approx(9) and near.distance == pytest.approx(0.01)
    spread = yardstick(baseline)
    assert spread is not None and 0.2 < spread < 1.0 and yardstick(plain([1, 2, 3])) is None
    (sentence,) = conclusion([near, far], "the real boxes")
    assert sentence.startswith("S differs most from the real boxes in box size")
    assert "Closest is tilt" in sentence and "one real video" in sentence


def test_numbers_show_three_digits() -> None:
    assert [number(value) for value in (0.0, 0.04567, 1.2345, 23.45, 1234.5)] == ["0", "0.046", "1.23", "23.4", "1234"]


def test_picture_size_is_the_one_in_whose_middle_the_boxes_meet() -> None:
    rng = np.random.default_rng(2)
    assert picture_size_of(radial_boxes(rng, (720, 540), 450, 400)) == (1440, 1080)
    assert picture_size_of(radial_boxes(rng, (1024, 1024), 900, 400)) == (2048, 2048)


def test_unclear_picture_sizes_stay_unknown() -> None:
    rng = np.random.default_rng(3)
    assert picture_size_of(radial_boxes(rng, (333, 277), 250, 400)) is None, "the nadir is in no picture's middle"
    assert picture_size_of(radial_boxes(rng, (540, 540), 450, 20)) is None, "too few boxes"
    anyhow = radial_boxes(rng, (540, 540), 450, 400)
    anyhow[:, 4] = rng.uniform(-90, 90, 400)
    assert picture_size_of(anyhow) is None, "boxes that point anywhere"


def write_csv(path: Path, rows: list[str], header: str = ",".join(COLUMNS)) -> Path:
    path.write_bytes(gzip.compress("\n".join([header, *rows, ""]).encode()))
    return path


def test_reference_file_is_read_by_video_and_frame(tmp_path: Path) -> None:
    boxes = radial_boxes(np.random.default_rng(4), (540, 540), 450, 300)
    rows = [f"v,f{k // 3}," + ",".join(f"{value:.3f}" for value in box) for k, box in enumerate(boxes)]
    reference = read_reference(write_csv(tmp_path / "boxes.csv.gz", rows))
    assert reference.sizes_px == {"v": (1080, 1080)} and reference.name == "boxes"
    assert len(reference.pictures) == 100 and all(len(one.upright) == 3 for one in reference.pictures)
    tilts = sample(reference.pictures, BY_KEY["tilt"])
    assert tilts is not None and float(tilts.quantiles([0.5])[0]) < 6


@pytest.mark.parametrize(
    ("rows", "header", "message"),
    [
        (["v,f,1,2,3,4"], "video,frame,cx_px,cy_px,w_px,h_px", "column angle_deg_clockwise is missing"),
        (["v,f,1,2,3,x,5"], ",".join(COLUMNS), "line 2: h_px is 'x'"),
        (["v,f,1,2,-3,4,5"], ",".join(COLUMNS), "line 2: expected finite numbers"),
        ([], ",".join(COLUMNS), "holds no boxes"),
    ],
)
def test_broken_reference_files_are_refused(tmp_path: Path, rows: list[str], header: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_reference(write_csv(tmp_path / "boxes.csv.gz", rows, header))


def test_reference_that_is_no_gzip_is_refused(tmp_path: Path) -> None:
    (tmp_path / "boxes.csv.gz").write_text("video,frame")
    with pytest.raises(InputError, match="cannot be read"):
        read_reference(tmp_path / "boxes.csv.gz")
    with pytest.raises(InputError, match="no such file"):
        read_reference(tmp_path / "none.csv.gz")


def test_sizes_of_published_videos_are_found() -> None:
    """CEPDOF publishes Lunch1 and Edge_Cases at 2048 px and its other videos at about 1080 px."""
    path = Path(os.environ.get("PLAFOND_TEST_DATA", "/nowhere")) / "stats" / "overhead_person_boxes.csv.gz"
    if not path.is_file():
        pytest.skip("PLAFOND_TEST_DATA names no folder with stats/overhead_person_boxes.csv.gz")
    sizes = {video: size for video, size in read_reference(path).sizes_px.items() if video.startswith("CEPDOF/")}
    large = {"CEPDOF/Lunch1", "CEPDOF/Edge_Cases"}
    assert sizes == {video: (2048, 2048) if video in large else (1080, 1080) for video in sizes} and len(sizes) == 6
