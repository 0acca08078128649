"""Labels against Cycles' own passes: the object, the distance and the surface that Blender finds at each pixel's centre."""

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
from annotate.lens import EquidistantLens, KannalaBrandtLens
from render.dense_labels import dense_maps
from render.raster import ZBuffer, merged, rasterise

pytestmark = pytest.mark.skipif(importlib.util.find_spec("bpy") is None, reason="bpy (Blender) is not installed")

ROOT = Path(__file__).resolve().parents[2]
FRAME: dict[str, Any] = {"width_px": 200, "height_px": 180, "cx_px": 104.0, "cy_px": 87.0}
CAMERAS = {
    "builtin": Camera(
        lens=EquidistantLens(**FRAME, f_px=58.0),
        pose=CameraPose(height_m=2.8, tilt_deg=12, tilt_azimuth_deg=70, yaw_deg=30),
    ),
    "osl": Camera(
        lens=KannalaBrandtLens(**FRAME, fx_px=60.0, fy_px=56.0, k1=0.02, k2=-0.004, k3=0.0, k4=0.0, max_theta_deg=88),
        pose=CameraPose(height_m=2.9, tilt_deg=17, tilt_azimuth_deg=50, yaw_deg=-30),
    ),
}
"""By the way that Blender draws them: its own fisheye, and the camera shader."""


@pytest.fixture(scope="module")
def passes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, np.ndarray]:
    folder = tmp_path_factory.mktemp("truth")
    cases = {kind: {"camera": camera.model_dump(), "kind": kind} for kind, camera in CAMERAS.items()}
    (folder / "job.json").write_text(json.dumps({"cases": cases}))
    command = [sys.executable, str(Path(__file__).with_name("blender_job.py")), "truth"]
    subprocess.run(
        [*command, str(folder / "job.json"), str(folder / "found.npz")],
        check=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
    )
    with np.load(folder / "found.npz") as found:
        return dict(found)


@pytest.fixture(scope="module")
def labels() -> dict[str, tuple[ZBuffer, np.ndarray]]:
    """The z-buffer and the normals (camera frame) of the same solids, by camera."""
    sys.path.insert(0, str(Path(__file__).parent))
    try:
        from blender_job import labelled_solids
    finally:
        sys.path.pop(0)
    meshes, found = labelled_solids(), {}
    for kind, camera in CAMERAS.items():
        buffer = merged([rasterise(mesh, camera) for mesh in meshes], camera)
        normals = dense_maps(meshes, buffer, camera, ("normals",)).normals
        assert normals is not None
        found[kind] = (buffer, normals)
    return found


@pytest.mark.parametrize("kind", CAMERAS)
def test_every_pixel_belongs_to_the_object_that_blender_finds_there(
    passes: dict[str, np.ndarray], labels: dict[str, tuple[ZBuffer, np.ndarray]], kind: str
) -> None:
    owner = labels[kind][0].owner + 1
    assert min((owner == number).sum() for number in range(1, 6)) > 200
    # Rays through an edge may fall to either side in single precision.
    assert (owner != passes[f"{kind}_object"]).sum() <= 2


@pytest.mark.parametrize("kind", CAMERAS)
def test_depth_is_the_distance_along_the_ray_that_blender_measures(
    passes: dict[str, np.ndarray], labels: dict[str, tuple[ZBuffer, np.ndarray]], kind: str
) -> None:
    buffer, _ = labels[kind]
    same = (buffer.owner >= 0) & (buffer.owner + 1 == passes[f"{kind}_object"])
    apart_m = np.abs(buffer.depth_m - passes[f"{kind}_depth"])[same]
    assert np.percentile(apart_m, 99.9) < 1e-4 and np.median(apart_m) < 2e-6
    assert passes[f"{kind}_depth"][buffer.owner < 0].min() > 1e9  # Blender's "nothing"


@pytest.mark.parametrize("kind", CAMERAS)
def test_normals_are_those_that_blender_shades_with(
    passes: dict[str, np.ndarray], labels: dict[str, tuple[ZBuffer, np.ndarray]], kind: str
) -> None:
    buffer, normals = labels[kind]
    same = (buffer.owner >= 0) & (buffer.owner + 1 == passes[f"{kind}_object"])
    theirs = passes[f"{kind}_normal"] @ CAMERAS[kind].camera_from_world.T
    chord = np.linalg.norm(theirs - normals, axis=-1)[same]
    apart_deg = np.degrees(2 * np.arcsin(np.clip(chord / 2, 0, 1)))
    assert np.percentile(apart_deg, 99.9) < 0.1 and np.median(apart_deg) < 1e-4
