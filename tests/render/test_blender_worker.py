"""The worker process as the farm starts it: jobs in, pictures out, the same ones whoever makes them in any order."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from annotate.files import read_image, read_json
from render.config import RenderConfig

pytestmark = pytest.mark.skipif(importlib.util.find_spec("bpy") is None, reason="bpy (Blender) is not installed")

ROOT = Path(__file__).resolve().parents[2]


def work(out: Path, indices: list[int]) -> list[dict[str, Any]]:
    """Answers of a fresh worker that makes these pictures, then finds its input ended."""
    config = RenderConfig(
        out=out,
        size_px=64,
        samples=2,
        plate_samples=1,
        sitting=(1, 1),
        standing=(1, 1),
        scenes_per_background=1,
        seed=4,
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "render.blender.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=ROOT,
    )
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write(json.dumps({"config": config.model_dump(mode="json")}) + "\n")
    answers = []
    for index in [None, *indices]:
        if index is not None:
            process.stdin.write(json.dumps({"index": index}) + "\n")
        process.stdin.flush()
        answer = json.loads(process.stdout.readline())
        while "message" in answer:
            answer = json.loads(process.stdout.readline())
        answers.append(answer)
    process.stdin.close()
    assert process.wait(timeout=60) == 0
    assert process.stdout.read() == ""
    return answers


def test_workers_make_the_same_pictures_in_any_order(tmp_path: Path) -> None:
    answers = work(tmp_path / "one", [0, 1])
    assert answers[0] == {"ready": True}
    assert [(answer.get("index"), answer.get("done")) for answer in answers[1:]] == [(0, True), (1, True)], answers
    work(tmp_path / "other", [1, 0])
    for name in ("000000", "000001"):
        one, other = tmp_path / "one", tmp_path / "other"
        assert (read_image(one / "images" / f"{name}.png") == read_image(other / "images" / f"{name}.png")).all()
        assert (one / "masks" / f"{name}.png").read_bytes() == (other / "masks" / f"{name}.png").read_bytes()
        assert read_json(one / "labels" / f"{name}.json") == read_json(other / "labels" / f"{name}.json")
    assert read_image(tmp_path / "one" / "images" / "000000.png").mean() > 10
