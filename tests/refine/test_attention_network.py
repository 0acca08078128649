"""The attention network: its size worked out by hand, its range, its shape."""

import numpy as np
import pytest
import torch

from refine.networks.attention import AttentionNetwork
from refine.networks.layers import build, count_parameters


def attention_network(filters: int = 4) -> AttentionNetwork:
    return build(lambda: AttentionNetwork(filters), np.random.default_rng(0))


def images(height: int, width: int) -> torch.Tensor:
    return torch.rand((2, 3, height, width), generator=torch.Generator().manual_seed(0)) * 2 - 1


def test_number_of_weights_is_that_of_its_layers() -> None:
    encoder = (7 * 7 * 3 * 32 + 32) + (3 * 3 * 32 * 64 + 64)
    residual = 2 * (3 * 3 * 64 * 64 + 64)
    decoder = (3 * 3 * 64 * 64 + 64) + (3 * 3 * 64 * 32 + 32) + (7 * 7 * 32 * 1 + 1)
    with torch.device("meta"):
        assert count_parameters(AttentionNetwork()) == encoder + residual + decoder == 154_049


def test_map_has_one_channel_of_the_image_size_between_0_and_1() -> None:
    attention = attention_network()(images(36, 64))
    assert attention.shape == (2, 1, 36, 64)
    assert attention.min() > 0
    assert attention.max() < 1


def test_states_are_as_large_as_the_docstring_says() -> None:
    network = attention_network(32)
    shapes = []
    for layer in network.layers:
        if isinstance(layer, torch.nn.InstanceNorm2d):
            layer.register_forward_hook(lambda _, __, output: shapes.append(tuple(output.shape[1:])))
    network(images(64, 128))
    assert shapes == [(32, 32, 64), (64, 16, 32), (64, 32, 64), (32, 64, 128)]


def test_first_map_is_undecided() -> None:
    assert attention_network(32)(images(32, 32)).mean().item() == pytest.approx(0.5, abs=0.1)


def test_map_is_float32_in_any_arithmetic() -> None:
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert attention_network()(images(32, 32)).dtype == torch.float32
