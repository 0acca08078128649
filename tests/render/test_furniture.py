"""Pieces of furniture: they stand on the floor, take the room that they say they take, and stay cheap."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from shapely.geometry import MultiPoint

from assets.mesh import Material
from render import furniture
from render.furniture import CHAIR_MAKES, Piece, assembled

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
