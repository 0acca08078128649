"""Dense maps on disk: what 8 and 16 bits keep, z under a tilted lens, and copies of them in other datasets."""

from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np
import pytest
from full_datasets import CAMERA, HEIGHT, WIDTH, full_maps, full_mask, full_picture, pixels, write_full_dataset
from PIL import Image

from annotate.dataset import Dataset, DatasetInfo, DatasetWriter, write_picture
from annotate.dense import (
    DenseMaps,
    read_classes,
    read_depth,
    read_normals,
    write_classes,
    write_depth,
    write_normals,
    z_depth,
)
from annotate.errors import InputError, PlafondError


def test_depth_keeps_a_millimetre_and_nothing(tmp_path: Path) -> None:
    depth_m = np.random.default_rng(0).uniform(0.001, 65.5, (30, 40))
    depth_m[0, :3] = np.inf, np.nan, 80.0
    write_depth(tmp_path / "d.png", depth_m)
    read = read_depth(tmp_path / "d.png")
    assert read.dtype == np.float32 and read.shape == (30, 40)
    assert np.isinf(read[0, :2]).all() and read[0, 2] == pytest.approx(65.535)
    there = np.isfinite(depth_m) & (depth_m < 65.5)
    assert np.abs(read[there] - depth_m[there]).max() <= 0.0005 + 1e-5
    assert np.isfinite(read[there]).all()


def test_depth_is_a_16_bit_picture_of_millimetres(tmp_path: Path) -> None:
    write_depth(tmp_path / "d.png", np.array([[1.234, np.inf]]))
    assert np.asarray(Image.open(tmp_path / "d.png")).tolist() == [[1234, 0]]


def test_normals_keep_a_ten_thousandth_and_nothing(tmp_path: Path) -> None:
    normals = full_maps().normals
    write_normals(tmp_path / "n.png", normals)
    read = read_normals(tmp_path / "n.png")
    assert read.dtype == np.float32 and np.abs(read - normals).max() < 1e-4
    nothing = ~normals.any(axis=-1)
    assert nothing.any() and not read[nothing].any()
    assert read[~nothing].any(axis=-1).all()


def test_axes_keep_their_signs_and_red_is_x(tmp_path: Path) -> None:
    axes = np.concatenate([np.eye(3), -np.eye(3)])[None]
    write_normals(tmp_path / "n.png", axes)
    np.testing.assert_allclose(read_normals(tmp_path / "n.png"), axes, atol=1e-7)
    blue_green_red = cv2.imread(str(tmp_path / "n.png"), cv2.IMREAD_UNCHANGED)
    assert blue_green_red[0, 0].tolist() == [32768, 32768, 65535]


def test_classes_are_exact(tmp_path: Path) -> None:
    classes = np.arange(256).reshape(16, 16)
    write_classes(tmp_path / "c.png", classes)
    read = read_classes(tmp_path / "c.png")
    assert read.dtype == np.uint8 and (read == classes).all()


def test_maps_of_another_kind_are_refused(tmp_path: Path) -> None:
    write_classes(tmp_path / "c.png", np.zeros((4, 4)))
    with pytest.raises(InputError, match=r"c\.png: expected a 16-bit grey PNG of depths"):
        read_depth(tmp_path / "c.png")
    with pytest.raises(InputError, match=r"c\.png: expected a 16-bit RGB PNG of normals"):
        read_normals(tmp_path / "c.png")
    with pytest.raises(InputError, match="no such file"):
        read_classes(tmp_path / "gone.png")
    (tmp_path / "empty.png").write_bytes(b"")
    with pytest.raises(InputError, match="8-bit grey PNG of class numbers"):
        read_classes(tmp_path / "empty.png")


