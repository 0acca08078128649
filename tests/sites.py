"""Sites that tests write at run time: a small drawn one, and a hand-measured one for a real shop picture.

The shop's numbers were measured on the picture: lens circle of radius 857 px taken as 180 degrees of an equidistant
lens; camera height from floor tiles of 0.6 m that are 96 px wide below the camera; shelf height from vertical edges
(a vertical edge keeps its distance from the nadir, so the angles of its two ends give their heights).
"""

from __future__ import annotations

import math
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
