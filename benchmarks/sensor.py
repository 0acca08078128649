"""CPU-milliseconds of the simulated camera for one 640 x 640 picture, effect by effect, and for varied draws.

    python benchmarks/sensor.py                           # every effect, 20 varied draws
    python benchmarks/sensor.py --size 1024 --draws 100

One thread; the light is random smooth colour, whose content matters to video and JPEG alone. An effect's line is what it
adds to the picture without any (the line "none": tone curve and rounding), of each the fastest repeat. Fields that
depend on the lens are kept between pictures and were made before.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import sys
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

EFFECTS: dict[str, dict[str, Any]] = {
    "exposure": {"exposure_ev": 0.3}, "white balance": {"red_gain": 1.1, "blue_gain": 0.9},
    "vignetting": {"vignetting": 0.3}, "lens blur": {"blur_px": 0.6}, "rim blur": {"rim_blur_px": 1.0},
    "shake": {"shake_px": 3.0, "shake_angle_deg": 30.0}, "fringes": {"fringe_px": 0.8},
    "noise": {"shot_noise": 0.02, "read_noise": 0.004},
    "noise with grain": {"shot_noise": 0.02, "read_noise": 0.004, "noise_grain_px": 0.6},
    "monochrome": {"monochrome": True}, "gamma": {"gamma": 1.1}, "black": {"black": 0.06},
    "contrast": {"contrast": 1.3}, "saturation": {"saturation": 1.2}, "noise filter": {"smooth": 0.03},
    "sharpening": {"sharpen": 1.0, "sharpen_px": 1.2}, "smaller sensor": {"scale": 0.7}, "video": {"video_crf": 26},
    "JPEG": {"jpeg_quality": 75},
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=640, help="side of the pictures, px")
    parser.add_argument("--draws", type=int, default=20)
    parser.add_argument("--repeats", type=int, default=7)
    options = parser.parse_args()
    import cv2

    cv2.setNumThreads(1)
    print(f"{options.size} x {options.size} px, 1 thread, {platform.processor() or platform.machine()}, "
          f"{os.cpu_count()} cores, Python {platform.python_version()}, OpenCV {cv2.__version__}")  # fmt: skip
    print_effects(options.size, options.repeats)
    print_draws(options.size, options.draws)


def scene(size_px: int) -> tuple[Any, Any]:
    """HWC linear light and the camera that sees it."""
    import cv2
    import numpy as np

    from annotate.camera import Camera, CameraPose
    from annotate.lens import EquidistantLens

    small = np.random.default_rng(0).uniform(0.02, 0.9, (size_px // 8, size_px // 8, 3)).astype(np.float32)
    light = cv2.resize(small, (size_px, size_px), interpolation=cv2.INTER_CUBIC)
    lens = EquidistantLens(
        width_px=size_px, height_px=size_px, cx_px=size_px / 2, cy_px=size_px / 2, f_px=size_px / np.pi
    )
    return light, Camera(lens=lens, pose=CameraPose(height_m=3))


def cpu_ms(specs: list[Any], size_px: int, repeats: int) -> list[float]:
    """The fastest of the repeats of each spec, taken in turns, after a picture each that fills the caches."""
    from render.sensor import develop

    light, camera = scene(size_px)
    times: list[list[float]] = [[] for _ in specs]
    for _ in range(repeats + 1):
        for spec, mine in zip(specs, times, strict=True):
            before = time.process_time()
            develop(light, spec, camera)
            mine.append(time.process_time() - before)
    return [1000 * min(mine[1:]) for mine in times]


def print_effects(size_px: int, repeats: int) -> None:
    from render.sensor import SensorSpec

    none, *others = cpu_ms([SensorSpec(), *(SensorSpec(**values) for values in EFFECTS.values())], size_px, repeats)
    print(f"{'none':<18}{none:7.1f} ms")
    for name, taken in zip(EFFECTS, others, strict=True):
        print(f"{name:<18}{taken - none:+7.1f} ms")


def print_draws(size_px: int, draws: int) -> None:
    import numpy as np

    from render.sensor import SensorConfig, sample_sensor

    for preset in ("off", "mild", "stand-in", "varied"):
        rng = np.random.default_rng(0)
        config = SensorConfig(preset=preset)  # type: ignore[arg-type]
        times = cpu_ms([sample_sensor(config, rng) for _ in range(draws)], size_px, 1)
        print(f"preset {preset:<11}{statistics.mean(times):7.1f} ms mean, {max(times):.1f} at most, {draws} draws")


if __name__ == "__main__":
    main()
