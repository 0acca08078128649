"""Reader of Acclaim motion capture: a skeleton (.asf) and its clips (.amc), as the CMU database gives them.

File axes: Y up, the rest pose (a T-pose) faces +Z, its left is +X. Each bone's rotation is written about its own axes C:
rotation from rest relative to the parent = C M C^T, M from the channels in the order the bone lists them (the first
is applied first). Lengths are in 1/`length` inches (CMU: 0.45).
Source: "Acclaim ASF/AMC", University of Wisconsin graphics group (Lander 1998).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from annotate.errors import InputError
from assets.poses.clip import END, Clip, in_axes

BODY_FROM_FILE = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]])
INCH_M = 0.0254
CMU_FRAME_S = 1 / 120
"""An .amc does not state its frame rate; the CMU database records 120 frames a second."""


@dataclass(frozen=True)
class Bone:
    """A bone of an .asf: from the end of its parent along direction * length, in file axes and file units."""

    name: str
    direction: np.ndarray
    length: float
    axis: np.ndarray
    channels: tuple[str, ...]


@dataclass(frozen=True)
class AsfSkeleton:
    """The .asf file: bones by name (parents before children), who hangs on whom, and the units."""

    path: Path
    root_axis: np.ndarray
    root_channels: tuple[str, ...]
    bones: dict[str, Bone]
    parents: dict[str, str]
    unit_m: float
    degrees: bool

    def channels(self) -> dict[str, tuple[str, ...]]:
        """Channels of the root and of each bone that moves: what a frame of an .amc for this skeleton lists."""
        moving = {bone.name: bone.channels for bone in self.bones.values() if bone.channels}
        return {"root": self.root_channels, **moving}


def _lines(path: Path) -> list[list[str]]:
    try:
        text = path.read_text(encoding="latin-1")
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    stripped = (line.split("#", 1)[0].split() for line in text.splitlines())
    return [words for words in stripped if words]


def _sections(path: Path) -> dict[str, list[list[str]]]:
    """Lines of an .asf under their `:section`; what follows the section's name on its line comes first."""
    sections: dict[str, list[list[str]]] = {}
    current: list[list[str]] = []
    for words in _lines(path):
        if words[0].startswith(":"):
            current = sections.setdefault(words[0][1:].lower(), [])
            words = words[1:]
        if words:
            current.append(words)
    missing = [name for name in ("units", "root", "bonedata", "hierarchy") if name not in sections]
    if missing:
        raise InputError(f"{path}: no section :{missing[0]}; this is not a whole .asf skeleton file")
    return sections


def _fields(lines: list[list[str]]) -> dict[str, list[str]]:
    return {words[0].lower(): words[1:] for words in lines}


def _axes(values: list[str], order: str, degrees: bool) -> np.ndarray:
    """(3, 3) rotation of a bone's own axes; order XYZ means: about x first, all about fixed axes."""
    angles = np.array([float(value) for value in values])
    return Rotation.from_euler(order.lower(), angles, degrees=degrees).as_matrix()


def _bone(lines: list[list[str]], degrees: bool) -> Bone:
    fields = _fields(lines)
    direction = np.array([float(value) for value in fields["direction"]])
    return Bone(
        fields["name"][0],
        direction / np.linalg.norm(direction),
        float(fields["length"][0]),
        _axes(fields["axis"][:3], fields["axis"][3], degrees),
        tuple(channel.lower() for channel in fields.get("dof", [])),
    )


def _bones(path: Path, lines: list[list[str]], degrees: bool) -> dict[str, Bone]:
    """Bones between `begin` and `end`."""
    bones: dict[str, Bone] = {}
    block: list[list[str]] = []
    for words in lines:
        if words[0].lower() == "begin":
            block = []
        elif words[0].lower() == "end":
            try:
                bone = _bone(block, degrees)
            except (KeyError, ValueError, IndexError) as error:
                name = _fields(block).get("name", ["?"])[0]
                raise InputError(f"{path}: bone {name}: field missing or not a number: {error}") from None
            bones[bone.name] = bone
        else:
            block.append(words)
    return bones


