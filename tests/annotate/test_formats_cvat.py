"""CVAT for images 1.1 in and out: whole round trips, files as CVAT and hands write them, and refusals."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import cv2
import numpy as np
import pytest
from labelled_dataset import write_labelled
from rich_pictures import NAMES, assert_same_labels, rich_dataset, there_and_back

from annotate.dataset_model import Picture
from annotate.errors import InputError
from annotate.files import write_image, write_text
from annotate.formats.cvat import HOLDS, read_cvat, write_cvat
from annotate.formats.labelled import LABEL_KINDS, LabelledPictures, ReadOptions
from annotate.formats.shapes import polygon_mask
from annotate.keypoints import KEYPOINTS

LOST = frozenset({"camera", "mask_file", "depth_file", "normals_file", "classes_file"})


def draw(root: Path, shapes: str, head: str = "", name: str = "a.png", attributes: str = "") -> Path:
    """A picture of 64 x 48 px and a file as CVAT exports it: numbers with two decimals."""
    write_image(root / "images" / name, np.full((48, 64, 3), 90, np.uint8))
    image = f'<image id="0" name="{name}" width="64" height="48"{attributes}>{shapes}</image>'
    text = f"{head}<annotations><version>1.1</version><meta><task><name>Büro</name></task></meta>{image}</annotations>"
    write_text(root / "annotations.xml", f'<?xml version="1.0" encoding="utf-8"?>\n{text}')
    return root


def box(label: str = "person", edges: tuple[float, ...] = (10, 12.5, 30, 40), more: str = "", inside: str = "") -> str:
    names = zip(("xtl", "ytl", "xbr", "ybr"), edges, strict=True)
    sides = " ".join(f'{name}="{side:.2f}"' for name, side in names)
    return f'<box label="{label}" source="manual" occluded="0" {sides} {more} z_order="0">{inside}</box>'


def only(root: Path, **options: Any) -> Picture:
    (picture,) = read_cvat(root, ReadOptions(**options)).pictures
    return picture


def test_every_label_but_cameras_and_dense_maps_survives_the_way_there_and_back(tmp_path: Path) -> None:
    dataset = rich_dataset(tmp_path / "S")
    back = there_and_back(dataset, tmp_path / "out", write_cvat, read_cvat)
    assert_same_labels(LabelledPictures.of(dataset), back, without=LOST)
    assert back.info.name == dataset.info.name
    assert HOLDS == LABEL_KINDS.keys() - {"camera", "depth", "normals", "classes"}  # noqa: SIM300


def test_no_times_that_plafond_did_not_know_are_made_of_names(tmp_path: Path) -> None:
    dataset = write_labelled(tmp_path / "S")
    assert all(picture.time_s is None and picture.file_name[-5].isdigit() for picture in dataset)
    back = there_and_back(dataset, tmp_path / "out", write_cvat, read_cvat)
    assert {picture.time_s for picture in back.pictures} == {None}
    named = read_cvat(tmp_path / "out", ReadOptions(frames_per_second=2.0))
    assert None not in [picture.time_s for picture in named.pictures]


def test_written_file_has_the_form_that_cvat_describes(tmp_path: Path) -> None:
    there_and_back(rich_dataset(tmp_path / "S"), tmp_path / "out", write_cvat, read_cvat)
    root = ElementTree.parse(tmp_path / "out/annotations.xml").getroot()
    assert root.tag == "annotations" and root.findtext("version") == "1.1"
    assert [image.get("name") for image in root.findall("image")] == sorted(NAMES)
    assert [image.get("id") for image in root.findall("image")] == ["0", "1", "2", "3"]  # CVAT's: in order of names.
    declared = {label.findtext("name"): label for label in root.findall("meta/task/labels/label")}
    for image in root.findall("image"):
        for shape in image:
            words = {attribute.findtext("name") for attribute in declared[shape.get("label")].iter("attribute")}
            assert {attribute.get("name") for attribute in shape.findall("attribute")} <= words
    assert declared["person_keypoints"].findtext("type") == "skeleton"
    assert {declared[name].findtext("parent") for name in KEYPOINTS} == {"person_keypoints"}
    assert declared["person_keypoints"].findtext("svg").count('data-type="element node"') == len(KEYPOINTS)


def test_masks_are_run_lengths_row_by_row_inside_their_box(tmp_path: Path) -> None:
    dataset = rich_dataset(tmp_path / "S")
    there_and_back(dataset, tmp_path / "out", write_cvat, read_cvat)
    root = ElementTree.parse(tmp_path / "out/annotations.xml").getroot()
    mask = next(one for one in root.iter("mask") if one.get("group_id") == "4")
    left, top, width, height = (int(mask.get(name) or 0) for name in ("left", "top", "width", "height"))
    flat: list[int] = []
    for number, run in enumerate((mask.get("rle") or "").split(", ")):
        flat += [number % 2] * int(run)
    expected = next(picture for picture in dataset if picture.id == 11).people[1].mask(64, 48)
    assert (np.array(flat).reshape(height, width) == expected[top : top + height, left : left + width]).all()
    assert expected.sum() == sum(flat)


@pytest.mark.parametrize("degrees", [-75.0, -30.0, 44.0, 89.0])
def test_rotated_boxes_drawn_by_hand_are_read(tmp_path: Path, degrees: float) -> None:
    """CVAT turns clockwise about the centre, as OpenCV's RotatedRect does."""
    turned = box(edges=(25, 14, 35, 34), more=f'rotation="{degrees % 360:.2f}"')
    (person,) = only(draw(tmp_path, turned)).people
    np.testing.assert_allclose(person.rotated_bbox, (30, 24, 10, 20, degrees), atol=1e-9)
    corners = cv2.boxPoints(((30.0, 24.0), (10.0, 20.0), degrees))
    low, high = corners.min(axis=0), corners.max(axis=0)
    np.testing.assert_allclose(person.bbox, [*low, *(high - low)], atol=1e-4)


