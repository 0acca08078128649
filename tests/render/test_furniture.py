"""Pieces of furniture: they stand on the floor, take the room that they say they take, and stay cheap."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from shapely.geometry import MultiPoint

from assets.mesh import Material, Mesh
from render import furniture
from render.furniture import CHAIR_MAKES, Piece, assembled
from render.furniture.clutter import VARIANTS, shape_of, thing, tube
from render.furniture.shares import (
    DESK_THINGS,
    FLOOR_THINGS,
    KITCHEN_THINGS,
    SILL_THINGS,
    TOP_THINGS,
    UNDER_DESK,
)

CLOTH = Material("cloth", (0.1, 0.1, 0.15), roughness=0.9)
DESK_M = 0.735


def pieces(seed: int) -> dict[str, Piece]:
    rng = np.random.default_rng(seed)
    chairs = {f"chair {make}": furniture.chair(rng, make, CLOTH, 0.46) for make in CHAIR_MAKES}
    tables = {
        f"table {shape}": furniture.meeting_table(2.0, 1.0, shape, DESK_M, CLOTH) for shape in ("rect", "oval", "round")
    }
    return chairs | tables | {
        "sofa": furniture.sofa(rng, 1.8, CLOTH), "armchair": furniture.armchair(rng, CLOTH),
        "partition": furniture.partition(1.6, 1.3, CLOTH), "glass wall": furniture.glass_wall(3.0, 2.5),
        "wall whiteboard": furniture.wall_whiteboard(rng, 1.6), "whiteboard": furniture.whiteboard_stand(rng),
        "kitchen": furniture.kitchen_counter(rng, 2.4), "fridge": furniture.fridge(rng),
        "high table": furniture.high_table(rng), "coffee table": furniture.coffee_table(rng),
        "printer": furniture.printer(rng), "coats": furniture.coat_rack(rng), "lockers": furniture.lockers(rng, 1.2),
        "column": furniture.column(0.4, 3.0), "cooler": furniture.water_cooler(rng),
        "sit-stand desk": furniture.sit_stand_desk(1.6, 0.8, DESK_M, CLOTH), "distractor": furniture.distractor(rng),
    }  # fmt: skip


@pytest.mark.parametrize("seed", range(6))
def test_every_piece_stands_on_the_floor_inside_the_room_that_it_takes(seed: int) -> None:
    for name, piece in pieces(seed).items():
        whole = np.concatenate([mesh.vertices_m for mesh in piece.meshes])
        assert np.isfinite(whole).all() and whole[:, 2].min() > -1e-4, name
        room = shapely.union_all([one.footprint for one in piece.obstacles]).buffer(
            0.15
        )  # backs lean beyond their foot
        assert room.covers(MultiPoint(whole[:, :2])), name
        assert whole[:, 2].max() < max(one.top_m for one in piece.obstacles) + 0.4, name  # cups and machines on top


def test_chairs_of_a_make_are_cheap_and_makes_differ() -> None:
    counts = {name: sum(len(mesh.triangles) for mesh in piece.meshes) for name, piece in pieces(0).items()}
    assert max(counts.values()) < 2600, counts
    assert len({counts[f"chair {make}"] for make in CHAIR_MAKES}) == len(CHAIR_MAKES)


def test_who_sits_finds_a_chair_of_its_kind_and_tables_above_the_knees() -> None:
    for name, piece in pieces(1).items():
        if name.startswith("chair") or name in ("sofa", "armchair"):
            assert {one.kind for one in piece.obstacles} == {"chair"}, name
        if name.startswith("table"):
            assert all(one.kind == "desk" and one.bottom_m > 0.6 for one in piece.obstacles), name


@pytest.mark.parametrize("count", [1, 2, 3])
def test_screens_stand_side_by_side_without_touching(count: int) -> None:
    piece = furniture.screens(np.random.default_rng(0), count, 0.55, DESK_M)
    assert len(piece.obstacles) == count
    for number, one in enumerate(piece.obstacles):
        for other in piece.obstacles[:number]:
            assert one.footprint.intersection(other.footprint).area < 2e-3


def test_the_same_seed_makes_the_same_piece() -> None:
    one, other = (assembled([*pieces(3).values()]) for _ in range(2))
    for a, b in zip(one.meshes, other.meshes, strict=True):
        np.testing.assert_array_equal(a.vertices_m, b.vertices_m)


def test_a_jacket_hangs_over_the_back_of_a_chair() -> None:
    points = furniture.jacket_over_chair(np.random.default_rng(0), CLOTH).meshes[0].vertices_m
    assert points[:, 1].min() > 0.15 and 0.85 < points[:, 2].max() < 1.1


def test_a_clock_hangs_upright_on_the_wall() -> None:
    points = furniture.wall_clock().meshes[0].vertices_m
    assert np.ptp(points[:, 1]) < 0.05 and np.ptp(points[:, 2]) > 0.25 and points[:, 1].min() > -1e-4


THINGS = sorted({*DESK_THINGS, *TOP_THINGS, *SILL_THINGS, *KITCHEN_THINGS, *FLOOR_THINGS, *UNDER_DESK})
SEALED = ("books", "pile", "files", "backpack", "heap", "bean bag", "sports bag", "suitcase", "shoes", "fan", "cartons")


def volume_m3(mesh: Mesh) -> float:
    """Of a closed surface; negative if it is inside out."""
    corners = mesh.vertices_m[mesh.triangles].astype(float)
    return float(np.einsum("ij,ij->", corners[:, 0], np.cross(corners[:, 1], corners[:, 2]))) / 6


@pytest.mark.parametrize("kind", THINGS)
def test_things_stand_on_their_support_inside_their_footprint_with_few_triangles(kind: str) -> None:
    for variant in range(VARIANTS):
        piece = shape_of(kind, variant)
        (mesh,), (space,) = piece.meshes, piece.obstacles
        assert np.isfinite(mesh.vertices_m).all() and len(mesh.triangles) <= 60
        assert -1e-4 < mesh.vertices_m[:, 2].min() < 0.003
        assert abs(mesh.vertices_m[:, 2].max() - space.top_m) < 1e-5 and space.top_m < 1.6
        assert space.footprint.buffer(1e-5).covers(MultiPoint(mesh.vertices_m[:, :2]))
        x0, y0, x1, y1 = space.footprint.bounds
        assert abs(x0 + x1) < 1e-5 and abs(y0 + y1) < 1e-5 and max(x1 - x0, y1 - y0) < 0.95
        corners = mesh.vertices_m[mesh.triangles].astype(float)
        assert (
            np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1) > 0
        ).mean() > 0.8


@pytest.mark.parametrize("kind", SEALED)
def test_closed_things_face_outwards(kind: str) -> None:
    assert all(volume_m3(shape_of(kind, variant).meshes[0]) > 1e-4 for variant in range(VARIANTS))


def test_a_tube_faces_outwards_all_round() -> None:
    turn = np.linspace(0, 3, 12)
    mesh = tube(np.column_stack([np.cos(turn), np.sin(turn), np.full(12, 0.2)]), 0.02, CLOTH)
    corners = mesh.vertices_m[mesh.triangles].astype(float)
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    middles = corners.mean(axis=1)
    core = np.column_stack([middles[:, :2] / np.linalg.norm(middles[:, :2], axis=1, keepdims=True), np.full(66, 0.2)])
    assert (np.einsum("ij,ij->i", normals, middles - core) > 0).all()


def test_a_kind_comes_in_many_colours_but_few_shapes() -> None:
    rng = np.random.default_rng(0)
    made = [thing("backpack", rng).meshes[0] for _ in range(60)]
    assert len({mesh.vertices_m.tobytes() for mesh in made}) <= VARIANTS
    colors = [mesh.materials[0].base_color for mesh in made]
    assert len(set(colors)) > 5 and np.mean([max(color) < 0.07 for color in colors]) > 0.5  # mostly dark


def hung(seed: int) -> dict[str, Piece]:
    rng = np.random.default_rng(seed)
    return {
        "poster": furniture.poster(rng), "noticeboard": furniture.noticeboard(rng), "shelf": furniture.wall_shelf(rng),
        "radiator": furniture.radiator(rng), "trunking": furniture.trunking(rng, 3.0, 1.0),
        "pipe": furniture.pipe(rng, 2.8), "coats": furniture.coat_hooks(rng), "sign": furniture.first_aid_sign(rng),
        "extinguisher": furniture.fire_extinguisher(rng), "air": furniture.air_conditioner(rng, 2.8),
        "screen": furniture.wall_screen(rng),
        "curtain": furniture.curtain(rng, 0.6, 0.02, 2.4, furniture.curtain_cloth(rng)),
    }  # fmt: skip


@pytest.mark.parametrize("seed", range(6))
def test_what_hangs_touches_its_wall_and_takes_the_room_that_it_says(seed: int) -> None:
    for name, piece in hung(seed).items():
        points = np.concatenate([mesh.vertices_m for mesh in piece.meshes])
        assert np.isfinite(points).all() and points[:, 2].min() > -1e-4 and points[:, 2].max() < 2.81, name
        assert -1e-4 < points[:, 1].min() < (0.15 if name == "curtain" else 0.035) and points[:, 1].max() < 0.3, name
        assert sum(len(mesh.triangles) for mesh in piece.meshes) < 200, name
        if piece.obstacles:
            (space,) = piece.obstacles
            assert space.footprint.buffer(0.03).covers(MultiPoint(points[:, :2])), name
            in_the_way = points[points[:, 1] > 0.05, 2]
            assert space.bottom_m <= in_the_way.min() + 0.05 and space.top_m >= in_the_way.max() - 0.05, name
        else:  # flat, or overhead
            assert points[:, 1].max() < 0.13 or points[:, 2].min() > 2.0, name


def test_pictures_on_a_wall_face_the_room() -> None:
    for name in ("poster", "noticeboard", "sign"):
        mesh = hung(2)[name].meshes[0]
        corners = mesh.vertices_m[mesh.triangles].astype(float)
        normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        front = corners[:, :, 1].min(axis=1) > corners[:, :, 1].max() - 0.01
        assert front.any() and (normals[front, 1] > 0).all(), name
