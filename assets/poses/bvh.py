"""Reader of BVH motion capture files, with any joint names, channel order and up axis.

A joint's rotation is the product of its rotation channels in the order they are listed (the last is applied first);
the file's zero pose is its rest. Position channels of joints other than the root are read over: bones keep their
length. Which way the rest pose faces is found from its hips and head (Y-up and Z-up files both occur).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from annotate.errors import InputError
from assets.poses.clip import END, Clip, in_axes
from assets.poses.names import joint_names

LEG_M = 0.83
"""A BVH states no unit: one is chosen such that thigh and shin together have this length, an average adult's."""


@dataclass
class _Hierarchy:
    joints: list[str] = field(default_factory=list)
    parents: list[int] = field(default_factory=list)
    offsets: list[np.ndarray] = field(default_factory=list)
    channels: list[tuple[str, ...]] = field(default_factory=list)

    def add(self, name: str, parent: int) -> int:
        self.joints.append(name)
        self.parents.append(parent)
        self.offsets.append(np.zeros(3))
        self.channels.append(())
        return len(self.joints) - 1


def _hierarchy(path: Path, lines: list[list[str]]) -> _Hierarchy:
    """The joints between HIERARCHY and MOTION."""
    tree = _Hierarchy()
    open_joints: list[int] = []
    current = -1
    for words in lines:
        key = words[0].upper()
        if key in ("ROOT", "JOINT"):
            current = tree.add(" ".join(words[1:]), open_joints[-1] if open_joints else -1)
        elif key == "END":
            current = tree.add(tree.joints[open_joints[-1]] + END, open_joints[-1])
        elif key == "{":
            open_joints.append(current)
        elif key == "}":
            open_joints.pop()
        elif key == "OFFSET":
            tree.offsets[current] = np.array([float(value) for value in words[1:4]])
        elif key == "CHANNELS":
            tree.channels[current] = tuple(words[2 : 2 + int(words[1])])
    if open_joints or not tree.joints:
        raise InputError(f"{path}: the joints' braces do not close before MOTION; the file is broken or was cut short")
    return tree


def _split(path: Path) -> tuple[list[list[str]], list[list[str]]]:
    """Words of the lines before and after MOTION."""
    if not path.is_file():
        raise InputError(f"{path}: no such clip")
    lines = [line.split() for line in path.read_text(encoding="latin-1").splitlines()]
    lines = [words for words in lines if words]
    if not lines or lines[0][0].upper() != "HIERARCHY":
        raise InputError(f"{path}: does not begin with HIERARCHY; this is not a BVH file")
    starts = [number for number, words in enumerate(lines) if words[0].upper() == "MOTION"]
    if not starts:
        raise InputError(f"{path}: has no MOTION section; the file was cut short")
    return lines[1 : starts[0]], lines[starts[0] + 1 :]


def _motion(path: Path, lines: list[list[str]], width: int) -> tuple[np.ndarray, float]:
    """(frames, width) numbers and the seconds between frames."""
    try:
        declared = int(lines[0][-1])
        frame_s = float(lines[1][-1])
        values = [float(word) for words in lines[2:] for word in words]
    except (IndexError, ValueError) as error:
        raise InputError(f"{path}: MOTION: expected 'Frames: n', 'Frame Time: s' and numbers; {error}") from None
    whole, left = divmod(len(values), width)
    if whole < declared or declared < 1:
        extra = f" and {left} of {width} numbers of the next" if left else ""
        raise InputError(
            f"{path}: declares {declared} frames of {width} numbers but holds {whole}{extra}: the file was cut short. "
            f"Fetch it again, or correct its line 'Frames:'"
        )
    motion = np.array(values[: declared * width]).reshape(declared, width)
    if not np.isfinite(motion).all():
        raise InputError(f"{path}: frame {int(np.argmin(np.isfinite(motion).all(axis=1))) + 1} holds no finite number")
    return motion, frame_s


def _joint_motion(values: np.ndarray, channels: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Rotations (f, 3, 3) and positions (f, 3) from one joint's channels."""
    kinds = [channel.lower() for channel in channels]
    turning = [index for index, kind in enumerate(kinds) if kind.endswith("rotation")]
    order = "".join(channels[index][0].upper() for index in turning)
    rotation = np.tile(np.eye(3), (len(values), 1, 1))
    if order:
        rotation = Rotation.from_euler(order, values[:, turning], degrees=True).as_matrix().reshape(-1, 3, 3)
    position = np.zeros((len(values), 3))
    for index, kind in enumerate(kinds):
        if kind.endswith("position"):
            position[:, "xyz".index(kind[0])] = values[:, index]
    return rotation, position


def _body_axes(rest: dict[str, np.ndarray]) -> np.ndarray:
    """Rows: the body's left, back and up in file axes, each snapped to a file axis, from hips and head at rest."""
    up = rest["Head"] - (rest["LeftUpLeg"] + rest["RightUpLeg"]) / 2
    left = rest["LeftUpLeg"] - rest["RightUpLeg"]
    rows = [np.eye(3)[np.argmax(abs(way))] * np.sign(way[np.argmax(abs(way))]) for way in (left, up)]
    return np.array([rows[0], np.cross(rows[1], rows[0]), rows[1]])


def read_bvh(path: Path) -> Clip:
    """Read a clip.

    Raises:
        InputError: not a BVH; fewer frames or numbers than it declares; joints whose names are not known.
    """
    before, after = _split(path)
    try:
        tree = _hierarchy(path, before)
    except (ValueError, IndexError) as error:
        raise InputError(f"{path}: HIERARCHY: {error}") from None
    known = joint_names(path, tree.joints)
    motion, frame_s = _motion(path, after, sum(len(channels) for channels in tree.channels))
    count = len(tree.joints)
    rotations = np.empty((len(motion), count, 3, 3))
    rest = np.zeros((count, 3))
    root_path = np.zeros((len(motion), 3))
    column = 0
    for index, (parent, channels) in enumerate(zip(tree.parents, tree.channels, strict=True)):
        rest[index] = tree.offsets[index] + (rest[parent] if parent >= 0 else 0.0)
        rotations[:, index], position = _joint_motion(motion[:, column : column + len(channels)], channels)
        column += len(channels)
        if parent < 0:
            root_path = position
    landmarks = {target: rest[tree.joints.index(source)] for target, source in known.items()}
    axes = _body_axes(landmarks)
    leg = [landmarks[name] for name in ("LeftUpLeg", "LeftLeg", "LeftFoot")]
    unit_m = LEG_M / max(1e-9, float(np.linalg.norm(leg[1] - leg[0]) + np.linalg.norm(leg[2] - leg[1])))
    rest_m, turned = in_axes(axes, rest * unit_m, rotations)
    root_m = root_path * unit_m @ axes.T
    return Clip(path.stem, tuple(tree.joints), tuple(tree.parents), rest_m, turned, root_m, frame_s)
