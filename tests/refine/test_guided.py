"""The guided refiner: people change and nothing else, labels hold, and it learns what separates S from R."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from training_engine import train_until_interrupted

from annotate.errors import InputError
from refine.config import RefineConfig, total_steps, training_key
from refine.label_planes import PLANES, head_mask, person_mask
from refine.losses.labels import structure
from refine.networks.layers import count_parameters
from refine.presets import find_preset
from refine.refiner import Batch, Progress, to_images
from refine.refiners.guided import GuidedRefiner, _shown, weights_of
from refine.training.trainer import Training

CPU = torch.device("cpu")
SIDE = 32
SMALL = {"size_px": SIDE, "filters": 6, "discriminator_filters": 8, "blocks": 1, "pool": 3}
PARTS = {"contrastive": {"width": 16, "locations": 32}, "guided": {"finder_filters": 4}}
PROGRESS = Progress(0, 10, 2e-4)


def configured(**changes) -> RefineConfig:
    return RefineConfig(**{"synthetic": "S", "real": "R", "out": "O", "preset": "guided", **SMALL, **PARTS, **changes})


def refiner(**changes) -> GuidedRefiner:
    made = find_preset("guided").build(configured(**changes), CPU, None)
    assert isinstance(made, GuidedRefiner)
    return made


def people(seed: int, count: int, tone: tuple[int, int, int]) -> tuple[torch.Tensor, torch.Tensor]:
    """Crops of striped figures of that tone before one and the same wall, with their label planes; both uint8 NCHW."""
    rng = np.random.default_rng(seed)
    images = np.full((count, SIDE, SIDE, 3), 128, np.uint8) + rng.integers(-8, 9, (count, SIDE, SIDE, 1)).astype(
        "uint8"
    )
    planes = np.zeros((count, len(PLANES), SIDE, SIDE), np.uint8)
    for image, plane in zip(images, planes, strict=True):
        top, left, width = rng.integers(2, 7), rng.integers(8, 13), rng.integers(9, 13)
        person = np.zeros((SIDE, SIDE), bool)
        person[top : top + 24, left : left + width] = True
        stripes = np.where(np.arange(SIDE) // 3 % 2 == 0, 30, -30)[:, None, None]
        image[person] = np.clip(np.array(tone) + np.broadcast_to(stripes, image.shape), 0, 255)[person]
        plane[PLANES.index("person")] = person * 255
        plane[PLANES.index("head"), top : top + 8, left : left + width] = 255
    return torch.from_numpy(images).permute(0, 3, 1, 2), torch.from_numpy(planes)


DARK, LIGHT = (70, 70, 70), (120, 90, 60)


def training(folder: Path, steps: int = 8, **changes) -> Training:
    config = configured(steps=steps, checkpoint_every=4, hold_out=0, **changes)
    made = find_preset("guided").build(config, CPU, None)
    key = training_key(config, "person", total_steps(config, 5, 5), {"synthetic": "a", "real": "b"})
    synthetic, labels = people(1, 5, DARK)
    return Training(made, config, folder, key, synthetic, people(2, 5, LIGHT)[0], labels)


def test_networks_have_the_sizes_that_their_layers_add_up_to() -> None:
    config = RefineConfig(synthetic="S", real="R", out="O", preset="guided")
    networks = find_preset("guided").build(config, CPU, None).networks
    counts = {name: count_parameters(network) for name, network in networks.items()}
    full = (42 * 25 + 1) * 64 + (64 * 9 + 1) * 64
    halved = (64 * 9 + 1) * 128 + 9 * 2 * (128 * 9 + 1) * 128 + (128 * 9 + 1) * 64
    assert counts["G"] == full + halved + (128 * 9 + 1) * 64 + (64 * 9 + 1) * 3
    assert counts["D"] == (3 * 16 + 1) * 64 + (64 * 16 + 1) * 128 + (128 * 16 + 1) * 256 + 256 * 16 + 1
    assert counts["H"] == (3 + 16 + 32 + 64 + 4) * 256 + 4 * 257 * 256


def test_background_stays_as_it_was_bit_for_bit() -> None:
    made = refiner()
    with torch.no_grad():
        for weight in made.networks["G"].parameters():
            weight.mul_(20)  # changes as large as they may be
    images, planes = people(3, 4, DARK)
    x = Batch(to_images(images), planes)
    refined = made.refine(x)
    person = person_mask(planes).expand_as(refined) > 0
    assert torch.equal(refined[~person], x.images[~person])
    inside = (refined - x.images)[person].abs()
    assert 0.1 < inside.max() <= 0.5 + 1e-6  # the bound
    assert refined.abs().max() <= 1


def test_refined_crop_does_not_depend_on_what_is_refined_beside_it() -> None:
    made = refiner()
    images, planes = people(3, 4, DARK)
    images = to_images(images)
    together = made.refine(Batch(images, planes))
    alone = torch.cat([made.refine(Batch(images[i : i + 1], planes[i : i + 1])) for i in range(4)])
    assert torch.allclose(together, alone, atol=1e-6)


def test_crops_without_labels_are_refused() -> None:
    with pytest.raises(InputError, match="without label planes"):
        refiner().refine(Batch(torch.zeros(1, 3, SIDE, SIDE)))


def test_planes_that_a_dataset_lacks_may_be_nothing() -> None:
    made = refiner()
    x = Batch(torch.zeros(2, 3, SIDE, SIDE), torch.zeros(2, len(PLANES), SIDE, SIDE, dtype=torch.uint8))
    losses = made.step(x, Batch(torch.zeros(2, 3, SIDE, SIDE)), refiner(batch=2).draw(PROGRESS, rng()), "")
    assert all(loss.isfinite() for loss in losses.values())
    assert torch.equal(made.refine(x), x.images)  # nobody there, nothing changed


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_draws_have_the_same_shapes_at_every_step() -> None:
    made, random = refiner(batch=2), rng()
    shapes = [{name: tuple(value.shape) for name, value in made.draw(PROGRESS, random).items()} for _ in range(4)]
    assert all(shape == shapes[0] for shape in shapes)
    assert shapes[0]["places"] == (4, 2, 32)


def test_step_moves_every_network_and_names_its_losses() -> None:
    made = refiner()
    before = {name: [weight.clone() for weight in network.parameters()] for name, network in made.networks.items()}
    images, planes = people(1, 1, DARK)
    y = Batch(to_images(people(2, 1, LIGHT)[0]))
    losses = made.step(Batch(to_images(images), planes), y, made.draw(PROGRESS, rng()), made.stage(PROGRESS))
    held = {"structure", "head_structure", "silhouette", "readable", "change", "nce"}
    assert set(losses) == {"D", "M", "adversarial_G"} | held
    for name, network in made.networks.items():
        pairs = zip(before[name], network.parameters(), strict=True)
        assert any(not torch.equal(a, b) for a, b in pairs), name


def test_short_arithmetic_gives_nearly_the_same_losses() -> None:
    losses = []
    for precision in ("fp32", "bf16"):
        made = refiner(precision=precision)
        images, planes = people(1, 1, DARK)
        y = Batch(to_images(people(2, 1, LIGHT)[0]))
        one = made.step(Batch(to_images(images), planes), y, made.draw(PROGRESS, rng()), "")
        losses.append({name: value.item() for name, value in one.items()})
        gradients = {name: [weight.grad for weight in made.networks[name].parameters()] for name in ("G", "H")}
        assert all(gradient is not None for of in gradients.values() for gradient in of)
    assert losses[1] == pytest.approx(losses[0], rel=0.05, abs=0.01)


def test_scores_that_see_nobody_do_not_count_and_those_that_do_count() -> None:
    """Held against what each score's gradient says that it sees."""
    mask = torch.zeros(1, 1, 96, 96)
    mask[..., :32] = 1
    weights, judge = weights_of(mask)[0, 0], refiner().networks["D"]
    for column in range(weights.shape[1]):
        image = torch.rand(1, 3, 96, 96, generator=torch.Generator().manual_seed(0), requires_grad=True)
        judge(image)[..., column].sum().backward()
        sees_person = bool((image.grad[..., :32] != 0).any())
        assert sees_person == bool((weights[:, column] > 0).any()), column
    assert weights[:, 0].mean() > 0.9  # all person
    assert 0 < weights[:, 10].mean() < 0.01  # the person at the very rim
    assert weights[:, 11].max() == 0


