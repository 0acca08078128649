"""Domain-adversarial training: the gradient is turned round, and features become alike."""

import math

import pytest
import torch
from torch import nn

from eval.training.adversary import DomainGuess, domain_loss, reversed_gradient, strength_at


def test_gradient_comes_out_turned_round_and_scaled() -> None:
    features = torch.tensor([1.0, -2.0], requires_grad=True)
    same = reversed_gradient(features, 0.5)
    assert torch.equal(same, features)
    (same * torch.tensor([3.0, 4.0])).sum().backward()
    assert features.grad.tolist() == [-1.5, -2.0]


def test_strength_rises_from_nothing_to_nearly_one() -> None:
    assert strength_at(0.0) == 0.0
    assert strength_at(0.1) == pytest.approx(2 / (1 + math.exp(-1)) - 1)
    assert 0.999 < strength_at(1.0) < 1.0


def test_loss_is_log_2_for_a_guess_that_knows_nothing() -> None:
    guess = DomainGuess(4)
    nn.init.zeros_(guess.layers[2].weight)
    nn.init.zeros_(guess.layers[2].bias)
    maps = [torch.randn(2, 4, 3, 3), torch.randn(1, 4, 5, 5)]
    assert domain_loss(guess, maps, 1.0).item() == pytest.approx(math.log(2))


def _shift_left(strength: float) -> float:
    """Distance between two domains' mean features after training a scale of each channel against the guess."""
    torch.manual_seed(0)
    trunk, guess = nn.Conv2d(2, 2, 1), DomainGuess(2, 16)
    optimiser = torch.optim.Adam([*trunk.parameters(), *guess.parameters()], lr=0.01)
    shift = torch.tensor([0.0, 2.0]).view(1, 2, 1, 1)
    for _ in range(300):
        maps = [trunk(torch.randn(16, 2, 1, 1)), trunk(torch.randn(16, 2, 1, 1) + shift)]
        optimiser.zero_grad()
        domain_loss(guess, maps, strength).backward()
        optimiser.step()
    with torch.no_grad():
        weight = trunk.weight[:, :, 0, 0]
        return float((weight @ shift.flatten()).norm())


def test_features_of_two_domains_become_alike_against_the_guess() -> None:
    assert _shift_left(1.0) < 0.5 * _shift_left(0.0)
