"""The 17 keypoints of a posed body (annotate.keypoints) and the middle of its head, from the body model itself.

Points of the face are vertices that every shape shares, found once by their place on the canonical body; they follow
shape and pose like all skin. Points of the limbs are the joints. Left is the person's own, +X in the body's frame.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from annotate.keypoints import KEYPOINTS
from assets.humans.anny import RestBody, load_body_model, pose_points
from assets.humans.chart import body_chart
from assets.humans.outer_skin import is_head_place, outer_skin_vertices

LIMB_JOINTS = {"shoulder": "Arm", "elbow": "ForeArm", "wrist": "Hand", "hip": "UpLeg", "knee": "Leg", "ankle": "Foot"}
"""The joint whose head is the keypoint, without its side."""
_NOSE_HEIGHT_M = (1.64, 1.75)
"""Where the canonical face is widest forward: above the lips, below the brows."""
_NOSE_REACH_M = 0.02
"""What of the nose counts. The tip alone is the outermost point of a profile: the pixel there is mostly the background's."""
_EAR_ASIDE_M = 0.075
"""What of the canonical head lies further aside than this is ear."""


def keypoints_m(rest: RestBody, turns: np.ndarray, heads_m: np.ndarray) -> np.ndarray:
    """(17, 3) float64 in the frame of heads_m; turns, heads_m: BodyModel.joint_motions."""
    model, places = load_body_model(), []
    for name in KEYPOINTS:
        if name in face_vertices():
            chosen = face_vertices()[name]
            posed = pose_points(rest.vertices_m[chosen], model.weights[chosen], rest.heads_m, turns, heads_m)
            places.append(posed.mean(0))
        else:
            side, _, joint = name.partition("_")
            places.append(heads_m[model.joint(side.capitalize() + LIMB_JOINTS[joint])])
    return np.array(places, np.float64)


def head_centre_m(rest: RestBody, turns: np.ndarray, heads_m: np.ndarray) -> np.ndarray:
    """(3,) middle between chin and crown, nose and back, and both sides of the head; hair does not count."""
    joint = load_body_model().joint("Head")
    skin = rest.vertices_m[head_vertices()]
    middle = (skin.min(0) + skin.max(0)) / 2
    return np.asarray(heads_m[joint] + turns[joint] @ (middle - rest.heads_m[joint]), np.float64)


@cache
def head_vertices() -> np.ndarray:
    """Vertices of the head's outer skin."""
    outer, chart = outer_skin_vertices(), body_chart()
    return outer[is_head_place(chart.place_m[outer]) & ~chart.is_arm[outer]]


@cache
def face_vertices() -> dict[str, np.ndarray]:
    """Keypoint -> the vertices whose mean it is: the end of the nose, both eyeballs, the middles of both ears."""
    model, place, head = load_body_model(), body_chart().place_m, head_vertices()
    low, high = _NOSE_HEIGHT_M
    middle = head[(place[head, 2] > low) & (place[head, 2] < high)]
    tip = place[middle[place[middle, 1].argmin()]]
    return {
        "nose": head[np.linalg.norm(place[head] - tip, axis=1) < _NOSE_REACH_M],
        "left_eye": np.unique(model.triangles["helper-l-eye"]),
        "right_eye": np.unique(model.triangles["helper-r-eye"]),
        "left_ear": _ear(1.0),
        "right_ear": _ear(-1.0),
    }


def _ear(side: float) -> np.ndarray:
    """(1,) the vertex in the middle of one ear; side: +1 is the person's left."""
    head = head_vertices()
    place = body_chart().place_m[head] * [side, 1.0, 1.0]
    middle = place[place[:, 0] > _EAR_ASIDE_M].mean(0)
    return head[[np.linalg.norm(place - middle, axis=1).argmin()]]
