"""Sites: geometry through the lens, and every refusal before any work starts."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
import shapely
import yaml

from annotate.classes import CLASSES
from annotate.errors import InputError
from annotate.files import write_image
from annotate.site import FurnitureKind, Site

SITE: dict[str, Any] = {
    "name": "office",
    "backgrounds": ["empty.png"],
    "lens": {"model": "equidistant", "f_px": 100.0, "width_px": 400, "height_px": 300, "cx_px": 200, "cy_px": 150},
    "camera": {"height_m": 3.0},
    "floor_px": [[120, 80], [280, 80], [280, 220], [120, 220]],
    "furniture": [
        {
            "kind": "desk",
            "outline_px": [[210, 160], [250, 160], [250, 190], [210, 190]],
            "height_m": 0.75,
            "bottom_m": 0.7,
        },
        {"outline_px": [[150, 100], [160, 100], [160, 120]], "height_m": 2.0, "outline_at": "floor"},
    ],
    "seats": [{"place_px": [230, 150], "direction_deg": 90}],
    "ignore": [[[0, 0], [30, 0], [30, 30]]],
}


def write_site(folder: Path, changes: dict[str, Any] | None = None, size: tuple[int, int] = (400, 300)) -> Path:
    """Write the site with dotted keys changed; None removes a key."""
    site = copy.deepcopy(SITE)
    for dotted, value in (changes or {}).items():
        *path, last = dotted.split(".")
        place: Any = site
        for key in path:
            place = place[int(key)] if key.isdigit() else place[key]
        if value is None:
            del place[last]
        else:
            place[int(last) if last.isdigit() else last] = value
    write_image(folder / "empty.png", np.full((size[1], size[0], 3), 80, np.uint8))
    (folder / "site.yaml").write_text(yaml.safe_dump(site))
    return folder / "site.yaml"


def equidistant_floor(pixel: tuple[float, float], drop_m: float) -> np.ndarray:
    """Where a pixel's ray is drop_m below the camera: the formula r = f theta, by hand."""
    offset = np.array([pixel[0] - 200, -(pixel[1] - 150)])
    radius = np.hypot(*offset)
    return offset / radius * np.tan(radius / 100) * drop_m


def test_floor_is_the_drawn_polygon_seen_through_the_lens(tmp_path: Path) -> None:
    site = Site.read(write_site(tmp_path))
    floor = site.floor_m()
    np.testing.assert_allclose(floor[0], equidistant_floor((120, 80), 3.0), atol=1e-9)
    shape = shapely.Polygon(floor)
    assert shape.is_valid
    # The middle of a straight edge of the picture lies on the floor's outline, which bends there.
    assert shape.exterior.distance(shapely.Point(equidistant_floor((200.001, 80), 3.0))) < 0.002
    # Joining the corners alone would take in half as much floor again.
    assert shape.area < 0.7 * shapely.Polygon(floor[[0, 40, 75, 115]]).area


def test_furniture_stands_below_its_outline(tmp_path: Path) -> None:
    desk, pillar = Site.read(write_site(tmp_path)).furniture_prisms()
    np.testing.assert_allclose(desk.footprint_m[0], equidistant_floor((210, 160), 3.0 - 0.75), atol=1e-9)
    assert (desk.bottom_m, desk.top_m, desk.kind) == (0.7, 0.75, "desk")
    np.testing.assert_allclose(pillar.footprint_m[0], equidistant_floor((150, 100), 3.0), atol=1e-9)
    assert (pillar.bottom_m, pillar.top_m, pillar.kind) == (0.0, 2.0, "furniture")


def test_furniture_kinds_are_semantic_classes() -> None:
    assert set(get_args(FurnitureKind)) <= set(CLASSES)


def test_backgrounds_are_found_beside_the_file(tmp_path: Path) -> None:
    site = Site.read(write_site(tmp_path))
    assert site.backgrounds == [tmp_path.resolve() / "empty.png"]
    assert site.background_path("empty.png").is_file()
    with pytest.raises(InputError, match=r'no background is called "full.png"; there are empty.png'):
        site.background_path("full.png")


def test_lens_of_the_same_picture_at_another_size_is_scaled_and_said(tmp_path: Path) -> None:
    site = Site.read(write_site(tmp_path))
    lens = {"model": "equidistant", "f_px": 200.0, "width_px": 800, "height_px": 600, "cx_px": 400, "cy_px": 300}
    scaled = Site.read(write_site(tmp_path, {"lens": lens}))
    np.testing.assert_allclose(scaled.floor_m(), site.floor_m(), atol=1e-9)
    assert site.notes == [] and "800 x 600 px, the backgrounds are 400 x 300: it is scaled" in scaled.notes[0]


