"""The training engine: what a step does, and that kills, other settings and divergence do no harm."""

import signal
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from training_engine import SMALL, crops, losses, rows, same_networks, start, training

from annotate.errors import InputError, PlafondError
from annotate.files import read_image
from refine.config import RefineConfig, total_steps
from refine.refiner import Batch, to_crops, to_images
from refine.training import checkpoint
from refine.training.checkpoint import read_checkpoint
from refine.training.device import choose_device
from refine.training.order import CropOrder, learning_rate_at
from refine.training.selection import Look
from refine.training.trainer import Training


def test_killed_training_continues_with_the_losses_and_the_choice_of_one_run(tmp_path: Path) -> None:
    training(tmp_path / "whole", judged=True, select_every=3).run()
    script = f"train_until_killed(7, training(Path({str(tmp_path / 'killed')!r}), judged=True, select_every=3))"
    killed = start(script)
    assert killed.wait() == -signal.SIGKILL, killed.stderr.read()
    assert read_checkpoint(tmp_path / "killed/checkpoint.pt").step == 6
    second = training(tmp_path / "killed", judged=True, select_every=3)
    made = count_steps(second)
    second.run()
    assert made == [6, 7, 8, 9]
    assert losses(tmp_path / "killed") == losses(tmp_path / "whole")
    assert [row["step"] for row in losses(tmp_path / "whole")] == list(range(1, 11))
    assert [row["step"] for row in rows(tmp_path / "whole/distances.jsonl")] == [0, 3, 6, 9, 10]
    assert rows(tmp_path / "killed/distances.jsonl") == rows(tmp_path / "whole/distances.jsonl")
    for name in ("checkpoint.pt", "best.pt"):
        one, other = (read_checkpoint(tmp_path / run / name) for run in ("whole", "killed"))
        assert one.step == other.step
        assert same_networks(one.networks, other.networks)


def test_run_gives_the_networks_that_were_nearest_and_not_the_last(tmp_path: Path) -> None:
    run = judged_by([5.0, 2.0, 3.0, 4.0], tmp_path)
    best = read_checkpoint(tmp_path / "best.pt")
    assert best.step == 6
    assert run.best.step == run.kept.step == 6
    assert same_networks(run.refiner.network_state(), best.networks)
    assert not same_networks(read_checkpoint(tmp_path / "checkpoint.pt").networks, best.networks)
    last = judged_by([5.0, 2.0, 3.0, 4.0], tmp_path, keep="last")
    assert last.kept.step == 10
    assert same_networks(last.refiner.network_state(), read_checkpoint(tmp_path / "checkpoint.pt").networks)


def judged_by(values: list[float], folder: Path, **changes) -> Training:
    """A training whose distances after steps 3, 6, 9 and 10 are these."""
    run = training(folder, judged=True, select_every=3, **changes)
    given = iter([9.0, *values])
    look = run.judge.look
    run.judge.look = lambda step, images: replace(look(step, images), value=next(given))
    run.run()
    return run


def test_kill_between_checkpoint_and_best_networks_loses_nothing(tmp_path: Path, monkeypatch) -> None:
    whole = judged_by([5.0, 2.0, 3.0, 4.0], tmp_path / "whole")
    write = checkpoint.write_networks

    def killed(path, refiner, step, key):
        if step == 6:
            raise KeyboardInterrupt
        write(path, refiner, step, key)

    monkeypatch.setattr(checkpoint, "write_networks", killed)
    with pytest.raises(KeyboardInterrupt):
        judged_by([5.0, 2.0], tmp_path / "killed")
    assert read_checkpoint(tmp_path / "killed/best.pt").step == 3
    monkeypatch.setattr(checkpoint, "write_networks", write)
    run = training(tmp_path / "killed", judged=True, select_every=3)
    run.judge.look = lambda step, images: Look(step, 3.0, 0.0, 0.0)
    run.run()
    assert run.best.step == 6
    assert same_networks(run.refiner.network_state(), whole.refiner.network_state())


def test_best_networks_that_are_gone_are_told(tmp_path: Path) -> None:
    judged_by([5.0, 2.0, 3.0, 4.0], tmp_path)
    (tmp_path / "best.pt").unlink()
    with pytest.raises(InputError, match=r"best\.pt: is gone, and the networks of step 6 .* --keep last"):
        training(tmp_path, judged=True, select_every=3).run()


