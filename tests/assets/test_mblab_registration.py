"""Laying one surface onto another, on surfaces whose closest points are known."""

from __future__ import annotations

import numpy as np

from assets.humans.mblab.registration import closest_on_surface, flow_onto


def sphere(
    rows: int, columns: int, scale: tuple[float, float, float] = (1.0, 1.0, 1.0)
) -> tuple[np.ndarray, np.ndarray]:
    """An ellipsoid of latitude rows: points (n, 3) and outward triangles."""
    rise = np.linspace(-np.pi / 2 + 0.05, np.pi / 2 - 0.05, rows)
    turn = np.arange(columns) / columns * 2 * np.pi
    z, a = np.meshgrid(rise, turn, indexing="ij")
    points = np.stack([np.cos(a) * np.cos(z), np.sin(a) * np.cos(z), np.sin(z)], -1).reshape(-1, 3) * scale
    number = np.arange(rows * columns).reshape(rows, columns)
    a0, b0 = number[:-1], np.roll(number[:-1], -1, 1)
    a1, b1 = number[1:], np.roll(number[1:], -1, 1)
    quads = np.stack([a0, b0, b1, a1], -1).reshape(-1, 4)
    return points, np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])


def test_closest_points_are_those_of_a_search_over_fine_samples() -> None:
    surface, triangles = sphere(9, 14, (0.3, 0.2, 0.25))
    points = np.random.default_rng(0).normal(0, 0.3, (60, 3))
    feet = closest_on_surface(points, surface, triangles)
    np.testing.assert_allclose(feet.shares.sum(1), 1)
    assert feet.shares.min() > -1e-12
    shares = np.random.default_rng(1).dirichlet((1, 1, 1), 400)
    samples = np.einsum("sk,tka->tsa", shares, surface[triangles]).reshape(-1, 3)
    finest = np.sqrt(((points[:, None] - samples[None]) ** 2).sum(2).min(1))
    found = np.linalg.norm(feet.interpolated(surface) - points, axis=1)
    assert (found <= finest + 1e-9).all()
    np.testing.assert_allclose(found, finest, atol=0.006)
    np.testing.assert_allclose(feet.matrix(len(surface)) @ surface, feet.interpolated(surface))


def test_flow_lays_a_surface_onto_another_and_keeps_its_order() -> None:
    points, triangles = sphere(20, 30, (0.2, 0.2, 0.2))
    target, target_triangles = sphere(41, 60, (0.22, 0.18, 0.21))
    moved = flow_onto(points, triangles, target, target_triangles)
    middle = np.abs(points[:, 2]) < 0.19  # away from the openings at the poles
    ratio = np.linalg.norm(moved / (0.22, 0.18, 0.21), axis=1)
    np.testing.assert_allclose(ratio[middle], 1, atol=0.01)
    assert np.linalg.norm(moved - points, axis=1).max() < 0.04


def test_flow_leaves_what_belongs_to_no_triangle() -> None:
    points, triangles = sphere(20, 30, (0.2, 0.2, 0.2))
    alone = np.vstack([points, [[1.0, 2.0, 3.0]]])
    np.testing.assert_array_equal(flow_onto(alone, triangles, points * 1.05, triangles)[-1], [1.0, 2.0, 3.0])
