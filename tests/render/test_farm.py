"""The farm with workers that do everything but render: death, replacement, resume, order, messages.

What it does with Blender's workers is in tests/integration.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from annotate.dataset import Dataset
from annotate.errors import InputError, PlafondError
from annotate.site import Site
from render.config import RenderConfig
from render.farm import Jobs, run, with_own_camera
from render.sensor import SensorConfig

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests"))
from sites import write_small_site  # noqa: E402

FLAT = (sys.executable, str(ROOT / "tests" / "flat_worker.py"))


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RenderConfig:
    monkeypatch.setenv("FLAT_WORKER_LOG", str(tmp_path / "log"))
    site = write_small_site(tmp_path / "site")
    return RenderConfig(out=tmp_path / "S", site=site, images=5, size_px=64, standing=(1, 1), workers=1, seed=3)


def log_of(config: RenderConfig) -> list[str]:
    return (config.out.parent / "log").read_text().splitlines()


def files_of(config: RenderConfig) -> dict[str, bytes]:
    """images, masks and labels by name."""
    folders = [config.out / name for name in ("images", "masks", "labels")]
    return {str(path.relative_to(config.out)): path.read_bytes() for folder in folders for path in folder.iterdir()}


def test_all_pictures_are_made_once_and_the_dataset_reads(config: RenderConfig) -> None:
    run(config, FLAT)

    dataset = Dataset.read(config.out)
    assert [picture.id for picture in dataset] == [0, 1, 2, 3, 4]
    assert Counter(log_of(config)) == {"start": 1, **{f"picture {index}": 1 for index in range(5)}}
    assert dataset.info.kind == "synthetic" and dataset.info.seed == 3
    assert dataset.info.config["site"]["name"] == "small"


def test_number_of_workers_does_not_show(config: RenderConfig) -> None:
    run(config, FLAT)
    two = config.model_copy(update={"out": config.out.with_name("S2"), "workers": 2})

    run(two, FLAT)

    assert files_of(two) == files_of(config)


def test_warnings_of_the_renderer_reach_the_person(
    config: RenderConfig, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FLAT_WORKER_WARNS_AT", "1")

    run(config.model_copy(update={"images": 2}), FLAT)

    assert capfd.readouterr().out.count("the lens is only fitted") == 1


def test_worker_that_dies_once_is_replaced_and_loses_nothing(
    config: RenderConfig, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FLAT_WORKER_DIES_AT", "2")

    run(config, FLAT)

    assert len(Dataset.read(config.out)) == 5
    assert Counter(log_of(config)) == {"start": 2, "picture 2": 2, **{f"picture {index}": 1 for index in (0, 1, 3, 4)}}
    said = "".join(capfd.readouterr())
    assert "picture 2: the render worker ended (killed by signal 9)" in said
    assert "the last words of the worker" in said


def test_picture_over_which_workers_always_die_fails_with_its_number_and_the_others_are_made(
    config: RenderConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLAT_WORKER_DIES_AT", "1")
    monkeypatch.setenv("FLAT_WORKER_DIES_ALWAYS", "1")

    with pytest.raises(
        PlafondError, match=r"(?s)picture 1: the render worker ended.*last words.*same command continues"
    ):
        run(config, FLAT)

    assert sorted(path.stem for path in (config.out / "labels").iterdir()) == ["000000", "000002", "000003", "000004"]
    monkeypatch.delenv("FLAT_WORKER_DIES_AT")
    run(config, FLAT)
    assert len(Dataset.read(config.out)) == 5


def test_fault_in_a_picture_is_named_and_does_not_stop_the_others(
    config: RenderConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLAT_WORKER_BREAKS_AT", "0")

    with pytest.raises(PlafondError, match="picture 0: ZeroDivisionError: a fault in the program"):
        run(config, FLAT)

    assert len(list((config.out / "labels").iterdir())) == 4


def test_finished_dataset_is_not_rendered_again_and_more_pictures_continue_it(config: RenderConfig) -> None:
    run(config, FLAT)
    before = files_of(config)

    run(config, FLAT)
    assert log_of(config).count("start") == 1
    run(config.model_copy(update={"images": 7}), FLAT)

    after = files_of(config)
    assert len(Dataset.read(config.out)) == 7
    assert {name: after[name] for name in before} == before


def test_fewer_pictures_than_there_are_is_refused(config: RenderConfig) -> None:
    run(config, FLAT)

    with pytest.raises(InputError, match=r"--images 2: .* holds picture 4 already"):
        run(config.model_copy(update={"images": 2}), FLAT)


def test_worn_worker_is_replaced(config: RenderConfig) -> None:
    run(config.model_copy(update={"recycle_after": 2}), FLAT)

    assert log_of(config).count("start") == 3
    assert len(Dataset.read(config.out)) == 5


def test_empty_room_is_rendered_once_for_its_group(config: RenderConfig) -> None:
    office = config.model_copy(update={"site": None, "scenes_per_background": 2, "images": 4, "sitting": (0, 1)})

    run(office, FLAT)

    assert log_of(config).count("plate") == 2


def test_worker_ends_when_its_parent_is_killed_in_the_middle_of_a_picture(config: RenderConfig) -> None:
    read = f"RenderConfig.model_validate_json({config.model_dump_json()!r})"
    code = f"from render.config import RenderConfig; from render.farm import run; run({read}, {FLAT!r})"
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "FLAT_WORKER_HANGS_AT": "1"}
    parent = subprocess.Popen([sys.executable, "-c", code], env=environment, stderr=subprocess.DEVNULL)
    log = config.out.parent / "log"
    _wait_until(lambda: log.exists() and "picture 1" in log.read_text())
    workers = _children(parent.pid)
    assert workers

    parent.send_signal(signal.SIGKILL)
    parent.wait()

    _wait_until(lambda: not any(_alive(pid) for pid in workers))


def test_jobs_keep_a_worker_in_its_office_and_leave_none_out() -> None:
    jobs = Jobs.of(range(10), group_size=4)
    first = jobs.next(None)
    second = jobs.next(None)

    assert (first, second) == (0, 4)
    taken = [first, second]
    while (index := jobs.next(0)) is not None:
        taken.append(index)
    assert taken[2:5] == [1, 2, 3]
    assert sorted(taken) == list(range(10))


def test_dataset_json_holds_the_whole_configuration(config: RenderConfig) -> None:
    run(config, FLAT)

    saved = json.loads((config.out / "dataset.json").read_text())["config"]

    assert saved["standing"] == [1, 1] and saved["sensor"]["preset"] == "mild"  # of a site too small to be measured


def test_a_sites_camera_is_measured_from_its_pictures_unless_one_is_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = RenderConfig(site=write_small_site(tmp_path / "site", size_px=256))
    site = Site.read(tmp_path / "site")

    measured = with_own_camera(config, site).sensor

    assert measured.preset == "off" and measured.contrast is not None and measured.exposure_ev is None
    assert f"contrast {measured.contrast[0]:g} to {measured.contrast[1]:g}" in capsys.readouterr().out
    asked = config.model_copy(update={"sensor": SensorConfig(preset="varied")})
    assert with_own_camera(asked, site) is asked


def _wait_until(true: Callable[[], bool], seconds: float = 120.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.1)


def _children(pid: int) -> list[int]:
    threads = Path(f"/proc/{pid}/task").iterdir()
    return [int(child) for thread in threads for child in (thread / "children").read_text().split()]


def _alive(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False
