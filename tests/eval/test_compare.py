"""A comparison as a function: the figures are those of the distances, between equal numbers, and nothing is done twice."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from annotate.dataset import Dataset
from annotate.errors import InputError
from eval.compare.comparison import Comparison, Options, compare
from eval.compare.page import report_of
from eval.data.person_crops import crops_of, labelled_people
from eval.data.training_sets import TrainingSet
from eval.distances.frechet import distance
from eval.distances.kernel import squared_discrepancy
from eval.networks.features import FeatureNetwork, load_features

SMALL = Options(crop_px=32)


@pytest.fixture
def sets(tmp_path: Path, write_discs: Callable[..., Path]) -> list[TrainingSet]:
    """R; N, which is as R; and S, whose people are red."""

    def read(name: str, seed: int, pictures: int, **options: object) -> TrainingSet:
        return TrainingSet(name, [Dataset.read(write_discs(tmp_path / name, pictures, 64, seed, **options))])

    return [read("R", 1, 12, kind="real"), read("N", 2, 6), read("S", 3, 6, tint=(60, -40, 0))]


@pytest.fixture(scope="module")
def bank() -> FeatureNetwork:
    return load_features("bank")


@pytest.fixture
def found(sets: list[TrainingSet], bank: FeatureNetwork) -> Comparison:
    return compare(sets, ["R"], [("bank", bank)], options=SMALL)


def test_the_set_that_is_alike_is_nearer_and_about_as_near_as_the_reference_to_itself(found: Comparison) -> None:
    (network,) = found.networks
    alike, red, itself = (network.between(name, "R") for name in ("N", "S", "R"))
    assert red.frechet.low > 2 * alike.frechet.value
    assert red.kernel.low > alike.kernel.value
    assert itself.frechet.value == pytest.approx(alike.frechet.value, rel=0.6)
    assert red.discrepancy.value == 2.0 and network.between("S", "N") is None  # neither is a reference
    assert alike.discrepancy.value < 1.2


def test_all_sets_give_as_many_crops(found: Comparison) -> None:
    assert found.n == 12  # People of N and of S, and of either half of R.
    assert {pair.n for network in found.networks for pair in network.pairs} == {12}
    assert [entry.people for entry in found.sets] == [24, 12, 12]
    assert [entry.halved_by for entry in found.sets] == ["time", "", ""]
    assert all(pair.biased for pair in found.networks[0].pairs)  # 12 crops, 78 features.


def test_figures_are_the_distances_of_the_crops_features(sets: list[TrainingSet], bank: FeatureNetwork) -> None:
    pair = sets[1:]
    (network,) = compare(pair, ["N"], [("bank", bank)], options=Options(crop_px=32, halves=False)).networks
    a, b = (bank(crops_of(labelled_people(entry.datasets, "person", 0.2), 32)) for entry in pair)
    assert network.between("S", "N").frechet.value == pytest.approx(distance(a, b).value, rel=1e-9)
    assert network.between("S", "N").kernel.value == pytest.approx(squared_discrepancy(a, b), rel=1e-9)
    assert network.between("N", "N") is None


def test_features_of_a_set_are_computed_once(sets: list[TrainingSet], bank: FeatureNetwork) -> None:
    seen: list[int] = []

    class Counting:
        kind, weights = bank.kind, bank.weights
        distance_name, kernel_name = bank.distance_name, bank.kernel_name

        def __call__(self, pictures: np.ndarray) -> np.ndarray:
            seen.append(len(pictures))
            return bank(pictures)

    compare(sets, ["R", "N", "S"], [("bank", Counting())], options=SMALL)
    assert seen == [12, 12, 12]  # Twice six: every set is halved.


def test_same_seed_same_figures_and_another_seed_other_crops(sets: list[TrainingSet], bank: FeatureNetwork) -> None:
    def run(seed: int) -> dict:
        options = Options(crop_px=32, max_crops=5, seed=seed)
        return compare(sets, ["R"], [("bank", bank)], options=options).as_json()["distances"]

    assert run(0) == run(0) != run(1)


def test_figures_go_through_json(found: Comparison) -> None:
    again = json.loads(json.dumps(found.as_json()))
    assert again["crops_of_each_set"] == 12 and again["references"] == ["R"]
    (network,) = again["distances"]
    assert [(pair["name"], pair["reference"]) for pair in network["pairs"]] == [
        ("R", "R"), ("R", "N"), ("R", "S"),
    ]  # fmt: skip
    pair = found.networks[0].between("S", "R")
    assert network["pairs"][2]["frechet"] == {
        "value": pair.frechet.value, "low": pair.frechet.low, "high": pair.frechet.high,
    }  # fmt: skip


def test_report_has_a_row_for_every_set_and_for_the_reference_itself(found: Comparison) -> None:
    report = report_of(found, [], [], "", [])
    distances, matrix = report.sections[0].tables
    assert [row.name for row in distances.rows] == ["N", "S", "R against itself"]
    assert [column.name for column in distances.columns] == ["FD-plafond-bank-1 to R", "KD-plafond-bank-1 to R"]
    assert distances.rows[1].cells[0].value == found.networks[0].between("S", "R").frechet.value
    assert distances.rows[1].cells[0].mark == "*" and "biased" in distances.note
    assert [[cell is None for cell in row.cells] for row in matrix.rows] == [[False], [False], [False]]
    assert report.headline == "N is nearest to R"
    json.dumps(report.as_json())


def test_sets_that_cannot_be_ranked_are_not(sets: list[TrainingSet], bank: FeatureNetwork) -> None:
    """N twice: no figure may call one of them nearer."""
    twice = [sets[0], sets[1], TrainingSet("N2", sets[1].datasets)]
    report = report_of(compare(twice, ["R"], [("bank", bank)], options=SMALL), [], [], "", [])
    assert report.headline == "N and N2 are about as near to R"
    assert "which is nearer is open" in report.sentences[-1]


def test_reference_of_one_picture_is_not_halved_and_the_report_says_so(
    tmp_path: Path, write_discs: Callable[..., Path], sets: list[TrainingSet], bank: FeatureNetwork
) -> None:
    alone = TrainingSet("A", [Dataset.read(write_discs(tmp_path / "A", 1, 64, 5, people=3))])
    found = compare([alone, sets[1]], ["A"], [("bank", bank)], options=SMALL)
    pair = found.networks[0].between("A", "N")
    assert found.n == 3 and pair.discrepancy is None and pair.frechet.low is None
    assert "A has too few pictures for two halves" in report_of(found, [], [], "", []).warnings[0]


def test_a_set_without_people_is_refused(
    tmp_path: Path, write_discs: Callable[..., Path], sets: list[TrainingSet], bank: FeatureNetwork
) -> None:
    empty = TrainingSet("E", [Dataset.read(write_discs(tmp_path / "E", 2, 64, 6, people=0))])
    with pytest.raises(InputError, match='"E" has 0 people'):
        compare([sets[0], empty], ["R"], [("bank", bank)], options=SMALL)
