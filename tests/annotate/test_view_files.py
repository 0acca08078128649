"""What the view page writes: its index, labels in chunks, thumbnails and maps as colours."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
import pytest
from labelled_dataset import write_labelled
from PIL import Image

from annotate.boxes import rotated_box_corners
from annotate.dataset import Dataset, Person
from annotate.errors import InputError
from annotate.files import read_image
from annotate.page.view import CHUNK, ViewConfig, evenly_spaced, run, write_view
from annotate.page.view_labels import activity_of, picture_labels, pose_of
from annotate.page.view_previews import DepthScale, class_palette, normal_colours


def index_of(page: Path) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="page">(.*?)</script>', page.read_text(), re.DOTALL)
    assert found
    values: dict[str, Any] = json.loads(found[1])
    return values


def chunk_of(path: Path) -> Any:
    found = re.fullmatch(r"plafondLabels\(\d+,(.*)\);\n", path.read_text(), re.DOTALL)
    assert found
    return json.loads(found[1])


def test_index_names_every_picture_with_what_filters_need(tmp_path: Path) -> None:
    write_labelled(tmp_path / "S+", dense=True)
    page = run(ViewConfig(dataset=tmp_path / "S+"))
    index = index_of(page)
    assert page == tmp_path / "S+/view.html" and index["activities"] == ["sitting", "standing"]
    assert index["pictures"][1] == [1, "a #0001.png", 64, 48, 2, 1, 7, [1, 1], None]
    assert {layer["key"]: layer["count"] for layer in index["layers"]} == {
        "person": 6, "rotated": 6, "radius": 6, "whole": 6, "head": 6, "point": 6, "mask": 6, "keypoints": 6,
        "hidden": 1, "ignore": 3,
    }  # fmt: skip
    assert "stand in for real ones" in page.read_text()


def test_labels_of_a_person_are_written_in_px_of_the_picture(tmp_path: Path) -> None:
    dataset = write_labelled(tmp_path / "S")
    areas, (person,) = picture_labels(dataset.pictures[0], dataset.camera(dataset.pictures[0]))
    assert areas == [[40, 0, 60, 0, 60, 9]]
    assert (person["b"], person["h"], person["c"], person["w"]) == (
        [5, 10, 10, 20], [6, 10, 5, 5.2], [8, 12], [5, 10, 10, 30],
    )  # fmt: skip
    corners = rotated_box_corners([dataset.pictures[0].people[0].rotated_bbox])[0]
    np.testing.assert_allclose(np.reshape(person["r"], (4, 2)), corners, atol=0.051)
    assert person["k"][15:24] == [7, 12, 2, 0, 0, 0, 10, 18, 1]
    (outline,) = person["m"]
    assert set(zip(outline[::2], outline[1::2], strict=True)) == {(5, 10), (15, 10), (15, 30), (5, 30)}
    facts = dict(person["t"])
    assert (facts["visible"], facts["from below the camera"]) == ("66 %", "1.0 m, 22 px")
    assert (facts["keypoints seen"], facts["pose"]) == ("2 of 17", "<b>typing</b>")


def test_activity_and_pose_are_found_as_text_and_as_objects() -> None:
    rendered = {"activity": "standing", "pose": {"name": "walking-with-phone", "activity": "walking"}}
    person = Person(instance_id=1, bbox=(0, 0, 2, 2), attributes=rendered)
    assert (activity_of(person), pose_of(person)) == ("walking", "walking-with-phone")
    other = Person(instance_id=1, bbox=(0, 0, 2, 2), attributes={"posture": "seated", "pose": 3})
    assert (activity_of(other), pose_of(other)) == ("seated", None)


def test_names_from_files_cannot_become_markup(tmp_path: Path) -> None:
    dataset = write_labelled(tmp_path / "S", name="</script><script>alert(1)</script>")
    for attack in ("<script>alert", "<b>typing"):
        assert attack not in write_view(dataset, tmp_path / "page.html").read_text()


def test_page_elsewhere_refers_to_the_pictures_relatively(tmp_path: Path) -> None:
    dataset = write_labelled(tmp_path / "data #1/S")
    page = write_view(dataset, tmp_path / "pages/deep/page.html")
    index = index_of(page)
    assert index["images"] == "../../data%20%231/S/images/" and index["files"] == "page.files/"
    assert (page.parent / unquote(index["images"]) / "a #0001.png").is_file()
    assert not (dataset.root / ".cache").exists()
    for wrong in ("pages", "page"):
        with pytest.raises(InputError, match="is no HTML file"):
            run(ViewConfig(dataset=dataset.root, out=tmp_path / wrong))


def test_labels_stand_in_chunks(tmp_path: Path) -> None:
    page = write_view(write_labelled(tmp_path / "S", count=CHUNK + 2), tmp_path / "S/view.html")
    chunks = [chunk_of(tmp_path / f"S/.cache/view/labels/{number}.js") for number in (0, 1)]
    assert [len(chunk) for chunk in chunks] == [CHUNK, 2]
    assert page.stat().st_size < 60_000


def test_larger_datasets_are_thinned_evenly_and_say_so(tmp_path: Path) -> None:
    dataset = write_labelled(tmp_path / "S", count=9)
    assert [picture.id for picture in evenly_spaced(dataset.pictures, 3)] == [0, 4, 8]
    page = run(ViewConfig(dataset=tmp_path / "S", max_pictures=3))
    assert len(index_of(page)["pictures"]) == 3 and "3 of 9 pictures" in page.read_text()


def test_empty_dataset_says_so(tmp_path: Path) -> None:
    page = write_view(write_labelled(tmp_path / "S", count=0), tmp_path / "p.html")
    assert "has no pictures" in page.read_text()


def test_maps_become_8_bit_colours_on_one_scale(tmp_path: Path) -> None:
    dataset = write_labelled(tmp_path / "S", dense=True)
    index = index_of(write_view(dataset, tmp_path / "S/view.html"))
    depth = index["maps"][0]
    assert (depth["scale"]["near"], depth["scale"]["far"], depth["folder"]) == ("1 m", "3 m", "depth-1-3-m")
    assert index["maps"][2]["classes"][1][0] == "floor"
    folder = tmp_path / "S/.cache/view"
    with Image.open(folder / "depth-1-3-m/0.jpg") as image:
        assert (image.mode, image.size) == ("RGB", (64, 48))
    classes = read_image(folder / "classes/0.png")
    np.testing.assert_array_equal(classes[20, 8], class_palette()[2])
    np.testing.assert_array_equal(classes[5, 60], class_palette()[1])
    assert not classes[-1].any()
    assert index["maps"][2]["classes"][2][1] == "#" + bytes(classes[20, 8]).hex()


def test_previews_are_made_only_for_maps_that_exist_and_only_once(tmp_path: Path) -> None:
    dataset = write_labelled(tmp_path / "S")
    write_view(dataset, tmp_path / "S/view.html")
    folder = tmp_path / "S/.cache/view"
    assert sorted(path.name for path in folder.iterdir()) == ["labels", "thumbs"]
    first = folder / "thumbs/0.jpg"
    before = first.stat().st_ino
    write_view(dataset, tmp_path / "S/view.html")
    assert first.stat().st_ino == before
    os.utime(dataset.image_path(dataset.pictures[0]))
    write_view(Dataset.read(dataset.root), tmp_path / "S/view.html")
    assert first.stat().st_ino != before


def test_depth_colours_run_from_near_to_far_and_nothing_is_black() -> None:
    colours = DepthScale(1.0, 3.0).colours(np.array([[0.5, 1.0, 2.0, 3.0, 9.0, np.inf]], np.float32))[0].astype(int)
    np.testing.assert_array_equal(colours[0], colours[1])
    np.testing.assert_array_equal(colours[3], colours[4])
    assert colours[2][1] > 200 and colours[3][0] > colours[3][2] and not colours[5].any()


def test_a_surface_that_faces_the_camera_is_blue_and_one_that_faces_up_in_the_picture_green() -> None:
    normals = np.array([[[0, 0, -1], [0, -1, 0], [1, 0, 0], [0, 0, 0]]], np.float32)
    np.testing.assert_array_equal(
        normal_colours(normals)[0], [[128, 128, 255], [128, 255, 128], [255, 128, 128], [0, 0, 0]]
    )


def test_neighbouring_class_colours_differ() -> None:
    palette = class_palette(40).astype(int)
    distances = np.abs(palette[1:] - palette[:-1]).sum(axis=1)
    assert distances.min() > 100 and len({tuple(colour) for colour in palette}) == 40
