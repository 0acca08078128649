"""Losses on values worked out by hand, and presets that put them together."""

import pytest
import torch

from annotate.errors import InputError
from refine import losses
from refine.config import RefineConfig
from refine.cyclegan import Cycle
from refine.networks import count_parameters
from refine.presets import PRESETS, find_preset


def test_generator_least_squares_by_hand() -> None:
    # ((1-1)^2 + (0-1)^2 + (3-1)^2 + (-1-1)^2) / 4 = (0 + 1 + 4 + 4) / 4
    assert losses.generator_least_squares(torch.tensor([[1.0, 0.0], [3.0, -1.0]])).item() == pytest.approx(2.25)


def test_discriminator_least_squares_by_hand() -> None:
    # mean((1-1)^2, (0-1)^2) + mean(0.5^2, 1.5^2) = 0.5 + 1.25
    value = losses.discriminator_least_squares(torch.tensor([1.0, 0.0]), torch.tensor([0.5, 1.5]))
    assert value.item() == pytest.approx(1.75)


def test_cyclic_pixel_by_hand() -> None:
    x, x_back = torch.tensor([1.0, -1.0]), torch.tensor([0.0, -1.0])  # mean |.| = 0.5
    y, y_back = torch.tensor([0.0, 0.5]), torch.tensor([0.5, -0.5])  # mean |.| = 0.75
    assert losses.cyclic_pixel(x, x_back, y, y_back).item() == pytest.approx(1.25)


def test_cyclic_pixel_does_not_grow_with_the_image() -> None:
    small, large = torch.zeros(1, 3, 4, 4), torch.zeros(2, 3, 64, 64)
    assert losses.mean_l1(small, small + 0.5) == losses.mean_l1(large, large + 0.5)


@pytest.mark.parametrize("name", ["C_CP", "C_CP_S"])
def test_preset_weighs_the_cyclic_pixel_loss_with_10(name: str) -> None:
    refiner = find_preset(name).build(config(name), torch.device("cpu"))
    (term,) = refiner.terms
    zero, one = torch.zeros(1, 3, 8, 8), torch.ones(1, 3, 8, 8)
    cycle = Cycle(zero, one, zero, one, one, one, refiner.networks["D_X"], refiner.networks["D_Y"])
    assert term.weight == 10
    assert term.value(cycle).item() == 1.0  # F(G(x)) is off by one everywhere, G(F(y)) is right
    assert refiner.networks["G"].skip is refiner.networks["F"].skip is name.endswith("_S")


def test_preset_builds_networks_of_the_configured_size() -> None:
    refiner = find_preset("C_CP").build(config("C_CP", filters=32, blocks=9), torch.device("cpu"))
    assert count_parameters(refiner.networks["G"]) == 2_850_563


def test_unknown_preset_lists_the_known_ones() -> None:
    with pytest.raises(InputError, match='"C_XY": no such preset') as error:
        find_preset("C_XY")
    assert all(name in str(error.value) for name in PRESETS)


def config(preset: str, filters: int = 2, blocks: int = 1) -> RefineConfig:
    return RefineConfig(synthetic="S", real="R", out="O", preset=preset, filters=filters, blocks=blocks)
