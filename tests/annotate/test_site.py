"""Sites: geometry through the lens, and every refusal before any work starts."""

from __future__ import annotations

import copy
import json
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
SQUARE_M = [[1, 1], [2, 1], [2, 2], [1, 2]]


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


def equidistant_pixel(point: tuple[float, float], drop_m: float) -> list[float]:
    """The pixel of a place drop_m below the camera, by the same formula."""
    away = np.hypot(*point)
    radius = 100 * np.arctan2(away, drop_m)
    return [200 + float(point[0] / away * radius), 150 - float(point[1] / away * radius)]


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


def test_site_is_named_by_its_folder_too(tmp_path: Path) -> None:
    path = write_site(tmp_path, {"name": None})
    assert Site.read(tmp_path).floor_m().tolist() == Site.read(path).floor_m().tolist()
    assert Site.read(tmp_path).name == tmp_path.name
    with pytest.raises(InputError, match=r"site\.yaml: no such file"):
        Site.read(tmp_path.parent / "elsewhere")


@pytest.mark.parametrize("name", ["lens.yaml", "lens.json"])
@pytest.mark.parametrize("nested", [False, True])
def test_lens_may_lie_in_a_file_of_its_own(tmp_path: Path, name: str, nested: bool) -> None:
    value = {"lens": SITE["lens"], "error_px": 0.3} if nested else SITE["lens"]
    (tmp_path / name).write_text(json.dumps(value))  # JSON is YAML
    site = Site.read(write_site(tmp_path, {"lens": name}))
    assert site.lens == Site.read(write_site(tmp_path)).lens


def test_fault_in_a_lens_file_is_named_there(tmp_path: Path) -> None:
    (tmp_path / "lens.yaml").write_text(yaml.safe_dump({**SITE["lens"], "f_px": -1}))
    with pytest.raises(InputError, match=r"site\.yaml: lens: .*lens\.yaml: equidistant\.f_px is -1"):
        Site.read(write_site(tmp_path, {"lens": "lens.yaml"}))


def test_furniture_may_be_given_in_metres(tmp_path: Path) -> None:
    site = Site.read(write_site(tmp_path, {"furniture.1": {"kind": "shelf", "height_m": 1.8, "outline_m": SQUARE_M}}))
    prism = site.furniture_prisms()[1]
    assert shapely.Polygon(prism.footprint_m).equals(shapely.box(1, 1, 2, 2))
    assert (prism.bottom_m, prism.top_m) == (0.0, 1.8)


def test_seats_look_where_they_are_told(tmp_path: Path) -> None:
    seats = [
        {"place_px": [230, 150], "direction_deg": 90},
        {"place_px": [230, 150], "towards_px": [230, 100]},
        {"place_m": [1.5, -1.0]},
    ]
    turned, drawn, measured = Site.read(write_site(tmp_path, {"seats": seats})).placed_seats()
    np.testing.assert_allclose(turned[:2], equidistant_floor((230, 150.0001), 3.0 - 0.45), atol=1e-4)
    assert turned.direction_rad == pytest.approx(np.pi / 2)
    ahead = equidistant_floor((230, 100), 2.55) - equidistant_floor((230, 150.0001), 2.55)
    assert drawn.direction_rad == pytest.approx(np.arctan2(ahead[1], ahead[0]), abs=1e-3)
    assert drawn.direction_rad != pytest.approx(np.pi / 2, abs=0.02)  # a vertical line of the picture bends
    assert measured == (1.5, -1.0, 0.45, 0.0)


def test_lamps_hang_where_their_outline_is_seen(tmp_path: Path) -> None:
    corners = [equidistant_pixel((x, y), 3.0 - 2.4) for x, y in ((0.2, 0.1), (0.8, 0.1), (0.8, 0.4), (0.2, 0.4))]
    lamps = [
        {"outline_px": corners, "height_m": 2.4, "strength": 2, "kind": "pendant"},
        {"place_m": [1, -2], "size_m": [1.2, 0.3], "turn_deg": 90},
    ]
    drawn, measured = Site.read(write_site(tmp_path, {"lamps": lamps})).placed_lamps()
    np.testing.assert_allclose(drawn.center_m, (0.5, 0.25, 2.4), atol=1e-6)
    assert sorted(drawn.size_m) == pytest.approx([0.3, 0.6])
    along = drawn.turn_rad if drawn.size_m[0] > 0.5 else drawn.turn_rad + np.pi / 2
    assert np.sin(along) == pytest.approx(0, abs=1e-6)
    assert (drawn.strength, drawn.kind) == (2, "pendant")
    assert measured.center_m == (1, -2, 3.0) and measured.turn_rad == pytest.approx(np.pi / 2)


def test_windows_shine_into_the_room(tmp_path: Path) -> None:
    west = {"base_px": [equidistant_pixel((-2, 1), 3.0), equidistant_pixel((-2, -1), 3.0)], "sill_m": 1.0, "top_m": 2.0}
    north = {"base_m": [[-1, 3], [1, 3]], "strength": 3, "colour": [200, 220, 255]}
    one, other = Site.read(write_site(tmp_path, {"windows": [west, north]})).placed_windows()
    np.testing.assert_allclose(one.base_m, [[-2, 1], [-2, -1]], atol=1e-6)
    np.testing.assert_allclose(one.facing, (1, 0), atol=1e-6)
    np.testing.assert_allclose(other.facing, (0, -1), atol=1e-6)
    assert (one.sill_m, one.top_m, other.strength, other.colour) == (1.0, 2.0, 3, (200, 220, 255))


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
    (
        {"furniture.0.outline_m": SQUARE_M},
        r"furniture\[0\]: give one of outline_px, outline_m; found outline_px and outl",
    ),
    ({"furniture.0.outline_px": None}, r"furniture\[0\]: give one of outline_px, outline_m; found none of them"),
    (
        {"furniture.1": {"height_m": 1, "outline_m": [[1, 2], [200, 2], [2, 3]]}},
        r"furniture\[1\].outline_m\[1\] .*200 m",
    ),
    ({"furniture.1": {"height_m": 1, "outline_m": [[0, 0], [1, 1], [1, 0], [0, 1]]}}, r"\[1\].outline_m: .*crosses"),
    ({"seats.0.towards_px": [1, 1]}, r"seats\[0\]: give one of direction_deg, towards_px; found both"),
    ({"seats.0.place_m": [1, 1]}, r"seats\[0\]: give one of place_px, place_m"),
    (
        {"seats.0": {"place_px": [230, 150], "towards_px": [230, 500]}},
        r"seats\[0\].towards_px\[0\] is \[230, 500\], outside",
    ),
    ({"lamps": [{"place_px": [200, 150]}]}, r"lamps\[0\]: size_m goes with place_px"),
    ({"lamps": [{"place_px": [250, 150], "size_m": [1, 1]}]}, r"lamps\[0\].place_px\[0\] does not meet .* of 3 m"),
    ({"lamps": [{"place_m": [0, 1], "size_m": [0, 1]}]}, r"lamps\[0\]: size_m is \[0.0, 1.0\]"),
    (
        {"windows": [{"base_px": [[50, 100], [50, 200]], "sill_m": 2.5}]},
        r"windows\[0\]: sill_m is 2.5, not below top_m 2.2",
    ),
    ({"windows": [{"base_px": [[150, 100], [150, 100.1]]}]}, r"windows\[0\]: its two ends are the same place"),
    ({"lens": "gone.yaml"}, r"lens: .*gone.yaml: no such file"),
    ({"lens": 7}, r"site.yaml: lens"),
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
