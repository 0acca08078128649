"""Figures arrive at an MLflow server, and its absence is told before any work."""

import importlib.util
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from annotate.errors import InputError, PlafondError
from eval.config import EvaluateConfig, TrainingConfig
from eval.evaluation import tracking
from eval.evaluation.run import run

has_server = importlib.util.find_spec("mlflow") is not None and importlib.util.find_spec("flask") is not None


def _config(root: Path, write_discs: Callable[..., Path], address: str) -> EvaluateConfig:
    write_discs(root / "R", 2, size=64, people=1, seed=2, kind="real")
    write_discs(root / "test", 3, size=64, people=1, seed=4, kind="real")
    return EvaluateConfig(
        train=[f"R={root}/R"], val=root / "R", test=root / "test", out=root / "report", download=False, crop_px=32,
        seeds=[0], mlflow=address, training=TrainingConfig(input_px=64, steps=1, evaluations=1, batch=2),
    )  # fmt: skip


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """A real MLflow server with a database of its own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1",
               "--backend-store-uri", f"sqlite:///{tmp_path}/mlflow.db",
               "--artifacts-destination", str(tmp_path / "files")]  # fmt: skip
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(command, cwd=tmp_path, env={**os.environ, "OMP_NUM_THREADS": "1"}, **quiet)
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_for(address, process)
        yield address
    finally:
        process.terminate()
        process.wait(timeout=30)


def _wait_for(address: str, process: subprocess.Popen, patience_s: float = 180.0) -> None:
    until = time.monotonic() + patience_s
    while time.monotonic() < until:
        assert process.poll() is None, "the server ended"
        try:
            with urllib.request.urlopen(f"{address}/health", timeout=5):
                return
        except OSError:
            time.sleep(0.5)
    pytest.fail("the server does not answer")


@pytest.mark.skipif(not has_server, reason="mlflow with its server is not installed")
def test_figures_settings_and_report_arrive_at_a_real_server(
    tmp_path: Path, write_discs: Callable[..., Path], server: str
) -> None:
    import mlflow

    config = _config(tmp_path, write_discs, server)
    run(config)
    client = mlflow.MlflowClient(server)
    experiment = client.get_experiment_by_name(tracking.EXPERIMENT)
    found = {one.info.run_name: one for one in client.search_runs([experiment.experiment_id])}
    assert set(found) == {"report", "R"}
    measures = json.loads((config.out / "report.json").read_text())["tests"][0]["measures"]["R"]["figures"]
    assert found["R"].data.metrics["test/f1"] == pytest.approx(measures["f1"]["value"])
    assert found["R"].data.params["pictures"] == "2"
    assert found["report"].data.params["detector"] == "squeezedet"
    files = {file.path for file in client.list_artifacts(found["report"].info.run_id)}
    assert files == {"index.html", "report.json"}


@pytest.mark.skipif(not has_server, reason="mlflow is not installed")
def test_report_is_there_when_the_server_is_not(
    tmp_path: Path, write_discs: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    config = _config(tmp_path, write_discs, "http://127.0.0.1:9")
    with pytest.raises(PlafondError, match=r"--mlflow http://127.0.0.1:9: the report is in .*, but could not be sent"):
        run(config)
    assert (config.out / "index.html").is_file()


def test_missing_package_is_told_before_any_work(
    tmp_path: Path, write_discs: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(
        tracking.importlib.util, "find_spec", lambda name, *more: None if name == "mlflow" else find(name, *more)
    )
    config = _config(tmp_path, write_discs, "http://127.0.0.1:9")
    with pytest.raises(InputError, match=r'the package mlflow is not installed; pip install "plafond\[mlflow\]"'):
        run(config)
    assert not config.out.exists()
