"""Presets: what the thesis's Table 3.2 says of each, worked out by hand on one cycle with a feature network of its own."""

import pytest
import torch
from torch import Tensor

from annotate.errors import InputError
from refine.config import RefineConfig
from refine.networks.discriminator import PatchDiscriminator
from refine.networks.layers import count_parameters
from refine.perceptual import Perceptual
from refine.presets import PRESETS, find_preset
from refine.refiners.cyclegan import Cycle, CycleGAN

CPU = torch.device("cpu")
TABLE: dict[str, dict[str, float]] = {
    "C_CP": {"cyclic_pixel": 10},
    "C_CPCF": {"cyclic_pixel": 10, "cyclic_feature": 1e-5},
    "C_CPCFIF": {"cyclic_pixel": 10, "cyclic_feature": 1e-5, "identity_feature": 5e-6},
    "C_CPCFIP": {"cyclic_pixel": 10, "cyclic_feature": 1e-5, "identity_pixel": 10},
    "D": {"cyclic_discriminator": 1e-5, "identity_feature": 5e-6},
    "M": {"mean_feature": 1e-5, "identity_feature": 5e-6},
}
"""Losses and weights of the thesis's Table 3.2."""
VARIANTS: dict[str, tuple[str, dict[str, float]]] = {
    "M_new": ("M", {"mean_feature": 1e-1}),
    "D_VGG5_S": ("D", {}),
    "D_VGG5-2_S": ("D", {}),
}
"""Sections 5.4 and 5.8: of which preset, with which other weights."""


class Doubled(Perceptual):
    """V for tests: pool 2 is the image doubled, pool 5 its mean over positions."""

    def __init__(self) -> None:
        super().__init__({}, {}, {})

    def forward(self, images: Tensor) -> dict[int, Tensor]:
        return {2: 2 * images, 5: images.mean(dim=(2, 3), keepdim=True)}


def refiner(name: str, **changes) -> CycleGAN:
    small: dict[str, object] = {"filters": 2, "blocks": 1, "discriminator_filters": 2}
    config = RefineConfig(synthetic="S", real="R", out="O", preset=name, **{**small, **changes})
    preset = find_preset(name)
    built = preset.build(config, CPU, Doubled() if preset.pools else None)
    assert isinstance(built, CycleGAN)
    return built


def values(built: CycleGAN) -> dict[str, float]:
    """Every term of a cycle in which only F(G(x)) is off, by 0.5, and G(x) differs from x by 1."""
    x, y = torch.zeros(1, 3, 8, 8), torch.ones(1, 3, 8, 8)
    features = Doubled()(y)
    cycle = Cycle(
        x, y, y_fake=x + 1, x_fake=y, x_back=x + 0.5, y_back=y,
        discriminator_x=Watching(2), discriminator_y=Watching(2), perceptual=built.perceptual,
        means={"x": features, "y": features},
    )  # fmt: skip
    return {term.name: term.value(cycle).item() for term in built.terms}


class Watching(PatchDiscriminator):
    """A discriminator whose four layers show the image itself."""

    def activations(self, x: Tensor) -> list[Tensor]:
        return [x] * 4


LENGTH = (3 * 8 * 8) ** 0.5
"""Euclidean length of an image that is 1 everywhere."""


@pytest.mark.parametrize("name", [f"{base}{skip}" for base in TABLE for skip in ("", "_S")] + list(VARIANTS))
def test_preset_has_the_losses_and_weights_of_the_thesis(name: str) -> None:
    built = refiner(name)
    base, changes = VARIANTS.get(name, (name.removesuffix("_S"), {}))
    assert {term.name: term.weight for term in built.terms} == {**TABLE[base], **changes}
    assert built.networks["G"].skip is built.networks["F"].skip is name.endswith("_S")


def test_terms_compare_the_images_that_their_equations_name() -> None:
    assert values(refiner("C_CPCFIP")) == pytest.approx(
        {"cyclic_pixel": 0.5, "cyclic_feature": 2 * 0.5 * LENGTH, "identity_pixel": 1.0}
    )
    assert values(refiner("D_S")) == pytest.approx(
        {"cyclic_discriminator": 4 * 0.5 * LENGTH, "identity_feature": 2 * LENGTH}
    )


def test_layers_of_the_identity_feature_are_those_of_the_variant() -> None:
    pool_2, pool_5 = 2 * LENGTH, 3**0.5
    found = {name: values(refiner(name))["identity_feature"] for name in ("D_S", "D_VGG5_S", "D_VGG5-2_S")}
    assert found == pytest.approx({"D_S": pool_2, "D_VGG5_S": pool_5, "D_VGG5-2_S": pool_2 + pool_5})
    assert PRESETS["D_VGG5_S"].pools == (5,)


def test_mean_feature_holds_outputs_against_the_other_domain() -> None:
    # G(x) and F(y) are both 1 everywhere, as are both means: nothing is left.
    assert values(refiner("M"))["mean_feature"] == 0


def test_preset_builds_networks_of_the_configured_size() -> None:
    assert count_parameters(refiner("C_CP", filters=32, blocks=9).networks["G"]) == 2_850_563


def test_resize_convolution_has_as_many_weights() -> None:
    plain, resized = (refiner("C_CP_S", upsampling=how).networks["G"] for how in ("transposed", "resize"))
    assert count_parameters(plain) == count_parameters(resized)


def test_unknown_preset_lists_the_known_ones() -> None:
    with pytest.raises(InputError, match='"C_XY": no such preset') as error:
        find_preset("C_XY")
    assert all(name in str(error.value) for name in PRESETS)
