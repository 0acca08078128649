"""MB-Lab's bones as the joints of plafond's poses: where they lie, what they move, how the two rest poses differ.

MB-Lab rests with straight arms held out, plafond's skeleton (assets.poses.skeleton) with bent ones. For every joint
rest_turns gives the rotation from MB-Lab's rest into plafond's. Bones that a pose does not turn on their own (twists,
single fingers, breasts) count to their parents.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from scipy import sparse

from annotate.errors import InputError
from assets.humans.anny import load_body_model
from assets.humans.mblab.character import read_vertices
from assets.humans.mblab.folder import Arrays, CharacterFiles, kept_arrays, open_folder, read_record
from assets.poses.limbs import ARM, FORWARD, UP, bone, foot_frame, frames_of, hand_frame, limb_frames, spread_twist
from assets.poses.skeleton import JOINTS, PARENTS, REST_JOINTS_M

_SIDE_BONES: dict[str, str] = {
    "UpLeg": "thigh", "Leg": "calf", "Foot": "foot", "ToeBase": "toes", "Shoulder": "clavicle", "Arm": "upperarm",
    "ForeArm": "lowerarm", "Hand": "hand", "FingerBase": "middle00", "HandFinger1": "middle01",
}  # fmt: skip
_MIDDLE_BONES: dict[str, str] = {
    "Hips": "pelvis", "LowerBack": "spine01", "Spine": "spine02", "Spine1": "spine03", "Neck": "neck", "Head": "head",
}  # fmt: skip
_HIPS_OVER_THIGHS_M = 0.008
"""plafond's hips lie midway between the heads of the thighs, and so much higher (MB-Lab's pelvis begins lower)."""


def _bone_of_joint() -> dict[str, str]:
    """Joint -> the bone at whose head it lies; hips, hip joints and Neck1 are made up of others."""
    found = dict(_MIDDLE_BONES)
    for side in ("Left", "Right"):
        found |= {side + joint: f"{name}_{side[0]}" for joint, name in _SIDE_BONES.items()}
        found[f"{side[0]}Thumb"] = f"thumb01_{side[0]}"
    return found


BONE_OF_JOINT = _bone_of_joint()
_TAIL_BONE = {f"{side}HandFinger1": f"middle03_{side[0]}" for side in ("Left", "Right")} | {
    f"{side}Thumb": f"thumb03_{side}" for side in ("L", "R")
}
"""Joints that end where another bone ends."""


def joint_of_bone(name: str) -> str | None:
    """The joint that moves a bone's vertices; None for a bone that nobody knows. Neck1 takes its share from Neck."""
    stem, side = name.removesuffix("_L").removesuffix("_R"), name[-1:]
    whole = {"L": "Left", "R": "Right"}.get(side, "")
    if stem in ("root", "breast"):
        return "Hips" if stem == "root" else "Spine1"
    if stem.startswith("thumb"):
        return f"{side}Thumb"
    if stem[:-2] in ("index", "middle", "ring", "pinky"):
        return whole + ("FingerBase" if stem.endswith("00") else "HandFinger1")
    stem = stem.removesuffix("_twist")
    middle = {bone_name: joint for joint, bone_name in _MIDDLE_BONES.items()}
    sides = {bone_name: whole + joint for joint, bone_name in _SIDE_BONES.items()}
    return middle.get(stem) or sides.get(stem)