def test_z_of_a_tilted_camera_is_the_distance_to_its_picture_plane() -> None:
    """The floor, met by every pixel's ray: its camera coordinates come from the pose, not from the depth."""
    centres = CAMERA.lens.pixel_centres()
    points_m = CAMERA.floor_points(centres)
    seen = np.isfinite(points_m[:, 0])
    depth_m = np.where(seen, np.linalg.norm(points_m - CAMERA.position_m, axis=1), np.inf).reshape(HEIGHT, WIDTH)
    expected = CAMERA.to_camera(points_m)[:, 2].reshape(HEIGHT, WIDTH)
    z_m = z_depth(depth_m, CAMERA)
    inside = seen.reshape(HEIGHT, WIDTH)
    np.testing.assert_allclose(z_m[inside], expected[inside], rtol=1e-9)
    assert np.isinf(z_m[~inside]).all() and (~inside).any()
    assert np.ptp(z_m[inside]) > 1.0, "the floor is not level in a tilted camera's z"


def test_dataset_gives_back_the_maps_that_were_written(tmp_path: Path) -> None:
    dataset = Dataset.read(write_full_dataset(tmp_path / "S"))
    picture, maps = dataset.pictures[1], full_maps()
    assert picture.depth_file == picture.normals_file == picture.classes_file == "00001.png"
    depth_m = dataset.depth_m(picture)
    assert (np.isinf(depth_m) == np.isinf(maps.depth_m)).all()
    np.testing.assert_allclose(depth_m, maps.depth_m, atol=0.00051)
    np.testing.assert_allclose(dataset.normals(picture), maps.normals, atol=1e-4)
    assert (dataset.classes(picture) == maps.classes).all()
    np.testing.assert_allclose(dataset.z_m(picture), z_depth(depth_m, CAMERA), equal_nan=True)


def test_maps_that_are_not_there_are_named(tmp_path: Path) -> None:
    writer = DatasetWriter(tmp_path / "S", DatasetInfo(kind="synthetic", cameras={"ceiling": CAMERA}))
    writer.add(full_picture(), pixels(0), full_mask(), dense=DenseMaps(classes=full_maps().classes))
    writer.finish()
    dataset = Dataset.read(tmp_path / "S")
    assert sorted(dataset.files(dataset.pictures[0])) == ["classes_file", "file_name", "mask_file"]
    with pytest.raises(InputError, match=r"00000\.png has no depth; render it with --dense depth"):
        dataset.depth_m(dataset.pictures[0])


def test_map_of_another_size_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(PlafondError, match=r"00000\.png: depth is 64 x 40 px, expected 64 x 48"):
        write_picture(tmp_path, full_picture(), pixels(0), full_mask(), dense=DenseMaps(np.ones((40, 64))))
    assert not (tmp_path / "labels").exists()


def test_missing_map_makes_a_picture_unfinished(tmp_path: Path) -> None:
    root = write_full_dataset(tmp_path / "S")
    (root / "normals/00001.png").unlink()
    info = Dataset.read(write_full_dataset(tmp_path / "T")).info.model_copy(update={"name": "S"})
    assert DatasetWriter(root, info).finished_ids() == {0}
    with pytest.raises(InputError, match=r"normals_file is \"00001.png\": there is no normals/00001.png"):
        Dataset.read(root)


def test_picture_painted_anew_keeps_the_maps_and_labels_of_its_source(tmp_path: Path) -> None:
    """What refining does: new pixels, every other file of the picture linked."""
    source = Dataset.read(write_full_dataset(tmp_path / "S"))
    writer = DatasetWriter(tmp_path / "S+", source.info.model_copy(update={"kind": "refined"}))
    for picture in source:
        files = source.files(picture)
        files.pop("file_name")
        writer.add(picture, 255 - source.image(picture), files=files)
    writer.finish()
    copy = Dataset.read(tmp_path / "S+")
    assert copy.pictures == source.pictures
    for picture in copy:
        assert (copy.image(picture) == 255 - source.image(picture)).all()
        for field, path in copy.files(picture).items():
            assert os.path.samefile(path, source.files(picture)[field]) == (field != "file_name")
