"""Checkpoints: other networks, other files and broken ones are refused with a message, never run."""

from pathlib import Path

import numpy as np
import pytest
import torch
from training_engine import crops, same_networks, training

from annotate.errors import InputError
from refine.refiner import Batch, to_images
from refine.training.checkpoint import read_checkpoint, read_kept, write_networks


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


def test_a_byte_that_changed_is_noticed(tmp_path: Path) -> None:
    training(tmp_path).run()
    path = tmp_path / "checkpoint.pt"
    damaged = bytearray(path.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    path.write_bytes(damaged)
    with pytest.raises(InputError, match=r"checkpoint\.pt: cannot be read"):
        read_checkpoint(path)


def test_networks_alone_refine_but_do_not_go_on_training(tmp_path: Path) -> None:
    refiner = training(tmp_path).run()
    write_networks(tmp_path / "best.pt", refiner, 7, {"total_steps": 10})
    found = read_checkpoint(tmp_path / "best.pt")
    assert (found.step, found.finished) == (7, True)
    other = training(tmp_path / "other", seed=1).refiner
    other.load_networks(found.networks, "best.pt")
    image = Batch(to_images(crops(3)))
    assert torch.equal(other.refine(image), refiner.refine(image))
    with pytest.raises(InputError, match="holds networks alone"):
        found.restore(other, np.random.default_rng(0))


def test_a_checkpoint_with_looks_stands_for_the_best_networks_beside_it(tmp_path: Path) -> None:
    run = training(tmp_path, judged=True, select_every=3)
    looks = iter([9.0, 1.0, 2.0, 3.0, 4.0])
    measured = run.judge.look
    run.judge.look = lambda step, images: type(look := measured(step, images))(step, next(looks), look.low, look.high)
    run.run()
    path = tmp_path / "checkpoint.pt"
    assert [read_kept(path, keep).step for keep in ("best", "last")] == [3, 10]
    assert same_networks(read_kept(path, "best").networks, read_checkpoint(tmp_path / "best.pt").networks)
    (tmp_path / "best.pt").unlink()
    with pytest.raises(InputError, match=r"the best networks, best\.pt beside it, are gone"):
        read_kept(path, "best")
