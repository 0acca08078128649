"""The picture is where the geometry says: glowing points through every lens model, found by their light."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest

from annotate.camera import Camera, CameraPose
from annotate.lens import (
    AnglePolynomialLens,
    DoubleSphereLens,
    EquidistantLens,
    EquisolidLens,
    EucmLens,
    KannalaBrandtLens,
    Lens,
    MeiLens,
    OcamLens,
    OrthographicLens,
    RadtanLens,
    StereographicLens,
    UcmLens,
)
from render.blender.camera import Kind, plan_projection, polynomial_projection

pytestmark = pytest.mark.skipif(importlib.util.find_spec("bpy") is None, reason="bpy (Blender) is not installed")

ROOT = Path(__file__).resolve().parents[2]
TOLERANCE_PX = 0.15
LEVEL = CameraPose(height_m=2.8)
TILTED = CameraPose(height_m=3.1, tilt_deg=22.0, tilt_azimuth_deg=-50.0, yaw_deg=30.0)


@dataclass(frozen=True)
class Case:
    """A lens, how the camera hangs, the way in which Blender must draw it (None: its own choice)."""

    lens: Lens
    pose: CameraPose = TILTED
    kind: Kind | None = None
    parts: bool = False

    @property
    def camera(self) -> Camera:
        return Camera(lens=self.lens, pose=self.pose)


CROPPED = EquidistantLens(width_px=210, height_px=150, cx_px=93.7, cy_px=82.1, f_px=72.0, max_theta_deg=95)
EQUISOLID = EquisolidLens(width_px=160, height_px=200, cx_px=87.2, cy_px=91.9, f_px=62.0, max_theta_deg=93)
KANNALA_BRANDT = KannalaBrandtLens(
    width_px=220, height_px=170, cx_px=115.3, cy_px=79.6, fx_px=58.0, fy_px=54.0,
    k1=0.06, k2=-0.02, k3=0.006, k4=-0.0008, max_theta_deg=95,
)  # fmt: skip
SQUARE_KANNALA_BRANDT = KANNALA_BRANDT.model_copy(update={"fy_px": 58.0})
CASES: dict[str, Case] = {
    "equidistant": Case(EquidistantLens(width_px=180, height_px=180, f_px=57.0), LEVEL, parts=True),
    "equidistant_osl": Case(EquidistantLens(width_px=180, height_px=180, f_px=57.0), LEVEL, "osl"),
    "equidistant_cropped_builtin": Case(CROPPED, TILTED, "builtin"),
    "equidistant_cropped_osl": Case(CROPPED, TILTED, "osl"),
    "equidistant_stretched_wide": Case(
        EquidistantLens(
            width_px=230, height_px=160, cx_px=107.4, cy_px=86.7, f_px=48.0, pixel_aspect=0.9, max_theta_deg=105
        )
    ),
    "equisolid_off_centre_builtin": Case(EQUISOLID, LEVEL, "builtin"),
    "equisolid_off_centre_osl": Case(EQUISOLID, TILTED, "osl"),
    "stereographic": Case(StereographicLens(width_px=190, height_px=170, cx_px=100.2, f_px=42.0)),
    "orthographic": Case(OrthographicLens(width_px=190, height_px=190, cy_px=88.8, f_px=92.0, max_theta_deg=80)),
    "kannala_brandt": Case(KANNALA_BRANDT, parts=True),
    "kannala_brandt_polynomial": Case(SQUARE_KANNALA_BRANDT, TILTED, "polynomial"),
    "angle_polynomial": Case(
        AnglePolynomialLens(
            width_px=1280, height_px=966, cx_px=643.9, cy_px=479.9, coefficients_px=(339.749, -31.988, 48.275, -7.201),
            max_theta_deg=100,
        ).scaled(0.16)
    ),
    "ucm_alpha_above_1": Case(
        UcmLens(
            width_px=1920, height_px=1080, cx_px=960.971, cy_px=547.481, fx_px=1313.83, fy_px=1313.27, alpha=1.01674
        ).scaled(0.12)
    ),
    "eucm": Case(
        EucmLens(width_px=200, height_px=150, cx_px=97.3, cy_px=78.9, fx_px=50.0, fy_px=53.0, alpha=0.62, beta=1.14)
    ),
    "double_sphere": Case(
        DoubleSphereLens(
            width_px=200, height_px=150, cx_px=97.3, cy_px=78.9, fx_px=42.0, fy_px=44.0, xi=-0.2443, alpha=0.5657,
            max_theta_deg=97,
        )
    ),
    "mei": Case(
        MeiLens(
            width_px=200, height_px=170, cx_px=104.1, cy_px=81.3, fx_px=118.0, fy_px=121.0, xi=1.31,
            k1=-0.11, k2=0.08, p1=0.004, p2=-0.006,
        )
    ),
    "radtan": Case(
        RadtanLens(
            width_px=200, height_px=140, cx_px=104.1, cy_px=66.3, fx_px=104.0, fy_px=100.0,
            k1=-0.2896, k2=0.0796, p1=0.004, p2=-0.003, k3=0.002,
        ).covering_frame()
    ),
    "ocam_beyond_180_deg": Case(
        OcamLens(
            width_px=1600, height_px=1600, cx_px=798.7, cy_px=794.8,
            pol=(471.4441, 0.0, -7.356108e-04, 3.773045e-07, -5.800006e-10), c=1.04, d=-0.012, e=0.02,
            max_theta_deg=98,
        ).scaled(0.12)
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
def job(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, np.ndarray], str]:
    """The pictures, and what Blender's process said on standard error."""
    folder = tmp_path_factory.mktemp("emitters")
    cases: dict[str, Any] = {
        name: {
            "camera": case.camera.model_dump(),
            "points_m": scattered_points(case.camera).tolist(),
            "kind": case.kind,
            "parts": case.parts,
        }
        for name, case in CASES.items()
    }
    (folder / "job.json").write_text(json.dumps({"cases": cases}))
    command = [sys.executable, str(Path(__file__).with_name("blender_job.py")), "emitters"]
    ended = subprocess.run(
        [*command, str(folder / "job.json"), str(folder / "found.npz")],
        check=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    with np.load(folder / "found.npz") as found:
        return dict(found), ended.stderr


@pytest.fixture(scope="module")
def rendered(job: tuple[dict[str, np.ndarray], str]) -> dict[str, np.ndarray]:
    return job[0]


def found_px(picture: np.ndarray, expected: np.ndarray) -> np.ndarray:
    return np.array([centre_of_light(picture, px) for px in expected])


@pytest.mark.parametrize("name", CASES)
def test_points_appear_where_the_camera_projects_them(rendered: dict[str, np.ndarray], name: str) -> None:
    camera = CASES[name].camera
    picture = rendered[f"{name}_whole"]
    assert picture.shape == (camera.lens.height_px, camera.lens.width_px)
    expected = camera.project_world(scattered_points(camera))
    distance = np.linalg.norm(found_px(picture, expected) - expected, axis=1)
    assert distance.max() < TOLERANCE_PX


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.parts])
def test_rendering_in_rectangles_moves_nothing(rendered: dict[str, np.ndarray], name: str) -> None:
    whole, parts = rendered[f"{name}_whole"], rendered[f"{name}_parts"]
    np.testing.assert_allclose(parts, whole, atol=0.25)
    expected = CASES[name].camera.project_world(scattered_points(CASES[name].camera))
    distance = np.linalg.norm(found_px(whole, expected) - found_px(parts, expected), axis=1)
    assert distance.max() < TOLERANCE_PX


def test_every_lens_model_and_every_way_to_draw_one_is_rendered() -> None:
    models = {model.model_fields["model"].default for model in get_args(get_args(Lens)[0])}
    assert {case.lens.model for case in CASES.values()} == models
    chosen = {case.kind or plan_projection(case.lens).kind for case in CASES.values()}
    assert chosen == {"builtin", "osl", "polynomial"}
    assert polynomial_projection(SQUARE_KANNALA_BRANDT).residual_px < TOLERANCE_PX / 3


def test_a_fitted_polynomial_says_how_far_it_is_off(job: tuple[dict[str, np.ndarray], str]) -> None:
    said = [line for line in job[1].splitlines() if "drawn by a polynomial" in line]
    residual_px = polynomial_projection(SQUARE_KANNALA_BRANDT).residual_px
    assert (
        len(said) == 1
        and f"lens kannala_brandt: drawn by a polynomial fitted to it, up to {residual_px:.3f} px" in said[0]
    )
