"""OpenCV's calibrations (YAML, XML or JSON, through cv2.FileStorage or plain) and ROS's camera_info, which resembles them."""

from __future__ import annotations

import numpy as np

from annotate.calibration.fields import Fields
from annotate.calibration.reading import TO_OUR_PIXELS, LensReading, ReadOptions, built, frame
from annotate.errors import InputError
from annotate.lens import Array

_MATRIX = ("camera_matrix", "cameraMatrix", "Camera_Matrix", "intrinsic_matrix", "K")
_DISTORTION = (
    "distortion_coefficients", "distortionCoefficients", "Distortion_Coefficients", "dist_coeffs", "distCoeffs", "D",
)  # fmt: skip
_WIDTH = ("image_width", "image_Width", "width", "imageWidth")
_HEIGHT = ("image_height", "image_Height", "height", "imageHeight")
_NAMED_MODELS = {
    "fisheye": "kannala_brandt", "equidistant": "kannala_brandt", "kannala_brandt": "kannala_brandt",
    "plumb_bob": "radtan", "radtan": "radtan", "pinhole": "radtan", "mei": "mei", "omnidir": "mei",
}  # fmt: skip


def read_opencv(fields: Fields, options: ReadOptions) -> LensReading:
    """The lens of a camera matrix and distortion coefficients."""
    matrix = fields.matrix(_present(fields, _MATRIX, "camera_matrix"))
    matrix = matrix.reshape(3, 3) if matrix.size == 9 else matrix
    name = _present(fields, _DISTORTION, "distortion_coefficients")
    distortion = np.trim_zeros(fields.matrix(name).ravel(), "b")
    count = fields.matrix(name).size
    model, note = _model(fields, options.model, count)
    data = {"model": model, **frame(fields.path, options, _size(fields)), **_place(fields, matrix)}
    data |= _shape(fields, name, model, distortion)
    if model == "mei":
        data["xi"] = float(fields.numbers("xi", 1)[0]) if "xi" in fields else fields.number("xi")
    return built(fields.path, options, data, "OpenCV", [note])


def _present(fields: Fields, names: tuple[str, ...], usual: str) -> str:
    for name in names:
        if name in fields:
            return name
    raise fields.fail(usual, f"the calibration under one of the names {', '.join(names)}")


def _size(fields: Fields) -> tuple[int, int] | None:
    for width, height in zip(_WIDTH, _HEIGHT, strict=True):
        if width in fields:
            return fields.whole(width), fields.whole(height)
    for name in ("image_size", "resolution", "imageSize", "img_size"):
        if name in fields:
            found = fields.numbers(name, 2)
            return round(found[0]), round(found[1])
    return None


def _model(fields: Fields, asked: str | None, count: int) -> tuple[str, str]:
    stated = next((str(fields.values[name]) for name in ("distortion_model", "camera_model") if name in fields), None)
    if asked is not None:
        if asked not in ("kannala_brandt", "radtan", "mei"):
            raise InputError(
                f"{fields.path}: --model {asked}: an OpenCV file is kannala_brandt (fisheye), radtan or mei"
            )
        return asked, f"model {asked}, as asked for"
    if stated is not None and stated.lower() in _NAMED_MODELS:
        return _NAMED_MODELS[stated.lower()], f"model {_NAMED_MODELS[stated.lower()]}: the file says {stated}"
    if "fisheye_model" in fields:
        model = "kannala_brandt" if fields.values["fisheye_model"] else "radtan"
        return model, f"model {model}: the file says fisheye_model {fields.values['fisheye_model']}"
    if "xi" in fields:
        return "mei", "model mei: the file has xi (cv2.omnidir)"
    if count == 4:
        raise InputError(
            f"{fields.path}: four distortion coefficients are OpenCV's fisheye model (k1 k2 k3 k4) or its ordinary one"
            " (k1 k2 p1 p2); say which: --model kannala_brandt or --model radtan"
        )
    return "radtan", f"model radtan: {count} distortion coefficients belong to OpenCV's ordinary model"


def _place(fields: Fields, matrix: Array) -> dict[str, float]:
    if matrix.shape != (3, 3):
        raise InputError(f"{fields.path}: the camera matrix has shape {matrix.shape}, expected 3 x 3")
    if abs(matrix[0, 1]) > 1e-9 * abs(matrix[0, 0]):
        raise InputError(
            f"{fields.path}: the camera matrix has skew {matrix[0, 1]:g}; no lens here has: calibrate with skew 0"
        )
    return {
        "fx_px": float(matrix[0, 0]),
        "fy_px": float(matrix[1, 1]),
        "cx_px": float(matrix[0, 2]) + TO_OUR_PIXELS,
        "cy_px": float(matrix[1, 2]) + TO_OUR_PIXELS,
    }


def _shape(fields: Fields, name: str, model: str, distortion: Array) -> dict[str, float]:
    names = {"kannala_brandt": ("k1", "k2", "k3", "k4"), "mei": ("k1", "k2", "p1", "p2")}
    known = names.get(model, ("k1", "k2", "p1", "p2", "k3"))
    if len(distortion) > len(known):
        raise InputError(
            f"{fields.path}: {name} has {len(distortion)} coefficients that are not 0; {model} has {len(known)}"
            f" ({' '.join(known)}). Calibrate without the rational, thin-prism and tilt terms, or with the fisheye model"
        )
    return dict(zip(known, (float(value) for value in distortion), strict=False))
