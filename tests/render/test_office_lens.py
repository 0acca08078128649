"""The lens of the 3-D office's camera: out of a calibration file, scaled; what the file leaves open is said."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from annotate.errors import InputError
from annotate.lens import UcmLens
from render.config import RenderConfig
from render.office_camera import office_lens

PARAMETERS = "image: {width: 200, height: 100}\nparameter: {fx: 200, fy: 200, cx: 99.5, cy: 49.5, "


def test_a_calibration_file_gives_the_lens_scaled_to_the_pictures(tmp_path: Path) -> None:
    (tmp_path / "ucm.yml").write_text(PARAMETERS + "alpha: 1.02}")
    lens = office_lens(RenderConfig(lens_file=tmp_path / "ucm.yml", size_px=400))
    assert isinstance(lens, UcmLens)
    assert (lens.width_px, lens.height_px, lens.cx_px, lens.fx_px) == (400, 200, 200.0, 400.0)
    assert np.isfinite(lens.unproject([[0.0, 0.0], [400.0, 200.0]])).all()


def test_a_calibration_file_that_needs_an_option_says_the_way_round(tmp_path: Path) -> None:
    (tmp_path / "radtan.yml").write_text(PARAMETERS + "k1: -0.1, k2: 0, p1: 0, p2: 0}")
    with pytest.raises(InputError, match=r"--lens-file .*radtan\.yml: .*the lens that `lens --as-site` prints"):
        office_lens(RenderConfig(lens_file=tmp_path / "radtan.yml"))