def test_discriminator_is_shown_crops_mirrored_and_shifted_as_drawn() -> None:
    image = torch.arange(16.0).view(1, 1, 4, 4)
    draws = {"mirrored": torch.tensor([[False], [True]]), "shift": torch.tensor([[[1, 0]], [[0, 1]]])}
    assert torch.equal(_shown(image, draws, 0), image.roll(-1, dims=2))
    assert torch.equal(_shown(image, draws, 1), image.roll(-1, dims=3).flip(3))


def test_views_show_the_change_around_grey() -> None:
    made = refiner()
    images, planes = people(1, 2, DARK)
    x = Batch(to_images(images), planes)
    views = made.views(x)
    assert list(views) == ["refined", "change"]
    assert torch.allclose(views["change"], (4 * (views["refined"] - x.images)).clamp(-1, 1))


def test_continued_training_has_the_losses_of_one_run(tmp_path: Path) -> None:
    training(tmp_path / "whole").run()
    train_until_interrupted(6, training(tmp_path / "parts"))
    training(tmp_path / "parts").run()
    logs = [[json.loads(line) for line in (tmp_path / name / "losses.jsonl").open()] for name in ("whole", "parts")]
    assert logs[0] == logs[1]
    assert [row["step"] for row in logs[0]] == list(range(1, 9))


def test_training_gives_people_the_colour_of_r_and_keeps_their_structure() -> None:
    made, random = refiner(batch=2, pool=8), rng()
    images, planes = people(1, 8, DARK)
    s, r = to_images(images), to_images(people(2, 8, LIGHT)[0])
    for step in range(70):
        places = torch.from_numpy(random.permutation(8)[:2]), torch.from_numpy(random.permutation(8)[:2])
        x, y = Batch(s[places[0]], planes[places[0]]), Batch(r[places[1]])
        made.step(x, y, made.draw(Progress(step, 70, 2e-3), random), "")
    mask, wanted = person_mask(planes), torch.tensor(LIGHT) / 127.5 - 1
    refined = made.refine(Batch(s, planes))
    before, after = ((image * mask).sum(dim=(0, 2, 3)) / mask.sum() - wanted for image in (s, refined))
    assert after.norm() < 0.6 * before.norm()
    assert structure(s, refined, mask) < 0.1
    assert structure(s, refined, mask * head_mask(planes)) < 0.1
