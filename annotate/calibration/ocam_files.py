"""Scaramuzza's OCamCalib: its calib_results.txt, and the JSON of py-OCamCalib.

calib_results.txt counts rows before columns and lets the camera look along -Z: its x runs down, its y to the right, its
direct polynomial is negative. Here x runs right, y down and the axis forward, so the polynomial's sign turns and the
affine part c, d, e stays (rows = c Y + d X + ..., columns = e Y + X + ...: as OcamLens has it). py-OCamCalib has x
before y, a positive polynomial and [[c, d], [e, 1]] from (X, Y) to (x, y); its inverse polynomial has the highest power
first and counts the angle from the axis, the toolbox's counts it from the horizon.
"""

from __future__ import annotations

import math
import re
from pathlib import Path

import numpy as np
from pydantic import ValidationError

from annotate.calibration.fields import Fields
from annotate.calibration.reading import TO_OUR_PIXELS, LensReading, ReadOptions, built, frame
from annotate.errors import InputError
from annotate.lens import OcamLens

_BLOCKS = (
    "the direct polynomial (count, then coefficients)",
    "the inverse polynomial (count, then coefficients)",
    "the centre (row, column)",
    "the affine parameters c, d, e",
    "the image size (height, width)",
)


def is_ocam_text(text: str) -> bool:
    """Whether a text is OCamCalib's calib_results.txt: comments with # and lines of bare numbers."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    numbers = [line for line in lines if not line.startswith("#")]
    return bool(lines) and lines[0].startswith("#") and bool(numbers) and all(_is_numbers(line) for line in numbers)


def read_ocam_text(path: Path, text: str, options: ReadOptions) -> LensReading:
    """The lens of a calib_results.txt."""
    lines = [line.split() for line in text.splitlines() if line.strip() and not line.strip().startswith("#")]
    if len(lines) != len(_BLOCKS):
        raise InputError(f"{path}: {len(lines)} lines of numbers, expected {len(_BLOCKS)}: {'; '.join(_BLOCKS)}")
    rows = [[_number(path, word) for word in line] for line in lines]
    direct, inverse = (_counted(path, row, what) for row, what in zip(rows[:2], _BLOCKS[:2], strict=True))
    (row, column), (c, d, e), (height, width) = (
        _exactly(path, values, count, what)
        for values, count, what in zip(rows[2:], (2, 3, 2), _BLOCKS[2:], strict=True)
    )
    data = {
        "model": "ocam",
        **frame(path, options, (round(width), round(height))),
        "cx_px": column + TO_OUR_PIXELS,
        "cy_px": row + TO_OUR_PIXELS,
        "pol": tuple(0.0 - a for a in direct),
        "invpol": tuple(inverse),
        "c": c,
        "d": d,
        "e": e,
    }
    notes = ["OCamCalib looks along -Z and counts rows before columns: turned to forward, x before y"]
    return built(path, options, data, "OCamCalib calib_results.txt", notes)


def read_py_ocam(fields: Fields, options: ReadOptions) -> LensReading:
    """The lens of py-OCamCalib's JSON; it says nothing of the picture's size."""
    x, y = fields.numbers("distortion_center", 2)
    stretch = fields.matrix("stretch_matrix", (2, 2))
    inverse = fields.numbers("inverse_poly") if "inverse_poly" in fields else []
    size = frame(fields.path, options, None)
    notes = ["stretch_matrix is taken as one matrix, as py-OCamCalib's own cam2world does"]
    data = ocam_data(fields, size, (x, y), stretch, fields.numbers("taylor_coefficient"), from_horizon(inverse[::-1]))
    return built(fields.path, options, data, "py-OCamCalib JSON", notes)


def ocam_data(
    fields: Fields,
    size: dict[str, int],
    centre: tuple[float, float],
    affine: np.ndarray,
    direct: list[float],
    inverse: list[float],
) -> dict[str, object]:
    """The mapping of an OcamLens from a matrix that takes (X, Y) to (x, y), and a direct polynomial of either sign."""
    sign = -1.0 if direct and direct[0] < 0 else 1.0
    try:
        lens = OcamLens.from_matrix(
            affine,
            tuple(sign * a for a in direct),
            tuple(inverse),
            cx_px=centre[0] + TO_OUR_PIXELS,
            cy_px=centre[1] + TO_OUR_PIXELS,
            max_theta_deg=None,
            **size,
        )
    except ValidationError as error:
        message = error.errors()[0]["msg"]
        raise InputError(f"{fields.path}: its numbers make no lens: {message}") from None
    except InputError as error:
        raise InputError(f"{fields.path}: {error}") from None
    return {name: value for name, value in lens.model_dump().items() if name != "max_theta_deg"}


def from_horizon(inverse: list[float]) -> list[float]:
    """A polynomial in the angle from the axis as one in that angle - pi/2; lowest power first, both."""
    if not inverse:
        return []
    shifted = np.polynomial.Polynomial(inverse)(np.polynomial.Polynomial([math.pi / 2, 1.0]))
    return [float(value) for value in shifted.coef]


def _is_numbers(line: str) -> bool:
    return re.fullmatch(r"[-+.\deE\s]+", line) is not None


def _number(path: Path, word: str) -> float:
    try:
        return float(word)
    except ValueError:
        raise InputError(f"{path}: found {word!r}, expected a number") from None


def _counted(path: Path, row: list[float], what: str) -> list[float]:
    if len(row) < 2 or len(row) - 1 != row[0]:
        raise InputError(f"{path}: {what}: it says {row[0]:g} coefficients, found {len(row) - 1}")
    return row[1:]


def _exactly(path: Path, row: list[float], count: int, what: str) -> list[float]:
    if len(row) != count:
        raise InputError(f"{path}: {what}: found {len(row)} numbers, expected {count}")
    return row
