"""What reading a calibration file gives, and the steps that all formats share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from annotate.errors import InputError
from annotate.lens import MODEL_NAMES, LensModel, OcamLens, lens_from_dict

TO_OUR_PIXELS = 0.5
"""Calibration tools count the first pixel's centre at 0, plafond at 0.5."""


@dataclass(frozen=True)
class LensReading:
    """A lens out of a file and what a person should know about how it was understood."""

    lens: LensModel
    notes: list[str]
    source_format: str


@dataclass(frozen=True)
class ReadOptions:
    """What a person says beside the file."""

    model: str | None = None
    size: tuple[int, int] | None = None
    """Width and height, px."""
    camera: str | None = None
    """Which of several cameras in one file."""
    max_theta_deg: float | None = None
    """Half the field of view; left out: as far as the frame's furthest corner."""


def built(
    path: Path, options: ReadOptions, data: Mapping[str, Any], source_format: str, notes: Sequence[str] = ()
) -> LensReading:
    """The lens of a plafond mapping whose field of view is the one asked for, or covers the frame."""
    try:
        if options.max_theta_deg is not None:
            lens = lens_from_dict({**data, "max_theta_deg": options.max_theta_deg})
            field = f"field of view: {options.max_theta_deg:g} deg around the axis, as asked for"
        else:
            lens = lens_from_dict(data).covering_frame()
            field = f"field of view: the file states none; {lens.max_theta_deg:.2f} deg reaches {_reached(lens)}"
    except ValidationError as error:
        item = error.errors()[0]
        if not item["loc"]:  # no model of that name
            raise InputError(
                f"{path}: model is {data.get('model')!r:.80}; expected one of {', '.join(MODEL_NAMES)}"
            ) from None
        name = ".".join(map(str, item["loc"][1:]))
        raise InputError(f"{path}: {name}: {item['msg']}, found {item['input']!r:.80}") from None
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    return LensReading(lens, [*notes, field, *_inverse_note(lens)], source_format)


def frame(path: Path, options: ReadOptions, found: tuple[int, int] | None) -> dict[str, int]:
    """width_px and height_px out of the file or --size; InputError if neither says so, or they disagree."""
    if found is None and options.size is None:
        raise InputError(f"{path}: does not say how large its pictures are; give --size WIDTH HEIGHT")
    if found is not None and options.size is not None and found != options.size:
        raise InputError(
            f"{path}: is for pictures of {found[0]} x {found[1]} px, --size says {options.size}; leave --size out"
        )
    width, height = found or options.size or (0, 0)
    return {"width_px": width, "height_px": height}


def _reached(lens: LensModel) -> str:
    limited = lens.max_theta_deg >= lens.widest_deg - 1e-9
    return "as far as the model holds, not to the frame's corners" if limited else "the frame's furthest corner"


def _inverse_note(lens: LensModel) -> list[str]:
    """How good the inverse polynomial of a file is that has one; plafond inverts the direct one itself."""
    if not isinstance(lens, OcamLens) or not lens.invpol:
        return []
    note = f"the file's inverse polynomial is off by up to {lens.invpol_error_px():.3g} px inside the field"
    if lens.max_theta_deg > 90:
        front = OcamLens(**{**lens.model_dump(), "max_theta_deg": 90.0})
        note += f", {front.invpol_error_px():.3g} px within 90 deg of the axis"
    return [f"{note}; it is not used, the direct polynomial is inverted instead"]
