"""Things in the hands of posed people: in the palm, outside the body, and each the way up that it is carried."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh
from scipy.spatial import cKDTree

from annotate.classes import CLASS_ID
from assets.humans.anny import load_body_model
from assets.humans.body_arrays import BODY_PARTS
from assets.humans.build import build_human, rest_body
from assets.humans.chart import body_chart
from assets.humans.fitting import fit_pose
from assets.humans.landmarks import head_vertices
from assets.humans.parts import Motion, Part
from assets.humans.prop_shapes import Shape, bag, block, box, laptop, mug, paper_cup, papers, phone
from assets.humans.props import PropsSpec, prop_parts, sample_props
from assets.humans.spec import HumanSpec, sample_human
from assets.humans.surface import vertex_normals
from assets.poses.library import LIBRARY
from assets.poses.skeleton import Pose
from assets.poses.spec import PoseSpec, load_pose

HOLDING = [name for name, pose in LIBRARY.items() if pose.holds]
SHAPES = {
    "phone": phone(), "mug": mug(0.041, 0.095), "paper cup": paper_cup(0.041, 0.105, False),
    "cup with lid": paper_cup(0.041, 0.105, True), "sheets": papers(0.004, False), "folder": papers(0.01, True),
    "closed laptop": laptop(0.0), "open laptop": laptop(110.0), "briefcase": bag("briefcase", 1.0),
    "handbag": bag("handbag", 1.0), "tote": bag("tote", 1.0), "box": box((0.3, 0.28, 0.2)),
}  # fmt: skip


def pose_of(name: str, seed: int) -> Pose:
    return load_pose(PoseSpec(name=name, activity=LIBRARY[name].activity, jitter_seed=seed, mirror=bool(seed % 2)))


def person(seed: int) -> HumanSpec:
    return sample_human(np.random.default_rng(seed))


def motion_of(spec: HumanSpec, pose: Pose) -> Motion:
    rest = rest_body(spec)
    turns, heads = load_body_model().joint_motions(rest, fit_pose(rest, pose).rotations)
    return Motion(rest, turns, heads)


def sampled(part: Part, count: int = 2500) -> np.ndarray:
    """(count, 3) points spread over a part's surface."""
    return np.asarray(trimesh.Trimesh(part.points_m, part.triangles, process=False).sample(count, seed=0))


def skin(motion: Motion) -> tuple[np.ndarray, np.ndarray]:
    """Posed points and outward normals of all vertices."""
    model = load_body_model()
    points = motion.pose(motion.rest.vertices_m, model.weights)
    return points, vertex_normals(points, model.triangles["body"])


def palm(motion: Motion, side: str, points: np.ndarray) -> np.ndarray:
    """Posed skin between wrist and knuckles on the side to which the fingers bend, from the joints alone."""
    model, heads = load_body_model(), motion.heads_m
    wrist, knuckle = (heads[model.joint(f"{side}{name}")] for name in ("Hand", "HandFinger1"))
    own = model.weights[:, model.joint(f"{side}FingerBase")] > 0.8
    along = (points[own] - wrist) @ (knuckle - wrist) / np.sum((knuckle - wrist) ** 2)
    return np.asarray(points[own][(along > 0.4) & (along < 0.95)])


def depth_m(things: np.ndarray, points: np.ndarray, normals: np.ndarray, chosen: np.ndarray) -> float:
    """How deep a thing lies below the nearest skin of a region."""
    away, nearest = cKDTree(points[chosen]).query(things)
    depths = ((points[chosen][nearest] - things) * normals[chosen][nearest]).sum(1)
    return float(np.where(away < 0.08, depths, 0.0).max())


@pytest.mark.parametrize("name", HOLDING)
def test_a_thing_lies_in_the_hand_and_outside_the_body(name):
    chart, model = body_chart(), load_body_model()
    body = np.zeros(model.vertex_count, bool)
    body[np.unique(model.triangles["body"])] = True
    trunk = body & ~chart.is_arm & (chart.place_m[:, 2] > 0.9) & (chart.place_m[:, 2] < 1.45)
    head = np.isin(np.arange(len(body)), head_vertices())
    for seed in (0, 1):
        spec, pose = person(seed), pose_of(name, seed)
        motion = motion_of(spec, pose)
        points, normals = skin(motion)
        parts = prop_parts(spec.props, pose.holds, motion)
        assert len(parts) == len({one.thing for one in pose.holds})
        assert parts[0].look.max() < len(parts[0].materials)
        things = sampled(parts[0])
        for one in pose.holds:
            hand = palm(motion, one.hand.capitalize(), points)
            assert cKDTree(things).query(hand)[0].min() < 0.03
        assert depth_m(things, points, normals, trunk) < 0.02
        assert depth_m(things, points, normals, head) < 0.02


@pytest.mark.parametrize("name", [name for name in HOLDING if LIBRARY[name].holds[0].thing == "cup"])
def test_the_opening_of_a_cup_is_up(name):
    spec, pose = person(3), pose_of(name, 3)
    props = PropsSpec(cup="paper_cup")
    part = prop_parts(props, pose.holds, motion_of(spec, pose))[0]
    drink = part.points_m[np.unique(part.triangles[part.look == 1])]
    axis = drink.mean(0) - part.points_m.mean(0)
    assert axis[2] / np.linalg.norm(axis) > np.cos(np.radians(25))


