"""Principal components of several sets as one, against numpy's singular values."""

import numpy as np
import pytest

from eval.distances.projection import project


def _sets(n: int, d: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    scale = np.linspace(3, 0.1, d)
    return {name: rng.normal(shift, 1.0, size=(n, d)) * scale for name, shift in (("R", 0.0), ("S", 0.5), ("S+", 0.2))}


@pytest.mark.parametrize(("n", "d"), [(5, 4), (40, 300), (40, 70)])
def test_components_are_those_of_all_sets_together(n: int, d: int) -> None:
    sets = _sets(n, d)
    found = project(sets)
    together = np.concatenate(list(sets.values()))
    left, singular, _ = np.linalg.svd(together - together.mean(axis=0), full_matrices=False)
    expected = left[:, :2] * singular[:2]
    points = np.concatenate([found.points[name] for name in sets])
    for k in range(2):  # The sign of a component is nobody's.
        np.testing.assert_allclose(np.abs(points[:, k]), np.abs(expected[:, k]), atol=1e-5)
    np.testing.assert_allclose(found.explained, singular[:2] ** 2 / np.square(singular).sum(), rtol=1e-6)


def test_points_on_a_plane_are_explained_whole() -> None:
    rng = np.random.default_rng(1)
    plane = rng.normal(size=(2, 6))
    found = project({name: rng.normal(size=(10, 2)) @ plane for name in "ab"})
    assert sum(found.explained) == pytest.approx(1.0)
    assert found.explained[0] >= found.explained[1]


def test_centres_are_means_of_the_points() -> None:
    found = project({"a": np.array([[0.0, 0, 1], [2, 0, 1]]), "b": np.array([[0.0, 4, 1], [2, 4, 1]])})
    assert np.linalg.norm(found.centres()["a"] - found.centres()["b"]) == pytest.approx(4.0)


def test_sets_of_unequal_size_are_refused() -> None:
    with pytest.raises(ValueError, match=r"as many vectors of every set, found \[3, 4\]"):
        project({"a": np.zeros((3, 4)), "b": np.zeros((4, 4))})


def test_two_vectors_are_too_few() -> None:
    with pytest.raises(ValueError, match=r"at least 3 vectors"):
        project({"a": np.zeros((1, 4)), "b": np.ones((1, 4))})