def _hierarchy(path: Path, lines: list[list[str]], bones: dict[str, Bone]) -> dict[str, str]:
    """Parent of each bone, parents before children."""
    parents: dict[str, str] = {}
    for parent, *children in (words for words in lines if words[0].lower() not in ("begin", "end")):
        for child in children:
            if child not in bones or (parent != "root" and parent not in parents):
                raise InputError(f"{path}: :hierarchy puts {child} under {parent}, but :bonedata has no such bone")
            parents[child] = parent
    return parents


@lru_cache(maxsize=32)
def _read_asf(path: Path, modified: int) -> AsfSkeleton:
    sections = _sections(path)
    units, root = _fields(sections["units"]), _fields(sections["root"])
    degrees = units.get("angle", ["deg"])[0].lower().startswith("deg")
    bones = _bones(path, sections["bonedata"], degrees)
    parents = _hierarchy(path, sections["hierarchy"], bones)
    try:
        unit_m = INCH_M / float(units.get("length", ["1.0"])[0])
        root_axis = _axes(root.get("orientation", ["0", "0", "0"]), root.get("axis", ["XYZ"])[0], degrees)
        channels = tuple(channel.lower() for channel in root["order"])
    except (KeyError, ValueError, IndexError, ZeroDivisionError) as error:
        raise InputError(f"{path}: :units or :root: field missing or not a number: {error}") from None
    return AsfSkeleton(path, root_axis, channels, {name: bones[name] for name in parents}, parents, unit_m, degrees)


def read_asf(path: Path) -> AsfSkeleton:
    """Read a skeleton.

    Raises:
        InputError: the file is missing, cut or has a bone without direction, length or axis.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such skeleton file")
    return _read_asf(path, path.stat().st_mtime_ns)


def skeleton_of(amc: Path) -> Path:
    """The .asf that belongs to an .amc: `02.asf` beside `02_01.amc`, or the only .asf of the folder."""
    named = amc.with_name(amc.stem.split("_")[0] + ".asf")
    if named.is_file():
        return named
    beside = sorted(amc.parent.glob("*.asf"))
    if len(beside) == 1:
        return beside[0]
    found = "no .asf at all" if not beside else ", ".join(path.name for path in beside)
    raise InputError(
        f"{amc}: an .amc needs the skeleton that it was recorded with, {named.name} (or a single .asf), in the same "
        f"folder; found {found}. Put the subject's .asf beside its .amc files"
    )


def _amc_words(path: Path) -> list[str]:
    """All words of an .amc after its header."""
    lines = [words for words in _lines(path) if not words[0].startswith(":")]
    if not lines:
        raise InputError(f"{path}: holds no frame; it was cut short or is not an .amc file")
    return [word for words in lines for word in words]


def _check_bones(path: Path, words: list[str], skeleton: AsfSkeleton) -> list[str]:
    """Names of the first frame's bones in file order; InputError if they are not this skeleton's."""
    wanted = skeleton.channels()
    first: list[str] = []
    for word in words[1:]:
        if word in first:
            break
        if not _is_number(word):
            first.append(word)
    strange = sorted(set(first) - set(wanted))
    if strange:
        raise InputError(
            f"{path}: moves {', '.join(strange[:6])}, which {skeleton.path.name} does not have: it was recorded with "
            f"another skeleton. The bones of {skeleton.path.name} are: {', '.join(wanted)}"
        )
    missing = [name for name in wanted if name not in first]
    if missing:
        raise InputError(
            f"{path}: the first frame has {len(first)} bones and lacks {', '.join(missing[:6])} of "
            f"{skeleton.path.name}: the file was cut short or recorded with another skeleton"
        )
    return first


def _is_number(word: str) -> bool:
    return word[0].isdigit() or word[0] in "+-."


def _frame_table(path: Path, words: list[str], names: list[str], skeleton: AsfSkeleton) -> np.ndarray:
    """Words as (frames, words per frame), each row checked to begin and to read like the first."""
    wanted = skeleton.channels()
    width = 1 + sum(1 + len(wanted[name]) for name in names)
    whole, left = divmod(len(words), width)
    table = np.array(words[: whole * width], dtype=object).reshape(whole, width)
    columns = 1 + np.cumsum([0] + [1 + len(wanted[name]) for name in names[:-1]])
    as_first = (table[:, columns] == np.array(names, dtype=object)).all(axis=1)
    if whole == 0 or not as_first.all():
        number = int(np.argmin(as_first)) + 1 if whole else 1
        raise InputError(
            f"{path}: frame {number} does not list the bones and numbers of {skeleton.path.name} "
            f"({len(names)} bones, {width} words a frame); the file is broken or recorded with another skeleton"
        )
    if left:
        raise InputError(
            f"{path}: frame {whole + 1} ends after {left} of {width} words: the file was cut short. "
            f"Fetch it again, or delete the last frame"
        )
    return table


def _numbers(path: Path, table: np.ndarray, columns: slice) -> np.ndarray:
    try:
        values = table[:, columns].astype(float)
    except ValueError as error:
        raise InputError(f"{path}: not a number where one was expected: {error}") from None
    if not np.isfinite(values).all():
        raise InputError(f"{path}: holds a number that is not finite")
    return values


def _rotation(values: np.ndarray, channels: tuple[str, ...], degrees: bool) -> np.ndarray:
    """(f, 3, 3) from a bone's channels; translations and lengths among them are left out."""
    turning = [index for index, channel in enumerate(channels) if channel in ("rx", "ry", "rz")]
    order = "".join(channels[index][1] for index in turning)
    if not order:
        return np.tile(np.eye(3), (len(values), 1, 1))
    return Rotation.from_euler(order, values[:, turning], degrees=degrees).as_matrix().reshape(-1, 3, 3)


