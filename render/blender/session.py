"""One Blender in this process: how it is started, what every render of ours has in common, and how pixels come back.

bpy can be imported once in a process and not in the child of one that has it, so only worker processes come here.
Colour: every value is linear; no view transform touches it. Rows run from the picture's top.
"""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from annotate.errors import PlafondError

if TYPE_CHECKING:
    from render.blender.borders import Rectangle

_FAST_FOLDER = Path("/dev/shm")
"""A folder in memory, where the system has one."""


def start_blender(threads: int) -> Any:
    """Import bpy so that its thread pools have `threads` threads; returns the module with an empty scene.

    Cycles obeys its own thread setting, but Blender's pool (TBB) takes its size from the processors that the process
    may use when it is imported, and its idle threads spin: on two cores a render with one thread burnt twice its CPU
    time. Hence the narrow affinity while importing; afterwards the process may run anywhere again.
    """
    with _limited_processors(threads):
        import bpy
    # Blender's own camera shader compiler looks for oslquery, which its wheel keeps outside the import path.
    library = Path(bpy.utils.resource_path("LOCAL")) / "python" / "lib" / f"python3.{sys.version_info.minor}"
    if str(library / "site-packages") not in sys.path:
        sys.path.append(str(library / "site-packages"))
    bpy.ops.wm.read_factory_settings(use_empty=True)
    return bpy


@contextlib.contextmanager
def _limited_processors(threads: int) -> Iterator[None]:
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, set(sorted(allowed)[: max(1, threads)]))
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)


class Session:
    """A scene in Cycles and the file through which its pixels leave it."""

    def __init__(self, threads: int = 1) -> None:
        self.bpy = start_blender(threads)
        self.scene = self.bpy.context.scene
        folder = _FAST_FOLDER if os.access(_FAST_FOLDER, os.W_OK) else Path(tempfile.gettempdir())
        self._folder = tempfile.TemporaryDirectory(prefix="plafond-", dir=folder)
        self._file = Path(self._folder.name) / "render.exr"
        self._set_up_cycles(threads)
        self._set_up_output()

    def _set_up_cycles(self, threads: int) -> None:
        scene = self.scene
        scene.render.engine = "CYCLES"
        cycles = scene.cycles
        scene.render.threads_mode = "FIXED"
        scene.render.threads = threads
        scene.render.use_persistent_data = True
        cycles.device = "CPU"
        # A fifth dearer, and 5 dB less noise where some twenty lamps light a room.
        cycles.use_light_tree = True
        cycles.caustics_reflective = cycles.caustics_refractive = False
        cycles.max_bounces, cycles.diffuse_bounces, cycles.glossy_bounces = 3, 2, 1
        cycles.transmission_bounces, cycles.transparent_max_bounces = 1, 8
        cycles.sample_clamp_indirect = 4.0
        cycles.denoiser = "OPENIMAGEDENOISE"
        cycles.denoising_input_passes = "RGB_ALBEDO_NORMAL"
        cycles.use_auto_tile = False

    def _set_up_output(self) -> None:
        render = self.scene.render
        render.resolution_percentage = 100
        render.filepath = str(self._file)
        render.image_settings.file_format = "OPEN_EXR"
        render.image_settings.color_mode = "RGBA"
        render.image_settings.color_depth = "32"
        render.image_settings.exr_codec = "NONE"
        render.use_compositing = render.use_sequencer = False
        self.scene.view_settings.view_transform = "Raw"
        self.scene.display_settings.display_device = "sRGB"

    def set_quality(
        self, samples: int, seed: int, denoise: bool, adaptive_threshold: float = 0.0, thorough: bool = False
    ) -> None:
        """Samples per pixel, the seed of their noise, and whether to denoise. adaptive_threshold 0: all samples.

        thorough: a slower denoiser, half a decibel better for the price of two samples (on an empty room).
        """
        cycles = self.scene.cycles
        cycles.denoising_quality = "BALANCED" if thorough else "FAST"
        cycles.denoising_prefilter = "FAST" if thorough else "NONE"
        cycles.samples = samples
        cycles.seed = seed % 2**31
        cycles.use_denoising = denoise
        cycles.use_adaptive_sampling = adaptive_threshold > 0
        if adaptive_threshold > 0:
            cycles.adaptive_threshold = adaptive_threshold

    def set_even_light_after(self, bounces: int, nearby_m: float) -> None:
        """Follow light over this many bounces; then what is not blocked within nearby_m finds the ambient light.

        1 costs a quarter less than following every path (people come within 34 dB), and keeps a few bodies from
        darkening a whole room a little, which would show where a rendered rectangle ends. 2 keeps the light of a room
        as it is (0.1 % in brightness) and saves an eighth.
        """
        cycles = self.scene.cycles
        cycles.use_fast_gi = True
        cycles.fast_gi_method = "REPLACE"
        cycles.ao_bounces_render = bounces
        self.scene.world.light_settings.distance = nearby_m

    def forget(self) -> None:
        """Free what Cycles keeps between renders, so that the next picture cannot depend on this one.

        Kept data give the same picture with other noise: objects that come and go change places in Cycles' lists.
        """
        self.scene.render.use_persistent_data = False
        self.scene.render.use_persistent_data = True

    def render(self, rectangles: Sequence[Rectangle] | None = None, margin_px: int = 0) -> np.ndarray:
        """HxWx4 float32 premultiplied linear RGBA of the scene's whole frame, or of some rectangles with 0 elsewhere.

        margin_px: rendered around each rectangle and thrown away, because the denoiser knows least at an edge.
        """
        width, height = self.scene.render.resolution_x, self.scene.render.resolution_y
        if rectangles is None:
            self.scene.render.use_border = False
            return self._render_once(width, height)
        picture = np.zeros((height, width, 4), np.float32)
        for box in rectangles:
            larger = box.grown(margin_px, width, height)
            self._set_border(larger, width, height)
            rendered = self._render_once(larger.width, larger.height)
            inside = rendered[box.top - larger.top :, box.left - larger.left :][: box.height, : box.width]
            picture[box.top : box.bottom, box.left : box.right] = inside
        return picture

    def _set_border(self, box: Rectangle, width: int, height: int) -> None:
        render = self.scene.render
        render.use_border = render.use_crop_to_border = True
        # Blender cuts the product of border and size to whole pixels: half a pixel keeps rounding from losing one.
        render.border_min_x, render.border_max_x = (box.left + 0.5) / width, (box.right + 0.5) / width
        render.border_min_y = (height - box.bottom + 0.5) / height
        render.border_max_y = (height - box.top + 0.5) / height

    def _render_once(self, width: int, height: int) -> np.ndarray:
        self.bpy.ops.render.render(write_still=True)
        image = self.bpy.data.images.load(str(self._file), check_existing=False)
        try:
            if tuple(image.size) != (width, height):
                raise PlafondError(
                    f"Blender returned {tuple(image.size)} pixels where {(width, height)} were asked for."
                )
            image.colorspace_settings.name = "Non-Color"
            pixels = np.empty(width * height * 4, np.float32)
            image.pixels.foreach_get(pixels)
        finally:
            self.bpy.data.images.remove(image)
            self._file.unlink(missing_ok=True)
        return pixels.reshape(height, width, 4)[::-1]
