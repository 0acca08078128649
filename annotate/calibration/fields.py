"""Calibration files as nested mappings, and their fields fetched one by one with errors that name file and field."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import yaml

from annotate.errors import InputError
from annotate.lens import Array


@dataclass(frozen=True)
class Fields:
    """A mapping out of a file."""

    path: Path
    values: Mapping[str, Any]
    where: str = ""
    """How the mapping is reached from the file's top, with a dot at its end, for messages."""

    def __contains__(self, name: str) -> bool:
        return name in self.values

    def fail(self, name: str, expected: str) -> InputError:
        """The error for a field that is missing or wrong."""
        found = f"is {self.values[name]!r:.80}" if name in self.values else "is missing"
        return InputError(f"{self.path}: {self.where}{name} {found}; expected {expected}")

    def child(self, name: str) -> Fields:
        if not isinstance(self.values.get(name), Mapping):
            raise self.fail(name, "a group of fields")
        return Fields(self.path, self.values[name], f"{self.where}{name}.")

    def number(self, name: str, default: float | None = None) -> float:
        value = self.values.get(name, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not np.isfinite(value):
            raise self.fail(name, "a number")
        return float(value)

    def whole(self, name: str) -> int:
        """A count of pixels."""
        value = self.number(name)
        if value != round(value) or value <= 0:
            raise self.fail(name, "a whole number above 0")
        return round(value)

    def text(self, name: str) -> str:
        if not isinstance(self.values.get(name), str):
            raise self.fail(name, "a word")
        return str(self.values[name])

    def numbers(self, name: str, count: int | None = None) -> list[float]:
        """A list of numbers, or a matrix row by row."""
        rows = self.matrix(name).ravel()
        if count is not None and rows.size != count:
            raise self.fail(name, f"{count} numbers, found {rows.size}")
        return [float(value) for value in rows]

    def matrix(self, name: str, shape: tuple[int, int] | None = None) -> Array:
        """A matrix: nested lists, OpenCV's own, or rows, cols and data (OpenCV as JSON, ROS)."""
        value = self.values.get(name)
        try:
            if isinstance(value, Mapping):
                value = np.asarray(value["data"], float).reshape(int(value["rows"]), int(value["cols"]))
            rows = np.asarray(value, float)
        except (KeyError, TypeError, ValueError):
            raise self.fail(name, "a list or matrix of numbers") from None
        if value is None or not np.isfinite(rows).all():
            raise self.fail(name, "a list or matrix of finite numbers")
        if shape is not None and rows.shape != shape:
            raise self.fail(name, f"a matrix of {shape[0]} x {shape[1]}, found {rows.shape}")
        return rows


def read_mapping(path: Path) -> Fields:
    """A JSON, YAML or XML file; what OpenCV wrote is read by OpenCV. InputError for a file that is none of them."""
    text = read_text(path)
    if path.suffix.lower() == ".xml" or text.lstrip().startswith(("<?xml", "%YAML:", "%YAML 1.0\n---\n")):
        return Fields(path, _opencv_mapping(path))
    try:
        values = json.loads(text) if path.suffix.lower() == ".json" else yaml.safe_load(text)
    except (json.JSONDecodeError, yaml.YAMLError) as error:
        kind = "JSON" if path.suffix.lower() == ".json" else "YAML"
        raise InputError(
            f"{path}: not valid {kind} ({str(error).splitlines()[0]}); it may have been cut short"
        ) from None
    if not isinstance(values, Mapping):
        raise InputError(f"{path}: expected fields with names, found {type(values).__name__}")
    return Fields(path, {str(key): value for key, value in values.items()})


def read_text(path: Path) -> str:
    """The text of a file; InputError if there is none."""
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"{path}: is no text file; expected a calibration as text, JSON, YAML or XML") from None


def _opencv_mapping(path: Path) -> dict[str, Any]:
    try:
        storage = cv2.FileStorage(str(path), cv2.FILE_STORAGE_READ)
        opened = storage.isOpened()
        values = _node_value(storage.root()) if opened else None
        storage.release()
    except (cv2.error, SystemError):
        values = None
    if not isinstance(values, dict):
        raise InputError(f"{path}: OpenCV cannot read it; it may have been cut short")
    return values


def _node_value(node: Any) -> Any:
    if node.isMap():
        keys = node.keys()
        if "dt" in keys and "data" in keys:
            return node.mat()
        return {key: _node_value(node.getNode(key)) for key in keys}
    if node.isSeq():
        return [_node_value(node.at(index)) for index in range(node.size())]
    if node.isInt():
        return int(node.real())
    return node.real() if node.isReal() else node.string()
