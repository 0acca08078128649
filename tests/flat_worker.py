"""A render worker without Blender: a real worker in all but the light, which is flat; and it can be told to fail.

FLAT_WORKER_LOG: a file to which each start and each picture is written. FLAT_WORKER_DIES_AT: index at which the process
kills itself in the middle of a picture; once, unless FLAT_WORKER_DIES_ALWAYS is set. FLAT_WORKER_HANGS_AT: index at
which it never answers. FLAT_WORKER_WARNS_AT: index at which the renderer logs a warning.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import time
from pathlib import Path

import numpy as np

from annotate.camera import Camera
from assets.mesh import Human
from render import worker_loop
from render.config import RenderConfig
from render.light import LightSpec
from render.picture import Renderer, RenderSettings, make_picture
from render.place import Place
from render.raster import rasterise


class FlatRenderer:
    """People as flat grey silhouettes, rooms as flat grey."""

    def __init__(self, settings: RenderSettings) -> None:
        print("noise on standard output, as Blender makes it")
        note("start")

    def render_people(
        self, place: Place, people: list[Human], light: LightSpec, camera: Camera, seed: int
    ) -> np.ndarray:
        layer = np.zeros((camera.lens.height_px, camera.lens.width_px, 4), np.float32)
        for number, human in enumerate(people, start=1):
            layer[rasterise(human, camera).mask(camera)] = (0.1 * number, 0.2, 0.3, 1.0)
        return layer

    def render_plate(self, place: Place, light: LightSpec, camera: Camera, seed: int) -> np.ndarray:
        note("plate")
        return np.full((camera.lens.height_px, camera.lens.width_px, 3), 0.3, np.float32)


def note(text: str) -> None:
    if "FLAT_WORKER_LOG" in os.environ:
        with open(os.environ["FLAT_WORKER_LOG"], "a") as log:
            log.write(text + "\n")


def make_or_fail(config: RenderConfig, index: int, renderer: Renderer) -> object:
    note(f"picture {index}")
    if os.environ.get("FLAT_WORKER_WARNS_AT") == str(index):
        logging.getLogger("render.blender").warning("the lens is only fitted")
    if os.environ.get("FLAT_WORKER_HANGS_AT") == str(index):
        time.sleep(600)
    if os.environ.get("FLAT_WORKER_DIES_AT") == str(index) and _dies_now():
        print("the last words of the worker", file=sys.stderr, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
    if os.environ.get("FLAT_WORKER_BREAKS_AT") == str(index):
        raise ZeroDivisionError("a fault in the program")
    return make_picture(config, index, renderer)


def _dies_now() -> bool:
    if "FLAT_WORKER_DIES_ALWAYS" in os.environ:
        return True
    marker = Path(os.environ["FLAT_WORKER_LOG"] + ".died")
    first = not marker.exists()
    marker.touch()
    return first


if __name__ == "__main__":
    worker_loop.make_picture = make_or_fail  # type: ignore[assignment]
    worker_loop.serve(FlatRenderer)
