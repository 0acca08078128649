"""A person in a scene: as data, as a mesh in its own frame, and as a mesh in the world."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from pydantic import BaseModel, ConfigDict

from assets.humans.build import build_human
from assets.humans.spec import HumanSpec
from assets.mesh import Human
from assets.poses.spec import PoseSpec, load_pose


class PlacedPerson(BaseModel):
    """A person in the scene."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    instance_id: int
    human: HumanSpec
    pose: PoseSpec
    x_m: float
    y_m: float
    heading_rad: float
    """0 faces world -Y; counter-clockwise seen from above."""
    seat_height_m: float | None = None
    doing: str = ""
    """Why the person is there: talk, beside_desk, walking, queue, spot, alone, work, meeting, rest."""


def person_mesh(human: HumanSpec, pose: PoseSpec, seat_height_m: float | None = None) -> Human:
    """A posed human in its own frame; a crowd of them is kept, because sampling and rendering both need them."""
    return _person_mesh(human.model_dump_json(), pose.model_dump_json(), seat_height_m)


@lru_cache(maxsize=44)
def _person_mesh(human: str, pose: str, seat_height_m: float | None) -> Human:
    loaded = load_pose(PoseSpec.model_validate_json(pose))
    return build_human(HumanSpec.model_validate_json(human), loaded, seat_height_m)


def human_at(human: Human, x_m: float, y_m: float, heading_rad: float) -> Human:
    """A mesh in its own frame turned and moved to a place in the world."""
    c, s = math.cos(heading_rad), math.sin(heading_rad)
    turn = np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])
    shift = np.array([x_m, y_m, 0.0])
    fields = {name: getattr(human, name) for name in human.__dataclass_fields__}
    fields["vertices_m"] = (human.vertices_m @ turn.T + shift).astype(np.float32)
    fields["joints_m"] = {name: turn @ joint + shift for name, joint in human.joints_m.items()}
    fields["keypoints_m"] = None if human.keypoints_m is None else human.keypoints_m @ turn.T + shift
    fields["head_m"] = None if human.head_m is None else turn @ human.head_m + shift
    fields["foot_m"] = turn[:2, :2] @ human.foot_m + shift[:2]
    return Human(**fields)