def count_steps(run: Training) -> list[int]:
    """The steps that the refiner is asked for from now on."""
    made: list[int] = []
    draw = run.refiner.draw
    run.refiner.draw = lambda progress, rng: made.append(progress.step) or draw(progress, rng)
    return made


def test_finished_training_is_read_and_not_repeated(tmp_path: Path) -> None:
    first = training(tmp_path).run()
    log = (tmp_path / "losses.jsonl").read_bytes()
    again = training(tmp_path)
    made = count_steps(again)
    second = again.run()
    image = Batch(to_images(crops(3)))
    assert made == []
    assert torch.equal(first.refine(image), second.refine(image))
    assert (tmp_path / "losses.jsonl").read_bytes() == log


def test_other_settings_are_refused_and_named(tmp_path: Path) -> None:
    training(tmp_path).run()
    with pytest.raises(InputError, match=r"learning_rate 0\.0002 -> 0\.001") as error:
        training(tmp_path, learning_rate=1e-3, pool=4).run()
    assert "pool 3 -> 4" in str(error.value)
    assert "beta1" not in str(error.value)


def test_loss_that_is_no_number_stops_training_and_names_step_and_checkpoint(tmp_path: Path) -> None:
    run = training(tmp_path, log_every=2)
    draw = run.refiner.draw

    def diverge(progress, rng):
        if progress.step == 4:
            with torch.no_grad():
                next(run.refiner.networks["G"].parameters()).fill_(float("nan"))
        return draw(progress, rng)

    run.refiner.draw = diverge
    with pytest.raises(PlafondError, match=r"adversarial_G became nan at step 5; .*checkpoint\.pt"):
        run.run()
    saved = read_checkpoint(tmp_path / "checkpoint.pt")
    assert saved.step == 4
    assert all(weight.isfinite().all() for weight in saved.networks["G"].values())
    assert [row["step"] for row in losses(tmp_path)] == [1, 2, 3, 4]


def test_weights_that_the_last_step_broke_are_not_kept_as_a_good_checkpoint(tmp_path: Path) -> None:
    run = training(tmp_path)
    step = run.refiner.step

    def breaking(*args):
        found = step(*args)  # finite: of before the update
        if run.step == 7:
            with torch.no_grad():
                next(run.refiner.networks["F"].parameters())[0] = float("inf")
        return found

    run.refiner.step = breaking
    with pytest.raises(PlafondError, match=r"weights of F became infinite .* by step 8; the last good checkpoint is"):
        run.run()
    assert read_checkpoint(tmp_path / "checkpoint.pt").step == 4


def test_memory_that_is_too_small_names_the_settings_to_lower(tmp_path: Path) -> None:
    run = training(tmp_path)

    def full(*_):
        raise torch.OutOfMemoryError("CUDA out of memory")

    run.refiner.step = full
    with pytest.raises(PlafondError, match="the memory of cpu is too small for this training; lower --batch"):
        run.run()


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
    assert list(grid) == ["S", "refined", "R"]
    assert np.array_equal(grid["S"][0], run.synthetic[0].permute(1, 2, 0).numpy())
    assert np.array_equal(grid["R"][1], run.real[1].permute(1, 2, 0).numpy())


def test_learning_rate_is_constant_then_falls_to_zero() -> None:
    rates = [learning_rate_at(step, 100, 2e-4) for step in (0, 50, 75, 99)]
    assert rates == pytest.approx([2e-4, 2e-4, 1e-4, 4e-6])


def test_each_epoch_takes_every_crop_of_the_smaller_domain_once() -> None:
    config = RefineConfig(synthetic="S", real="R", out="O", **SMALL)
    order = CropOrder(config, 7, 4)
    epochs = [[order.at(step) for step in range(start, start + 4)] for start in (0, 4)]
    for epoch in epochs:
        assert sorted(int(step["real"]) for step in epoch) == [0, 1, 2, 3]
        assert len({int(step["synthetic"]) for step in epoch}) == 4
    assert epochs[0] != epochs[1]
    assert CropOrder(config, 7, 4).at(6) == order.at(6)


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
