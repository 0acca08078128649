"""AGGAN: its equations by hand, its two stages, masks in place of learned attention, and the thesis's toy circles."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from circles import Kind, draw_circles
from torch import Tensor, nn

from annotate.dataset import Dataset
from refine.config import RefineConfig, total_steps, training_key
from refine.label_planes import PLANES
from refine.networks.layers import count_parameters
from refine.pipeline import run
from refine.presets import PRESETS, find_preset
from refine.refiner import Batch, Progress, to_images
from refine.refiners.aggan import AGGAN, ATTENTION, FROZEN, Translation, foreground, mixed
from refine.training.trainer import Training

CPU = torch.device("cpu")
SMALL = {"size_px": 32, "filters": 2, "discriminator_filters": 2, "blocks": 1, "pool": 3, "steps": 10}
LOSSES = {"adversarial_G", "adversarial_F", "cyclic_pixel", "D_X", "D_Y"}


def config(preset: str = "A_CP10", attention: dict | None = None, **changes) -> RefineConfig:
    values = {"synthetic": "S", "real": "R", "out": "O", "preset": preset, "checkpoint_every": 4, **SMALL, **changes}
    return RefineConfig(**values, attention={"filters": 2, **(attention or {})})


def aggan(preset: str = "A_CP10", **changes) -> AGGAN:
    made = config(preset, **changes)
    refiner = find_preset(preset).build(made, CPU, None)
    assert isinstance(refiner, AGGAN)
    return refiner


def crops(seed: int, count: int = 5) -> Tensor:
    return torch.from_numpy(np.random.default_rng(seed).integers(0, 256, (count, 3, 32, 32), dtype=np.uint8))


def planes(count: int = 5) -> Tensor:
    """Label planes of people who fill the left half of their crops."""
    found = torch.zeros((count, len(PLANES), 32, 32), dtype=torch.uint8)
    found[:, PLANES.index("person"), :, :16] = 255
    return found


def batches(masks: bool = False) -> tuple[Batch, Batch]:
    return Batch(to_images(crops(1, 1)), planes(1) if masks else None), Batch(to_images(crops(2, 1)))


def steps(refiner: AGGAN, x: Batch, y: Batch, total: int = 10) -> Iterator[tuple[str, dict[str, Tensor]]]:
    """Stage and losses of every step of a training."""
    rng = np.random.default_rng(0)
    for step in range(total):
        progress = Progress(step, total, 2e-4)
        stage = refiner.stage(progress)
        yield stage, refiner.step(x, y, refiner.draw(progress, rng), stage)


class Same(nn.Module):
    """Gives the same value for every pixel of any image: a network whose equations can be worked out by hand."""

    def __init__(self, value: float, channels: int) -> None:
        super().__init__()
        self.value, self.channels = nn.Parameter(torch.tensor(value)), channels

    def forward(self, x: Tensor) -> Tensor:
        return self.value.expand(len(x), self.channels, *x.shape[2:])


class Brightness(nn.Module):
    """A discriminator whose score is the image itself."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(1.0))

    def forward(self, x: Tensor) -> Tensor:
        return self.scale * x


def by_hand(refiner: AGGAN, attended_x: float, attended_y: float) -> AGGAN:
    """The refiner with G = 0.5, F = -0.5, these attentions everywhere, and discriminators that tell brightness."""
    networks = {"G": Same(0.5, 3), "F": Same(-0.5, 3), "A_X": Same(attended_x, 1), "A_Y": Same(attended_y, 1)}
    networks |= {"D_X": Brightness(), "D_Y": Brightness()}
    refiner.networks = {name: networks[name] for name in refiner.networks}
    return refiner


def one_step(refiner: AGGAN, x: float, y: float, stage: str, labels: Tensor | None = None) -> dict[str, float]:
    images = [torch.full((1, 3, 32, 32), value) for value in (x, y)]
    draws = refiner.draw(Progress(0, 10, 0.0), np.random.default_rng(0))
    found = refiner.step(Batch(images[0], labels), Batch(images[1]), draws, stage)
    return {name: loss.item() for name, loss in found.items()}