def test_boxes_polygons_and_masks_without_groups_are_people_of_their_own(tmp_path: Path) -> None:
    polygon = '<polygon label="person" points="40.00,5.00;50.00,5.00;50.00,15.00" occluded="1" z_order="3"></polygon>'
    mask = (
        '<mask label="person" rle="0, 2, 1, 3" left="3" top="4" width="3" height="2" z_order="0" group_id="0"></mask>'
    )
    area = '<polygon label="ignore" points="1.5,1;5,1;5,4"/>' + box("ignore", (50, 40, 60, 45))
    picture = only(draw(tmp_path, box(inside='<attribute name="shirt">red</attribute>') + polygon + mask + area))
    people = picture.people
    assert [person.bbox for person in people] == [(10, 12.5, 20, 27.5), people[1].bbox, (3, 4, 3, 2)]
    assert (people[1].mask(64, 48) == polygon_mask([[(40, 5), (50, 5), (50, 15)]], (64, 48))).all()
    expected = np.zeros((48, 64), bool)
    expected[4, 3:5] = expected[5, 3:6] = True
    assert (people[2].mask(64, 48) == expected).all()
    assert picture.ignore_areas == [[(1.5, 1), (5, 1), (5, 4)], [(50, 40), (60, 40), (60, 45), (50, 45)]]


def test_skeletons_give_keypoints_with_their_visibility(tmp_path: Path) -> None:
    nodes = (
        '<points label="nose" outside="0" occluded="0" points="20.00,20.00"/>'
        '<points label="left_eye" outside="0" occluded="1" points="21.00,19.00"/>'
        '<points label="left_hip" outside="1" occluded="0" points="9.00,9.00"/><points label="tail" points="1,1"/>'
    )
    skeleton = f'<skeleton label="person_keypoints" group_id="5">{nodes}</skeleton>'
    (person,) = only(draw(tmp_path, skeleton + box(more='group_id="5"'))).people
    found = dict(zip(KEYPOINTS, person.keypoints or (), strict=True))
    assert (found["nose"], found["left_eye"], found["left_hip"]) == ((20, 20, 2), (21, 19, 1), (0, 0, 0))


def test_pictures_of_a_project_are_found_in_their_subset(tmp_path: Path) -> None:
    source = draw(tmp_path, box(), attributes=' subset="Train"')
    (source / "images/Train").mkdir()
    (source / "images/a.png").rename(source / "images/Train/a.png")
    labelled = read_cvat(source, ReadOptions())
    assert labelled.image_paths == [source / "images/Train/a.png"] and labelled.info.name == "Büro"


