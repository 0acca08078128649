"""Every kind of fault is found in a dataset that is broken in exactly that way, and none in whole ones."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from full_datasets import full_maps, full_mask, write_box_dataset, write_full_dataset

from annotate.check import CheckConfig, check_folder, run
from annotate.checks.faults import KINDS
from annotate.dataset_model import SCHEMA_VERSION
from annotate.dense import read_normals, write_classes, write_depth, write_normals
from annotate.errors import InputError, PlafondError
from annotate.files import read_image, read_json, read_mask, write_image, write_json

Break = Callable[[Path], object]
CONSEQUENCES = {"labels_differ", "changed_file"}
"""A change of annotations.json alone contradicts labels/, one of a file its checksum."""


def entry(*path: Any, value: Any) -> Break:
    """Set a field of annotations.json."""
    return in_json("annotations.json", *path, value=value)


def in_json(file: str, *path: Any, value: Any) -> Break:
    def change(root: Path) -> None:
        document = read_json(root / file)
        place = document
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = value
        write_json(root / file, document)

    return change


def cut(file: str) -> Break:
    return lambda root: (root / file).write_bytes((root / file).read_bytes()[: (root / file).stat().st_size // 2])


def gone(file: str) -> Break:
    return lambda root: (root / file).unlink()


def mask_with(rows: slice, columns: slice, value: int) -> Break:
    def change(root: Path) -> None:
        mask = full_mask()
        mask[rows, columns] = value
        write_image(root / "masks/00001.png", mask)

    return change


def flipped_bit(root: Path) -> None:
    """Damage that keeps the file's length and header."""
    data = bytearray((root / "images/00001.png").read_bytes())
    data[len(data) // 2] ^= 16
    (root / "images/00001.png").write_bytes(data)


def smaller_depth(root: Path) -> None:
    write_depth(root / "depth/00001.png", np.ones((40, 64)))


def long_normals(root: Path) -> None:
    path = root / "normals/00001.png"
    values = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    cv2.imwrite(str(path), np.where(values > 0, 32768 + (values.astype(int) - 32768) // 2, 0).astype(np.uint16))
    assert np.linalg.norm(read_normals(path), axis=-1).max() < 0.6


def hollow_depth(root: Path) -> None:
    depth_m = full_maps().depth_m.copy()
    depth_m[20, 6:9] = np.inf
    write_depth(root / "depth/00001.png", depth_m)


def nameless_class(root: Path) -> None:
    write_classes(root / "classes/00001.png", np.full((48, 64), 200))


def one_line_less(root: Path) -> None:
    lines = (root / "manifest.jsonl").read_text().splitlines()
    (root / "manifest.jsonl").write_text(lines[0] + "\n")


def repainted(root: Path) -> None:
    write_image(root / "images/00001.png", 255 - read_image(root / "images/00001.png"))


def twisted_lens(root: Path) -> None:
    lens = {"model": "kannala_brandt", "width_px": 64, "height_px": 48, "fx_px": 20, "fy_px": 20, "k1": -0.3}
    lens["max_theta_deg"] = 90
    in_json("dataset.json", "cameras", "ceiling", "lens", value=lens)(root)


KEYPOINT = ["annotations", 3, "keypoints"]
BREAKS: dict[str, tuple[Break, str, str, str, str]] = {
    # name: how it is broken, kind, file, field, words of what was found or expected
    "no dataset.json": (gone("dataset.json"), "dataset_json_missing", "dataset.json", "", "no such file"),
    "cut dataset.json": (cut("dataset.json"), "dataset_json_broken", "dataset.json", "", "not valid JSON"),
    "unknown kind": (in_json("dataset.json", "kind", value="art"), "dataset_json_broken", "dataset.json", "kind", "art"),
    "newer": (
        in_json("dataset.json", "schema_version", value=SCHEMA_VERSION + 1),
        "newer_schema", "dataset.json", "schema_version", f"found {SCHEMA_VERSION + 1}",
    ),
    "unfinished": (gone("annotations.json"), "unfinished", "annotations.json", "", "2 pictures are finished"),
    "cut annotations": (cut("annotations.json"), "annotations_broken", "annotations.json", "", "not valid JSON"),
    "no list": (entry("annotations", value={}), "annotations_broken", "annotations.json", "annotations", "COCO object"),
    "wrong type": (entry("images", 1, "time_s", value="noon"), "bad_field", "annotations.json", "images[1].time_s", "noon"),
    "picture gone": (gone("images/00001.png"), "picture_missing", "images/00001.png", "images[1].file_name", "no such"),
    "picture cut": (cut("images/00001.png"), "picture_damaged", "images/00001.png", "images[1].file_name", "breaks off"),
    "picture flipped": (flipped_bit, "picture_damaged", "images/00001.png", "images[1].file_name", "damaged"),
    "picture size": (
        lambda root: write_image(root / "images/00001.png", np.zeros((48, 60, 3), np.uint8)),
        "picture_size", "images/00001.png", "images[1].file_name", "60 x 48 px",
    ),
    "leaves folder": (
        entry("images", 1, "file_name", value="../../x.png"),
        "outside_path", "annotations.json", "images[1].file_name", "../../x.png",
    ),
    "impossible name": (
        entry("images", 1, "file_name", value="a\0.png"),
        "outside_path", "annotations.json", "images[1].file_name", "without NUL",
    ),
    "id twice": (entry("images", 1, "id", value=0), "repeated_id", "annotations.json", "images[1].id", "images[0] has it"),
    "name twice": (
        entry("images", 1, "file_name", value="00000.png"),
        "repeated_name", "annotations.json", "images[1].file_name", "00000.png",
    ),
    "no such image": (
        entry("annotations", 3, "image_id", value=8), "unknown_image", "annotations.json", "annotations[3].image_id", "8",
    ),
    "empty box": (
        entry("annotations", 3, "bbox", value=[1, 2, 0, 4]), "empty_box", "annotations.json", "annotations[3].bbox", "0, 4",
    ),
    "box of NaN": (
        entry("annotations", 3, "head_bbox", value=[1, 2, 3, float("nan")]),
        "empty_box", "annotations.json", "annotations[3].head_bbox[3]", "nan",
    ),
    "box outside": (
        entry("annotations", 4, "whole_bbox", value=[25, 20, 50, 18]),
        "box_outside", "annotations.json", "annotations[4].whole_bbox", "11.0 px outside",
    ),
    "head elsewhere": (
        entry("annotations", 3, "head_bbox", value=[2, 10, 5, 5]),
        "head_outside", "annotations.json", "annotations[3].head_bbox", "3.0 px outside",
    ),
    "mask gone": (gone("masks/00001.png"), "mask_missing", "masks/00001.png", "images[1].mask_file", "no such file"),
    "mask cut": (cut("masks/00001.png"), "mask_damaged", "masks/00001.png", "images[1].mask_file", "breaks off"),
    "mask in colour": (
        lambda root: write_image(root / "masks/00001.png", np.zeros((48, 64, 3), np.uint8)),
        "mask_damaged", "masks/00001.png", "images[1].mask_file", "single-channel",
    ),
    "mask size": (
        lambda root: write_image(root / "masks/00001.png", full_mask()[:40]),
        "mask_size", "masks/00001.png", "images[1].mask_file", "64 x 40 px",
    ),
    "nobody": (
        mask_with(slice(20, 30), slice(25, 38), 0), "no_pixel", "masks/00001.png", "annotations[4].instance_id", "value 7",
    ),
    "somebody": (
        mask_with(slice(2, 4), slice(50, 53), 12), "nobodys_pixels", "masks/00001.png", "images[1].mask_file", "6 pixels of",
    ),
    "box of the mask": (
        entry("annotations", 5, "bbox", value=[46, 36, 6, 5]),
        "mask_box", "annotations.json", "annotations[5].bbox", "[50.0, 40.0, 2.0, 1.0]",
    ),
    "other segmentation": (
        lambda root: entry("annotations", 3, "segmentation", value=read_json(root / "annotations.json")["annotations"][4][
            "segmentation"])(root),
        "segmentation", "annotations.json", "annotations[3].segmentation", "330 pixels",
    ),
    "cut segmentation": (
        entry("annotations", 3, "segmentation", "counts", value="0"),
        "segmentation", "annotations.json", "annotations[3].segmentation", "run lengths cover 0",
    ),
    "segmentation size": (
        entry("annotations", 3, "segmentation", "size", value=[48, 63]),
        "segmentation", "annotations.json", "annotations[3].segmentation.size", "[48, 64]",
    ),
    "instance twice": (
        entry("annotations", 4, "instance_id", value=1),
        "repeated_instance", "annotations.json", "annotations[4].instance_id", "annotations[3] has it",
    ),
    "rotated lies": (
        entry("annotations", 3, "rotated_bbox", value=[10, 20, 20, 10, 0]),
        "rotated_box", "annotations.json", "annotations[3].rotated_bbox", "h >= w",
    ),
    "rotated far": (
        entry("annotations", 3, "radius_bbox", value=[40, 20, 10, 20, 0]),
        "rotated_box", "annotations.json", "annotations[3].radius_bbox", "30.0 px off",
    ),
    "16 keypoints": (entry(*KEYPOINT, value=[1, 1, 2] * 16), "keypoints", "annotations.json", "annotations[3].keypoints", "51"),
    "visibility 3": (
        entry(*KEYPOINT, 11, value=3), "keypoints", "annotations.json", "annotations[3].keypoints[3][2]", "found 3",
    ),
    "keypoint outside": (
        entry(*KEYPOINT, 9, value=80), "keypoints", "annotations.json", "annotations[3].keypoints[3]", "left_ear at 80",
    ),
    "keypoint off the person": (
        entry(*KEYPOINT, 9, value=20), "keypoints", "annotations.json", "annotations[3].keypoints[3]", "pixels within 3 px",
    ),
    "unseen keypoint with a place": (
        entry(*KEYPOINT, 0, value=7), "keypoints", "annotations.json", "annotations[3].keypoints[0]", "0, 0, 0",
    ),
    "number of keypoints": (
        entry("annotations", 3, "num_keypoints", value=17),
        "keypoints", "annotations.json", "annotations[3].num_keypoints", "expected 16",
    ),
    "no such camera": (
        entry("images", 1, "camera", value="door"), "camera", "annotations.json", "images[1].camera", "one of ceiling",
    ),
    "lens of another size": (
        in_json("dataset.json", "cameras", "ceiling", "lens", "width_px", value=80),
        "lens", "annotations.json", "images[1].camera", "80 x 48 px",
    ),
    "lens that folds": (twisted_lens, "lens", "dataset.json", "cameras.ceiling", "two rays would share a pixel"),
    "nameless class": (nameless_class, "classes", "classes/00001.png", "images[1].classes_file", "[200]"),
    "depth gone": (gone("depth/00001.png"), "dense_missing", "depth/00001.png", "images[1].depth_file", "no such file"),
    "normals cut": (cut("normals/00001.png"), "dense_damaged", "normals/00001.png", "images[1].normals_file", "breaks off"),
    "depth size": (smaller_depth, "dense_size", "depth/00001.png", "images[1].depth_file", "64 x 40 px"),
    "normals too short": (long_normals, "normals", "normals/00001.png", "images[1].normals_file", "unit normals"),
    "no depth on a person": (hollow_depth, "depth", "depth/00001.png", "images[1].depth_file", "3 pixels of people"),
    "labels differ": (
        in_json("labels/00001.json", "picture", "people", 1, "truncated", value=False),
        "labels_differ", "labels/00001.json", "picture.people[1].truncated", "found False, expected True",
    ),
    "labels gone": (gone("labels/00001.json"), "labels_missing", "labels/00001.json", "", "no such file"),
    "changed": (repainted, "changed_file", "images/00001.png", "image_sha256", "as manifest.jsonl recorded"),
    "manifest cut": (
        lambda root: (root / "manifest.jsonl").write_text((root / "manifest.jsonl").read_text()[:-30]),
        "manifest_line", "manifest.jsonl", "line 2", "a whole JSON object",
    ),
    "picture not in the manifest": (one_line_less, "manifest_picture", "manifest.jsonl", "id", "no line for id 1"),
    "ignore line": (
        entry("images", 1, "ignore_areas", value=[[[0, 0], [9, 9]]]),
        "ignore_area", "annotations.json", "images[1].ignore_areas[0]", "at least 3",
    ),
    "ignore area outside": (
        entry("images", 1, "ignore_areas", value=[[[70, 0], [90, 0], [90, 20]]]),
        "ignore_area", "annotations.json", "images[1].ignore_areas[0]", "covers part",
    ),
    "fraction above 1": (
        entry("annotations", 3, "visible_fraction", value=1.2),
        "visible_fraction", "annotations.json", "annotations[3].visible_fraction", "1.2",
    ),
    "fraction too small": (
        entry("annotations", 4, "visible_fraction", value=0.3),
        "visible_fraction", "annotations.json", "annotations[4].visible_fraction", "0.556 or more",
    ),
    "whole but cut": (
        entry("annotations", 4, "visible_fraction", value=1.0),
        "visible_fraction", "annotations.json", "annotations[4].visible_fraction", "less than 1",
    ),
    "whole box too small": (
        entry("annotations", 4, "whole_bbox", value=[25, 20, 9, 18]),
        "whole_box", "annotations.json", "annotations[4].whole_bbox", "holds bbox",
    ),
    "area": (entry("annotations", 4, "area", value=100), "area", "annotations.json", "annotations[4].area", "expected 130"),
    "crowd": (entry("annotations", 5, "iscrowd", value=0), "crowd", "annotations.json", "annotations[5].iscrowd", "expected 1"),
    "nameless picture": (
        lambda root: write_image(root / "images/stray.png", full_mask()), "stray_file", "images/stray.png", "", "no entry names",
    ),
    "dataset inside": (
        lambda root: write_json(root / "more/dataset.json", {}), "nested_dataset", "more/dataset.json", "", "inside this one",
    ),
    "foot elsewhere": (
        entry("annotations", 3, "foot_m", value=[4.0, -3.0]),
        "position", "annotations.json", "annotations[3].foot_m", "px away",
    ),
    "head point elsewhere": (
        entry("annotations", 3, "head_point", value=[12.5, 12.5]),
        "position", "annotations.json", "annotations[3].head_point", "4.0 px from where head_m projects",
    ),
}  # fmt: skip
ALSO = {
    "unfinished": {"manifest_picture"},
    "leaves folder": {"stray_file", "labels_missing", "manifest_picture"},
    "impossible name": {"stray_file", "labels_missing", "manifest_picture"},
    "id twice": {"manifest_picture", "unknown_image"},
    "name twice": {"stray_file"},
    "no such image": {"nobodys_pixels"},
    "whole box too small": {"visible_fraction"},
    "box outside": {"visible_fraction"},
    "box of the mask": {"rotated_box"},
    "instance twice": {"nobodys_pixels"},
    "nobody": {"segmentation"},
    "somebody": {"depth"},
}
"""What else is wrong with a dataset that is broken in this way."""


@pytest.mark.parametrize("name", BREAKS)
def test_fault_is_found_where_it_is_and_nothing_else(tmp_path: Path, name: str) -> None:
    change, kind, file, field, words = BREAKS[name]
    root = write_full_dataset(tmp_path / "S")
    change(root)
    report = check_folder(root)
    matching = [one for one in report.faults if (one.kind, one.file, one.field) == (kind, file, field)]
    assert matching, report.faults
    line = str(matching[0])
    assert line.startswith(f"{file}: ") and field in line and words in line
    assert line.endswith(KINDS[kind].remedy)
    assert set(report.counts) <= {kind} | CONSEQUENCES | ALSO.get(name, set())


def test_every_kind_of_fault_is_tested() -> None:
    assert {kind for _, kind, *_ in BREAKS.values()} == set(KINDS)


def test_whole_datasets_have_no_faults(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for root in (write_full_dataset(tmp_path / "S"), write_box_dataset(tmp_path / "R")):
        for quick in (False, True):
            assert run(CheckConfig(dataset=root, quick=quick)) == root
    printed = capsys.readouterr().out
    assert "S: no faults in 2 pictures, 6 people" in printed and "R: no faults in 2 pictures, 1 people" in printed


def test_faults_are_printed_bounded_and_reported_whole(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = write_full_dataset(tmp_path / "S", count=9)
    for path in (root / "images").iterdir():
        path.unlink()
    with pytest.raises(PlafondError, match="9 faults in 9 pictures, 27 people: 9 picture_missing") as failure:
        run(CheckConfig(dataset=root, most=2, report=tmp_path / "report.json"))
    assert failure.value.exit_status == 1
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3 and "images/00001.png: images[1].file_name" in lines[1] and "and 7 more like it" in lines[2]
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["counts"] == {"picture_missing": 9} and len(report["faults"]) == 9
    assert report["faults"][4]["file"] == "images/00004.png" and report["faults"][4]["remedy"]


def test_all_faults_of_a_folder_broken_in_many_ways_are_found(tmp_path: Path) -> None:
    root = write_full_dataset(tmp_path / "S")
    names = (
        "cut dataset.json",
        "picture cut",
        "mask gone",
        "empty box",
        "ignore line",
        "depth size",
        "nameless picture",
    )
    for name in names:
        BREAKS[name][0](root)
    assert {BREAKS[name][1] for name in names} <= set(check_folder(root).counts)


def test_quick_reads_no_pixels_but_finds_what_headers_tell(tmp_path: Path) -> None:
    root = write_full_dataset(tmp_path / "S")
    for name in ("no depth on a person", "mask size", "labels differ"):
        BREAKS[name][0](root)
    repainted(root)
    assert set(check_folder(root, quick=True).counts) == {"mask_size", "labels_differ"}


def test_unfinished_dataset_is_checked_by_its_label_files(tmp_path: Path) -> None:
    root = write_full_dataset(tmp_path / "S")
    in_json("labels/00001.json", "picture", "people", 0, "bbox", value=[0, 0, 90, 9])(root)
    (root / "annotations.json").unlink()
    (root / "manifest.jsonl").unlink()
    found = {(one.kind, one.file, one.field) for one in check_folder(root).faults}
    assert ("unfinished", "annotations.json", "") in found
    assert ("box_outside", "labels/00001.json", "picture.people[0].bbox") in found


def test_dataset_in_a_dataset_says_so(tmp_path: Path) -> None:
    root = write_full_dataset(tmp_path / "inner")
    write_json(tmp_path / "dataset.json", {})
    (fault,) = check_folder(root).faults
    assert fault.kind == "nested_dataset" and str(tmp_path) in fault.found


def test_hand_drawn_labels_have_the_slack_of_a_hand(tmp_path: Path) -> None:
    root = write_box_dataset(tmp_path / "R")
    entry("annotations", 0, "provenance", value="geometry")(root)
    in_json("labels/a.json", "picture", "people", 0, "provenance", value="geometry")(root)
    assert set(check_folder(root).counts) == {"head_outside", "changed_file"}


def test_sliver_across_the_body_axis_may_have_a_box_far_larger_than_itself(tmp_path: Path) -> None:
    root = write_full_dataset(tmp_path / "S")
    entry("annotations", 4, "rotated_bbox", value=[31.5, 25, 16.3, 16.3, 45])(root)
    assert "rotated_box" not in check_folder(root).counts
    entry("annotations", 4, "rotated_bbox", value=[31.5, 25, 16.3, 30.0, 45])(root)
    assert check_folder(root).counts["rotated_box"] == 1


def test_segmentations_without_a_mask_file_are_checked(tmp_path: Path) -> None:
    root = write_full_dataset(tmp_path / "S")
    entry("images", 0, "mask_file", value=None)(root)
    entry("annotations", 0, "bbox", value=[5, 10, 16, 20])(root)
    fields = {(one.kind, one.field) for one in check_folder(root).faults}
    assert ("mask_box", "annotations[0].bbox") in fields


def test_missing_folder_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such folder"):
        run(CheckConfig(dataset=tmp_path / "gone"))


def test_report_without_a_place_is_refused_before_the_check(tmp_path: Path) -> None:
    write_box_dataset(tmp_path / "S")
    for report in (tmp_path, tmp_path / "nowhere/report.json"):
        with pytest.raises(InputError, match=r"--json .*expected the name of a file in a folder that exists"):
            run(CheckConfig(dataset=tmp_path / "S", report=report))


def test_mask_values_are_read_as_they_are(tmp_path: Path) -> None:
    root = write_full_dataset(tmp_path / "S")
    mask_with(slice(2, 4), slice(50, 53), 60000)(root)
    assert read_mask(root / "masks/00001.png").max() == 60000
    (line,) = [str(one) for one in check_folder(root).faults if one.kind == "nobodys_pixels"]
    assert re.search("6 pixels of value 60000", line)


def test_normals_written_by_plafond_are_unit(tmp_path: Path) -> None:
    write_normals(tmp_path / "n.png", full_maps().normals)
    lengths = np.linalg.norm(read_normals(tmp_path / "n.png"), axis=-1)
    assert np.abs(lengths[lengths > 0] - 1).max() < 1e-4
