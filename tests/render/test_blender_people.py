"""People as Blender returns them: where they are, what hides them, and that nothing depends on history."""

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
from annotate.lens import EquidistantLens
from render.raster import merged, rasterise

pytestmark = pytest.mark.skipif(importlib.util.find_spec("bpy") is None, reason="bpy (Blender) is not installed")

ROOT = Path(__file__).resolve().parents[2]
SIZE = 160
CAMERA = Camera(lens=EquidistantLens(width_px=SIZE, height_px=SIZE, f_px=SIZE / np.pi), pose=CameraPose(height_m=2.8))
OPEN = {"figures": [[1.3, -0.9], [-1.2, 0.4]], "desk": False}
BEHIND_DESK = {"figures": [[1.75, 0.0]], "desk": True}
NOBODY: dict[str, Any] = {"figures": [], "desk": False}


def blender(folder: Path, scenes: dict[str, Any], samples: int = 8, denoise: bool = True) -> dict[str, np.ndarray]:
    """Run scenes one after the other in one fresh Blender process."""
    job = {"camera": CAMERA.model_dump(), "scenes": scenes, "samples": samples, "denoise": denoise, "seed": 5}
    folder.mkdir()
    (folder / "job.json").write_text(json.dumps(job))
    command = [sys.executable, str(Path(__file__).with_name("blender_job.py")), "people"]
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
def first(tmp_path_factory: pytest.TempPathFactory) -> dict[str, np.ndarray]:
    scenes = {"open": {**OPEN, "plate": True}, "behind": BEHIND_DESK, "nobody": NOBODY, "open_again": OPEN}
    return blender(tmp_path_factory.mktemp("people") / "first", scenes)


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> dict[str, np.ndarray]:
    return blender(
        tmp_path_factory.mktemp("people") / "fresh", {"behind": BEHIND_DESK, "open": {**OPEN, "plate": True}}
    )


def body_pixels(rgba: np.ndarray) -> np.ndarray:
    """HW bool."""
    return np.asarray((rgba[..., 3] > 0.5) & (rgba[..., :3].sum(axis=-1) > 1e-3))


def figure_mask(figures: list[list[float]], desk: bool) -> np.ndarray:
    """HW bool of visible figures, from geometry alone."""
    sys.path.insert(0, str(Path(__file__).parent))
    try:
        from blender_job import figure, hall
    finally:
        sys.path.pop(0)
    bodies = [rasterise(figure(x, y), CAMERA) for x, y in figures]
    parts = [rasterise(part, CAMERA) for part in hall("hall", desk).parts]
    owner = merged([*bodies, *parts], CAMERA).owner
    return np.asarray((owner >= 0) & (owner < len(bodies)))


@pytest.mark.parametrize(("name", "scene"), [("open", OPEN), ("behind", BEHIND_DESK)])
def test_bodies_cover_the_pixels_that_geometry_gives_them(
    first: dict[str, np.ndarray], name: str, scene: dict[str, Any]
) -> None:
    rendered, expected = body_pixels(first[name]), figure_mask(scene["figures"], scene["desk"])
    common, either = (rendered & expected).sum(), (rendered | expected).sum()
    assert expected.sum() > 50
    assert common / either > 0.9
    assert abs(rendered.sum() - expected.sum()) < 0.06 * expected.sum()


def test_furniture_hides_what_stands_behind_it(first: dict[str, np.ndarray]) -> None:
    hidden = figure_mask(BEHIND_DESK["figures"], desk=False) & ~figure_mask(BEHIND_DESK["figures"], desk=True)
    assert hidden.sum() > 20
    inner = (
        hidden & ~np.roll(body_pixels(first["behind"]), 1, axis=0) & ~np.roll(body_pixels(first["behind"]), -1, axis=0)
    )
    assert np.median(first["behind"][inner][:, :3].sum(axis=1)) < 1e-3


def test_nothing_is_drawn_outside_the_lens(first: dict[str, np.ndarray]) -> None:
    outside = ~CAMERA.lens.valid_mask()
    assert not first["open"][outside].any()
    assert not first["open_plate"][outside].any()
    assert first["open_plate"][SIZE // 2, SIZE // 2].min() > 0.05


def test_nobody_costs_nothing_and_shows_nothing(first: dict[str, np.ndarray]) -> None:
    assert not first["nobody"].any()


@pytest.mark.parametrize("name", ["open", "behind", "open_plate"])
def test_another_process_and_another_order_give_the_same_picture(
    first: dict[str, np.ndarray], fresh: dict[str, np.ndarray], name: str
) -> None:
    np.testing.assert_allclose(first[name], fresh[name], rtol=0, atol=1e-6)


def test_a_picture_does_not_depend_on_those_before_it(first: dict[str, np.ndarray]) -> None:
    np.testing.assert_allclose(first["open"], first["open_again"], rtol=0, atol=1e-6)


def test_pictures_leave_nothing_behind(first: dict[str, np.ndarray], fresh: dict[str, np.ndarray]) -> None:
    meshes, materials, images, lights = first["left"]
    assert (meshes, images, lights) == (1, 1, 4)  # the image is Blender's own render result
    assert materials == 1
    assert fresh["left"].tolist() == [1, 1, 1, 4]
