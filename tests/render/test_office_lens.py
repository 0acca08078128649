"""The lens of the 3-D office's camera: out of a calibration file, scaled; what the file leaves open is said."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from annotate.errors import InputError
from annotate.lens import UcmLens
from render.config import RenderConfig
from render.office import sample_office
from render.office_camera import office_lens, sample_office_camera

RNG = np.random.default_rng(0)
PARAMETERS = "image: {width: 200, height: 100}\nparameter: {fx: 200, fy: 200, cx: 99.5, cy: 49.5, "


def test_a_calibration_file_gives_the_lens_scaled_to_the_pictures(tmp_path: Path) -> None:
    (tmp_path / "ucm.yml").write_text(PARAMETERS + "alpha: 1.02}")
    lens = office_lens(RenderConfig(lens_file=tmp_path / "ucm.yml", size_px=400), RNG)
    assert isinstance(lens, UcmLens)
    assert (lens.width_px, lens.height_px, lens.cx_px, lens.fx_px) == (400, 200, 200.0, 400.0)
    assert np.isfinite(lens.unproject([[0.0, 0.0], [400.0, 200.0]])).all()


def test_a_calibration_file_that_needs_an_option_says_the_way_round(tmp_path: Path) -> None:
    (tmp_path / "radtan.yml").write_text(PARAMETERS + "k1: -0.1, k2: 0, p1: 0, p2: 0}")
    with pytest.raises(InputError, match=r"--lens-file .*radtan\.yml: .*the lens that `lens --as-site` prints"):
        office_lens(RenderConfig(lens_file=tmp_path / "radtan.yml"), RNG)


def test_cameras_hang_at_2_4_to_4_5_m_and_mostly_level() -> None:
    config = RenderConfig(tilt_deg=(0.0, 15.0))
    poses = []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        poses.append(sample_office_camera(config, sample_office(rng), rng).pose)
    tilts = np.array([pose.tilt_deg for pose in poses])
    assert min(pose.height_m for pose in poses) >= 2.4 and max(pose.height_m for pose in poses) <= 4.5
    assert np.median(tilts) < 4.0 and tilts.max() > 10.0


def test_what_is_asked_for_is_what_the_lens_is() -> None:
    config = RenderConfig(lens="equisolid", field_of_view_deg=180, frame="4:3", circle=(1.2, 1.2), size_px=480)
    lens = office_lens(config, RNG)
    assert (lens.model, lens.width_px, lens.height_px) == ("equisolid", 480, 360)
    rim = lens.project([[np.sin(np.radians(89.9)), 0.0, np.cos(np.radians(89.9))]])[0]
    assert rim[0] - 240 == pytest.approx(1.2 * 240, rel=2e-3)


def test_offices_differ_in_lens_frame_and_cut() -> None:
    lenses = [office_lens(RenderConfig(size_px=200), np.random.default_rng(seed)) for seed in range(60)]
    assert {lens.model for lens in lenses} == {"equidistant", "equisolid", "stereographic"}
    assert {(lens.width_px, lens.height_px) for lens in lenses} == {(200, 200), (200, 150), (200, 112)}
    shares = [lens.valid_mask().mean() for lens in lenses]
    assert min(shares) < 0.5 and max(shares) > 0.99


def test_an_orthographic_lens_of_more_than_half_a_sphere_is_refused() -> None:
    with pytest.raises(InputError, match=r"--field-of-view-deg 190: an orthographic lens sees 180 at most"):
        office_lens(RenderConfig(lens="orthographic", field_of_view_deg=190), RNG)
