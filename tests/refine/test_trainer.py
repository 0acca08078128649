"""The training engine: what a step does, and that kills, other settings and divergence do no harm."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from annotate.errors import InputError, PlafondError
from annotate.files import read_image
from refine.checkpoint import read_checkpoint
from refine.config import RefineConfig, total_steps, training_key
from refine.presets import find_preset
from refine.trainer import CropOrder, Training, choose_device, learning_rate_at, to_crops, to_images

CPU = torch.device("cpu")
SMALL = {"size_px": 32, "filters": 2, "discriminator_filters": 2, "blocks": 1, "pool": 3, "steps": 10}


def crops(seed: int, count: int = 5) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).integers(0, 256, (count, 3, 32, 32), dtype=np.uint8))


def training(folder: Path, **changes) -> Training:
    config = RefineConfig(**{"synthetic": "S", "real": "R", "out": "O", "checkpoint_every": 4, **SMALL, **changes})
    refiner = find_preset(config.preset).build(config, CPU)
    key = training_key(config, "person", total_steps(config, 5, 5), {"synthetic": "a", "real": "b"})
    return Training(refiner, config, folder, key, crops(1), crops(2))


def losses(folder: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (folder / "losses.jsonl").read_text().splitlines()]


def killed_at(step: int, folder: Path) -> None:
    """A training whose process is killed in the middle of a step, as by the kernel."""
    here = Path(__file__)
    script = f"""
import importlib.util, os, signal
spec = importlib.util.spec_from_file_location("engine", {str(here)!r})
engine = importlib.util.module_from_spec(spec)
spec.loader.exec_module(engine)
engine.torch.set_num_threads(1)
run = engine.training(engine.Path({str(folder)!r}))
step = run.refiner.step
def die(x, y, progress, rng):
    losses = step(x, y, progress, rng)
    if progress.step == {step}:
        os.kill(os.getpid(), signal.SIGKILL)
    return losses
