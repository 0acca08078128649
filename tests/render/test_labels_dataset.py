"""What a rendered picture's labels become in its dataset: files, fields and counts. The renderer is a flat stand-in."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from annotate.classes import CLASSES
from annotate.dataset import Dataset
from annotate.dataset_model import Picture
from annotate.dataset_writer import DatasetWriter
from render.config import RenderConfig
from render.farm import dataset_info
from render.picture import RenderSettings, make_picture, scene_labels
from render.scene import build_place, placed_humans, sample_scene

sys.path.insert(0, str(Path(__file__).parents[1]))
from flat_worker import FlatRenderer


def made(config: RenderConfig) -> tuple[Dataset, Picture]:
    writer = DatasetWriter(config.out, dataset_info(config, None))
    make_picture(config, 0, FlatRenderer(RenderSettings.of(config)))
    writer.finish()
    dataset = Dataset.read(config.out)
    return dataset, dataset.pictures[0]


def config_of(out: Path, **changes: object) -> RenderConfig:
    fields = {"size_px": 96, "sitting": (2, 2), "standing": (2, 2), "seed": 4, "images": 1, "min_visible_px": 4}
    return RenderConfig.model_validate({"out": out, **fields, **changes})


def test_maps_and_people_are_read_back_as_they_were_labelled(tmp_path: Path) -> None:
    config = config_of(tmp_path / "S")
    scene = sample_scene(config, 0)
    labels = scene_labels(scene, build_place(scene.place, scene.camera), placed_humans(scene), config)

    dataset, picture = made(config)

    assert dataset.info.classes == CLASSES
    assert [person.model_dump() for person in picture.people] == [person.model_dump() for person in labels.people]
    assert {person.attributes["activity"] for person in picture.people} <= {"sitting", "standing", "walking"}
    assert all(person.attributes["pose_name"] for person in picture.people)
    assert labels.dense.depth_m is not None and labels.dense.normals is not None
    depth, normals = dataset.depth_m(picture), dataset.normals(picture)
    np.testing.assert_array_equal(np.isfinite(depth), np.isfinite(labels.dense.depth_m))
    known = np.isfinite(depth)
    np.testing.assert_allclose(depth[known], labels.dense.depth_m[known], atol=6e-4)
    np.testing.assert_allclose(normals, labels.dense.normals, atol=4e-5)
    np.testing.assert_array_equal(dataset.classes(picture), labels.dense.classes)


def test_only_the_maps_that_are_asked_for_are_written(tmp_path: Path) -> None:
    dataset, picture = made(config_of(tmp_path / "S", dense=["depth"]))

    assert picture.depth_file is not None and picture.normals_file is picture.classes_file is None
    assert dataset.info.classes == () and not (tmp_path / "S" / "normals").exists()


def test_hidden_people_are_counted_and_kept(tmp_path: Path) -> None:
    _, picture = made(config_of(tmp_path / "S", sitting=(2, 2), standing=(2, 2), min_visible_px=10**6))

    hidden = [person for person in picture.people if person.hidden]
    assert picture.attributes["hidden_people"] == len(hidden) > 0
    assert len(picture.people) + picture.attributes["outside_people"] == picture.attributes["placed_people"]


def test_unknown_map_is_refused() -> None:
    with pytest.raises(ValueError, match="dense"):
        RenderConfig.model_validate({"dense": ["flow"]})
