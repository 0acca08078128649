"""CUT and FastCUT: what a step does with which network, and that training lowers what it should."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from training_engine import train_until_interrupted

from refine.config import ContrastiveConfig, RefineConfig, total_steps, training_key
from refine.networks.layers import count_parameters
from refine.presets import find_preset
from refine.refiner import Batch, Progress, to_images
from refine.refiners.cut import ContrastiveTranslation
from refine.training.trainer import Training

CPU = torch.device("cpu")
SMALL = {"size_px": 32, "filters": 4, "discriminator_filters": 4, "blocks": 1, "contrastive": {"width": 16}}
PROGRESS = Progress(0, 10, 2e-4)


def configured(preset: str, **changes) -> RefineConfig:
    return RefineConfig(**{"synthetic": "S", "real": "R", "out": "O", "preset": preset, **SMALL, **changes})


def refiner(preset: str, **changes) -> ContrastiveTranslation:
    made = find_preset(preset).build(configured(preset, **changes), CPU, None)
    assert isinstance(made, ContrastiveTranslation)
    return made


def crops(seed: int, count: int = 4, low: int = 0, high: int = 256) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).integers(low, high, (count, 3, 32, 32), dtype=np.uint8))


def batch(seed: int, count: int = 1) -> Batch:
    return Batch(to_images(crops(seed, count)))


def training(folder: Path, preset: str, steps: int = 8) -> Training:
    config = configured(preset, steps=steps, checkpoint_every=4, hold_out=0)
    made = find_preset(preset).build(config, CPU, None)
    key = training_key(config, "person", total_steps(config, 4, 4), {"synthetic": "a", "real": "b"})
    return Training(made, config, folder, key, crops(1), crops(2))


def test_networks_have_the_published_sizes() -> None:
    config = RefineConfig(synthetic="S", real="R", out="O", preset="CUT")
    networks = find_preset("CUT").build(config, CPU, None).networks
    counts = {name: count_parameters(network) for name, network in networks.items()}
    assert counts == {"G": 11_378_179, "H": 560_384, "D": 2_764_737}


def test_presets_have_the_weights_of_the_paper() -> None:
    cut, fast = refiner("CUT"), refiner("FastCUT")
    assert (cut.weight, cut.identity, cut.mirror) == (1.0, True, False)
    assert (fast.weight, fast.identity, fast.mirror) == (10.0, False, True)
    assert ContrastiveConfig() == ContrastiveConfig(locations=256, width=256, temperature=0.07)


@pytest.mark.parametrize(("preset", "images"), [("CUT", 4), ("FastCUT", 2)])
def test_places_have_the_same_shapes_at_every_step(preset: str, images: int) -> None:
    made, rng = refiner(preset, batch=2), np.random.default_rng(0)
    draws = [made.draw(PROGRESS, rng) for _ in range(3)]
    shapes = [{name: tuple(value.shape) for name, value in draw.items()} for draw in draws]
    assert shapes[0] == shapes[1] == shapes[2]
    assert [shapes[0][f"places.{layer}"] for layer in range(4)] == [(images, 256)] * 2 + [(images, 64)] * 2
    assert not torch.equal(draws[0]["places.0"], draws[1]["places.0"])


@pytest.mark.parametrize(("preset", "names"), [("CUT", {"nce", "nce_identity"}), ("FastCUT", {"nce"})])
def test_step_moves_every_network_and_names_its_losses(preset: str, names: set[str]) -> None:
    made = refiner(preset)
    before = {name: [weight.clone() for weight in network.parameters()] for name, network in made.networks.items()}
    losses = made.step(batch(1), batch(2), made.draw(PROGRESS, np.random.default_rng(0)), made.stage(PROGRESS))
    assert set(losses) == {"D", "adversarial_G"} | names
    for name, network in made.networks.items():
        moved = [not torch.equal(a, b) for a, b in zip(before[name], network.parameters(), strict=True)]
        assert any(moved), name


def test_nce_teaches_the_generator_through_queries_alone() -> None:
    made = refiner("FastCUT")
    draws = made.draw(PROGRESS, np.random.default_rng(0)) | {"mirrored": torch.tensor(False)}
    x = batch(1).images
    keys = made._keys(x, draws)
    assert not any(key.requires_grad for key in keys)
    fake = made.networks["G"](x)
    fake.retain_grad()
    made._nce(made._described(fake, draws, mirrored=True), keys, 1)["nce"].backward()
    assert fake.grad.abs().sum() > 0
    assert all(weight.grad is not None for weight in made.networks["H"].parameters())


@pytest.mark.parametrize("preset", ["CUT", "FastCUT"])
def test_short_arithmetic_teaches_every_weight_nearly_the_same(preset: str) -> None:
    """Copies of weights that were cast without gradient, for the keys, must not serve the queries."""
    losses, gradients = [], []
    for precision in ("fp32", "bf16"):
        made = refiner(preset, precision=precision)
        losses.append(made.step(batch(1), batch(2), made.draw(PROGRESS, np.random.default_rng(0)), ""))
        weights = [weight for name in ("G", "H") for weight in made.networks[name].parameters()]
        gradients.append([weight.grad for weight in weights if weight.dim() > 1])  # normalisation undoes most biases
    assert {k: v.item() for k, v in losses[1].items()} == pytest.approx(
        {k: v.item() for k, v in losses[0].items()}, 0.05
    )
    assert all(one is not None and one.abs().sum() > 0 for one in gradients[1])


def test_mirrored_crop_is_compared_with_mirrored_features() -> None:
    made = refiner("FastCUT")
    drawn = made.draw(PROGRESS, np.random.default_rng(0))
    x = batch(1).images
    described = [
        made._described(made._mirrored(x, draws), draws, mirrored=True)
        for draws in (drawn | {"mirrored": torch.tensor(flag)} for flag in (True, False))
    ]
    # The pixels themselves come back where they were; strided convolutions sample a mirrored image one pixel off.
    assert torch.allclose(described[0][0], described[1][0])
    assert {bool(made.draw(PROGRESS, np.random.default_rng(seed))["mirrored"]) for seed in range(8)} == {True, False}
    assert not refiner("CUT").draw(PROGRESS, np.random.default_rng(0))["mirrored"]


@pytest.mark.parametrize("preset", ["CUT", "FastCUT"])
def test_continued_training_has_the_losses_of_one_run(tmp_path: Path, preset: str) -> None:
    training(tmp_path / "whole", preset).run()
    train_until_interrupted(6, training(tmp_path / "parts", preset))
    training(tmp_path / "parts", preset).run()
    logs = [[json.loads(line) for line in (tmp_path / name / "losses.jsonl").open()] for name in ("whole", "parts")]
    assert logs[0] == logs[1]
    assert [row["step"] for row in logs[0]] == list(range(1, 9))


def test_training_lowers_nce_and_moves_colours_towards_r() -> None:
    made, rng = refiner("FastCUT", learning_rate=2e-3, contrastive={"width": 32}), np.random.default_rng(0)
    s, r = to_images(crops(1, low=20, high=120)), to_images(crops(2, low=120, high=250))
    nce = []
    for step in range(120):
        x, y = (Batch(images[step % 4 : step % 4 + 1]) for images in (s, r))
        losses = made.step(x, y, made.draw(Progress(step, 120, 2e-3), rng), "")
        nce.append(losses["nce"].item())
    assert np.mean(nce[-20:]) < 0.8 * np.mean(nce[:20])
    refined = made.refine(Batch(s))
    assert (refined.mean() - r.mean()).abs() < 0.5 * (s.mean() - r.mean()).abs()