def test_other_labels_are_left_out_and_said(tmp_path: Path) -> None:
    source = draw(
        tmp_path, box("worker") + box("chair") + '<polyline label="wire" points="1,1;2,2"/><tag label="night"/>'
    )
    with pytest.raises(InputError, match=r'0 classes are called "person" \(classes: chair, worker\)'):
        read_cvat(source, ReadOptions())
    labelled = read_cvat(source, ReadOptions(person_class="worker"))
    assert len(labelled.pictures[0].people) == 1
    assert "2 shapes with other labels were left out" in labelled.notes


def test_a_document_type_is_refused_before_any_entity_is_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    write_text(secret, "person")
    outside = f'<!DOCTYPE annotations [<!ENTITY x SYSTEM "{secret.as_uri()}">]>'
    growing = '<!DOCTYPE annotations [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>'
    for number, head in enumerate((outside, growing, '<!DOCTYPE annotations SYSTEM "http://localhost/x.dtd">')):
        source = draw(tmp_path / str(number), box(), head=head)
        with pytest.raises(InputError, match=r"annotations.xml: holds a document type"):
            read_cvat(source, ReadOptions())


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        (box(edges=(50, 1, 90, 9)), r"image\[0\]: box\[0\]: box .* reaches 26.0 px outside"),
        (box().replace('xtl="10.00"', 'xtl="x"'), r'box\[0\]: xtl is "x": expected a number'),
        (box().replace('xtl="10.00"', ""), r'box\[0\]: xtl is "": expected a number'),
        (box(more='rotation="nan"'), r'box\[0\]: rotation is "nan": expected a number'),
        (box(edges=(9, 9, 9, 20), more='rotation="5"'), r"box\[0\]: box .* has no extent"),
        (box(edges=(90, 9, 99, 20), more='rotation="5"'), r"box\[0\]: the rotated box lies outside its picture"),
        (box("head"), r'box\[0\]: "head" without group_id: group it with the shape of its person'),
        (box("head", more='group_id="1" rotation="5"'), r"a turned box is not read with the label .head."),
        (box(more='group_id="1"') * 2, r"box\[1\]: a second bbox of one person"),
        ('<points label="person" points="1,1"/>', r"points\[0\]: <points> is not read with the label .person."),
        ('<polygon label="person" points="1,1;2"/>', r'polygon\[0\]: points is "1,1;2": expected x0,y0'),
        ('<polygon label="person" points="1,1;2,2"/>', r"polygon\[0\]: a polygon needs 3 or more points"),
        ('<mask label="person" rle="1, 2" left="0" top="0" width="2" height="2"/>', r"mask\[0\]: run lengths cover 3 pixels"),
        ('<mask label="person" rle="a" left="0" top="0" width="2" height="2"/>', r"mask\[0\]: invalid literal"),
        ('<mask label="person" rle="4" left="63" top="0" width="2" height="2"/>', r"2 x 2 px at 63, 0 reach outside"),
        (box(inside='<attribute name="visible_fraction">half</attribute>'), r'attribute "visible_fraction" is "half"'),
        (box(inside='<attribute name="visible_fraction">3</attribute>'), r"box\[0\].visible_fraction is 3"),
    ],
)  # fmt: skip
def test_wrong_shapes_are_refused_by_element(tmp_path: Path, shapes: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        read_cvat(draw(tmp_path, shapes), ReadOptions())
    assert "annotations.xml" in str(caught.value)


def test_wrong_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"found 0 XML files \(none\)"):
        read_cvat(tmp_path, ReadOptions())
    source = draw(tmp_path / "a", box())
    whole = (source / "annotations.xml").read_text()
    for text, message in (
        (whole[:-20], "not valid XML"),
        ("<annotation><size/></annotation>", r"the root is <annotation>, expected <annotations>"),
        ("<annotations><track/></annotations>", r'holds tracks .*"CVAT for images 1.1"'),
        ("<annotations/>", "no <image> is left to convert"),
        (whole.replace('width="64"', 'width="65"'), r"image\[0\]: says 65 x 48 px, but a.png is 64 x 48"),
        (whole.replace('name="a.png"', 'name="../a.png"'), r'image\[0\]: name is "../a.png": a path must stay inside'),
        (whole.replace('name="a.png"', 'name="b.png"'), r"images/b.png: no such picture"),
    ):
        write_text(source / "annotations.xml", text)
        with pytest.raises(InputError, match=message):
            read_cvat(source, ReadOptions())
