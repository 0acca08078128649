"""Losses that keep labels true: values worked out by hand, and what they let pass and what not."""

import math

import numpy as np
import pytest
import torch

from refine.losses import labels as label_losses
from refine.networks.guided import CloseDiscriminator, scale_to_inputs, share_seen

SIDE = 32


def person() -> tuple[torch.Tensor, torch.Tensor]:
    """A crop in which somebody with a striped pullover stands before a grey wall, and the mask; (1, 3|1, 32, 32)."""
    mask = torch.zeros(1, 1, SIDE, SIDE)
    mask[:, :, 6:28, 10:22] = 1
    rows = torch.arange(SIDE).view(1, 1, SIDE, 1)
    stripes = torch.where(rows // 4 % 2 == 0, -0.6, 0.1).expand(1, 3, SIDE, SIDE)
    return torch.where(mask > 0, stripes, torch.full_like(stripes, 0.5)), mask


def tinted(x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    return x + mask * torch.tensor([0.1, -0.05, -0.1]).view(1, 3, 1, 1)


def noisy(x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    return x + mask * 0.05 * torch.randn(x.shape, generator=torch.Generator().manual_seed(0))


def erased(x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    return torch.where(mask > 0, torch.full_like(x, 0.5), x)


def moved(x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    return torch.where(mask > 0, x.roll(4, dims=2), x)


def drawn_on(x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    changed = x.clone()
    changed[:, :, 16:19, 12:20] = 0.9
    return changed


def test_region_mean_by_hand() -> None:
    values = torch.tensor([[[[1.0, 2.0]], [[3.0, 8.0]]]])  # one image, two channels, two pixels
    assert label_losses.region_mean(values, torch.tensor([[[[1.0, 0.0]]]])).item() == pytest.approx(2.0)
    assert label_losses.region_mean(values, torch.tensor([[[[1.0, 0.5]]]])).item() == pytest.approx((4 + 5) / 3)
    assert label_losses.region_mean(values, torch.zeros(1, 1, 1, 2)).item() == 0.0


def test_change_amount_by_hand() -> None:
    before, after = torch.zeros(1, 3, 1, 2), torch.tensor([0.3, -0.9]).view(1, 1, 1, 2).expand(1, 3, 1, 2)
    assert label_losses.change_amount(before, after, torch.tensor([[[[0.0, 1.0]]]])).item() == pytest.approx(0.9)


def chequered(contrast: float) -> torch.Tensor:
    """Halved in size, columns of +-contrast: windows of five hold three of one and two of the other."""
    row = torch.tensor([contrast, contrast, -contrast, -contrast]).repeat(5)
    return row.expand(1, 3, 20, 20)


@pytest.mark.parametrize("factor", [1.0, 0.5, 0.0, -1.0])
def test_structure_by_hand(factor: float) -> None:
    # In the middle: variance a^2 (1 - 1/25) before, factor^2 of it after, covariance factor times it.
    before, after = chequered(0.2), chequered(0.2 * factor)
    region = torch.zeros(1, 1, 20, 20)
    region[:, :, 8:12, 8:12] = 1
    variance, constant = 0.04 * 24 / 25, 0.0036
    expected = 1 - (2 * factor * variance + constant) / (variance * (1 + factor**2) + constant)
    assert label_losses.structure(before, after, region).item() == pytest.approx(expected, abs=1e-5)


def test_silhouette_by_hand() -> None:
    # Left half the person: 0.6 darker than the wall before, 0.3 after, in one of three colours; 0.7 of 0.6 is asked for.
    mask = torch.zeros(1, 1, 16, 16)
    mask[..., :8] = 1
    before, after = torch.zeros(1, 3, 16, 16), torch.zeros(1, 3, 16, 16)
    before[:, 0, :, :8], after[:, 0, :, :8] = -0.6, -0.3
    assert label_losses.silhouette(before, after, mask, 0.7).item() == pytest.approx(0.7 * 0.6 - 0.3, abs=1e-5)
    assert label_losses.silhouette(before, after, mask, 0.4).item() == 0.0
    assert label_losses.silhouette(after, before, mask, 1.0).item() == 0.0  # more contrast than before


def test_outline_is_where_both_sides_are_seen() -> None:
    mask = torch.zeros(1, 1, 16, 16)
    mask[..., :8] = 1
    outline, _ = label_losses.outline_contrast(mask, torch.zeros(1, 3, 16, 16))
    # Windows of 7 columns around columns 6 to 9 hold 5, 4, 3 and 2 of the mask's; 6 and 1 sevenths are out of bounds.
    assert outline[0, 0, 8].nonzero().flatten().tolist() == [6, 7, 8, 9]


def test_less_readable_by_hand() -> None:
    mask = torch.ones(2, 1, 1, 1)
    sure, unsure = torch.tensor([3.0, 0.0]).view(2, 1, 1, 1), torch.tensor([0.0, 3.0]).view(2, 1, 1, 1)
    # The first image goes from log(1 + e^-3) to log 2; the second becomes easier, which earns nothing.
    lost = math.log(2) - math.log(1 + math.exp(-3))
    assert label_losses.less_readable(sure, unsure, mask).item() == pytest.approx(lost / 2)


def test_weighted_least_squares_by_hand() -> None:
    real, fake = torch.tensor([[[[1.0, 0.0]]]]), torch.tensor([[[[0.5, 3.0]]]])
    first, second, both = torch.tensor([[[[1.0, 0.0]]]]), torch.tensor([[[[0.0, 1.0]]]]), torch.ones(1, 1, 1, 2)
    weighted = label_losses.weighted_discriminator_least_squares
    assert weighted(real, second, fake, first).item() == pytest.approx(1 + 0.25)
    assert weighted(real, both, fake, both).item() == pytest.approx(0.5 + 9.25 / 2)
    assert label_losses.weighted_generator_least_squares(fake, first).item() == pytest.approx(0.25)


LOSSES = {
    "structure": label_losses.structure,
    "silhouette": lambda before, after, mask: label_losses.silhouette(before, after, mask, 0.7),
}


@pytest.mark.parametrize(("name", "most"), [("structure", 0.05), ("silhouette", 0.01)])
@pytest.mark.parametrize("change", [tinted, noisy])
def test_tone_and_noise_pass(name: str, most: float, change) -> None:
    x, mask = person()
    assert LOSSES[name](x, x, mask).item() == pytest.approx(0, abs=1e-6)
    assert LOSSES[name](x, change(x, mask), mask).item() < most


def test_erased_person_costs_much() -> None:
    x, mask = person()
    assert label_losses.structure(x, erased(x, mask), mask) > 0.5
    assert label_losses.silhouette(x, erased(x, mask), mask, 0.7) > 0.3


@pytest.mark.parametrize("change", [moved, drawn_on])
def test_moved_and_drawn_things_cost_more_than_tone_and_noise(change) -> None:
    x, mask = person()
    allowed = max(label_losses.structure(x, other(x, mask), mask) for other in (tinted, noisy))
    assert label_losses.structure(x, change(x, mask), mask) > 5 * allowed


def test_thing_drawn_on_a_flat_head_costs_much() -> None:
    x, head = torch.zeros(1, 3, SIDE, SIDE), torch.zeros(1, 1, SIDE, SIDE)
    head[:, :, 8:20, 10:22] = 1
    after = x.clone()
    after[:, :, 12:16, 14:18] = 0.5
    assert label_losses.structure(x, after, head) > 0.5


@pytest.mark.parametrize("name", LOSSES)
def test_gradients_are_finite_for_flat_and_empty_crops(name: str) -> None:
    for mask in (torch.zeros(1, 1, SIDE, SIDE), torch.ones(1, 1, SIDE, SIDE), person()[1]):
        after = torch.zeros(1, 3, SIDE, SIDE, requires_grad=True)
        LOSSES[name](torch.zeros(1, 3, SIDE, SIDE), after, mask).backward()
        assert after.grad.isfinite().all()


def test_softened_mask_ends_where_it_should() -> None:
    mask = torch.zeros(1, 1, 1, 12)
    mask[..., :6] = 1
    wide = mask.expand(1, 1, 12, 12)
    assert torch.equal(label_losses.softened(wide, 0), wide)
    assert label_losses.softened(wide, 1)[0, 0, 5].tolist() == pytest.approx([1] * 5 + [1 / 3] + [0] * 6)
    assert label_losses.softened(wide, 2)[0, 0, 5].tolist() == pytest.approx([1] * 4 + [3 / 5, 1 / 5] + [0] * 6)
    alone = torch.zeros(1, 1, 12, 12)
    alone[:, :, 5, 5] = 1
    assert label_losses.softened(alone, 1).max() == 0


def test_share_seen_is_what_an_averaging_discriminator_would_score() -> None:
    """Against the discriminator itself with weights that all average and nothing in between."""
    judge = CloseDiscriminator(1, channels=1)
    with torch.no_grad():
        for layer in judge.layers:
            if isinstance(layer, torch.nn.Conv2d):
                layer.weight.fill_(1 / layer.weight[0].numel())
                layer.bias.zero_()
    mask = torch.zeros(1, 1, 64, 64)
    mask[:, :, 20:40, 24:44] = 1
    value = judge(mask).detach()
    share = share_seen(mask)
    assert share.shape == value.shape
    inner = (slice(None), slice(None), slice(3, -3), slice(3, -3))  # away from the padding, which counts as nothing
    assert torch.allclose(share[inner], value[inner], atol=1e-6)
    assert share_seen(torch.ones(1, 1, 64, 64)).unique().tolist() == pytest.approx([1.0])


def test_scaled_weights_keep_the_size_of_what_they_are_given() -> None:
    layer = torch.nn.Conv2d(64, 64, 3)
    rng = np.random.default_rng(0)
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(rng.standard_normal((64, 64, 3, 3)) * 0.02))
        layer.bias.zero_()
        scale_to_inputs(layer)
        x = torch.from_numpy(rng.standard_normal((2, 64, 20, 20))).float()
        assert layer(x).relu().square().mean().item() == pytest.approx(1, abs=0.05)
