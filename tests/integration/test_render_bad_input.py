"""Bad input to render ends with one clear message, before any worker starts and with nothing written."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from annotate.errors import InputError
from render.config import RenderConfig
from render.farm import run

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests"))
from sites import write_small_site  # noqa: E402

NEVER = (sys.executable, "-c", "raise SystemExit('a worker was started')")


def refused(tmp_path: Path, match: str, **fields: Any) -> None:
    """Expect an InputError that matches, status 2, and no trace of an output folder."""
    config = RenderConfig(out=tmp_path / "out" / "S", images=1, size_px=64, workers=1, **fields)

    with pytest.raises(InputError, match=match) as caught:
        run(config, NEVER)

    assert caught.value.exit_status == 2
    assert "a worker was started" not in str(caught.value)
    assert not config.out.parent.exists()


def test_missing_site(tmp_path: Path) -> None:
    refused(tmp_path, "nowhere.yaml: no such file", site=tmp_path / "nowhere.yaml")


def test_missing_background(tmp_path: Path) -> None:
    site = write_small_site(tmp_path / "site", backgrounds=["gone.png"])
    refused(tmp_path, r"backgrounds\[0\].*gone.png: no such picture", site=site)


def test_broken_picture(tmp_path: Path) -> None:
    site = write_small_site(tmp_path / "site")
    picture = tmp_path / "site" / "floor.png"
    picture.write_bytes(picture.read_bytes()[:120])
    refused(tmp_path, r"backgrounds\[0\].*floor.png", site=site)


def test_site_without_lens(tmp_path: Path) -> None:
    refused(tmp_path, "site.yaml: lens is missing", site=write_small_site(tmp_path / "site", lens=None))


def test_floor_polygon_outside_the_picture(tmp_path: Path) -> None:
    outside = [[10.0, 10.0], [400.0, 10.0], [400.0, 60.0]]
    site = write_small_site(tmp_path / "site", floor_px=outside)
    refused(tmp_path, r"floor_px\[1\] is \[400, 10\], outside the picture of 96 x 96 px", site=site)


def test_floor_full_of_furniture(tmp_path: Path) -> None:
    corner = [[40.0, 40.0], [44.0, 40.0], [44.0, 44.0], [40.0, 44.0]]
    block = {
        "outline_px": [[36.0, 36.0], [48.0, 36.0], [48.0, 48.0], [36.0, 48.0]],
        "height_m": 0.5,
        "outline_at": "floor",
    }
    site = write_small_site(tmp_path / "site", floor_px=corner, furniture=[block])
    refused(tmp_path, r"floor_px leaves 0.00 m2 free of furniture: nobody can stand there", site=site)


def test_bvh_cut_short(tmp_path: Path) -> None:
    poses = tmp_path / "poses"
    poses.mkdir()
    lines = [
        "HIERARCHY",
        "ROOT Hips",
        "{",
        "OFFSET 0 0 0",
        "CHANNELS 3 Zrotation Xrotation Yrotation",
        "JOINT Spine",
        "{",
    ]
    (poses / "walk.bvh").write_text("\n".join(lines))
    refused(tmp_path, "walk.bvh", poses=poses)


def test_pose_folder_without_motion_files(tmp_path: Path) -> None:
    poses = tmp_path / "poses"
    poses.mkdir()
    refused(tmp_path, "poses", poses=poses)


def test_ranges_in_the_wrong_order(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--standing 3 1: expected two numbers, 0 or more, in order"):
        RenderConfig(out=tmp_path / "S", standing=(3, 1))


def test_folder_that_holds_something_else_is_left_alone(tmp_path: Path) -> None:
    out = tmp_path / "thesis"
    out.mkdir()
    (out / "chapter1.tex").write_text("dear")

    with pytest.raises(InputError, match="holds files that are no dataset"):
        run(RenderConfig(out=out, images=1, site=write_small_site(tmp_path / "site")), NEVER)

    assert [path.name for path in out.iterdir()] == ["chapter1.tex"]


def test_other_configuration_than_the_dataset_was_begun_with_is_refused(tmp_path: Path) -> None:
    config = RenderConfig(out=tmp_path / "S", images=1, site=write_small_site(tmp_path / "site"), workers=1)
    with pytest.raises(Exception, match="a worker was started"):
        run(config, NEVER)
    before = (config.out / "dataset.json").read_bytes()

    with pytest.raises(InputError, match=r"holds a dataset made otherwise .*seed.*--overwrite"):
        run(config.model_copy(update={"seed": 8}), NEVER)

    assert (config.out / "dataset.json").read_bytes() == before
