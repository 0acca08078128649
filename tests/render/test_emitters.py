"""The picture is where the geometry says: glowing points through every lens model, found by their light."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from annotate.camera import Camera, CameraPose
from annotate.lens import EquidistantLens, EquisolidLens, KannalaBrandtLens

pytestmark = pytest.mark.skipif(importlib.util.find_spec("bpy") is None, reason="bpy (Blender) is not installed")

ROOT = Path(__file__).resolve().parents[2]
TOLERANCE_PX = 0.15
LEVEL = CameraPose(height_m=2.8)
TILTED = CameraPose(height_m=3.1, tilt_deg=22.0, tilt_azimuth_deg=-50.0, yaw_deg=30.0)

CAMERAS = {
    "equidistant": Camera(lens=EquidistantLens(width_px=200, height_px=200, f_px=63.0), pose=LEVEL),
    "equidistant_stretched_wide_tilted": Camera(
        lens=EquidistantLens(
            width_px=260, height_px=180, cx_px=121.4, cy_px=97.7, f_px=55.0, pixel_aspect=0.9, max_theta_deg=105
        ),
        pose=TILTED,
    ),
    "equisolid_off_centre": Camera(
        lens=EquisolidLens(width_px=180, height_px=240, cx_px=97.2, cy_px=111.9, f_px=70.0), pose=LEVEL
    ),
    "equisolid_tilted": Camera(lens=EquisolidLens(width_px=220, height_px=220, f_px=75.0), pose=TILTED),
    "kannala_brandt_off_centre_not_square": Camera(
        lens=KannalaBrandtLens(
            width_px=250, height_px=190, cx_px=131.3, cy_px=88.6, fx_px=66.0, fy_px=61.0,
            k1=0.06, k2=-0.02, k3=0.006, k4=-0.0008, max_theta_deg=95,
        ),
        pose=TILTED,
    ),
}  # fmt: skip


def scattered_points(camera: Camera, count: int = 14, apart_px: float = 17.0) -> np.ndarray:
    """(n, 3) world points 1 to 4 m from the camera whose pixels are well inside the picture and far from each other."""
    rng = np.random.default_rng(3)
    chosen: list[np.ndarray] = []
    places: list[np.ndarray] = []
    size = np.array([camera.lens.width_px, camera.lens.height_px])
    while len(chosen) < count:
        direction = rng.normal(size=3)
        point = camera.position_m + direction / np.linalg.norm(direction) * rng.uniform(1, 4)
        theta = np.degrees(np.arccos((camera.to_camera([point]) / camera.distance_m([point])[:, None])[0, 2]))
        px = camera.project_world([point])[0]
        inside = theta < camera.lens.max_theta_deg - 6 and ((px > 8) & (px < size - 8)).all()
        if inside and all(np.linalg.norm(px - other) > apart_px for other in places):
            chosen.append(point)
            places.append(px)
    return np.array(chosen)


def centre_of_light(picture: np.ndarray, around_px: np.ndarray, reach_px: int = 6) -> np.ndarray:
    """(2,) centre of gravity of what shines within reach_px of a pixel, pixel centres at +0.5."""
    column, row = np.floor(around_px).astype(int)
    top, left = max(0, row - reach_px), max(0, column - reach_px)
    window = picture[top : row + reach_px + 1, left : column + reach_px + 1]
    rows, columns = np.mgrid[top : top + window.shape[0], left : left + window.shape[1]] + 0.5
    return np.array([(columns * window).sum(), (rows * window).sum()]) / window.sum()


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> dict[str, np.ndarray]:
    folder = tmp_path_factory.mktemp("emitters")
    cases: dict[str, Any] = {
        name: {"camera": camera.model_dump(), "points_m": scattered_points(camera).tolist()}
        for name, camera in CAMERAS.items()
    }
    (folder / "job.json").write_text(json.dumps({"cases": cases}))
    command = [sys.executable, str(Path(__file__).with_name("blender_job.py")), "emitters"]
    subprocess.run(
        [*command, str(folder / "job.json"), str(folder / "found.npz")],
        check=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
    )
    with np.load(folder / "found.npz") as found:
        return dict(found)


@pytest.mark.parametrize("name", CAMERAS)
def test_points_appear_where_the_camera_projects_them(rendered: dict[str, np.ndarray], name: str) -> None:
    camera = CAMERAS[name]
    picture = rendered[f"{name}_whole"]
    assert picture.shape == (camera.lens.height_px, camera.lens.width_px)
    expected = camera.project_world(scattered_points(camera))
    found = np.array([centre_of_light(picture, px) for px in expected])
    distance = np.linalg.norm(found - expected, axis=1)
    assert distance.max() < TOLERANCE_PX


@pytest.mark.parametrize("name", CAMERAS)
def test_rendering_in_rectangles_moves_nothing(rendered: dict[str, np.ndarray], name: str) -> None:
    np.testing.assert_allclose(rendered[f"{name}_parts"], rendered[f"{name}_whole"], atol=0.25)
    expected = CAMERAS[name].project_world(scattered_points(CAMERAS[name]))
    whole, parts = (
        np.array([centre_of_light(rendered[f"{name}_{kind}"], px) for px in expected]) for kind in ("whole", "parts")
    )
    assert np.linalg.norm(whole - parts, axis=1).max() < TOLERANCE_PX