REFUSALS: list[tuple[dict[str, Any], str]] = [
    ({"lens": None}, "lens is missing; without a lens nothing can be placed"),
    ({"camera": None}, "camera is missing"),
    ({"floor_px": None}, "floor_px is missing"),
    ({"backgrounds": ["gone.png"]}, r"backgrounds\[0\]: .*gone.png: no such picture"),
    ({"backgrounds": []}, "backgrounds"),
    ({"backgrounds": ["empty.png", "empty.png"]}, "two files are called empty.png"),
    ({"floor_px.1": [401, 80]}, r"floor_px\[1\] is \[401, 80\], outside the picture of 400 x 300 px"),
    ({"floor_px.1": [390, 10]}, r"floor_px\[1\] is \[390, 10\], outside the lens circle"),
    ({"floor_px.1": [356, 150]}, r"floor_px\[1\] is \[356, 150\], 278 m from the camera: it cannot be floor"),
    ({"floor_px": [[120, 80], [280, 220], [280, 80], [120, 220]]}, "crosses itself"),
    ({"floor_px": [[120, 80], [280, 220]]}, "floor_px"),
    ({"floor_px.0": ["a", 2]}, r"floor_px\[0\]\[0\] is 'a'"),
    ({"lens.f_px": -1}, r"lens.*f_px"),
    ({"lens.model": "wide"}, r"lens.*model"),
    ({"lens.height_px": 400}, "given for 400 x 400 px, the backgrounds are 400 x 300: another shape"),
    ({"camera.height_m": 0}, r"camera.height_m is 0"),
    ({"camera.tilt_deg": 89, "lens.max_theta_deg": 80}, "tilt_deg is 89"),
    ({"furniture.0.bottom_m": 0.9}, r"furniture\[0\].bottom_m is 0.9, not below its height_m 0.75"),
    ({"furniture.0.height_m": 3.5}, r"furniture\[0\].outline_px: at 3.5 m it is not below the camera"),
    ({"furniture.0.kind": "boat"}, r"furniture\[0\].kind is 'boat'"),
    ({"furniture.0.outline_px.2": [600, 190]}, r"furniture\[0\].outline_px\[2\] is \[600, 190\], outside the picture"),
    ({"seats.0.place_px": [-3, 0]}, r"seats\[0\].place_px\[0\] is \[-3, 0\], outside the picture"),
    ({"ignore.0.1": [0, 301]}, r"ignore\[0\]\[1\] is \[0, 301\], outside the picture"),
    ({"flor_px": [[1, 1]]}, "flor_px"),
]


@pytest.mark.parametrize(("changes", "message"), REFUSALS)
def test_wrong_sites_are_refused_by_file_and_field(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    path = write_site(tmp_path, changes)
    with pytest.raises(InputError, match=message) as refusal:
        Site.read(path)
    assert "site.yaml" in str(refusal.value)


def test_broken_background_is_refused(tmp_path: Path) -> None:
    path = write_site(tmp_path)
    noise = np.random.default_rng(0).integers(0, 255, (300, 400, 3), np.uint8)
    write_image(tmp_path / "empty.jpg", noise)
    whole = (tmp_path / "empty.jpg").read_bytes()
    path.write_text(path.read_text().replace("empty.png", "empty.jpg"))
    Site.read(path)
    for cut in (whole[: len(whole) // 2], whole[:30], b"", b"no picture"):
        (tmp_path / "empty.jpg").write_bytes(cut)
        with pytest.raises(InputError, match=r"site.yaml: backgrounds\[0\]: .*empty.jpg"):
            Site.read(path)


def test_backgrounds_of_two_sizes_are_refused(tmp_path: Path) -> None:
    path = write_site(tmp_path, {"backgrounds": ["empty.png", "other.png"]})
    write_image(tmp_path / "other.png", np.zeros((10, 20, 3), np.uint8))
    with pytest.raises(InputError, match=r"backgrounds\[1\] is 20 x 10 px, backgrounds\[0\] 400 x 300"):
        Site.read(path)


@pytest.mark.parametrize("text", ["name: [", "- a\n- b", "", "\x00"])
def test_files_that_are_no_site_are_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "site.yaml").write_text(text)
    with pytest.raises(InputError, match=r"site\.yaml"):
        Site.read(tmp_path / "site.yaml")
    with pytest.raises(InputError, match="no such file"):
        Site.read(tmp_path / "gone.yaml")
