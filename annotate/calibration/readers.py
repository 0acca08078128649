"""Calibration files as users have them, read into a lens: one entry, the format found by looking into the file.

Every format counts the first pixel's centre at 0; principal points gain half a pixel here. A file without a field of
view means: as far as the furthest corner of the frame.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from annotate.calibration.automotive_files import read_ftheta, read_woodscape
from annotate.calibration.fields import Fields, read_mapping, read_text
from annotate.calibration.ocam_files import is_ocam_text, read_ocam_text, read_py_ocam
from annotate.calibration.opencv_files import read_opencv
from annotate.calibration.parameter_files import read_parameters
from annotate.calibration.reading import LensReading, ReadOptions, built
from annotate.calibration.toolbox_files import read_camodocal, read_kalibr
from annotate.errors import InputError

__all__ = ["LensReading", "read_lens"]

Reader = Callable[[Fields, ReadOptions], LensReading]


def read_lens(
    path: Path,
    model: str | None = None,
    size: tuple[int, int] | None = None,
    camera: str | None = None,
    max_theta_deg: float | None = None,
) -> LensReading:
    """The lens that a calibration file describes.

    model: for files whose numbers fit several models. size: width and height in px, for files that do not say. camera:
    for files with several cameras. max_theta_deg: half the field of view. Raises InputError, naming file and field.
    """
    path, options = Path(path), ReadOptions(model, size, camera, max_theta_deg)
    text = read_text(path)
    if is_ocam_text(text):
        return _as_asked(path, options, read_ocam_text(path, text, options))
    fields = read_mapping(path)
    for belongs, reader in _FORMATS:
        if belongs(fields):
            return _as_asked(path, options, reader(fields, options))
    keys = ", ".join(list(fields.values)[:8])
    raise InputError(
        f"{path}: no calibration that is known here (its fields: {keys}). Known are plafond's lens, OCamCalib and"
        " py-OCamCalib, OpenCV and ROS (camera_matrix, K), Kalibr's camchain (cam0), CamOdoCal (model_type), image and"
        " parameter groups, WoodScape (intrinsic) and NCore F-theta (angle_to_pixeldist_poly)"
    )


def _as_asked(path: Path, options: ReadOptions, reading: LensReading) -> LensReading:
    """The reading, if it is what a person said; InputError where a file cannot be read that way."""
    lens = reading.lens
    if options.model not in (None, lens.model):
        raise InputError(f"{path}: --model {options.model}: the file's lens is {lens.model}; leave --model out")
    if options.size not in (None, (lens.width_px, lens.height_px)):
        raise InputError(f"{path}: is for pictures of {lens.width_px} x {lens.height_px} px; leave --size out")
    if options.camera is not None and reading.source_format != "Kalibr camchain":
        raise InputError(f"{path}: --camera {options.camera}: only Kalibr's camchain has several cameras")
    return reading


def read_plafond(fields: Fields, options: ReadOptions) -> LensReading:
    """Our own lens mapping, alone or under `lens` (a site file, a fitted lens)."""
    data = fields.child("lens").values if "lens" in fields else fields.values
    if data.get("max_theta_deg") is not None and options.max_theta_deg is None:
        options = ReadOptions(max_theta_deg=Fields(fields.path, data).number("max_theta_deg"))
        reading = built(fields.path, options, data, "plafond")
        return LensReading(reading.lens, reading.notes[1:], reading.source_format)
    return built(fields.path, options, {**data, "max_theta_deg": None}, "plafond")


def _is_plafond(fields: Fields) -> bool:
    lens = fields.values.get("lens", fields.values)
    return isinstance(lens, dict) and "width_px" in lens


def _is_woodscape(fields: Fields) -> bool:
    intrinsic = fields.values.get("intrinsic")
    return isinstance(intrinsic, dict) and "k1" in intrinsic


def _is_ftheta(fields: Fields) -> bool:
    inner = fields.values.get("camera_model_parameters", fields.values)
    return isinstance(inner, dict) and any(
        name in inner for name in ("angle_to_pixeldist_poly", "pixeldist_to_angle_poly")
    )


def _is_kalibr(fields: Fields) -> bool:
    return "camera_model" in fields or any(
        isinstance(value, dict) and "camera_model" in value for value in fields.values.values()
    )


def _is_opencv(fields: Fields) -> bool:
    return any(name in fields for name in ("camera_matrix", "cameraMatrix", "Camera_Matrix", "K", "intrinsic_matrix"))


_FORMATS: list[tuple[Callable[[Fields], bool], Reader]] = [
    (_is_plafond, read_plafond),
    (lambda fields: "image" in fields and "parameter" in fields, read_parameters),
    (lambda fields: "taylor_coefficient" in fields, read_py_ocam),
    (_is_woodscape, read_woodscape),
    (_is_ftheta, read_ftheta),
    (lambda fields: "model_type" in fields, read_camodocal),
    (_is_opencv, read_opencv),
    (_is_kalibr, read_kalibr),
]
