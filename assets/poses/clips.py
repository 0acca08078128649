"""Poses of a person's own folder of motion capture files (.amc with its .asf, .bvh): which frames are of use.

A frame is of use if an office worker could stand, walk or sit like that: upright, hands not above the head, no jump, no
floor, no calibration T-pose. Of a clip's useful frames a few are kept that differ most from one another, because
neighbouring frames are near-duplicates.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from annotate.errors import InputError
from assets.cache import Arrays, cache_folder, cached_arrays
from assets.poses.asf_amc import read_amc, skeleton_of
from assets.poses.bvh import read_bvh
from assets.poses.clearance import clear_frames
from assets.poses.clip import Clip
from assets.poses.limbs import UP, foot_frame, frames_of, unit
from assets.poses.retarget import retarget
from assets.poses.skeleton import (
    ACTIVITIES,
    JOINTS,
    REST_JOINTS_M,
    Activity,
    global_rotations,
    joint_positions,
    local_rotations,
)

FRAMES_PER_CLIP = 24
"""So many frames of a clip are kept for an activity at most."""
CANDIDATES = 400
"""They are chosen among so many, evenly spaced in time."""
THINNED = 1500
"""Of a longer clip only so many frames, evenly spaced in time, are looked at."""
LEVEL_FOOT_DEG = 25.0
"""A standing person's foot that is tilted by less is taken to be flat on the floor."""
WALKING_M_S = (0.35, 1.9)
"""Slower is standing, faster is running."""
COMPARED = (
    "Hips", "LowerBack", "Spine", "Spine1", "Neck", "Head", "LeftArm", "LeftForeArm", "RightArm", "RightForeArm",
    "LeftUpLeg", "LeftLeg", "RightUpLeg", "RightLeg",
)  # fmt: skip
"""Joints by whose angles two frames differ."""

READERS = {".amc": read_amc, ".bvh": read_bvh}


def clip_files(folder: Path) -> list[Path]:
    """The clips in a folder and its subfolders, in the order of their paths.

    Raises:
        InputError: no such folder, or none in it.
    """
    if not folder.is_dir():
        raise InputError(
            f"{folder}: no such folder of poses; expected one with .bvh files or .amc files beside their .asf"
        )
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in READERS and path.is_file())
    if not files:
        raise InputError(
            f"{folder}: holds no .amc and no .bvh file; put motion capture clips there, or leave poses away"
        )
    return files


def read_clip(path: Path) -> Clip:
    """Read a clip by its suffix.

    Raises:
        InputError: another suffix, or what the readers find wrong.
    """
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise InputError(
            f"{path}: motion capture of type {path.suffix or 'none'} cannot be read; expected .amc or .bvh"
        )
    return reader(path)


