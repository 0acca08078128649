"""Feature networks: the bank that ships as code, and networks with weights from files."""

import os
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from annotate.errors import InputError
from eval.networks.feature_bank import gabor_filters
from eval.networks.features import FEATURES, load_features, torchvision_model

BANK_ON_RAMP = [1.3548, 0.8248, 0.4968, -1.4044, -3.9852, 0.5637]
WEIGHTS = Path(os.environ.get("PLAFOND_TEST_DATA", "/nonexistent")) / "weights"


def _pictures(count: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.stack(
        [cv2.GaussianBlur(rng.integers(0, 255, (64, 64, 3), dtype=np.uint8), (0, 0), 2) for _ in range(count)]
    )


def test_bank_needs_no_weights_and_is_never_called_fid() -> None:
    bank = load_features("bank", may_download=False)
    assert bank.distance_name == "FD-plafond-bank-1"
    features = bank(_pictures(3))
    assert features.shape == (3, 78) and np.isfinite(features).all()


def test_bank_gives_the_same_features_in_any_batch_and_any_time() -> None:
    pictures = _pictures(5)
    first, second = load_features("bank")(pictures), load_features("bank")(pictures, batch=2)
    np.testing.assert_allclose(first, second, atol=1e-5)


def test_bank_is_version_1() -> None:
    """Distances are compared across machines and years: a change of the features needs another name."""
    ramp = np.linspace(0, 255, 64).astype(np.uint8)
    picture = np.stack(
        [np.tile(ramp, (64, 1)), np.tile(ramp[:, None], (1, 64)), np.full((64, 64), 90, np.uint8)], axis=2
    )
    features = load_features("bank")(picture[None])[0]
    np.testing.assert_allclose(features[[0, 9, 20, 40, 60, 77]], BANK_ON_RAMP, rtol=1e-3, atol=1e-3)


def test_bank_tells_noise_blur_and_colour_apart() -> None:
    bank = load_features("bank")
    plain = _pictures(4)
    noisy = (plain + np.random.default_rng(1).normal(0, 12, plain.shape)).clip(0, 255).astype(np.uint8)
    tinted = (plain * np.array([1.0, 0.8, 0.8])).astype(np.uint8)
    base = bank(plain)
    spread = base.std(axis=0).mean()
    for changed in (noisy, tinted):
        assert np.abs(bank(changed) - base).mean(axis=0).max() > 3 * spread


def test_gabor_filters_answer_to_no_flat_picture_and_have_unit_norm() -> None:
    filters = gabor_filters()
    assert filters.sum(dim=(1, 2, 3)).abs().max() < 1e-5
    torch.testing.assert_close(filters.flatten(1).norm(dim=1), torch.ones(len(filters)))


def test_unknown_network_lists_the_known_ones() -> None:
    with pytest.raises(InputError, match='"vgg" is unknown; known feature networks: bank, densenet169'):
        load_features("vgg")


def test_missing_weights_say_what_to_do() -> None:
    with pytest.raises(InputError, match=r"--features densenet169: no weights.*--feature-weights.*--features bank"):
        load_features("densenet169", may_download=False)


def test_weights_of_another_network_are_refused_with_the_differing_names(tmp_path: Path) -> None:
    path = tmp_path / "other.safetensors"
    save_file(torchvision_model("squeezenet1_0").state_dict(), str(path))
    with pytest.raises(
        InputError, match=r"other\.safetensors: not the weights of SqueezeNet1\.1: missing .*features\."
    ):
        load_features("squeezenet1_1", path)


def test_broken_weights_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "cut.safetensors"
    path.write_bytes(b"\x10\x00\x00\x00\x00\x00\x00\x00{")
    with pytest.raises(InputError, match=r"cut\.safetensors: cannot be read as weights"):
        load_features("squeezenet1_1", path)


def test_half_precision_file_and_old_names_load_into_densenet(tmp_path: Path) -> None:
    """torchvision's published file says denselayer1.norm.1.weight, its module says norm1."""
    state = torchvision_model("densenet169").state_dict()
    old = {name.replace(".norm1.", ".norm.1.").replace(".conv2.", ".conv.2."): v for name, v in state.items()}
    save_file({k: v.half() if v.is_floating_point() else v for k, v in old.items()}, str(tmp_path / "d.safetensors"))
    network = load_features("densenet169", tmp_path / "d.safetensors")
    features = network(_pictures(2))
    assert features.shape == (2, 1664) == (2, network.kind.dimensions)
    assert network.distance_name == "FD-DenseNet169"


@pytest.mark.skipif(not WEIGHTS.is_dir(), reason="PLAFOND_TEST_DATA names no folder with weights/")
@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("densenet169", "densenet169_imagenet_features_fp16.safetensors"),
        ("squeezenet1_1", "squeezenet1_1_imagenet.safetensors"),
        ("vgg19_relu3_1", "vgg19_normalised_to_relu3_1.safetensors"),
    ],
)
def test_published_weights_load_and_tell_pictures_apart(name: str, file: str) -> None:
    features = load_features(name, WEIGHTS / file)(_pictures(3))
    assert features.shape == (3, FEATURES[name].dimensions)
    assert np.isfinite(features).all() and features.std(axis=0).max() > 1e-3
