"""Generator and discriminator against published counts, measured receptive field, and their skip connection."""

import numpy as np
import pytest
import torch
from torch import nn

from refine.networks.discriminator import PatchDiscriminator
from refine.networks.generator import Generator
from refine.networks.layers import build, count_parameters


@pytest.mark.parametrize(("filters", "published"), [(64, 11_378_179), (32, 2_850_563)])
def test_generator_has_the_published_number_of_weights(filters: int, published: int) -> None:
    with torch.device("meta"):
        assert count_parameters(Generator(filters)) == published


def test_discriminator_has_the_published_number_of_weights() -> None:
    with torch.device("meta"):
        assert count_parameters(PatchDiscriminator()) == 2_764_737


def test_discriminator_sees_70_pixels() -> None:
    network = build(lambda: PatchDiscriminator(4), np.random.default_rng(0)).double()
    for place, layer in enumerate(network.layers):
        if isinstance(layer, nn.InstanceNorm2d):  # its mean over the image would let every pixel act on every score
            network.layers[place] = nn.Identity()
    image = torch.randn((1, 3, 128, 128), generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    image.requires_grad_()
    scores = network(image)
    scores[0, 0, scores.shape[2] // 2, scores.shape[3] // 2].backward()
    assert image.grad is not None
    touched = image.grad[0].abs().sum(dim=0) > 0
    assert int(touched.any(dim=1).sum()) == 70
    assert int(touched.any(dim=0).sum()) == 70


def test_generator_keeps_the_size_and_stays_within_tanh() -> None:
    network = build(lambda: Generator(4, 2), np.random.default_rng(0))
    image = torch.rand((2, 3, 36, 64), generator=torch.Generator().manual_seed(0)) * 2 - 1
    translated = network(image)
    assert translated.shape == image.shape
    assert translated.abs().max() < 1


def test_skip_adds_the_input_before_tanh() -> None:
    plain = build(lambda: Generator(4, 1), np.random.default_rng(0))
    skip = build(lambda: Generator(4, 1, skip=True), np.random.default_rng(0))
    image = torch.rand((1, 3, 32, 32), generator=torch.Generator().manual_seed(0)) * 2 - 1
    torch.testing.assert_close(skip(image), torch.tanh(image + torch.atanh(plain(image))), atol=1e-5, rtol=1e-5)


def test_weights_follow_from_the_generator_of_random_numbers_alone() -> None:
    torch.manual_seed(1)
    first = build(lambda: Generator(8, 1), np.random.default_rng(5))
    torch.manual_seed(2)
    before = torch.random.get_rng_state()
    second = build(lambda: Generator(8, 1), np.random.default_rng(5))
    assert torch.equal(torch.random.get_rng_state(), before)
    for one, other in zip(first.parameters(), second.parameters(), strict=True):
        assert torch.equal(one, other)
    weights = torch.cat([weight.flatten() for name, weight in first.named_parameters() if name.endswith("weight")])
    assert weights.std().item() == pytest.approx(0.02, rel=0.03)
    assert all(weight.abs().max() == 0 for name, weight in first.named_parameters() if name.endswith("bias"))
