"""Polygons of labelling tools in a site: Labelme's and COCO's JSON, merged into what is there."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from annotate.errors import InputError
from annotate.site import Site
from annotate.site.polygons import DEFAULTS, SiteImportConfig, run_import

sys.path.insert(0, str(Path(__file__).parents[1]))
from sites import write_small_site

FLOOR = [[30, 30], [66, 30], [66, 66], [30, 66]]
DESK = [[50, 40], [60, 40], [60, 46], [50, 46]]


def labelme(*shapes: tuple[str, str, list[list[float]]], size: int = 96, **more: Any) -> dict[str, Any]:
    """A file as Labelme 5 writes it; more: fields of the last shape."""
    items = [
        {"label": label, "points": points, "group_id": None, "description": "", "shape_type": drawn, "flags": {}}
        for label, drawn, points in shapes
    ]
    items[-1].update(more)
    return {"version": "5.4.1", "flags": {}, "shapes": items, "imagePath": "floor.png", "imageData": None,
            "imageHeight": size, "imageWidth": size}  # fmt: skip


def imported(folder: Path, value: dict[str, Any], site: Path | None = None, **options: Any) -> dict[str, Any]:
    """The fields of the site file after importing value into it."""
    (folder / "drawn.json").write_text(json.dumps(value))
    path = run_import(SiteImportConfig(polygons=folder / "drawn.json", site=site or folder / "site", **options))
    result: dict[str, Any] = yaml.safe_load(path.read_text())
    return result


def test_labelme_shapes_become_the_fields_of_a_site(tmp_path: Path) -> None:
    value = labelme(
        ("floor", "polygon", FLOOR),
        ("desk", "polygon", DESK),
        ("Desk:0.9", "rectangle", [[40, 40], [45, 50]]),
        ("seat", "line", [[50, 52], [50, 44]]),
        ("seat", "point", [[60, 52]]),
        ("window", "line", [[30, 30], [30, 60]]),
        ("ceiling lamp", "circle", [[48, 48], [52, 48]]),
        ("ignore", "polygon", [[1, 1], [5, 1], [5, 5]]),
        ("shelf", "polygon", DESK),
        description="height_m=2.1 outline_at=floor, blue",
    )
    site = imported(tmp_path, value)
    assert site["floor_px"] == FLOOR
    plain, higher, shelf = site["furniture"]
    assert plain == {"kind": "desk", "outline_px": DESK, **DEFAULTS["desk"]}
    assert higher["outline_px"] == [[40, 40], [45, 40], [45, 50], [40, 50]]
    assert (higher["height_m"], higher["bottom_m"]) == (0.9, pytest.approx(0.86))
    assert (shelf["height_m"], shelf["outline_at"]) == (2.1, "floor")
    assert site["seats"] == [{"place_px": [50, 52], "towards_px": [50, 44]}, {"place_px": [60, 52]}]
    assert site["windows"] == [{"base_px": [[30, 30], [30, 60]]}]
    assert len(site["lamps"][0]["outline_px"]) == 24 and site["ignore"] == [[[1, 1], [5, 1], [5, 5]]]


def test_imported_shapes_are_a_site_that_is_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_small_site(tmp_path, furniture=None, seats=None, floor_px=None)
    with pytest.raises(InputError, match="floor_px is missing"):
        Site.read(path)
    imported(tmp_path, labelme(("floor", "polygon", FLOOR), ("seat", "line", [[50, 52], [50, 44]])), tmp_path)
    site = Site.read(tmp_path)
    assert len(site.placed_seats()) == 1 and site.camera_pose.height_m == 3.0
    assert "complete" in capsys.readouterr().out


def test_coco_annotations_become_the_same(tmp_path: Path) -> None:
    value = {
        "images": [{"id": 7, "file_name": "floor.png", "width": 96, "height": 96}],
        "categories": [{"id": 1, "name": "floor"}, {"id": 2, "name": "cabinet"}],
        "annotations": [
            {"id": 1, "image_id": 7, "category_id": 1, "segmentation": [[x for corner in FLOOR for x in corner]]},
            {"id": 2, "image_id": 7, "category_id": 2, "bbox": [50, 40, 10, 6], "attributes": {"height_m": 1.3, "occluded": False}},
        ],
    }  # fmt: skip
    site = imported(tmp_path, value)
    assert site["floor_px"] == FLOOR
    assert site["furniture"] == [{"kind": "cabinet", "outline_px": DESK, "height_m": 1.3}]


def test_what_is_there_is_kept_and_not_doubled(tmp_path: Path) -> None:
    first = labelme(("floor", "polygon", FLOOR), ("desk", "polygon", DESK))
    imported(tmp_path, first)
    more = labelme(("desk", "polygon", DESK), ("bin", "polygon", [[1, 1], [2, 1], [2, 2]]))
    site = imported(tmp_path, more)
    assert [piece["kind"] for piece in site["furniture"]] == ["desk", "bin"]
    assert site["floor_px"] == FLOOR
    other = labelme(("floor", "polygon", FLOOR[:3]))
    with pytest.raises(InputError, match=r"site\.yaml: floor_px is there already .*--replace"):
        imported(tmp_path, other)
    replaced = imported(tmp_path, other, replace=True)
    assert replaced["floor_px"] == FLOOR[:3] and len(replaced["furniture"]) == 2


def test_shapes_drawn_on_an_enlarged_background_are_scaled(tmp_path: Path) -> None:
    write_small_site(tmp_path, ignore=None)
    site = imported(tmp_path, labelme(("ignore", "polygon", [[20, 20], [40, 20], [40, 40]]), size=192), tmp_path)
    assert site["ignore"] == [[[10, 10], [20, 10], [20, 20]]]


REFUSALS: list[tuple[dict[str, Any], str]] = [
    (labelme(("boat", "polygon", DESK)), r'shapes\[0\]\.label is "boat"; known: floor, seat, ceiling lamp, window, ignore'),
    (labelme(("desk:high", "polygon", DESK)), "'high' is no number of metres"),
    (labelme(("desk", "line", DESK[:2])), r"shapes\[0\]: a line of 2 points; desk needs a polygon"),
    (labelme(("floor", "polygon", FLOOR), ("floor", "polygon", DESK)), r"shapes\[1\]: a second floor"),
    (labelme(("window", "polygon", DESK)), "a window is a line along the foot of its wall; found 4 points"),
    (labelme(("desk", "mask", DESK[:2])), r"shapes\[0\]\.shape_type is mask"),
    (labelme(("desk", "polygon", DESK), description="hight_m=0.7"), "hight_m=0.7 is not known; known: height_m"),
    (labelme(("desk", "polygon", [[1, 2], [3]])), r"shapes\[0\]\.points: expected a list of \[x, y\]"),
    ({"shapes": [], "imageWidth": 9, "imageHeight": 9}, "nothing is drawn in it"),
    ({"images": []}, "neither Labelme .* nor COCO"),
    ({"annotations": [], "images": [{}, {}]}, "holds 2 images"),
]  # fmt: skip


@pytest.mark.parametrize(("value", "message"), REFUSALS)
def test_what_cannot_be_imported_is_named(tmp_path: Path, value: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message) as refusal:
        imported(tmp_path, value)
    assert "drawn.json" in str(refusal.value)
    assert not (tmp_path / "site").exists()


def test_polygons_of_a_picture_of_another_shape_are_refused(tmp_path: Path) -> None:
    write_small_site(tmp_path)
    value = {**labelme(("ignore", "polygon", DESK)), "imageHeight": 50}
    with pytest.raises(InputError, match=r"96 x 50 px.* is 96 x 96: draw on the background itself"):
        imported(tmp_path, value, tmp_path)
