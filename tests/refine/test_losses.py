"""Losses on values worked out by hand."""

import pytest
import torch

from refine.losses import translation as losses


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


def test_euclidean_is_the_mean_length_of_each_images_whole_difference() -> None:
    a = torch.tensor([[[3.0, 0.0], [0.0, 4.0]], [[0.0, 0.0], [0.0, 0.0]]])  # lengths 5 and 0
    assert losses.euclidean(a, torch.zeros_like(a)).item() == pytest.approx(2.5)
    # One mean for all images of the batch: ((3-1)^2 + 1 + 1 + (4-1)^2)^(1/2) and 4^(1/2).
    assert losses.euclidean(a, torch.ones(1, 2, 2)).item() == pytest.approx((15**0.5 + 2) / 2)


def test_euclidean_of_equal_features_has_a_finite_gradient() -> None:
    a = torch.ones(1, 4, requires_grad=True)
    losses.euclidean(a, a.detach()).backward()
    assert torch.equal(a.grad, torch.zeros(1, 4))


def test_identity_pixel_compares_each_output_with_its_own_input() -> None:
    x, y_fake = torch.tensor([0.0, 1.0]), torch.tensor([0.5, 1.0])  # mean 0.25
    y, x_fake = torch.tensor([0.0, 0.0]), torch.tensor([-1.0, 1.0])  # mean 1
    assert losses.identity_pixel(x, y_fake, y, x_fake).item() == pytest.approx(1.25)


ZERO = {2: torch.zeros(1, 4), 5: torch.zeros(1, 2)}
FAR = {2: torch.tensor([[1.0, 1.0, 1.0, 1.0]]), 5: torch.tensor([[6.0, 8.0]])}
"""Lengths 2 and 10."""


@pytest.mark.parametrize(("layers", "length"), [((2,), 2.0), ((5,), 10.0), ((2, 5), 12.0)])
def test_feature_losses_sum_over_layers_and_directions(layers: tuple[int, ...], length: float) -> None:
    assert losses.cyclic_feature(ZERO, FAR, ZERO, ZERO, layers).item() == pytest.approx(length)
    assert losses.cyclic_feature(ZERO, FAR, FAR, ZERO, layers).item() == pytest.approx(2 * length)
    assert losses.identity_feature(ZERO, FAR, FAR, FAR, layers).item() == pytest.approx(length)
    assert losses.mean_feature(FAR, ZERO, ZERO, ZERO, layers).item() == pytest.approx(length)


def test_mean_feature_holds_a_whole_batch_against_one_mean() -> None:
    fakes = {2: torch.tensor([[3.0, 4.0], [1.0, 0.0]])}
    mean = {2: torch.tensor([[0.0, 0.0]])}
    assert losses.mean_feature(fakes, mean, mean, mean, (2,)).item() == pytest.approx((5 + 1) / 2)


def test_discriminator_features_sum_over_layers() -> None:
    x, x_back = [torch.zeros(1, 2), torch.zeros(1, 1)], [torch.tensor([[3.0, 4.0]]), torch.tensor([[2.0]])]
    y, y_back = [torch.ones(1, 2), torch.ones(1, 1)], [torch.ones(1, 2), torch.tensor([[0.5]])]
    assert losses.cyclic_discriminator(x, x_back, y, y_back).item() == pytest.approx(5 + 2 + 0.5)
