"""Two processes that train one refiner: they agree with one process, stay equal, go on where they were, and say so if
there are not as many as there were. They are started as torchrun starts them, over Gloo on this machine."""

import json
import socket
from pathlib import Path

import pytest
import torch
from training_engine import PLAIN, SMALL, crops, losses, rows, same_networks, start, training

from annotate.dataset import Dataset
from annotate.errors import InputError
from refine.config import RefineConfig
from refine.pipeline import run
from refine.training.checkpoint import read_checkpoint
from refine.training.device import choose_device
from refine.training.order import CropOrder

SCRIPT = """
import hashlib, json, sys
from refine.pipeline import run
from refine.processes import is_first, joined_processes, process_rank
folder = Path({folder!r})
report = {{}}

def digest(refiner):
    found = hashlib.sha256()
    for network in refiner.networks.values():
        for weight in network.parameters():
            found.update(weight.detach().numpy().tobytes())
    return found.hexdigest()

with joined_processes(CPU):
    first = training(folder / "one step", steps=1, pool=0)
    first.run()
    if is_first():
        gradients = {{n: [w.grad for w in network.parameters()] for n, network in first.refiner.networks.items()}}
        torch.save(gradients, folder / "gradients.pt")
    whole = training(folder / "whole", judged=True, select_every=4, log_every=2, tensorboard=True)
    report["whole"] = digest(whole.run())
    report["places"] = [int(place) for step in range(3) for place in CropOrder(whole.config, 5, 5).at(step)["real"]]
    report["pool"] = whole.refiner.pools["y_fake"].state()["images"].sum().item()

    stopped = training(folder / "stopped", judged=True, select_every=4, log_every=2)
    train_until_interrupted(9, stopped)
    report["stopped"] = True
    report["continued"] = digest(training(folder / "stopped", judged=True, select_every=4, log_every=2).run())
    run(RefineConfig(**{{**PLAIN, **SMALL, "synthetic": folder / "S", "real": folder / "R", "out": folder / "S+"}},
                     device="cpu"))
print(json.dumps(report))
"""


@pytest.fixture(scope="module")
def together(tmp_path_factory, write_people_anywhere) -> tuple[Path, list[dict]]:
    """What two processes left in a folder, and what each reported."""
    folder = tmp_path_factory.mktemp("two")
    write_people_anywhere(folder / "S")
    write_people_anywhere(folder / "R", kind="real", masks=False)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    script = "from refine.training.order import CropOrder\n" + SCRIPT.format(folder=str(folder))
    meeting = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "WORLD_SIZE": "2"}
    running = [start(script, **meeting, RANK=str(rank), LOCAL_RANK=str(rank)) for rank in (0, 1)]
    reports = []
    for process in running:
        out, errors = process.communicate(timeout=300)
        assert process.returncode == 0, errors[-3000:]
        reports.append(json.loads(out.splitlines()[-1]))
    return folder, reports


def test_two_processes_with_one_crop_have_the_gradients_of_one_with_two(together, tmp_path: Path) -> None:
    folder, _ = together
    run = training(tmp_path, steps=1, pool=0, batch=2)
    run.run()
    gradients = torch.load(folder / "gradients.pt", weights_only=True)
    for name, network in run.refiner.networks.items():
        for weight, averaged in zip(network.parameters(), gradients[name], strict=True):
            assert torch.allclose(weight.grad, averaged, rtol=1e-3, atol=1e-5)
    ours, theirs = losses(tmp_path)[0], losses(folder / "one step")[0]
    assert theirs == pytest.approx(ours, rel=1e-4)


def test_networks_stay_equal_though_each_process_sees_other_crops(together) -> None:
    _, (first, second) = together
    assert first["whole"] == second["whole"]
    assert not set(first["places"][:2]) & set(second["places"][:2])
    assert first["pool"] != second["pool"]


def test_only_the_first_process_writes(together) -> None:
    folder, _ = together
    assert [row["step"] for row in losses(folder / "whole")] == list(range(1, 11))
    assert [row["step"] for row in rows(folder / "whole/distances.jsonl")] == [0, 4, 8, 10]
    assert len(list((folder / "whole/tensorboard").iterdir())) == 1


def test_two_processes_go_on_where_they_were(together) -> None:
    folder, reports = together
    assert [report["stopped"] for report in reports] == [True, True]
    assert reports[0]["continued"] == reports[1]["continued"] == reports[0]["whole"]
    assert losses(folder / "stopped") == losses(folder / "whole")
    one, other = (read_checkpoint(folder / name / "checkpoint.pt") for name in ("whole", "stopped"))
    assert same_networks(one.networks, other.networks)


def test_state_of_a_process_that_is_of_another_step_is_not_taken(together, tmp_path: Path) -> None:
    folder, _ = together
    steps = [
        torch.load(folder / "whole" / name, weights_only=True)["step"]
        for name in ("checkpoint.rank1.before.pt", "checkpoint.rank1.pt")
    ]
    assert steps == [8, 10]


def test_other_number_of_processes_is_told(together) -> None:
    folder, _ = together
    with pytest.raises(
        InputError, match=r"was trained by 2 processes, but here is one process; .* with torchrun --nproc-per-node 2"
    ):
        training(folder / "whole", judged=True, select_every=4).run()
    config = {**PLAIN, **SMALL, "synthetic": folder / "S", "real": folder / "R", "out": folder / "S+"}
    with pytest.raises(InputError, match=r"S\+/training: was trained by 2 processes"):
        run(
            RefineConfig(**{**config, "steps": None}, device="cpu")
        )  # other steps, which would be a riddle by themselves


def test_the_command_under_torchrun_refines_the_dataset_once(together) -> None:
    folder, _ = together
    made = Dataset.read(folder / "S+")
    assert len(made) == 3
    assert json.loads((folder / "S+/training/about.json").read_text())["processes"] == 2
    assert len((folder / "S+/manifest.jsonl").read_text().splitlines()) == 3
    assert len(losses(folder / "S+/training")) == 10


def test_one_process_averages_nothing_and_is_the_first(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "1")
    monkeypatch.setenv("LOCAL_RANK", "0")
    run = training(tmp_path, steps=1)
    run.run()
    assert json.loads((tmp_path / "about.json").read_text())["processes"] == 1
    assert len(CropOrder(RefineConfig(**{**PLAIN, **SMALL}), 5, 5).at(0)["real"]) == 1
    assert crops(1).shape[0] == 5


def test_gpus_are_not_named_under_torchrun(monkeypatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("LOCAL_RANK", "1")
    with pytest.raises(InputError, match="every process takes a GPU of its own"):
        choose_device("cuda:0")
