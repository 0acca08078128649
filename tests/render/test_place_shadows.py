"""Shadows on what a site's photograph shows: on desk tops too, on the side away from the lamps that the site names."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from annotate.site import Site
from render.place import site_camera

sys.path.insert(0, str(Path(__file__).parents[1]))
from sites import write_small_site

pytestmark = pytest.mark.skipif(importlib.util.find_spec("bpy") is None, reason="bpy (Blender) is not installed")

ROOT = Path(__file__).resolve().parents[2]
SIZE = 192
FIGURE = [1.1, 0.1]
"""Just south of the small site's desk, which spans x from 0.4 to 1.8, y from 0.4 to 1.2 m, its top at 0.74."""
LAMPS = {"south": [1.1, -2.2], "north": [1.1, 2.6]}


@pytest.fixture(scope="module")
def shaded(tmp_path_factory: pytest.TempPathFactory) -> dict[str, np.ndarray]:
    folder = tmp_path_factory.mktemp("shadows")
    scenes = {}
    for name, place in LAMPS.items():
        lamp = {"place_m": place, "size_m": [0.3, 0.3], "height_m": 2.9}
        write_small_site(folder / name, 96, lamps=[lamp])
        scenes[name] = {"site": str(folder / name), "figure": FIGURE}
    (folder / "job.json").write_text(json.dumps({"scenes": scenes, "size_px": SIZE}))
    command = [sys.executable, str(Path(__file__).with_name("site_job.py"))]
    subprocess.run(
        [*command, str(folder / "job.json"), str(folder / "found.npz")],
        check=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
    )
    with np.load(folder / "found.npz") as found:
        return {**found, "camera": np.array(str(folder / "south"))}


def darkness(shaded: dict[str, np.ndarray], name: str, point: tuple[float, float, float]) -> float:
    """The share of light taken from a world point's pixel."""
    camera = site_camera(Site.read(str(shaded["camera"])), SIZE)
    column, row = np.floor(camera.project_world([point])[0]).astype(int)
    return float(shaded[name][row, column, 3])


def test_somebody_beside_a_desk_darkens_its_top_on_the_side_away_from_the_lamp(shaded: dict[str, np.ndarray]) -> None:
    behind, aside = (1.1, 0.95, 0.74), (0.55, 0.6, 0.74)
    assert darkness(shaded, "south", behind) > 0.25
    assert darkness(shaded, "south", aside) < 0.6 * darkness(shaded, "south", behind)
    assert darkness(shaded, "north", behind) < 0.5 * darkness(shaded, "south", behind)


def test_the_floor_is_darkened_on_the_other_side_when_the_lamp_is_on_the_other_side(
    shaded: dict[str, np.ndarray],
) -> None:
    before = (1.1, -0.6, 0.0)
    assert darkness(shaded, "north", before) > 0.25
    assert darkness(shaded, "south", before) < 0.1
