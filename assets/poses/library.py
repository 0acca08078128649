"""plafond's own poses of office people: the table of all that stand, walk and sit, and how one is drawn.

Every pose is varied at random around how it is written (gestures.py). Draws in which a limb would go through the trunk
or another limb are drawn anew. No captured data.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from assets.poses import sitting, standing, standing_at, walking
from assets.poses.clearance import limbs_clear
from assets.poses.contact import stand_level
from assets.poses.gestures import Vary
from assets.poses.skeleton import Activity, Hold, Pose, Rest
from assets.poses.stance import Stance, rotations_of

TAGS = frozenset(
    ("talking", "listening", "phone", "carrying", "reaching", "leaning", "waiting", "typing", "writing", "reading",
     "turned_away", "resting", "drinking", "meeting")
)  # fmt: skip
"""What poses are chosen by."""
DRAWS = 12
"""So often a pose is drawn until its limbs are clear; then it is taken as written."""


@dataclass(frozen=True)
class LibraryPose:
    """A pose of the library: what it shows, how it is made, what it is good for, and what its hands hold and lie on."""

    activity: Activity
    stance: Callable[[Vary], Stance]
    tags: frozenset[str] = frozenset()
    holds: tuple[Hold, ...] = ()
    rests: tuple[Rest, ...] = ()


_RIGHT_PHONE = (Hold("right", "phone"),)
_RIGHT_CUP = (Hold("right", "cup"),)
_LEFT_PAPERS = (Hold("left", "papers"),)
_RIGHT_BAG = (Hold("right", "bag"),)
_BOX = (Hold("left", "box"), Hold("right", "box"))
_LAPTOP = (Hold("left", "laptop"), Hold("right", "laptop"))
_PAPERS = (Hold("left", "papers"), Hold("right", "papers"))
_LEFT_ON_DESK, _RIGHT_ON_DESK = (Rest("left", "desk"),), (Rest("right", "desk"),)
_ON_DESK = _LEFT_ON_DESK + _RIGHT_ON_DESK
_ON_COUNTER = (Rest("left", "counter"), Rest("right", "counter"))
_ON_THIGHS = (Rest("left", "thighs"), Rest("right", "thighs"))


def _standing(
    stance: Callable[[Vary], Stance], tags: str = "", holds: tuple[Hold, ...] = (), rests: tuple[Rest, ...] = ()
) -> LibraryPose:
    return LibraryPose("standing", stance, frozenset(tags.split()), holds, rests)


def _walking(stance: Callable[[Vary], Stance], tags: str = "", holds: tuple[Hold, ...] = ()) -> LibraryPose:
    return LibraryPose("walking", stance, frozenset(tags.split()), holds)


def _sitting(
    stance: Callable[[Vary], Stance], tags: str = "", holds: tuple[Hold, ...] = (), rests: tuple[Rest, ...] = ()
) -> LibraryPose:
    return LibraryPose("sitting", stance, frozenset(tags.split()), holds, rests)


LIBRARY: dict[str, LibraryPose] = {
    "at-ease": _standing(standing.at_ease, "listening waiting"),
    "standing-straight": _standing(standing.upright, "listening waiting"),
    "hip-shot": _standing(standing.hip_shot, "listening waiting"),
    "talking": _standing(standing.talking, "talking"),
    "explaining": _standing(standing.explaining, "talking"),
    "shrugging": _standing(standing.shrugging, "talking"),
    "pointing": _standing(standing.pointing, "talking"),
    "arms-crossed": _standing(standing.arms_crossed, "listening waiting"),
    "hands-on-hips": _standing(standing.hands_on_hips, "listening waiting"),
    "hand-on-hip": _standing(standing.hand_on_hip, "listening waiting"),
    "hands-behind": _standing(standing.hands_behind, "listening waiting"),
    "hands-in-front": _standing(standing.hands_in_front, "listening waiting"),
    "hands-in-pockets": _standing(standing.hands_in_pockets, "listening waiting"),
    "hand-in-pocket": _standing(standing.hand_in_pocket, "talking"),
    "hand-on-chin": _standing(standing.hand_on_chin, "listening waiting"),
    "phone-call": _standing(standing.phone_call, "phone", _RIGHT_PHONE),
    "phone-call-arm-across": _standing(standing.phone_call_arm_across, "phone", _RIGHT_PHONE),
    "phone-call-pocket": _standing(standing.phone_call_pocket, "phone", _RIGHT_PHONE),
    "reading-phone": _standing(standing.reading_phone, "phone waiting", _RIGHT_PHONE),
    "texting": _standing(standing.texting, "phone waiting", _RIGHT_PHONE),
    "holding-cup": _standing(standing.holding_cup, "drinking listening waiting", _RIGHT_CUP),
    "drinking": _standing(standing.drinking_cup, "drinking", _RIGHT_CUP),
    "reading-papers": _standing(standing.reading_papers, "reading", _PAPERS),
    "carrying-papers": _standing(standing.carrying_papers, "carrying listening waiting", _LEFT_PAPERS),
    "carrying-laptop": _standing(standing.carrying_laptop, "carrying listening waiting", (Hold("right", "laptop"),)),
    "laptop-on-arm": _standing(standing.open_laptop_on_arm, "carrying typing", (Hold("left", "laptop"),)),
    "carrying-box": _standing(standing.carrying_box, "carrying", _BOX),
    "carrying-bag": _standing(standing.carrying_bag, "carrying waiting", _RIGHT_BAG),
    "reaching": _standing(standing_at.reaching, "reaching"),
    "reaching-high": _standing(standing_at.reaching_high, "reaching"),
    "reaching-forward": _standing(standing_at.reaching_forward, "reaching"),
    "reaching-down": _standing(standing_at.reaching_down, "reaching"),
    "at-machine": _standing(standing_at.at_machine, "reaching"),
    "at-whiteboard": _standing(standing_at.at_whiteboard, "writing reaching"),
    "beside-whiteboard": _standing(standing_at.beside_whiteboard, "talking"),
    "over-desk": _standing(standing_at.over_desk, "leaning", rests=_ON_DESK),
    "leaning-on-hand": _standing(standing_at.leaning_on_hand, "leaning talking", rests=_LEFT_ON_DESK),
    "over-colleague": _standing(standing_at.over_colleague, "leaning", rests=_LEFT_ON_DESK),
    "on-counter": _standing(standing_at.on_counter, "leaning", rests=_ON_COUNTER),
    "against-wall": _standing(standing_at.against_wall, "leaning"),
    "shoulder-on-wall": _standing(standing_at.shoulder_on_wall, "leaning"),
    "typing-standing": _standing(standing_at.typing_standing, "typing", rests=_ON_COUNTER),
    "looking-at-watch": _standing(standing.looking_at_watch, "waiting"),
    "looking-around": _standing(standing.looking_around, "waiting"),
    "waving": _standing(standing.waving),
    "shaking-hands": _standing(standing.shaking_hands),
    "stretching": _standing(standing.stretching),
    "crouching": _standing(standing.crouching, "reaching"),
    "putting-on-jacket": _standing(standing.putting_on_jacket),
    "hand-in-neck": _standing(standing.hand_in_neck, "waiting"),
    "heel-strike": _walking(walking.heel_strike),
    "mid-stance": _walking(walking.mid_stance),
    "push-off": _walking(walking.push_off),
    "swing": _walking(walking.swing),
    "walking-slowly": _walking(walking.slow),
    "walking-fast": _walking(walking.fast),
    "walking-turning": _walking(walking.turning),
    "walking-with-phone": _walking(walking.with_phone, "phone", _RIGHT_PHONE),
    "walking-phone-call": _walking(walking.phone_call, "phone", _RIGHT_PHONE),
    "walking-with-cup": _walking(walking.with_coffee, "carrying drinking", _RIGHT_CUP),
    "walking-with-box": _walking(walking.with_box, "carrying", _BOX),
    "walking-with-laptop": _walking(walking.with_laptop, "carrying", _LAPTOP),
    "walking-with-papers": _walking(walking.with_papers, "carrying", _LEFT_PAPERS),
    "walking-with-bag": _walking(walking.with_bag, "carrying", _RIGHT_BAG),
    "walking-hands-in-pockets": _walking(walking.hands_in_pockets),
    "walking-talking": _walking(walking.talking, "talking"),
    "walking-looking-down": _walking(walking.looking_down),
    "upright": _sitting(sitting.upright, "resting meeting", rests=_ON_THIGHS),
    "tilted": _sitting(sitting.tilted, "resting", rests=_ON_THIGHS),
    "typing": _sitting(sitting.typing, "typing", rests=_ON_DESK),
    "typing-close": _sitting(sitting.typing_close, "typing", rests=_ON_DESK),
    "typing-leaning-back": _sitting(sitting.typing_leaning_back, "typing", rests=_ON_DESK),
    "typing-looking-down": _sitting(sitting.typing_looking_down, "typing", rests=_ON_DESK),
    "typing-feet-back": _sitting(sitting.feet_back, "typing", rests=_ON_DESK),
    "mouse": _sitting(sitting.mouse, "typing", rests=_ON_DESK),
    "mouse-chin-on-hand": _sitting(sitting.mouse_chin, "typing", rests=_RIGHT_ON_DESK),
    "leaning-forward": _sitting(sitting.leaning_forward, "typing meeting", rests=_ON_DESK),
    "writing": _sitting(sitting.writing, "writing", rests=_ON_DESK),
    "reading-on-desk": _sitting(sitting.reading_desk, "reading", rests=_ON_DESK),
    "reading-held": _sitting(sitting.reading_held, "reading", _PAPERS),
    "sitting-reaching": _sitting(sitting.reaching, "reaching", rests=_ON_DESK),
    "turned": _sitting(sitting.turned, "turned_away talking", rests=_RIGHT_ON_DESK),
    "turned-listening": _sitting(sitting.turned_listening, "turned_away listening", rests=_ON_THIGHS),
    "over-shoulder": _sitting(sitting.over_shoulder, "turned_away", rests=(Rest("right", "thighs"),)),
    "leaning-back": _sitting(sitting.leaning_back, "resting meeting"),
    "slumped": _sitting(sitting.slumped, "resting", rests=_ON_THIGHS),
    "sitting-with-phone": _sitting(sitting.phone_low, "phone resting", _RIGHT_PHONE, (Rest("left", "thighs"),)),
    "sitting-texting": _sitting(sitting.texting, "phone resting", _RIGHT_PHONE),
    "sitting-phone-call": _sitting(sitting.phone_call, "phone", _RIGHT_PHONE, _LEFT_ON_DESK),
    "sitting-phone-call-leaning-back": _sitting(sitting.phone_call_back, "phone", _RIGHT_PHONE),
    "chin-on-hand": _sitting(sitting.chin_on_hand, "resting meeting", rests=_LEFT_ON_DESK),
    "head-on-hands": _sitting(sitting.head_on_hands, "resting"),
    "sitting-arms-crossed": _sitting(sitting.arms_crossed, "resting meeting"),
    "hands-behind-head": _sitting(sitting.hands_behind_head, "resting"),
    "sitting-drinking": _sitting(sitting.cup_at_mouth, "drinking", _RIGHT_CUP, _LEFT_ON_DESK),
    "sitting-with-cup": _sitting(sitting.cup_in_hand, "drinking resting", _RIGHT_CUP, (Rest("left", "thighs"),)),
    "hands-folded": _sitting(sitting.hands_folded, "meeting listening", rests=_ON_DESK),
    "meeting-gesture": _sitting(sitting.meeting_gesture, "meeting talking", rests=_LEFT_ON_DESK),
    "meeting-both-hands": _sitting(sitting.meeting_both_hands, "meeting talking"),
    "crossed-leg": _sitting(sitting.crossed_leg, "resting", rests=_ON_THIGHS),
    "ankle-on-knee": _sitting(sitting.ankle_on_knee, "resting"),
    "legs-stretched": _sitting(sitting.legs_stretched, "resting", rests=_ON_THIGHS),
    "perched": _sitting(sitting.perched, "resting", rests=_ON_THIGHS),
    "laptop-on-lap": _sitting(sitting.laptop_on_lap, "typing", _LAPTOP),
    "sitting-stretching": _sitting(sitting.stretching, "resting"),
    "rubbing-neck": _sitting(sitting.rubbing_neck, "resting", rests=_LEFT_ON_DESK),
}


def _rotations(entry: LibraryPose, vary: Vary) -> dict[str, np.ndarray]:
    rotations = rotations_of(entry.stance(vary))
    return stand_level(rotations) if entry.activity == "standing" else rotations


def library_pose(name: str, rng: np.random.Generator | None = None) -> Pose:
    """A pose of the library: as written, or varied by rng. name: a key of LIBRARY."""
    entry = LIBRARY[name]
    rotations = _clear_draw(entry, rng) if rng is not None else _rotations(entry, Vary())
    return Pose(name, entry.activity, rotations, entry.holds, entry.rests)


def _clear_draw(entry: LibraryPose, rng: np.random.Generator) -> dict[str, np.ndarray]:
    for _ in range(DRAWS):
        rotations = _rotations(entry, Vary(rng))
        if limbs_clear(rotations):
            return rotations
    return _rotations(entry, Vary())
