"""A render with Blender that is killed in the middle and continued with the same command."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import pytest

from annotate.check import check
from annotate.dataset import Dataset
from render.config import RenderConfig
from render.farm import run

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests"))
from sites import write_small_site  # noqa: E402

pytest.importorskip("bpy", reason="needs Blender's module bpy (Python 3.11)", exc_type=ImportError)


def start(config: RenderConfig) -> subprocess.Popen[bytes]:
    code = (
        "from render.config import RenderConfig; from render.farm import run; "
        f"run(RenderConfig.model_validate_json({config.model_dump_json()!r}))"
    )
    return subprocess.Popen(
        [sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": str(ROOT)}, cwd=config.out.parent
    )


def stamps(folder: Path) -> dict[str, tuple[int, int]]:
    """Inode and time of change of each file: both differ for a file that was written again."""
    return {path.name: (path.stat().st_ino, path.stat().st_mtime_ns) for path in folder.glob("[!.]*")}


def test_killed_render_continues_without_losing_or_repeating_a_picture(tmp_path: Path) -> None:
    site = write_small_site(tmp_path / "site")
    config = RenderConfig(
        out=tmp_path / "S", site=site, images=4, size_px=64, samples=4, standing=(1, 1), workers=1, denoise=False
    )
    labels = config.out / "labels"
    render = start(config)
    end = time.monotonic() + 400
    while len(list(labels.glob("[!.]*.json")) if labels.exists() else []) < 1:
        assert render.poll() is None, "the render ended before it could be killed"
        assert time.monotonic() < end, "no picture was finished"
        time.sleep(0.05)
    render.send_signal(signal.SIGKILL)
    render.wait()
    time.sleep(2.0)  # what a worker that outlived its parent would write, it would write now
    done = stamps(labels)
    images = {name: stamp for name, stamp in stamps(config.out / "images").items() if f"{Path(name).stem}.json" in done}
    assert 1 <= len(done) < 4
    assert not (config.out / "annotations.json").exists()

    run(config)

    dataset = Dataset.read(config.out)
    assert [picture.id for picture in dataset] == [0, 1, 2, 3]
    assert check(dataset) == []
    assert done.items() <= stamps(labels).items()
    assert images.items() <= stamps(config.out / "images").items()
    assert len((config.out / "manifest.jsonl").read_text().splitlines()) == 4
    for picture in dataset:
        assert cv2.imread(str(dataset.image_path(picture))).shape == (64, 64, 3)
    assert not list(config.out.rglob("images/.*")) + list(config.out.rglob("labels/.*"))