def _speed(clip: Clip, numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Speed of the root over the floor and up or down, (f,) m/s each, over about a fifth of a second.

    numbers: the frames' numbers in the whole clip.
    """
    if len(clip) < 3 or clip.frame_s <= 0:
        return np.zeros(len(clip)), np.zeros(len(clip))
    seconds = numbers * clip.frame_s
    before = np.minimum(np.searchsorted(seconds, seconds - 0.1), np.maximum(np.arange(len(clip)) - 1, 0))
    after = np.minimum(np.searchsorted(seconds, seconds + 0.1), len(clip) - 1)
    velocity = (clip.root_m[after] - clip.root_m[before]) / (seconds[after] - seconds[before])[:, None]
    return np.linalg.norm(velocity[:, :2], axis=1), np.abs(velocity[:, 2])


def _from_vertical_deg(bones: np.ndarray) -> np.ndarray:
    return np.degrees(np.arccos(np.clip(unit(bones) @ UP, -1, 1)))


def useful_frames(clip: Clip, numbers: np.ndarray, rotations: dict[str, np.ndarray]) -> dict[Activity, np.ndarray]:
    """Frames of a (thinned) clip that show each activity, as indices.

    numbers: the frames' numbers in the whole clip. rotations: as `retarget` gives them.
    """
    at = {joint: np.broadcast_to(place, (len(clip), 3)) for joint, place in joint_positions(rotations).items()}
    hips = (at["LeftUpLeg"] + at["RightUpLeg"]) / 2
    trunk = _from_vertical_deg(at["Neck"] - hips)
    ankles = np.stack([at["LeftFoot"], at["RightFoot"]])
    rest_leg = REST_JOINTS_M["LeftUpLeg"][2] - REST_JOINTS_M["LeftFoot"][2]
    leg = (hips[:, 2] - ankles[:, :, 2].min(axis=0)) / rest_leg
    knees_off = np.stack([180 - _from_vertical_deg(at[s + "Leg"] - at[s + "UpLeg"]) for s in ("Left", "Right")])
    shins_off = np.stack([180 - _from_vertical_deg(at[s + "Foot"] - at[s + "Leg"]) for s in ("Left", "Right")])
    hands_low = np.maximum(at["LeftHand"][:, 2], at["RightHand"][:, 2]) < at["Head"][:, 2] + 0.12
    calm = hands_low & ~_calibration_pose(at) & clear_frames(rotations)
    speed, rise = _speed(clip, numbers)
    upright = calm & (trunk < 28) & (leg > 0.86) & (rise < 0.5)
    feet_apart = np.linalg.norm((ankles[0] - ankles[1])[:, :2], axis=1)
    step_height = np.abs(ankles[0] - ankles[1])[:, 2]
    still = (speed < WALKING_M_S[0]) & (leg > 0.92)
    standing = upright & still & (feet_apart < 0.5) & (step_height < 0.1)
    ahead = np.abs(ankles[0] - ankles[1])[:, 0] < 0.4
    walking = upright & (speed >= WALKING_M_S[0]) & (speed < WALKING_M_S[1]) & (step_height < 0.35) & ahead
    seated = calm & (trunk < 50) & (np.abs(knees_off - 85) < 28).all(axis=0) & (shins_off < 40).all(axis=0)
    masks: dict[Activity, np.ndarray] = {"standing": standing, "walking": walking, "sitting": seated}
    return {activity: np.flatnonzero(mask) for activity, mask in masks.items()}


def _calibration_pose(at: dict[str, np.ndarray]) -> np.ndarray:
    """(f,) bool: both arms straight and held out, as at the start of a recording."""
    out = []
    for side in ("Left", "Right"):
        upper, fore = at[side + "ForeArm"] - at[side + "Arm"], at[side + "Hand"] - at[side + "ForeArm"]
        straight = (unit(upper) * unit(fore)).sum(axis=1) > np.cos(np.radians(35))
        out.append(straight & (_from_vertical_deg(upper) < 135))
    return out[0] & out[1]


def plant_feet(rotations: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """A standing person's rotations with feet that are nearly level made level: recordings leave them on tiptoe."""
    turned = global_rotations(rotations)
    for side in ("Left", "Right"):
        rest, foot = foot_frame(side), turned[side + "Foot"]
        sole = foot @ rest
        ahead = sole[..., 0] * np.array([1.0, 1.0, 0.0])
        flat = frames_of(ahead, np.cross(ahead, -UP)) @ rest.T
        level = sole[..., 2, 2] > np.cos(np.radians(LEVEL_FOOT_DEG))
        turned[side + "Foot"] = np.where(level[..., None, None], flat, foot)
        turned[side + "ToeBase"] = np.where(level[..., None, None], flat, turned[side + "ToeBase"])
    return local_rotations(turned)


def most_different(features: np.ndarray, count: int) -> np.ndarray:
    """Indices of up to count rows, each the farthest from those before it; the first is the most usual one."""
    first = int(np.argmin(np.linalg.norm(features - np.median(features, axis=0), axis=1)))
    chosen = [first]
    distance = np.linalg.norm(features - features[first], axis=1)
    while len(chosen) < min(count, len(features)) and distance.max() > 1e-6:
        chosen.append(int(np.argmax(distance)))
        distance = np.minimum(distance, np.linalg.norm(features - features[chosen[-1]], axis=1))
    return np.array(chosen)


def _choose(rotations: dict[str, np.ndarray], frames: np.ndarray) -> np.ndarray:
    """Of the given frames, those that differ most in their joint angles, in order of time."""
    if not len(frames):
        return frames
    spaced = frames[np.unique(np.linspace(0, len(frames) - 1, min(CANDIDATES, len(frames))).round().astype(int))]
    features = np.concatenate([rotations[joint][spaced].reshape(len(spaced), 9) for joint in COMPARED], axis=1)
    return np.sort(spaced[most_different(features, FRAMES_PER_CLIP)])


@dataclass(frozen=True)
class ChosenFrames:
    """The frames kept of a clip for an activity: their numbers (n,) and rotations (n, joints, 3, 3)."""

    frames: np.ndarray
    rotations: np.ndarray


def _retargeted(path: Path, frame: int | None = None) -> tuple[Clip, np.ndarray, dict[str, np.ndarray]]:
    """A clip thinned to at most THINNED frames (and the given one), their numbers and their rotations."""
    clip = read_clip(path)
    kept = np.arange(0, len(clip), -(-len(clip) // THINNED))
    if frame is not None:
        if not 0 <= frame < len(clip):
            raise InputError(f"{path}: has {len(clip)} frames, but frame {frame} is asked for (counted from 0)")
        kept = np.union1d(kept, [frame])
    thin = clip.frames(kept)
    return thin, kept, retarget(thin, path)


def _kept(clip: Clip, numbers: np.ndarray, rotations: dict[str, np.ndarray]) -> Arrays:
    """Frame numbers and rotations of every activity, as they are kept."""
    result: Arrays = {}
    for activity, frames in useful_frames(clip, numbers, rotations).items():
        chosen = _choose(rotations, frames)
        planted = {joint: r[chosen] for joint, r in rotations.items()}
        if activity == "standing":
            planted = plant_feet(planted)
        result[f"{activity}_frames"] = numbers[chosen]
        result[f"{activity}_rotations"] = np.stack([planted[joint] for joint in JOINTS], axis=1)
    return result


@lru_cache(maxsize=1)
def _code_digest() -> bytes:
    """Digest of the modules that turn files into poses: when they change, what they made before is made anew."""
    digest = hashlib.sha256()
    for module in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(module.read_bytes())
    return digest.digest()


def _stamp(path: Path) -> str:
    """What a file and, for an .amc, its skeleton were when they were read."""
    parts = [path]
    if path.suffix.lower() == ".amc":
        parts.append(skeleton_of(path))
    return "|".join(f"{part.resolve()}:{part.stat().st_mtime_ns}:{part.stat().st_size}" for part in parts)


@lru_cache(maxsize=256)
def _chosen(path: Path, stamp: str) -> dict[Activity, ChosenFrames]:
    file = cache_folder() / "poses" / (hashlib.sha256(_code_digest() + stamp.encode()).hexdigest()[:32] + ".npz")
    kept = cached_arrays(file, lambda: _kept(*_retargeted(path)))
    return {a: ChosenFrames(kept[f"{a}_frames"], kept[f"{a}_rotations"]) for a in ACTIVITIES}


def chosen_frames(path: Path, activity: Activity) -> ChosenFrames:
    """The frames kept of a clip for an activity; none if it does not show it. Kept on disk from the first call on.

    Raises:
        InputError: the clip is missing or cannot be read.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such clip; it may have been moved since it was chosen")
    return _chosen(path, _stamp(path))[activity]


def frame_rotations(path: Path, frame: int, activity: Activity) -> dict[str, np.ndarray]:
    """Joint rotations of one frame of a clip, on our skeleton; feet level if it shows somebody standing."""
    chosen = chosen_frames(path, activity)
    place = np.flatnonzero(chosen.frames == frame)
    if len(place):
        return dict(zip(JOINTS, chosen.rotations[place[0]], strict=True))
    _, numbers, rotations = _retargeted(path, frame)
    index = int(np.searchsorted(numbers, frame))
    one = {joint: r[index] for joint, r in rotations.items()}
    return plant_feet(one) if activity == "standing" else one


def check_folder(folder: Path) -> list[Path]:
    """Read every clip of a folder whole, so that a broken one is met before work starts.

    Returns the clips. Raises InputError for the first that cannot be read or whose joints are not known.
    """
    files = clip_files(folder)
    for path in files:
        _chosen(path, _stamp(path))
    return files