@pytest.mark.parametrize("name", ["drinking", "sitting-drinking"])
def test_who_drinks_has_the_cup_at_the_mouth(name):
    model, gaps = load_body_model(), []
    mouth = np.unique(model.triangles["body"][model.body_part == BODY_PARTS.index("mouth_cavity")])
    for seed in range(4):
        spec, pose = person(seed), pose_of(name, seed)
        motion = motion_of(spec, pose)
        ahead = motion.rest.vertices_m[mouth, 1]
        lips = skin(motion)[0][mouth[ahead < ahead.min() + 0.006]].mean(0)
        cup = sampled(prop_parts(spec.props, pose.holds, motion)[0])
        gaps.append(np.linalg.norm(cup - lips, axis=1).min())
    assert np.mean(gaps) < 0.03


@pytest.mark.parametrize("name", ["carrying-bag", "walking-with-bag"])
def test_a_bag_hangs_below_the_hand_and_clears_the_floor(name):
    for seed in range(4):
        pose = pose_of(name, seed)
        human = build_human(person(seed), pose)
        bag_points = points_named(human, "held bag")
        wrist = human.joints_m[pose.holds[0].hand.capitalize() + "Hand"]
        assert bag_points[:, 2].max() < wrist[2]
        assert bag_points[:, 2].min() > 0.05
        assert np.linalg.norm(bag_points.mean(0)[:2] - wrist[:2]) < 0.12


def points_named(human, *names: str) -> np.ndarray:
    chosen = np.isin(human.triangle_material, [n for n, one in enumerate(human.materials) if one.name in names])
    return human.vertices_m[np.unique(human.triangles[chosen])]


def test_a_box_reaches_from_palm_to_palm():
    pose, spec = pose_of("carrying-box", 2), person(2)
    motion = motion_of(spec, pose)
    points, _ = skin(motion)
    part = prop_parts(spec.props, pose.holds, motion)[0]
    left, right = (palm(motion, side, points).mean(0) for side in ("Left", "Right"))
    across = (left - right) / np.linalg.norm(left - right)
    width = np.ptp(part.points_m @ across)
    assert abs(width - np.linalg.norm(left - right)) < 0.06


def parts_of(name: str, seed: int) -> list[Part]:
    spec, pose = person(seed), pose_of(name, seed)
    return prop_parts(spec.props, pose.holds, motion_of(spec, pose))


@pytest.mark.parametrize("name", ["laptop-on-lap", "laptop-on-arm"])
def test_an_open_laptops_screen_faces_who_types(name):
    part = parts_of(name, 4)[0]
    case, screen, keys = (part.points_m[np.unique(part.triangles[part.look == look])] for look in range(3))
    lid = case[case[:, 2] > keys[:, 2].max() + 0.03]
    assert keys[:, 1].mean() > screen[:, 1].mean()  # The person faces -Y: the screen stands beyond the keys.
    normal = np.linalg.svd(screen - screen.mean(0))[2][2]
    normal *= np.sign(normal[1])
    assert (screen @ normal).max() > (lid @ normal).max()


def test_a_laptop_under_the_arm_is_closed():
    assert set(parts_of("carrying-laptop", 4)[0].look) == {0}


def test_things_belong_to_the_person_but_not_to_the_head():
    human = build_human(person(1), pose_of("phone-call", 1))
    number = [one.name for one in human.materials].index("phone")
    mine = human.triangle_material == number
    assert mine.any()
    assert (human.triangle_class[mine] == CLASS_ID["accessory"]).all()
    assert not human.triangle_is_head[mine].any()


def test_what_is_held_moves_nothing_else():
    spec, pose = person(6), pose_of("holding-cup", 6)
    empty = Pose(pose.name, pose.activity, pose.rotations)
    held, bare = build_human(spec, pose), build_human(spec, empty)
    assert len(held.vertices_m) > len(bare.vertices_m)
    assert np.array_equal(held.vertices_m[: len(bare.vertices_m)], bare.vertices_m)


@pytest.mark.parametrize("name", list(SHAPES))
def test_shapes_are_small_meshes_whose_faces_look_outward(name):
    shape = SHAPES[name]
    assert len(shape.triangles) < 400
    assert shape.uvs.shape == (len(shape.triangles), 3, 2)
    for piece in trimesh.Trimesh(shape.points_m, shape.triangles).split(only_watertight=True):
        assert piece.volume > 0


def test_a_block_has_its_size():
    solid = block((0.1, 0.2, 0.3))
    merged = trimesh.Trimesh(solid.points_m, solid.triangles)
    assert merged.is_watertight
    assert merged.volume == pytest.approx(0.1 * 0.2 * 0.3)
    assert np.ptp(solid.points_m, axis=0) == pytest.approx([0.1, 0.2, 0.3])


def test_the_cups_walls_look_outward():
    for shape in (SHAPES["mug"], SHAPES["paper cup"], SHAPES["cup with lid"]):
        assert outside_share(shape) > 0.95


def outside_share(shape: Shape) -> float:
    """Share of the triangles on the outermost wall whose normal points away from the axis."""
    corners = shape.points_m[shape.triangles]
    middle = corners.mean(1)
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    wall = (np.linalg.norm(corners[:, :, :2], axis=2).min(1) > 0.029) & (middle[:, 2] < 0.07) & (middle[:, 1] > 0)
    wall &= np.abs(normal[:, 2]) < 0.6 * np.linalg.norm(normal, axis=1)
    return float((np.sum(normal[wall, :2] * middle[wall, :2], axis=1) > 0).mean())


def test_every_call_draws_as_many_numbers_and_a_seed_repeats_its_things():
    after = []
    for seed in (1, 2):
        rng = np.random.default_rng(seed)
        assert sample_props(rng) == sample_props(np.random.default_rng(seed))
        other = np.random.default_rng(seed)
        other.random(26)
        after.append(rng.random() == other.random())
    assert all(after)
    assert len({sample_props(np.random.default_rng(seed)).bag for seed in range(30)}) == 3