run.refiner.step = die
run.run()
"""
    root = here.parents[2]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    done = subprocess.run([sys.executable, "-c", script], env=environment, cwd=root, capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL, done.stderr


def test_killed_training_continues_with_the_losses_of_one_run(tmp_path: Path) -> None:
    training(tmp_path / "whole").run()
    killed_at(6, tmp_path / "killed")
    assert read_checkpoint(tmp_path / "killed/checkpoint.pt").step == 4
    second = training(tmp_path / "killed")
    made = count_steps(second)
    second.run()
    assert made == [4, 5, 6, 7, 8, 9]
    assert losses(tmp_path / "killed") == losses(tmp_path / "whole")
    assert [row["step"] for row in losses(tmp_path / "whole")] == list(range(1, 11))
    for name, whole in read_checkpoint(tmp_path / "whole/checkpoint.pt").networks.items():
        for key, weight in read_checkpoint(tmp_path / "killed/checkpoint.pt").networks[name].items():
            assert torch.equal(weight, whole[key])


def count_steps(run: Training) -> list[int]:
    """The steps that the refiner is asked for from now on."""
    made: list[int] = []
    step = run.refiner.step
    run.refiner.step = lambda x, y, progress, rng: made.append(progress.step) or step(x, y, progress, rng)
    return made


def test_finished_training_is_read_and_not_repeated(tmp_path: Path) -> None:
    first = training(tmp_path).run()
    log = (tmp_path / "losses.jsonl").read_bytes()
    again = training(tmp_path)
    made = count_steps(again)
    second = again.run()
    image = to_images(crops(3))
    assert made == []
    assert torch.equal(first.refine(image), second.refine(image))
    assert (tmp_path / "losses.jsonl").read_bytes() == log


def test_other_settings_are_refused_and_named(tmp_path: Path) -> None:
    training(tmp_path).run()
    with pytest.raises(InputError, match=r"learning_rate 0\.0002 -> 0\.001") as error:
        training(tmp_path, learning_rate=1e-3, pool=4).run()
    assert "pool 3 -> 4" in str(error.value)
    assert "beta1" not in str(error.value)


def test_checkpoint_of_another_network_is_refused(tmp_path: Path) -> None:
    training(tmp_path).run()
    saved = read_checkpoint(tmp_path / "checkpoint.pt")
    wider = training(tmp_path / "other", filters=3).refiner
    with pytest.raises(InputError, match="G is another network"):
        saved.restore(wider, np.random.default_rng(0))


@pytest.mark.parametrize("damage", ["cut", "other", "pickle"])
def test_broken_checkpoint_is_refused(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "checkpoint.pt"
    if damage == "cut":
        training(tmp_path).run()
        path.write_bytes(path.read_bytes()[:20_000])
    elif damage == "other":
        torch.save({"weight": torch.zeros(3)}, path)
    else:
        torch.save({"version": Path("/")}, path)  # an object: loading it would run code
    with pytest.raises(InputError, match=r"checkpoint\.pt"):
        read_checkpoint(path)


def test_loss_that_is_no_number_stops_training_and_names_step_and_checkpoint(tmp_path: Path) -> None:
    run = training(tmp_path, log_every=2)
    step = run.refiner.step

    def diverge(x, y, progress, rng):
        if progress.step == 4:
            with torch.no_grad():
                next(run.refiner.networks["G"].parameters()).fill_(float("nan"))
        return step(x, y, progress, rng)

    run.refiner.step = diverge
    with pytest.raises(PlafondError, match=r"adversarial_G became nan at step 5; .*checkpoint\.pt"):
        run.run()
    saved = read_checkpoint(tmp_path / "checkpoint.pt")
    assert saved.step == 4
    assert all(weight.isfinite().all() for weight in saved.networks["G"].values())
    assert [row["step"] for row in losses(tmp_path)] == [1, 2, 3, 4]


def test_huge_learning_rate_stops_with_a_message_before_any_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(PlafondError, match="no checkpoint had been written"):
        training(tmp_path, learning_rate=1e30, checkpoint_every=100).run()


def test_training_lowers_the_cyclic_loss(tmp_path: Path) -> None:
    run = training(tmp_path, steps=60, filters=4, learning_rate=2e-3, preset="C_CP")
    for images in (run.synthetic, run.real):  # dark above, light below: noise has nothing that could be kept
        images[:, :, :16], images[:, :, 16:] = 40, 210
    run.run()
    values = [row["cyclic_pixel"] for row in losses(tmp_path)]
    assert np.mean(values[-10:]) < 0.8 * np.mean(values[:10])


def test_discriminators_learn_from_pooled_images_and_generators_from_new_ones(tmp_path: Path) -> None:
    run = training(tmp_path)
    run.run()
    assert {name: pool.count for name, pool in run.refiner.pools.items()} == {"x_fake": 3, "y_fake": 3}
    names = {"adversarial_G", "adversarial_F", "cyclic_pixel", "D_X", "D_Y"}
    assert set(losses(tmp_path)[0]) == {"step", "learning_rate", *names}


def test_grid_shows_crops_before_after_and_real(tmp_path: Path) -> None:
    run = training(tmp_path)
    run.run()
    assert read_image(tmp_path / "grid.jpg").shape == (3 * 32, 5 * 32, 3)
    grid = run.grid()
    assert np.array_equal(grid[:32, :32], run.synthetic[0].permute(1, 2, 0).numpy())
    assert np.array_equal(grid[64:, 32:64], run.real[1].permute(1, 2, 0).numpy())


def test_learning_rate_is_constant_then_falls_to_zero() -> None:
    rates = [learning_rate_at(step, 100, 2e-4) for step in (0, 50, 75, 99)]
    assert rates == pytest.approx([2e-4, 2e-4, 1e-4, 4e-6])


def test_each_epoch_takes_every_crop_of_the_smaller_domain_once() -> None:
    config = RefineConfig(synthetic="S", real="R", out="O", **SMALL)
    order = CropOrder(config, 7, 4, CPU)
    epochs = [[order.at(step) for step in range(start, start + 4)] for start in (0, 4)]
    for epoch in epochs:
        assert sorted(int(real) for _, real in epoch) == [0, 1, 2, 3]
        assert len({int(synthetic) for synthetic, _ in epoch}) == 4
    assert epochs[0] != epochs[1]
    assert CropOrder(config, 7, 4, CPU).at(6) == order.at(6)


def test_steps_follow_the_smaller_domain_unless_given() -> None:
    config = RefineConfig(synthetic="S", real="R", out="O")
    assert total_steps(config, 5576, 272) == 43_520  # the thesis's 160 x 272
    assert total_steps(config.model_copy(update={"steps": 9}), 5576, 272) == 9


def test_images_come_back_from_the_networks_range_unchanged() -> None:
    values = torch.arange(256, dtype=torch.uint8)
    assert torch.equal(to_crops(to_images(values)), values)
    assert to_images(values).min() == -1
    assert to_images(values).max() == 1


def test_device_that_is_not_there_is_refused() -> None:
    with pytest.raises(InputError, match='--device "nonsense" cannot be used'):
        choose_device("nonsense")
    with pytest.raises(InputError, match="bf16 needs a CUDA device"):
        choose_device("cpu", "bf16")


@pytest.mark.parametrize(("change", "tolerance"), [({"channels_last": True}, 1e-4), ({"precision": "bf16"}, 0.02)])
def test_faster_arithmetic_gives_nearly_the_same_losses(tmp_path: Path, change: dict, tolerance: float) -> None:
    training(tmp_path / "plain", steps=3).run()
    training(tmp_path / "fast", steps=3, **change).run()  # CPU has bf16 too, if slowly
    plain, fast = losses(tmp_path / "plain"), losses(tmp_path / "fast")
    assert fast[0] == pytest.approx(plain[0], abs=tolerance)
    # Adam's first steps have the size of the learning rate whatever the gradient's: they magnify rounding.
    assert fast[2] == pytest.approx(plain[2], abs=0.05)