def test_attention_mixes_translation_and_image() -> None:  # eq. 2.10
    attention = torch.tensor([0.0, 0.25, 1.0]).view(1, 1, 1, 3)
    result = mixed(torch.full((1, 3, 1, 3), 0.8), torch.full((1, 3, 1, 3), -0.4), attention)
    torch.testing.assert_close(result, torch.tensor([-0.4, -0.1, 0.8]).expand(1, 3, 1, 3))


def test_foreground_is_what_lies_above_the_threshold_and_grey_elsewhere() -> None:  # eq. 2.14 and 2.15
    attention = torch.tensor([0.05, 0.1, 0.11, 1.0]).view(1, 1, 1, 4)
    shown = foreground(torch.full((1, 3, 1, 4), -0.7), attention, 0.1)
    torch.testing.assert_close(shown, torch.tensor([0.0, 0.0, -0.7, -0.7]).expand(1, 3, 1, 4))


def test_discriminators_see_mixtures_first_and_undimmed_foregrounds_later() -> None:
    attention = torch.tensor([0.05, 0.5]).view(1, 1, 1, 2)
    x, generated = torch.full((1, 3, 1, 2), -0.4), torch.full((1, 3, 1, 2), 0.8)
    translation = Translation(x, attention, generated, mixed(generated, x, attention))
    own, fake = translation.judged_as(ATTENTION, 0.1)
    assert torch.equal(own, x)
    torch.testing.assert_close(fake[0, 0, 0], torch.tensor([-0.34, 0.2]))
    own, fake = translation.judged_as(FROZEN, 0.1)
    torch.testing.assert_close(own[0, 0, 0], torch.tensor([0.0, -0.4]))
    torch.testing.assert_close(fake[0, 0, 0], torch.tensor([0.0, 0.8]))


def test_losses_of_the_first_stage_by_hand() -> None:
    found = one_step(by_hand(aggan(), 0.25, 0.5), 0.0, 1.0, ATTENTION)
    x_fake, y_fake = 0.5 * -0.5 + 0.5 * 1, 0.25 * 0.5 + 0.75 * 0  # y' = 0.25, x' = 0.125
    x_again, y_again = 0.5 * -0.5 + 0.5 * y_fake, 0.25 * 0.5 + 0.75 * x_fake  # x'' = -0.1875, y'' = 0.3125
    assert found["cyclic_pixel"] == pytest.approx(abs(x_again - 0) + abs(y_again - 1))  # eq. 2.12
    assert found["adversarial_G"] == pytest.approx((y_fake - 1) ** 2)  # eq. 2.11
    assert found["adversarial_F"] == pytest.approx((x_fake - 1) ** 2)
    assert found["D_Y"] == pytest.approx((1 - 1) ** 2 + y_fake**2)
    assert found["D_X"] == pytest.approx((0 - 1) ** 2 + x_fake**2)


def test_losses_of_the_second_stage_by_hand() -> None:
    first = one_step(by_hand(aggan(), 0.25, 0.05), 0.0, 1.0, ATTENTION)
    found = one_step(by_hand(aggan(), 0.25, 0.05), 0.0, 1.0, FROZEN)
    assert found["cyclic_pixel"] == pytest.approx(first["cyclic_pixel"])  # still mixtures, whatever is judged
    assert found["adversarial_G"] == pytest.approx((0.5 - 1) ** 2)  # eq. 2.16: all of G(x), undimmed
    assert found["adversarial_F"] == pytest.approx((0 - 1) ** 2)  # nothing of F(y) is attended
    assert found["D_Y"] == pytest.approx((0 - 1) ** 2 + 0.5**2)  # nor of y
    assert found["D_X"] == pytest.approx((0 - 1) ** 2 + 0**2)