def _root_path(values: np.ndarray, channels: tuple[str, ...]) -> np.ndarray:
    """(f, 3) from tx, ty, tz in file units."""
    result = np.zeros((len(values), 3))
    for axis, channel in enumerate(("tx", "ty", "tz")):
        if channel in channels:
            result[:, axis] = values[:, channels.index(channel)]
    return result


def _rest(skeleton: AsfSkeleton) -> tuple[list[str], list[int], np.ndarray]:
    """Joints (a bone's joint is where it begins), tips of the last bones, parents and rest places in file units."""
    bones, parents = skeleton.bones, skeleton.parents
    ends = {"root": np.zeros(3)}
    joints, above, rest = ["root"], [-1], [np.zeros(3)]
    for name, bone in bones.items():
        joints.append(name)
        above.append(joints.index(parents[name]))
        rest.append(ends[parents[name]])
        ends[name] = ends[parents[name]] + bone.direction * bone.length
    for name in bones:
        if name not in parents.values():
            joints.append(name + END)
            above.append(joints.index(name))
            rest.append(ends[name])
    return joints, above, np.array(rest)


def read_amc(path: Path) -> Clip:
    """Read a clip and the skeleton beside it.

    Raises:
        InputError: no .asf beside it; bones that the .asf does not have or lacks; a last frame that is cut.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such clip")
    skeleton = read_asf(skeleton_of(path))
    words = _amc_words(path)
    names = _check_bones(path, words, skeleton)
    table = _frame_table(path, words, names, skeleton)
    channels = skeleton.channels()
    joints, parents, rest = _rest(skeleton)
    rotations = np.tile(np.eye(3), (len(table), len(joints), 1, 1))
    root_path = np.zeros((len(table), 3))
    column = 1
    for name in names:
        values = _numbers(path, table, slice(column + 1, column + 1 + len(channels[name])))
        column += 1 + len(channels[name])
        own = skeleton.root_axis if name == "root" else skeleton.bones[name].axis
        rotations[:, joints.index(name)] = own @ _rotation(values, channels[name], skeleton.degrees) @ own.T
        if name == "root":
            root_path = _root_path(values, channels[name])
    rest_m, turned = in_axes(BODY_FROM_FILE, rest * skeleton.unit_m, rotations)
    root_m = root_path * skeleton.unit_m @ BODY_FROM_FILE.T
    return Clip(path.stem, tuple(joints), tuple(parents), rest_m, turned, root_m, CMU_FRAME_S)
