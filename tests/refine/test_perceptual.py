"""V of the perceptual losses: which network serves, in which range it sees images, and how its features are scaled."""

import os
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from annotate.errors import InputError
from refine.losses.translation import feature_distance
from refine.perceptual import FEATURE_RMS, Perceptual, load_perceptual

DATA = os.environ.get("PLAFOND_TEST_DATA", "")
WEIGHTS = Path(DATA) / "weights"
stand_ins = pytest.mark.skipif(not (DATA and WEIGHTS.is_dir()), reason="PLAFOND_TEST_DATA has no weights/")
VGG19 = WEIGHTS / "vgg19_normalised_to_relu3_1.safetensors"
DENSENET = WEIGHTS / "densenet169_imagenet_features_fp16.safetensors"


def images(count: int = 3, side: int = 64) -> torch.Tensor:
    return torch.rand((count, 3, side, side), generator=torch.Generator().manual_seed(1)) * 2 - 1


def test_vgg16_gives_its_second_and_fifth_pooling(vgg16: Path) -> None:
    network = load_perceptual((2, 5), [vgg16], may_download=False)
    found = network(images())
    assert {pool: tuple(value.shape) for pool, value in found.items()} == {2: (3, 128, 16, 16), 5: (3, 512, 2, 2)}
    assert network.titles == {2: "VGG16 pool 2", 5: "VGG16 pool 5"}


def test_vgg16_sees_imagenets_range(vgg16: Path) -> None:
    network = load_perceptual((2,), [vgg16], may_download=False)
    grey = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1).expand(1, 3, 32, 32) * 2 - 1
    expected = network.parts["2"](torch.zeros(1, 3, 32, 32))
    torch.testing.assert_close(network(grey)[2], expected, atol=1e-5, rtol=1e-4)


@stand_ins
def test_stand_ins_take_the_place_of_vgg16_and_say_so() -> None:
    network = load_perceptual((2, 5), [VGG19, DENSENET], may_download=False)
    found = network(images(side=128))
    # Pool 2 of VGG16 has this shape too; pool 5 has 512 channels.
    assert {pool: tuple(value.shape) for pool, value in found.items()} == {2: (3, 128, 32, 32), 5: (3, 640, 4, 4)}
    assert all("stand-in" in title for title in network.titles.values())


@stand_ins
def test_vgg16_is_preferred_to_a_stand_in(vgg16: Path) -> None:
    assert load_perceptual((2,), [VGG19, vgg16], may_download=False).titles == {2: "VGG16 pool 2"}


@stand_ins
@pytest.mark.parametrize(("side", "expected"), [(128, FEATURE_RMS), (64, 2 * FEATURE_RMS)])
def test_calibrated_features_have_the_stated_size_on_real_crops(side: int, expected: float) -> None:
    network = load_perceptual((2, 5), [VGG19, DENSENET], may_download=False)
    real = images(18, side)
    network.calibrate(real)
    for found in network(real).values():
        assert found.square().mean().sqrt().item() == pytest.approx(expected, rel=1e-3)


@stand_ins
def test_distance_of_features_does_not_depend_on_the_side_of_the_crops() -> None:
    network = load_perceptual((2,), [VGG19], may_download=False)
    lengths = []
    for side in (128, 64):
        # The same texture, tiled.
        real = images(4, 32).repeat(1, 1, side // 32, side // 32)
        network.calibrate(real)
        lengths.append(feature_distance(network(real), network(real.flip(0)), (2,)).item())
    assert lengths[0] == pytest.approx(lengths[1], rel=0.1)


def test_mean_is_over_all_images(vgg16: Path) -> None:
    network = load_perceptual((2,), [vgg16], may_download=False)
    real = images(18, side=32)
    torch.testing.assert_close(network.mean(real)[2], network(real)[2].mean(dim=0, keepdim=True))


def test_gradients_reach_the_image_but_not_the_weights(vgg16: Path) -> None:
    network: Perceptual = load_perceptual((2,), [vgg16], may_download=False)
    image = images(1, side=32).requires_grad_()
    network(image)[2].sum().backward()
    assert image.grad is not None
    assert image.grad.abs().sum() > 0
    assert not any(weight.requires_grad for weight in network.parameters())


def test_layer_without_weights_says_what_to_give(vgg16: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"pooling layer 5 needs the weights of VGG16 pool 5.*DenseNet-169"):
        load_perceptual((5,), [], may_download=False)
    other = tmp_path / "other.safetensors"
    save_file({"fc.weight": torch.zeros(2, 2)}, str(other))
    with pytest.raises(InputError, match=r"other\.safetensors: holds none of the networks"):
        load_perceptual((2,), [other])
    broken = tmp_path / "cut.safetensors"
    broken.write_bytes(vgg16.read_bytes()[:1000])
    with pytest.raises(InputError, match="cannot be read as weights"):
        load_perceptual((2,), [broken])