@pytest.mark.parametrize(("preset", "weight"), [("A", 1e-5), ("A_S", 1e-5), ("A_CP10", 10), ("A_CP10_S", 10)])
def test_presets_differ_in_cyclic_weight_and_skip_connection(preset: str, weight: float) -> None:
    refiner = aggan(preset)
    assert refiner.cyclic_weight == weight
    assert refiner.networks["G"].skip is refiner.networks["F"].skip is preset.endswith("_S")


def test_networks_have_the_filters_of_the_thesis_unless_told_otherwise() -> None:
    preset = find_preset("A")
    plain = RefineConfig(synthetic="S", out="O", preset="A")
    refiner = preset.build(plain, CPU, None)
    counts = {name: count_parameters(network) for name, network in refiner.networks.items()}
    assert counts == {"G": 2_850_563, "F": 2_850_563} | {"D_X": 2_764_737, "D_Y": 2_764_737} | {
        "A_X": 154_049, "A_Y": 154_049
    }  # fmt: skip
    assert preset.completed(plain).filters == 32
    assert find_preset("C_CP").completed(plain).filters == 64
    assert preset.completed(plain.model_copy(update={"filters": 5})).filters == 5
    assert training_key(preset.completed(plain), "head", 1, {})["filters"] == 32


@pytest.mark.parametrize(("total", "switch"), [(160, 30), (16, 3), (100, 19), (1, 1)])
def test_switch_is_at_the_same_share_of_any_training(total: int, switch: int) -> None:
    refiner = aggan()
    stages = [refiner.stage(Progress(step, total, 0.0)) for step in range(total)]
    assert stages == [ATTENTION] * switch + [FROZEN] * (total - switch)


def test_attention_learns_before_the_switch_and_keeps_still_after_it() -> None:
    refiner = aggan(attention={"share": 0.3})
    before = weights(refiner)
    moved = []
    for stage, losses in steps(refiner, *batches()):
        after = weights(refiner)
        moved.append((stage, {name for name in after if not torch.equal(after[name], before[name])}))
        before = after
        assert set(losses) == LOSSES
    assert moved[:3] == [(ATTENTION, {"G", "F", "A_X", "A_Y", "D_X", "D_Y"})] * 3
    assert moved[3:] == [(FROZEN, {"G", "F", "D_X", "D_Y"})] * 7


def weights(refiner: AGGAN) -> dict[str, Tensor]:
    networks = refiner.networks.items()
    return {name: nn.utils.parameters_to_vector(network.parameters()).detach().clone() for name, network in networks}


def test_gradient_reaches_every_layer_of_the_attention_networks() -> None:
    refiner = aggan()
    x, y = batches()
    refiner._update_generators(x, y, refiner.draw(Progress(0, 10, 0.0), np.random.default_rng(0)), ATTENTION)
    for name in ("A_X", "A_Y"):
        layers = {key: one for key, one in refiner.networks[name].named_parameters() if key.endswith("weight")}
        assert len(layers) == 7
        assert all(one.grad is not None and one.grad.abs().max() > 0 for one in layers.values())


def test_frozen_attention_lets_gradient_through_to_the_generators() -> None:
    refiner = aggan(attention={"share": 0.0})
    next(steps(refiner, *batches()))
    assert all(one.grad is None for name in ("A_X", "A_Y") for one in refiner.networks[name].parameters())
    assert all(one.grad is not None for name in ("G", "F") for one in refiner.networks[name].parameters())


def test_pools_are_emptied_at_the_switch() -> None:
    refiner = aggan(attention={"share": 0.4})
    rng = np.random.default_rng(0)
    counts = []
    for step in range(8):
        refiner.draw(Progress(step, 10, 0.0), rng)
        counts.append({pool.count for pool in refiner.pools.values()})
    assert counts == [{1}, {2}, {3}, {3}, {1}, {2}, {3}, {3}]


