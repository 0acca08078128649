"""Inception of the FID paper: the same network as torch-fidelity's, behind clean resizing, and alone called FID."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

import eval.networks.torchvision_guard  # noqa: F401  (torch-fidelity imports torchvision)
from annotate.errors import InputError
from eval.networks import features
from eval.networks.features import FEATURES, load_features
from eval.networks.inception import ADDRESS, FidInception, clean_resize, pool_weights


def _pictures(count: int, side: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, side, side, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random weights with the names of the published file, its classifier included."""
    path = tmp_path_factory.mktemp("weights") / "inception.pth"
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = FidInception()
        for module in network.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.running_mean.normal_(0, 0.1)
                module.running_var.uniform_(0.05, 0.2)
        state = {**network.state_dict(), "fc.weight": torch.randn(1008, 2048), "fc.bias": torch.randn(1008)}
    torch.save(state, path)
    return path


def test_features_are_those_of_torch_fidelity(weights: Path) -> None:
    from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

    judge = FeatureExtractorInceptionV3("inception", ["2048"], feature_extractor_weights_path=str(weights))
    pictures = _pictures(2, 299)
    (expected,) = judge(torch.from_numpy(pictures).permute(0, 3, 1, 2))
    found = load_features("fid", weights, may_download=False)(pictures)
    assert found.shape == (2, 2048)
    # Two random pictures differ by far more than the tolerance.
    assert np.abs(found[0] - found[1]).max() > 1e-2
    np.testing.assert_allclose(found, expected.numpy(), rtol=1e-4, atol=1e-4)


def test_small_pictures_are_resized_cleanly_not_as_tensorflow_did(weights: Path) -> None:
    network = load_features("fid", weights, may_download=False)
    small = _pictures(1, 64)
    resized = torch.from_numpy(clean_resize(small)).permute(0, 3, 1, 2)
    with torch.no_grad():
        expected = network.module(resized / 255)
    np.testing.assert_allclose(network(small), expected.numpy(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("side", [64, 500])
def test_resizing_is_pillows_in_floating_point(side: int) -> None:
    (picture,) = pictures = _pictures(1, side)
    red = Image.fromarray(picture[..., 0].astype(np.float32)).resize((299, 299), Image.Resampling.BICUBIC)
    (resized,) = clean_resize(pictures)
    np.testing.assert_array_equal(resized[..., 0], np.asarray(red).clip(0, 255))
    assert not np.array_equal(resized, resized.round())  # Whole levels would be the rounding that it avoids.


def test_resizing_is_antialiased() -> None:
    """Black and white lines of one pixel become grey when shrunk to less than half; an aliasing filter makes other lines."""
    lines = np.zeros((1, 897, 897, 3), np.uint8)
    lines[:, ::2] = 255
    inner = clean_resize(lines)[:, 10:-10, 10:-10]
    assert np.abs(inner - 127.5).max() < 10
    judge = torch.nn.functional.interpolate(
        torch.from_numpy(lines).permute(0, 3, 1, 2).float(), (299, 299), mode="bicubic", antialias=True
    )
    np.testing.assert_allclose(inner, judge.permute(0, 2, 3, 1).numpy()[:, 10:-10, 10:-10], atol=0.05)


def test_only_the_network_of_the_paper_is_called_fid(weights: Path) -> None:
    network = load_features("fid", weights, may_download=False)
    assert (network.distance_name, network.kernel_name) == ("FID", "KID")
    assert network.weights == "inception.pth"
    assert [name for name, kind in FEATURES.items() if kind.of_fid] == ["fid"]
    bank = load_features("bank")
    assert (bank.distance_name, bank.kernel_name) == ("FD-plafond-bank-1", "KD-plafond-bank-1")


def test_weights_of_torchvisions_inception_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "inception_v3.safetensors"
    save_file(pool_weights(features.torchvision_model("inception_v3", init_weights=False).state_dict()), str(path))
    with pytest.raises(InputError, match=r"inception_v3\.safetensors: not the weights of Inception-2015-12-05"):
        load_features("fid", path)


def test_a_file_that_lacks_a_layer_is_refused(weights: Path, tmp_path: Path) -> None:
    state = torch.load(weights, weights_only=True)
    del state["Mixed_7c.branch_pool.conv.weight"]
    torch.save(state, tmp_path / "cut.pth")
    with pytest.raises(InputError, match=r"missing 1 names \(Mixed_7c\.branch_pool\.conv\.weight\)"):
        load_features("fid", tmp_path / "cut.pth")


def test_without_file_and_network_it_says_what_to_give(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(features, "download", asked.append)  # None, as where there is no network.
    with pytest.raises(InputError, match=r"--features fid: no weights.*--feature-weights"):
        load_features("fid")
    assert asked == [ADDRESS]


def test_the_address_is_torch_fidelitys_and_holds_a_checksum() -> None:
    from torch.hub import HASH_REGEX
    from torch_fidelity.feature_extractor_inceptionv3 import URL_INCEPTION_V3

    assert ADDRESS == URL_INCEPTION_V3
    assert HASH_REGEX.search(ADDRESS.rsplit("/", 1)[1]).group(1) == "6726825d"
