"""Sites that tests write at run time: a small drawn one, and two of real places, a shop and an office.

    PYTHONPATH=. python tests/sites.py shop|office-a DATA SITE    # DATA: the folder of the real pictures

The shop's numbers were measured on the picture: lens circle of radius 857 px taken as 180 degrees of an equidistant
lens; camera height from floor tiles of 0.6 m that are 96 px wide below the camera; shelf height from vertical edges
(a vertical edge keeps its distance from the nadir, so the angles of its two ends give their heights).
"""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import yaml

from annotate.camera import Camera, CameraPose
from annotate.lens import EquidistantLens

SHOP_LENS = {
    "model": "equidistant", "f_px": 545.6, "width_px": 1920, "height_px": 1920,
    "cx_px": 960.0, "cy_px": 960.0, "max_theta_deg": 89.5,
}  # fmt: skip
SHOP_HEIGHT_M = 3.4
_SHOP_TURN_RAD = -0.113
"""The aisles run this much clockwise of the picture's vertical, seen from above."""

SHOP_FLOOR_M = [
    (-3.35, 1.7), (-2.6, 2.6), (2.6, 2.55), (3.1, 1.6), (3.1, -1.3), (2.5, -2.2), (2.3, -3.05),
    (0.75, -3.1), (-0.6, -3.1), (-1.9, -3.1), (-2.6, -2.4), (-3.35, -1.5),
]  # fmt: skip
"""Outline of the walkable floor in the shop's own axes: along and across its aisles, metres from below the camera."""

SHOP_FURNITURE_M = [
    # kind, left, bottom, right, top, height, underside
    ("shelf", -0.33, -1.95, 0.5, 1.15, 0.35, 0.0),
    ("shelf", 0.05, -1.85, 0.14, 1.1, 1.33, 0.0),
    ("shelf", -0.33, 0.95, 0.5, 1.15, 1.33, 0.0),
    ("shelf", -0.33, -1.95, 0.5, -1.75, 1.33, 0.0),
    ("shelf", -2.1, -2.15, -1.3, 1.35, 0.4, 0.0),
    ("shelf", -1.95, -1.8, -1.5, 1.1, 1.33, 0.0),
    ("shelf", 1.6, -2.0, 2.4, 1.2, 0.4, 0.0),
    ("shelf", 1.75, -1.95, 2.25, 1.15, 1.33, 0.0),
    ("furniture", 0.0, -5.0, 0.62, -2.6, 1.0, 0.0),
]

SHOP_IGNORE_PX = [
    [(440, 1180), (580, 1180), (580, 1310), (440, 1310)],
    [(330, 1110), (440, 1110), (440, 1230), (330, 1230)],
    [(400, 1560), (700, 1420), (1010, 1480), (1010, 1800), (700, 1760), (480, 1650)],
    [(1400, 850), (1480, 520), (1700, 560), (1815, 900), (1780, 1200), (1500, 1570), (1340, 1400)],
]
"""Two people at the counter on the left, and the street behind the glass."""


def write_shop_site(folder: Path, picture: Path) -> Path:
    """Write site.yaml for the shop picture (1920 x 1920 px, not copied) and return its path."""
    camera = Camera(lens=EquidistantLens(**SHOP_LENS), pose=CameraPose(height_m=SHOP_HEIGHT_M))
    furniture = [
        {"kind": kind, "outline_px": pixels(camera, rectangle(*corners), top), "height_m": top, "bottom_m": bottom}
        for kind, *corners, top, bottom in SHOP_FURNITURE_M
    ]
    site = {
        "name": "shop",
        "backgrounds": [str(picture.resolve())],
        "lens": SHOP_LENS,
        "camera": {"height_m": SHOP_HEIGHT_M},
        "floor_px": pixels(camera, SHOP_FLOOR_M, 0.0),
        "furniture": furniture,
        "ignore": [[list(corner) for corner in polygon] for polygon in SHOP_IGNORE_PX],
    }
    return write_site(folder, site)