def test_discriminators_never_see_whole_images_after_the_switch() -> None:
    refiner = by_hand(aggan(pool=2, attention={"share": 0.5}), 0.05, 0.05)
    x, y = (Batch(torch.full((1, 3, 32, 32), value)) for value in (0.3, 0.9))
    found = [(stage, losses["D_X"].item(), losses["D_Y"].item()) for stage, losses in steps(refiner, x, y, 30)]
    # Nothing is attended, so that own images and fakes are grey: (0 - 1)^2 + 0^2.
    assert {row[0] for row in found[:15]} == {ATTENTION}
    assert all(losses == (FROZEN, 1.0, 1.0) for losses in found[15:])
    assert all(min(losses[1:]) < 1 for losses in found[:15])


def training(folder: Path, share: float) -> Training:
    made = config(attention={"share": share}, steps=7)
    refiner = find_preset(made.preset).build(made, CPU, None)
    key = training_key(made, "person", total_steps(made, 5, 5), {"synthetic": "a", "real": "b"})
    return Training(refiner, made, folder, key, crops(1), crops(2))


class Killed(Exception):
    pass


@pytest.mark.parametrize("share", [0.4, 0.5, 0.6])  # the switch before, at and after the checkpoint of step 4
def test_training_that_is_stopped_around_the_switch_gives_the_losses_of_one_run(tmp_path: Path, share: float) -> None:
    training(tmp_path / "whole", share).run()
    first = training(tmp_path / "killed", share)
    draw = first.refiner.draw

    def die(progress: Progress, rng: np.random.Generator) -> dict[str, Tensor]:
        if progress.step == 6:
            raise Killed
        return draw(progress, rng)

    first.refiner.draw = die  # type: ignore[method-assign]
    with pytest.raises(Killed):
        first.run()
    training(tmp_path / "killed", share).run()
    rows = {name: (tmp_path / name / "losses.jsonl").read_text().splitlines() for name in ("whole", "killed")}
    assert rows["killed"] == rows["whole"]
    assert [json.loads(row)["step"] for row in rows["whole"]] == list(range(1, 8))


def test_views_show_refined_crops_and_their_attention_in_grey() -> None:
    refiner = aggan()
    x = Batch(to_images(crops(3)))
    views = refiner.views(x)
    assert list(views) == ["refined", "attention"]
    assert torch.equal(views["refined"], refiner.refine(x))
    attention = refiner.networks["A_X"](x.images)
    torch.testing.assert_close(views["attention"], (2 * attention - 1).expand(-1, 3, -1, -1))


def test_masks_say_where_the_generator_may_change_a_crop() -> None:
    refiner = aggan(attention={"source": "masks"})
    x = Batch(to_images(crops(3)), planes())
    refined = refiner.refine(x)
    assert torch.equal(refined[..., 16:], x.images[..., 16:])
    assert torch.equal(refined[..., :16], refiner.networks["G"](x.images)[..., :16])
    assert sorted(refiner.networks) == ["A_Y", "D_X", "D_Y", "F", "G"]
    attention = refiner.views(x)["attention"]
    assert (attention[..., :16] == 1).all()
    assert (attention[..., 16:] == -1).all()


def test_losses_with_masks_by_hand() -> None:
    refiner = by_hand(aggan(attention={"source": "masks"}), 0.0, 0.25)
    found = one_step(refiner, 0.0, 1.0, ATTENTION, planes(1))
    inside, outside = (
        0.25 * -0.5 + 0.75 * 0.5,
        0.25 * -0.5 + 0.75 * 0.0,
    )  # x'' where x' is G(x) = 0.5, and where it is x
    y_fake = 0.25 * -0.5 + 0.75 * 1.0
    y_again = 0.25 * 0.5 + 0.75 * y_fake  # by the map of y, for lack of a mask
    assert found["cyclic_pixel"] == pytest.approx((abs(inside) + abs(outside)) / 2 + abs(y_again - 1))
    assert found["adversarial_G"] == pytest.approx((0.25 + 1) / 2)
    found = one_step(refiner, 0.0, 1.0, FROZEN, planes(1))
    assert found["adversarial_G"] == pytest.approx((0.25 + 1) / 2)  # G(x) inside, grey outside
    assert found["adversarial_F"] == pytest.approx((-0.5 - 1) ** 2)


