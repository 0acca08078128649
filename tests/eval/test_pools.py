"""Vectors after pooling layers: flat or averaged, in the range that each network takes, and named."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from annotate.errors import InputError
from eval.networks.features import vgg16_convolutions
from eval.networks.pools import PoolFeatures, load_pool_layers


def _pictures(count: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, 32, 32, 3), dtype=np.uint8)


def test_flat_vectors_keep_every_position_and_mean_vectors_none(vgg16: Path) -> None:
    layers = load_pool_layers((2, 5), [vgg16], may_download=False)
    flat, mean = PoolFeatures(layers, "flat")(_pictures(3)), PoolFeatures(layers, "mean")(_pictures(3))
    assert {pool: found.shape for pool, found in flat.items()} == {2: (3, 128 * 8 * 8), 5: (3, 512)}
    assert {pool: found.shape for pool, found in mean.items()} == {2: (3, 128), 5: (3, 512)}
    np.testing.assert_allclose(flat[2].reshape(3, 128, 64).mean(axis=2), mean[2], rtol=1e-5)


def test_vectors_are_those_of_torchvisions_layers_on_imagenets_range(vgg16: Path) -> None:
    network = vgg16_convolutions()
    network.load_state_dict({name.removeprefix("features."): value for name, value in load_file(vgg16).items()})
    pictures = _pictures(2)
    rgb = torch.from_numpy(pictures).permute(0, 3, 1, 2) / 255
    mean, deviation = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    with torch.no_grad():
        expected = network[:10]((rgb - mean.view(3, 1, 1)) / deviation.view(3, 1, 1)).flatten(1)
    found = PoolFeatures(load_pool_layers((2,), [vgg16], may_download=False))(pictures)
    np.testing.assert_allclose(found[2], expected.numpy(), rtol=1e-4, atol=1e-6)


def test_batches_make_no_difference(vgg16: Path) -> None:
    network = PoolFeatures(load_pool_layers((5,), [vgg16], may_download=False))
    np.testing.assert_allclose(network(_pictures(5), batch=2)[5], network(_pictures(5))[5], rtol=1e-3, atol=1e-5)


def test_layers_say_what_they_are_and_whose_weights_they_have(vgg16: Path) -> None:
    layer = load_pool_layers((5,), [vgg16], may_download=False)[5]
    assert (layer.title, layer.weights) == ("VGG16 pool 5", "vgg16.safetensors")


def test_layer_without_weights_names_the_option_and_the_way_out() -> None:
    with pytest.raises(InputError, match=r"--pool-weights: pooling layer 2 needs.*name a file.*, or give --no-pca"):
        load_pool_layers((2,), [], may_download=False, otherwise="give --no-pca")
