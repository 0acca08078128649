"""PoseSpec: which pose a person takes, as data; drawn at random, and turned into joint rotations."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict
from scipy.spatial.transform import Rotation

from annotate.errors import InputError
from assets.poses.clips import check_folder, chosen_frames, clip_files, frame_rotations
from assets.poses.library import LIBRARY, TAGS, library_pose
from assets.poses.skeleton import ACTIVITIES, Activity, Pose, mirror

FOLDER_SHARE = 0.5
"""With a folder of one's own, so many poses come from it, as far as it shows the activity; the others from the library."""
LOOSEN_DEG = {
    "LowerBack": (2.0, 1.5, 2.0), "Spine1": (2.0, 1.5, 3.0), "Neck1": (3.0, 2.0, 8.0), "Head": (3.0, 2.0, 8.0),
    "LeftArm": (4.0, 3.0, 3.0), "RightArm": (4.0, 3.0, 3.0),
}  # fmt: skip
"""By how much the joints of a recorded frame are varied about body X, Y, Z, degrees either way."""


class PoseSpec(BaseModel):
    """One pose: of the library, or a frame of a file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: Literal["library", "file"] = "library"
    """Where the pose comes from."""
    name: str
    """Name in the library, or the clip's file name without its suffix."""
    activity: Activity
    """standing, walking or sitting."""
    path: str | None = None
    """The clip's file, for source "file"."""
    frame: int | None = None
    """Frame of the clip, counted from 0."""
    mirror: bool = False
    """Exchange left and right."""
    jitter_seed: int | None = None
    """Seed of the random variation; without one, the pose as it is written or recorded."""


def sample_pose(
    rng: np.random.Generator, activity: Activity, folder: Path | None = None, *, tag: str | None = None
) -> PoseSpec:
    """Draw a pose for an activity: from the library and, where given, a folder of .amc and .bvh files.

    tag: one of assets.poses.library.TAGS; then only the library's poses that have it.

    Raises:
        InputError: the folder or a file drawn from it cannot be read.
    """
    if activity not in ACTIVITIES:
        raise InputError(f"activity {activity!r} is not known; expected one of {', '.join(ACTIVITIES)}")
    mirrored, seed = bool(rng.integers(2)), int(rng.integers(2**31))
    from_folder = rng.random() < FOLDER_SHARE
    if folder is not None and from_folder and tag is None:
        spec = _sample_file(rng, activity, folder, mirrored, seed)
        if spec is not None:
            return spec
    names = [name for name, one in LIBRARY.items() if one.activity == activity and (tag is None or tag in one.tags)]
    if not names:
        raise InputError(f"no pose of {activity} people has the tag {tag!r}; tags are: {', '.join(sorted(TAGS))}")
    name = names[int(rng.integers(len(names)))]
    return PoseSpec(name=name, activity=activity, mirror=mirrored, jitter_seed=seed)


def _sample_file(
    rng: np.random.Generator, activity: Activity, folder: Path, mirrored: bool, seed: int
) -> PoseSpec | None:
    """A frame of a clip that shows the activity; None if the folder has none."""
    files = clip_files(folder)
    for index in rng.permutation(len(files)):
        path = files[int(index)]
        frames = chosen_frames(path, activity).frames
        if len(frames):
            frame = int(frames[int(rng.integers(len(frames)))])
            return PoseSpec(
                source="file", name=path.stem, activity=activity, path=str(path), frame=frame,
                mirror=mirrored, jitter_seed=seed,
            )  # fmt: skip
    return None


def _loosen(rotations: dict[str, np.ndarray], rng: np.random.Generator) -> dict[str, np.ndarray]:
    """A recorded frame with its trunk, head and upper arms varied a little."""
    result = dict(rotations)
    for joint, spread in LOOSEN_DEG.items():
        turn = Rotation.from_euler("xyz", rng.uniform(-1, 1, 3) * spread, degrees=True).as_matrix()
        result[joint] = turn @ result[joint]
    return result


def load_pose(spec: PoseSpec) -> Pose:
    """The pose that a spec names; the same spec always gives the same pose.

    Raises:
        InputError: no such pose in the library, no such file or frame, or a file that cannot be read.
    """
    rng = None if spec.jitter_seed is None else np.random.default_rng(spec.jitter_seed)
    if spec.source == "library":
        if spec.name not in LIBRARY:
            raise InputError(f"pose {spec.name!r} is not in the library; it has: {', '.join(LIBRARY)}")
        pose = library_pose(spec.name, rng)
    elif spec.path is None or spec.frame is None:
        raise InputError(f"pose {spec.name!r}: source 'file' needs the fields path and frame")
    else:
        rotations = frame_rotations(Path(spec.path), spec.frame, spec.activity)
        pose = Pose(spec.name, spec.activity, rotations if rng is None else _loosen(rotations, rng))
    return mirror(pose) if spec.mirror else pose


def validate_folder(folder: Path) -> None:
    """InputError, before work starts, for a folder without clips or with one that cannot be used."""
    check_folder(folder)