@dataclass(frozen=True)
class Skeleton:
    """regressor: sparse (2 j, n): heads, then tails of our joints (the body model's order) as means of vertices;

    offset_m: (2 j, 3) added. weights: (n, j) float32 skinning, rows sum to 1.
    """

    regressor: sparse.csr_matrix
    offset_m: np.ndarray
    weights: np.ndarray

    def joints_m(self, points_m: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Heads (j, 3) and tails (j, 3) of a body's joints, metres."""
        ends = self.regressor @ points_m + self.offset_m
        return ends[: len(ends) // 2], ends[len(ends) // 2 :]


@lru_cache(maxsize=8)
def load_skeleton(folder: Path, character: str) -> Skeleton:
    """The skeleton of a character's sex. Raises InputError for files that are broken or lack a bone."""
    files = open_folder(folder).files(character)
    sources = [files.joints, files.joints_offset, files.vertex_groups, files.vertices]
    model = " ".join(load_body_model().joint_names)
    arrays = kept_arrays(f"{character}-skeleton", sources, lambda: _read(files), model)
    shape = (len(arrays["offset_m"]), files.vertex_count)
    regressor = sparse.csr_matrix((arrays["data"], arrays["indices"], arrays["indptr"]), shape=shape)
    return Skeleton(regressor, arrays["offset_m"], arrays["weights"])


def rest_turns(heads_m: np.ndarray, tails_m: np.ndarray) -> np.ndarray:
    """(j, 3, 3) global rotation of every joint from MB-Lab's rest into plafond's, in body axes; body model's order.

    Limbs, hands and feet: as retargeting does, a frame on the bone in both rests. The trunk rests upright in both.
    """
    names = load_body_model().joint_names
    places = dict(zip(names, heads_m, strict=True))
    ends = dict(zip(names, tails_m, strict=True))
    back: dict[str, np.ndarray] = {}
    for side in ("Left", "Right"):
        back |= _arm_from_ours(places, ends, side)
        back |= _leg_from_ours(places, side)
        spread_twist(back, side)
    turns: dict[str, np.ndarray] = {}
    for joint in JOINTS:
        parent = PARENTS[joint]
        above = np.eye(3) if parent is None else turns[parent]
        turns[joint] = back[joint].T if joint in back else above
    return np.stack([turns[name] for name in names])


def reposed(turns: np.ndarray, heads_m: np.ndarray, tails_m: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Heads and tails after every joint has made its global turn; the hips stay where they are."""
    model = load_body_model()
    heads = heads_m.copy()
    for joint, parent in enumerate(model.joint_parents):
        if parent >= 0:
            heads[joint] = heads[parent] + turns[parent] @ (heads_m[joint] - heads_m[parent])
    return heads, heads + np.einsum("jab,jb->ja", turns, tails_m - heads_m)


def _arm_from_ours(places: dict[str, np.ndarray], ends: dict[str, np.ndarray], side: str) -> dict[str, np.ndarray]:
    """Global turns of arm and hand from plafond's rest into MB-Lab's."""
    upper, lower, hand = (side + joint for joint in ARM)
    first, second = bone(places, upper, lower), bone(places, lower, hand)
    ours_first, ours_second = limb_frames(side, ARM)
    hinge = np.cross(first, second)
    knuckles = places[side + "HandFinger1"] - places[hand]
    thumb = ends[f"{side[0]}Thumb"] - places[hand]
    clavicle, ours = bone(places, side + "Shoulder", upper), bone(REST_JOINTS_M, side + "Shoulder", upper)
    return {
        side + "Shoulder": frames_of(clavicle, UP) @ frames_of(ours, UP).T,
        upper: frames_of(first, hinge) @ ours_first.T,
        lower: frames_of(second, hinge) @ ours_second.T,
        hand: frames_of(knuckles, thumb) @ hand_frame(side).T,
    }


def _leg_from_ours(places: dict[str, np.ndarray], side: str) -> dict[str, np.ndarray]:
    """Global turns of leg and foot; both skeletons' knees point ahead and soles are level at rest."""
    thigh, shin, foot = (side + joint for joint in ("UpLeg", "Leg", "Foot"))
    forward = bone(places, foot, side + "ToeBase") * np.array([1.0, 1.0, 0.0])
    found = {foot: frames_of(forward, np.cross(forward, -UP)) @ foot_frame(side).T}
    for start, end in ((thigh, shin), (shin, foot)):
        seen, ours = bone(places, start, end), bone(REST_JOINTS_M, start, end)
        found[start] = frames_of(seen, FORWARD) @ frames_of(ours, FORWARD).T
    return found


def _read(files: CharacterFiles) -> Arrays:
    """Regressor, offsets and weights as arrays."""
    ends, offsets = read_record(files.joints), read_record(files.joints_offset)
    rows, shifts = [], []
    for end in ("head", "tail"):
        for joint in load_body_model().joint_names:
            shares, shift = _joint_rule(files, ends, offsets, joint, end)
            rows.append(shares)
            shifts.append(shift)
    matrix = sparse.csr_matrix(np.array(rows))
    offset_m = np.array(shifts)
    return {
        "data": matrix.data,
        "indices": matrix.indices,
        "indptr": matrix.indptr,
        "offset_m": offset_m,
        "weights": _split_neck(_weights(files), matrix, offset_m, files),
    }


def _joint_rule(
    files: CharacterFiles, ends: dict, offsets: dict, joint: str, end: str
) -> tuple[np.ndarray, np.ndarray]:
    """Shares (n,) of the vertices and the offset (3,) that give one end of a joint of ours."""

    def of(name: str) -> tuple[np.ndarray, np.ndarray]:
        return _bone_end(files, ends, offsets, name)

    if joint in ("Hips", "LHipJoint", "RHipJoint") and end == "head":
        return _mean([of("thigh_L_head"), of("thigh_R_head")], np.array([0.0, 0.0, _HIPS_OVER_THIGHS_M]))
    if joint == "Hips":
        return of("spine01_head")
    if joint.endswith("HipJoint"):
        return of(f"thigh_{joint[0]}_head")
    if joint == "Neck1" or (joint, end) == ("Neck", "tail"):
        return of("neck_tail") if end == "tail" and joint == "Neck1" else _mean([of("neck_head"), of("neck_tail")])
    name = BONE_OF_JOINT[joint]
    return of(f"{_TAIL_BONE.get(joint, name) if end == 'tail' else name}_{end}")


def _mean(rules: list[tuple[np.ndarray, np.ndarray]], shift: np.ndarray | float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    return np.mean([shares for shares, _ in rules], 0), np.mean([offset for _, offset in rules], 0) + shift


def _bone_end(files: CharacterFiles, ends: dict, offsets: dict, name: str) -> tuple[np.ndarray, np.ndarray]:
    vertices = ends.get(name)
    if not isinstance(vertices, list) or not vertices or not all(_is_vertex(v, files) for v in vertices):
        raise InputError(f"{files.joints}: {name}: expected a list of vertices 0 to {files.vertex_count - 1}")
    shares = np.zeros(files.vertex_count)
    np.add.at(shares, vertices, 1 / len(vertices))
    return shares, np.array(offsets.get(name, (0.0, 0.0, 0.0)), float)


def _is_vertex(value: object, files: CharacterFiles) -> bool:
    return isinstance(value, int) and 0 <= value < files.vertex_count


def _weights(files: CharacterFiles) -> np.ndarray:
    """(n, j): the bones' weights, summed into joints."""
    names = load_body_model().joint_names
    weights = np.zeros((files.vertex_count, len(names)))
    for name, rows in read_record(files.vertex_groups).items():
        joint = joint_of_bone(name)
        if joint is None:
            raise InputError(f"{files.vertex_groups}: {name} is no bone of MB-Lab's human skeleton")
        try:
            table = np.array(rows, float).reshape(-1, 2)
            np.add.at(weights[:, names.index(joint)], table[:, 0].astype(int), table[:, 1])
        except (TypeError, ValueError, IndexError):
            raise InputError(f"{files.vertex_groups}: {name}: expected rows of [vertex, weight]") from None
    weights[weights.sum(1) == 0, 0] = 1.0
    return np.asarray(weights / weights.sum(1, keepdims=True))


def _split_neck(
    weights: np.ndarray, regressor: sparse.csr_matrix, offset_m: np.ndarray, files: CharacterFiles
) -> np.ndarray:
    """MB-Lab's one neck bone moves as two joints: further up its length, more with the upper one."""
    names = load_body_model().joint_names
    lower, upper = names.index("Neck"), names.index("Neck1")
    points = read_vertices(files.vertices, files.vertex_count)
    heads = regressor @ points + offset_m
    line = heads[len(names) + upper] - heads[lower]
    along = np.clip((points - heads[lower]) @ line / (line @ line), 0, 1)
    result = weights.copy()
    result[:, upper] += weights[:, lower] * along
    result[:, lower] -= weights[:, lower] * along
    return result.astype(np.float32)