def test_planes_are_asked_for_only_where_masks_are_the_attention() -> None:
    for name in ("A", "A_S", "A_CP10", "A_CP10_S"):
        assert PRESETS[name].needs_labels(config(name, attention={"source": "masks"}))
        assert not PRESETS[name].needs_labels(config(name))
    assert not PRESETS["C_CP"].needs_labels(config("C_CP", attention={"source": "masks"}))


def test_attention_of_masks_on_real_images_still_learns() -> None:
    refiner = aggan(attention={"source": "masks", "share": 0.5})
    before = weights(refiner)["A_Y"]
    next(steps(refiner, *batches(masks=True)))
    assert not torch.equal(weights(refiner)["A_Y"], before)


@pytest.mark.parametrize("source", ["learned", "masks"])
def test_command_trains_refines_and_refines_again_with_the_weights(tmp_path: Path, write_people, source: str) -> None:
    inputs = {"synthetic": write_people(tmp_path / "S"), "device": "cpu", "preset": "A", **SMALL, "steps": 4}
    inputs["attention"] = {"source": source, "filters": 2}
    real = write_people(tmp_path / "R", kind="real", masks=False)
    first = Dataset.read(run(RefineConfig(**inputs, real=real, out=tmp_path / "first")))
    trained = tmp_path / "first/training/checkpoint.pt"
    second = Dataset.read(run(RefineConfig(**inputs, out=tmp_path / "second", weights=trained)))
    assert all(np.array_equal(first.image(a), second.image(b)) for a, b in zip(first, second, strict=True))
    made = second.info.config["refinement"]["training"]
    assert (made["preset"], made["attention.source"], made["attention.share"]) == ("A", source, 30 / 160)


def attention_on_circles(
    kind: Kind, cyclic_weight: float, rate: float, total: int, seed: int = 0
) -> tuple[float, float]:
    """Mean attention of A_X inside and outside of circles that it has not seen, after so many steps."""
    toy = config(seed=seed, pool=16, filters=8, discriminator_filters=16, attention={"filters": 8, "share": 1.0})
    refiner = AGGAN(toy, cyclic_weight, False, CPU)
    rng = np.random.default_rng(seed)
    drawn = [draw_circles(kind, domain, count, 32, rng) for domain, count in (("X", 200), ("Y", 200), ("X", 32))]
    x, y, unseen = (to_images(torch.from_numpy(circles.images)) for circles in drawn)
    for step in range(total):
        places = rng.integers(0, 200, (2, 1))
        progress = Progress(step, total, rate)
        draws = refiner.draw(progress, rng)
        refiner.step(Batch(x[places[0]]), Batch(y[places[1]]), draws, refiner.stage(progress))
    attention = (refiner.views(Batch(unseen))["attention"][:, :1] + 1) / 2
    inside = torch.from_numpy(drawn[2].inside)
    return attention[inside].mean().item(), attention[~inside].mean().item()


def test_circles_of_one_colour_on_varying_ground_are_attended() -> None:  # X1 of thesis Figure 5.8
    inside, outside = attention_on_circles("X1", 1.0, rate=5e-4, total=120)
    assert inside > outside + 0.25


def test_constant_ground_of_varying_circles_is_attended() -> None:  # X3 of thesis Figure 5.8
    """The effect comes with the paper's weight of 10: a constant ground can be changed and found again at no cost.

    With a weight of 1 it is the circles that are attended in X3 too, and with 10 nothing is attended in X1.
    """
    inside, outside = attention_on_circles("X3", 10.0, rate=2e-4, total=80)
    assert outside > inside + 0.15
