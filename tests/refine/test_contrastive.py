"""PatchNCE on values worked out by hand, and where features are taken."""

import math

import numpy as np
import pytest
import torch

from refine.losses.contrastive import layered_nce, patch_nce
from refine.networks.generator import Generator
from refine.networks.layers import build, count_parameters
from refine.networks.patches import (
    PatchHeads,
    at_places,
    compared_layers,
    draw_places,
    encoded,
    encoded_shapes,
    places_inside,
)

RIGHT, UP = [1.0, 0.0], [0.0, 1.0]


def features(*places: list[float]) -> torch.Tensor:
    return torch.tensor([places])


def test_two_places_that_match_by_hand() -> None:
    # own score 1 / 0.5, the other 0: -log(e^2 / (e^2 + 1)) = log(1 + e^-2)
    value = patch_nce(features(RIGHT, UP), features(RIGHT, UP), temperature=0.5)
    assert value.item() == pytest.approx(math.log(1 + math.exp(-2)))


def test_two_places_that_are_exchanged_by_hand() -> None:
    value = patch_nce(features(RIGHT, UP), features(UP, RIGHT), temperature=0.5)
    assert value.item() == pytest.approx(math.log(1 + math.exp(2)))


def test_nothing_to_tell_apart_costs_the_logarithm_of_the_number_of_places() -> None:
    assert patch_nce(features(*[UP] * 5), features(*[UP] * 5), 0.07).item() == pytest.approx(math.log(5))


def test_negatives_come_from_the_same_image_only() -> None:
    one = patch_nce(features(RIGHT, UP), features(RIGHT, UP), 0.5)
    other = torch.cat([features(RIGHT, UP), features(UP, RIGHT)])  # each matches within its own image
    assert patch_nce(other, other, 0.5).item() == pytest.approx(one.item())


def test_place_drawn_twice_is_no_negative_of_itself() -> None:
    # Places 3, 3 and 7: the two draws of 3 see only 7 beside themselves, 7 sees both.
    places = torch.tensor([[3, 3, 7]])
    value = patch_nce(features(RIGHT, RIGHT, UP), features(RIGHT, RIGHT, UP), 1.0, places)
    by_hand = (2 * math.log(1 + math.exp(-1)) + math.log(1 + 2 * math.exp(-1))) / 3
    assert value.item() == pytest.approx(by_hand)


def test_agrees_with_cross_entropy() -> None:
    rng = torch.Generator().manual_seed(0)
    q, k = (torch.nn.functional.normalize(torch.randn(3, 9, 4, generator=rng), dim=2) for _ in range(2))
    scores = torch.einsum("nsc,ntc->nst", q, k) / 0.07
    judge = torch.nn.functional.cross_entropy(scores.flatten(0, 1), torch.arange(9).repeat(3))
    assert patch_nce(q, k, 0.07).item() == pytest.approx(judge.item(), rel=1e-5)


def test_keys_get_no_gradient_and_queries_do() -> None:
    queries, keys = (features([0.6, 0.8], UP).requires_grad_() for _ in range(2))
    patch_nce(queries, keys, 0.07).backward()
    assert keys.grad is None
    assert queries.grad is not None
    assert queries.grad.abs().sum() > 0


def test_layers_count_alike() -> None:
    q = [features(RIGHT, UP), features(*[UP] * 4)]
    assert layered_nce(q, q, 0.5, [None, None]).item() == pytest.approx((math.log(1 + math.exp(-2)) + math.log(4)) / 2)


def test_features_are_taken_where_the_places_say() -> None:
    image = torch.arange(24.0).view(1, 2, 3, 4)  # pixel 5 is row 1, column 1: 5 in the first channel, 17 in the second
    assert at_places(image, torch.tensor([[5, 0]])).tolist() == [[[5.0, 17.0], [0.0, 12.0]]]


def test_drawn_places_differ_and_follow_from_the_generator_of_random_numbers() -> None:
    first = draw_places([8, 2], 3, 16, np.random.default_rng(4))
    assert [tuple(place.shape) for place in first] == [(3, 16), (3, 4)]
    assert all(len(set(row)) == len(row) for place in first for row in place.tolist())
    assert first[0].max() < 64
    assert first[0].tolist() == draw_places([8, 2], 3, 16, np.random.default_rng(4))[0].tolist()


def test_places_lie_inside_each_mask_and_reach_all_of_it() -> None:
    mask = torch.zeros(2, 1, 4, 5)
    mask[0, 0, 1, 2:4] = 1  # pixels 7 and 8
    mask[1, 0, 0, 0], mask[1, 0, 3, 4], mask[1, 0, 2, 2] = 1, 1, 0.4  # 0 and 19; a cell of which less than half is in
    uniform = torch.tensor([0.0, 0.3, 0.6, 0.999, 1.0]).repeat(2, 1)
    assert places_inside(mask, uniform).tolist() == [[7, 7, 8, 8, 8], [0, 0, 19, 19, 19]]


def test_places_in_an_empty_mask_are_places_all_the_same() -> None:
    places = places_inside(torch.zeros(1, 1, 4, 5), torch.rand(1, 6, generator=torch.Generator().manual_seed(0)))
    assert places.tolist() == [[19] * 6]


def test_compared_layers_are_those_of_the_paper() -> None:
    generator = Generator(filters=2, blocks=9)
    layers = compared_layers(generator)
    found = encoded(generator, torch.zeros(1, 3, 32, 32), layers)
    assert [type(generator.layers[place]).__name__ for place in layers] == ["Conv2d"] * 2 + ["ResidualBlock"] * 2
    assert layers[3] - layers[2] == 4  # the first and the fifth block
    assert [tuple(one.shape[1:]) for one in found] == [(3, 32, 32), (4, 16, 16), (8, 8, 8), (8, 8, 8), (8, 8, 8)]
    channels, sides = encoded_shapes(2, 32, len(found))
    assert [(one.shape[1], one.shape[2]) for one in found] == list(zip(channels, sides, strict=True))


def test_encoded_features_are_what_the_generator_computes() -> None:
    generator = build(lambda: Generator(filters=2, blocks=2), np.random.default_rng(0))
    x = torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(0)) * 2 - 1
    layers = compared_layers(generator)
    last = encoded(generator, x, layers)[-1]
    rest = generator.layers[layers[-1] + 1 :](last)
    assert torch.equal(torch.tanh(rest), generator(x))


def test_descriptions_have_unit_length_and_the_heads_the_published_size() -> None:
    heads = PatchHeads([3, 128, 256, 256, 256], 256)
    # (3 + 128 + 3 * 256) * 256 + 5 * 256 weights and biases of the first layers, 5 * (256 * 256 + 256) of the second
    assert count_parameters(heads) == 899 * 256 + 5 * 256 + 5 * (256 * 256 + 256) == 560_384
    described = heads([torch.randn(2, 7, count) for count in (3, 128, 256, 256, 256)])
    assert all(torch.allclose(one.norm(dim=2), torch.ones(2, 7)) for one in described)