def write_small_site(folder: Path, size_px: int = 96, **changes: Any) -> Path:
    """Write a drawn background (a grey floor in a black surround) and its site.yaml; changes replace fields."""
    centre, radius = size_px / 2, size_px * 0.48
    picture = np.zeros((size_px, size_px, 3), np.uint8)
    cv2.circle(picture, (size_px // 2, size_px // 2), int(radius), (150, 155, 160), -1)
    folder.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(folder / "floor.png"), picture)
    lens = {"model": "equidistant", "f_px": radius / (math.pi / 2), "width_px": size_px, "height_px": size_px}
    camera = Camera(lens=EquidistantLens(**lens), pose=CameraPose(height_m=3.0))
    site = {
        "name": "small",
        "backgrounds": ["floor.png"],
        "lens": {**lens, "cx_px": centre, "cy_px": centre},
        "camera": {"height_m": 3.0},
        "floor_px": pixels(camera, [(-2.5, -2.5), (2.5, -2.5), (2.5, 2.5), (-2.5, 2.5)], 0.0, turn_rad=0.0),
        "furniture": [
            {
                "kind": "desk",
                "outline_px": pixels(camera, [(0.4, 0.4), (1.8, 0.4), (1.8, 1.2), (0.4, 1.2)], 0.74, turn_rad=0.0),
                "height_m": 0.74,
                "bottom_m": 0.7,
            }
        ],
        **changes,
    }
    return write_site(folder, {key: value for key, value in site.items() if value is not None})


def write_site(folder: Path, site: dict[str, Any]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "site.yaml"
    path.write_text(yaml.safe_dump(site, sort_keys=False))
    return path


def rectangle(left: float, bottom: float, right: float, top: float) -> list[tuple[float, float]]:
    return [(left, bottom), (right, bottom), (right, top), (left, top)]


def pixels(
    camera: Camera, corners_m: list[tuple[float, float]], z_m: float, turn_rad: float = _SHOP_TURN_RAD
) -> list[list[float]]:
    """Pixels of points given in axes that are turned against the world, at height z_m, rounded to 0.1 px."""
    c, s = math.cos(turn_rad), math.sin(turn_rad)
    points = np.array([[c * x - s * y, s * x + c * y, z_m] for x, y in corners_m])
    return np.round(camera.project_world(points), 1).tolist()


OFFICE_A_LENS = {
    "model": "equisolid", "f_px": 388.4, "width_px": 960, "height_px": 720,
    "cx_px": 472.8, "cy_px": 356.1, "max_theta_deg": 99.6,
}  # fmt: skip
"""Fitted to edges that are straight in the room (tests/office_a.py); 95 % interval of f_px: 381 to 402."""
OFFICE_A_CAMERA = {"height_m": 2.9, "tilt_deg": 2.9, "tilt_azimuth_deg": 71.0}
"""Tilt from the same edges as the lens. Height: a desk's front panel says 2.65 to 2.8 m, its depth 2.7, a chair 2.9, the long
table 2.65 or 2.9, the sizes of labelled people 2.95 (benchmarks/site_scale.py)."""
OFFICE_A_FLOOR_PX = [
    (150, 225), (200, 170), (330, 85), (500, 72), (620, 97), (715, 165), (770, 218), (790, 330), (768, 430), (752, 590),
    (830, 690), (700, 712), (460, 714), (452, 560), (370, 545), (300, 572), (215, 535), (175, 470), (150, 430),
]  # fmt: skip
OFFICE_A_FURNITURE_PX = [
    # kind, top, underside, outline around the top
    ("desk", 0.74, 0.70, [(499, 190), (496, 455), (300, 450), (200, 440), (118, 420), (105, 250), (220, 212), (300, 197)]),
    ("desk", 0.74, 0.70, [(576, 195), (664, 202), (760, 222), (788, 331), (587, 331)]),
    ("desk", 0.74, 0.70, [(567, 558), (650, 543), (745, 521), (752, 590), (690, 620), (557, 654)]),
    ("desk", 0.74, 0.70, [(300, 62), (345, 51), (410, 45), (498, 45), (499, 6), (400, 10), (320, 22), (270, 42)]),
    ("desk", 0.74, 0.70, [(500, 47), (520, 50), (600, 60), (704, 88), (690, 46), (640, 22), (500, 6)]),
    ("desk", 0.74, 0.70, [(150, 590), (185, 603), (250, 628), (300, 645), (372, 660), (372, 712), (270, 700), (180, 650)]),
    ("cabinet", 0.74, 0.0, [(362, 584), (451, 592), (459, 714), (385, 714), (373, 650)]),
    ("screen", 1.15, 0.80, [(354, 262), (468, 234), (468, 240), (354, 269)]),
    ("screen", 1.15, 0.80, [(357, 362), (491, 360), (491, 366), (357, 368)]),
    ("screen", 1.15, 0.80, [(186, 356), (196, 352), (294, 396), (284, 401)]),
    ("bin", 0.40, 0.0, [(470, 640), (486, 634), (503, 642), (502, 678), (486, 685), (471, 678)]),
    ("bin", 0.40, 0.0, [(681, 145), (697, 131), (717, 140), (717, 160), (700, 170), (684, 163)]),
]  # fmt: skip
OFFICE_A_SEATS_PX = [
    # place, towards: chairs, and where people sit in the frames
    (448, 178, 448, 260), (430, 474, 430, 400), (461, 70, 463, 10), (563, 84, 560, 20), (634, 84, 650, 40),
    (388, 103, 388, 45), (347, 168, 340, 230), (268, 168, 256, 215), (262, 116, 240, 60), (162, 136, 120, 92),
    (632, 182, 633, 240), (672, 190, 675, 245), (728, 192, 735, 240), (640, 372, 640, 320), (727, 372, 725, 320),
    (615, 508, 625, 560), (687, 508, 695, 550), (735, 497, 737, 540), (590, 662, 596, 610), (706, 636, 700, 590),
    (655, 645, 650, 600), (262, 597, 250, 640), (332, 606, 330, 660), (290, 490, 284, 440), (216, 484, 226, 430),
    (172, 560, 150, 600),
]  # fmt: skip
OFFICE_A_IGNORE_PX = [
    [(0, 180), (115, 150), (115, 235), (80, 260), (80, 420), (0, 420)],
    [(118, 425), (290, 425), (290, 525), (118, 525)],
    [(556, 478), (672, 478), (672, 606), (556, 606)],
]
"""People whom the labels leave out and who hardly move."""
OFFICE_A_LAMPS_M = [(-1.6, 1.3), (-1.6, -1.3), (1.9, 1.3), (1.9, -1.3)]
"""Guesses: no lamp is in the picture, but desks on the right darken the floor on their left."""
OFFICE_A_WINDOW_PX = [[(718, 166), (783, 222)], [(768, 432), (752, 588)]]
"""Feet of the two curtains."""


def write_office_a_site(folder: Path, data_root: Path, most: int = 200, fill: bool = True) -> Path:
    """Write plate and site.yaml for real/office-a below data_root, from its first 70 % of frames; returns the file.

    most: fewer frames make the plate sooner, and less empty. fill: see SitePlateConfig.
    """
    from annotate.site.document import read_document, write_document
    from annotate.site.plate import SitePlateConfig, run_plate

    office = data_root / "real" / "office-a"
    options = {"share": (0.0, 0.7), "exclude": ["frame_0186"], "most": most, "fill": fill}
    run_plate(SitePlateConfig(frames=office, labels=office, out=folder, **options))
    document = read_document(folder / "site.yaml")
    document["lens"], document["camera"] = OFFICE_A_LENS, OFFICE_A_CAMERA
    document["floor_px"] = [list(corner) for corner in OFFICE_A_FLOOR_PX]
    document["furniture"] = [
        {"kind": kind, "height_m": top, "bottom_m": bottom, "outline_px": [list(corner) for corner in outline]}
        for kind, top, bottom, outline in OFFICE_A_FURNITURE_PX
    ]
    document["seats"] = [{"place_px": [x, y], "towards_px": [u, v]} for x, y, u, v in OFFICE_A_SEATS_PX]
    document["lamps"] = [{"place_m": list(place), "size_m": [1.2, 0.3]} for place in OFFICE_A_LAMPS_M]
    document["windows"] = [
        {"base_px": [list(end) for end in ends], "sill_m": 0.2, "top_m": 2.4, "strength": 0.1}
        for ends in OFFICE_A_WINDOW_PX
    ]
    document["ignore"] += [[list(corner) for corner in polygon] for polygon in OFFICE_A_IGNORE_PX]
    write_document(folder / "site.yaml", document)
    return folder / "site.yaml"


if __name__ == "__main__":
    name, data, out = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    shop = data / "real" / "background" / "shop-1.jpg"
    print(write_shop_site(out, shop) if name == "shop" else write_office_a_site(out, data))
