"""Polynomials from angle to radius, as car makers' data sets have them: WoodScape's JSON and NCore's F-theta."""

from __future__ import annotations

import numpy as np

from annotate.calibration.fields import Fields
from annotate.calibration.reading import TO_OUR_PIXELS, LensReading, ReadOptions, built, frame
from annotate.errors import InputError

_ANGLES = 200


def read_woodscape(fields: Fields, options: ReadOptions) -> LensReading:
    """radius = k1 theta + ... + k4 theta^4; the principal point is an offset from the frame's middle."""
    inner = fields.child("intrinsic")
    if "model" in inner and inner.text("model") != "radial_poly":
        raise inner.fail("model", "radial_poly")
    order = round(inner.number("poly_order", 4))
    width, height = inner.whole("width"), inner.whole("height")
    data = {
        "model": "angle_polynomial",
        **frame(fields.path, options, (width, height)),
        # The offset is counted from (width - 1) / 2 with the first pixel at 0: from our width / 2.
        "cx_px": width / 2 + inner.number("cx_offset", 0.0),
        "cy_px": height / 2 + inner.number("cy_offset", 0.0),
        "coefficients_px": tuple(inner.number(f"k{power}") for power in range(1, order + 1)),
        "pixel_aspect": inner.number("aspect_ratio", 1.0),
    }
    return built(fields.path, options, data, "WoodScape JSON")


def read_ftheta(fields: Fields, options: ReadOptions) -> LensReading:
    """NCore's F-theta parameters: two polynomials, one of them the reference, the other its approximate inverse."""
    inner = fields.child("camera_model_parameters") if "camera_model_parameters" in fields else fields
    forward = inner.numbers("angle_to_pixeldist_poly")
    if abs(forward[0]) > 1e-6:
        raise inner.fail("angle_to_pixeldist_poly", "0 as its first coefficient: on the axis the radius is 0")
    c, d, e = inner.numbers("linear_cde", 3) if "linear_cde" in inner else [1.0, 0.0, 0.0]
    if max(abs(d), abs(e)) > 1e-6 or c <= 0:
        raise inner.fail("linear_cde", "d = e = 0: a sheared sensor has no lens here")
    x, y = inner.numbers("principal_point", 2)
    found = inner.numbers("resolution", 2) if "resolution" in inner else None
    data = {
        "model": "angle_polynomial",
        **frame(fields.path, options, (round(found[0]), round(found[1])) if found else None),
        "cx_px": x + TO_OUR_PIXELS,
        "cy_px": y + TO_OUR_PIXELS,
        # c stretches x; our coefficients are those along x.
        "coefficients_px": tuple(c * value for value in np.trim_zeros(forward[1:], "b")),
        "pixel_aspect": 1 / c,
    }
    if "max_angle" in inner and options.max_theta_deg is None:
        options = ReadOptions(max_theta_deg=float(np.degrees(inner.number("max_angle"))))
    return built(fields.path, options, data, "NCore F-theta", _reference_note(inner, forward))


def _reference_note(inner: Fields, forward: list[float]) -> list[str]:
    """How far the polynomial used is from the file's reference, where that is the other one."""
    if inner.values.get("reference_poly") != "PIXELDIST_TO_ANGLE":
        return []
    backward = inner.numbers("pixeldist_to_angle_poly")
    widest = inner.number("max_angle", np.pi / 2)
    radius = np.polynomial.polynomial.polyval(np.linspace(0, widest, _ANGLES), forward)
    angle = np.polynomial.polynomial.polyval(radius, backward)
    off = np.abs(np.polynomial.polynomial.polyval(angle, forward) - radius).max()
    if not np.isfinite(off):
        raise InputError(f"{inner.path}: {inner.where}pixeldist_to_angle_poly gives no angles within max_angle")
    return [f"the file's reference is pixeldist_to_angle_poly; the inverse used here is off by up to {off:.3g} px"]
