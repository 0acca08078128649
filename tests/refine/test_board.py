"""What TensorBoard reads of a training, read back by its own reader."""

import importlib.util
from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from training_engine import losses, rows, train_until_interrupted, training

from refine.training import board


def events(folder: Path) -> EventAccumulator:
    found = EventAccumulator(str(folder / "tensorboard"), size_guidance={"images": 0, "scalars": 0})
    return found.Reload()


def scalars(found: EventAccumulator, tag: str) -> dict[int, float]:
    return {event.step: event.value for event in found.Scalars(tag)}


def test_losses_distances_speed_and_crops_are_there(tmp_path: Path) -> None:
    run = training(tmp_path, judged=True, select_every=5, log_every=2, tensorboard=True, preset="A", steps=10)
    run.run()
    found = events(tmp_path)
    means = scalars(found, "loss/cyclic_pixel")
    assert sorted(means) == [2, 4, 5, 6, 8, 10]
    logged = [row["cyclic_pixel"] for row in losses(tmp_path)]
    assert means[4] == pytest.approx((logged[2] + logged[3]) / 2, rel=1e-5)
    assert means[5] == pytest.approx(logged[4], rel=1e-5)
    distances = {int(row["step"]): row["value"] for row in rows(tmp_path / "distances.jsonl")}
    assert scalars(found, "distance/KD-plafond-bank-1") == pytest.approx(distances, rel=1e-5)
    assert all(value > 0 for value in scalars(found, "steps per second").values())
    assert set(found.Tags()["images"]) == {"crops/S", "crops/refined", "crops/attention", "crops/R"}
    assert {event.step for event in found.Images("crops/attention")} == {4, 5, 8, 10}
    image = found.Images("crops/refined")[0]
    assert (image.width, image.height) == (5 * 32, 32)


def test_steps_that_a_killed_run_wrote_after_its_checkpoint_are_hidden(tmp_path: Path) -> None:
    options = {"log_every": 1, "checkpoint_every": 4, "tensorboard": True}
    train_until_interrupted(7, training(tmp_path, **options))
    training(tmp_path, **options).run()
    found = events(tmp_path)
    assert [event.step for event in found.Scalars("loss/D_X")] == list(range(1, 11))
    assert len(list((tmp_path / "tensorboard").iterdir())) == 2


def test_without_the_package_training_goes_on_and_says_so(tmp_path: Path, monkeypatch, capsys) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(
        board.importlib.util, "find_spec", lambda name, *more: None if name == "tensorboard" else find(name, *more)
    )
    training(tmp_path, tensorboard=True).run()
    assert "pip install tensorboard`, or pass --no-tensorboard" in capsys.readouterr().out
    assert not (tmp_path / "tensorboard").exists()
    assert len(losses(tmp_path)) == 10


def test_nothing_is_written_where_it_is_not_wanted(tmp_path: Path) -> None:
    training(tmp_path, tensorboard=False).run()
    assert not (tmp_path / "tensorboard").exists()
