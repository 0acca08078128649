"""Choosing networks by real crops that were held out: what is held out, what is measured, what is taken."""

import json
from pathlib import Path

import numpy as np
import pytest
import yaml

from annotate.dataset import Dataset
from annotate.errors import InputError
from eval.networks.features import load_features
from refine.config import RefineConfig
from refine.pipeline import run
from refine.training.selection import Judge, Look, best, load_distance_features, look_every, sample, split_held_out

TINY = {
    "size_px": 32, "filters": 2, "discriminator_filters": 2, "blocks": 1, "pool": 3, "steps": 4, "device": "cpu",
    "tensorboard": False,
}  # fmt: skip


def pictures(*counts: int) -> list[str]:
    return [f"{number}.png" for number, count in enumerate(counts) for _ in range(count)]


def test_what_is_held_out_are_the_last_pictures_and_never_half_of_one() -> None:
    assert split_held_out(pictures(*[10] * 10), 0.2) == 80
    assert split_held_out(pictures(50, 40, 9), 0.2) == 90
    assert split_held_out(pictures(50, 30, 3, 3, 14), 0.2) == 80


@pytest.mark.parametrize("counts", [(20, 10, 9), (100,), (50, 50, 7)])
def test_nothing_is_held_out_where_it_would_be_too_little_to_judge_by(counts: tuple[int, ...]) -> None:
    share = 0.0 if counts == (50, 50, 7) else 0.2
    assert split_held_out(pictures(*counts), share) == sum(counts)


def test_few_crops_in_the_last_picture_take_the_one_before_along() -> None:
    assert split_held_out(pictures(38, 5, 7), 0.2) == 38


def test_crops_like_those_held_out_are_nearer_than_others() -> None:
    rng = np.random.default_rng(0)
    alike = [rng.normal(120, 12, (20, 32, 32, 3)).clip(0, 255).astype(np.uint8) for _ in range(2)]
    other = rng.normal(150, 30, (20, 32, 32, 3)).clip(0, 255).astype(np.uint8)
    judge = Judge(load_features("bank"), alike[0], seed=0)
    near, far = judge.look(1, alike[1]), judge.look(2, other)
    assert near.value < far.value
    assert near.low <= near.value <= near.high
    assert judge.look(1, alike[1]) == near
    assert judge.name == "KD-plafond-bank-1"


def test_the_best_is_the_nearest_that_was_refined_and_the_first_of_several() -> None:
    looks = [Look(step, value, 0.0, 0.0) for step, value in ((0, 0.1), (4, 0.3), (8, 0.2), (12, 0.2))]
    assert best(looks) == looks[2]
    assert best(looks[:1]) is None
    assert best([Look(3, float("nan"), 0.0, 0.0), looks[1]]) == looks[1]


def test_a_training_is_looked_at_ten_times_unless_told() -> None:
    config = RefineConfig(synthetic="S", real="R", out="O")
    assert look_every(config, 43_520) == 4352
    assert look_every(config, 3) == 1
    assert look_every(config.model_copy(update={"select_every": 7}), 43_520) == 7
    assert len(sample(1000, 0)) == 256
    assert np.array_equal(sample(5, 0), np.arange(5))


def test_unknown_distance_features_are_told_by_the_options_own_name() -> None:
    config = RefineConfig(synthetic="S", real="R", out="O", distance_features="nonsense")
    with pytest.raises(InputError, match=r'--distance-features "nonsense" is unknown; .*bank'):
        load_distance_features(config)
    given = config.model_copy(update={"distance_features": "bank", "distance_weights": Path("x.pth")})
    with pytest.raises(InputError, match=r"--distance-weights x\.pth: bank needs none"):
        load_distance_features(given)


@pytest.fixture
def inputs(tmp_path: Path, write_people) -> dict[str, Path]:
    """R has 14 pictures of three people: the last three, 9 crops, are held out."""
    return {
        "synthetic": write_people(tmp_path / "S"),
        "real": write_people(tmp_path / "R", kind="real", masks=False, pictures=15),
        "out": tmp_path / "S+",
    }


def test_the_dataset_tells_which_seed_it_was_refined_with_and_all_distances(inputs) -> None:
    config = RefineConfig(**inputs, **TINY, seeds=2, seed=5, select_every=2)
    result = Dataset.read(run(config))
    made = result.info.config
    assert made["refinement"]["crops"] == {"synthetic": 6, "real": 33, "held_out": 9}
    outcome = made["training"]
    assert outcome["distance"] == "KD-plafond-bank-1"
    assert [entry["seed"] for entry in outcome["seeds"]] == [5, 6]
    assert [[look["step"] for look in entry["looks"]] for entry in outcome["seeds"]] == [[0, 2, 4]] * 2
    assert outcome["seed"] == min(outcome["seeds"], key=lambda entry: entry["distance"])["seed"]
    first, second = (inputs["out"] / f"training/seed-{seed}" for seed in (5, 6))
    assert (first / "best.pt").is_file()
    assert (second / "best.pt").is_file()
    assert (first / "losses.jsonl").read_text() != (second / "losses.jsonl").read_text()
    assert "seed-6" in (inputs["out"] / "training/index.html").read_text()
    before = (first / "checkpoint.pt").stat().st_mtime_ns
    run(config)  # repeats nothing
    assert (first / "checkpoint.pt").stat().st_mtime_ns == before
    assert Dataset.read(inputs["out"]).info.config["training"] == outcome
    again = RefineConfig(
        synthetic=inputs["synthetic"], out=inputs["out"].parent / "again", **TINY,
        weights=inputs["out"] / f"training/seed-{outcome['seed']}/checkpoint.pt",
    )  # fmt: skip
    for one, other in zip(Dataset.read(run(again)), result, strict=True):
        assert np.array_equal(Dataset.read(again.out).image(one), result.image(other))


def test_seeds_without_anything_to_choose_by_are_refused(inputs, write_people, tmp_path) -> None:
    with pytest.raises(InputError, match=r"--seeds 2: nothing would tell the seeds apart \(--hold-out is 0\)"):
        run(RefineConfig(**inputs, **TINY, seeds=2, hold_out=0))
    few = write_people(tmp_path / "few", kind="real", masks=False)
    with pytest.raises(InputError, match="6 crops of R are too few to hold out at least 8"):
        run(RefineConfig(**{**inputs, "real": few}, **TINY, seeds=2))
    assert not inputs["out"].exists()


def test_too_few_real_crops_train_without_a_choice_and_say_so(inputs, write_people, tmp_path) -> None:
    few = write_people(tmp_path / "few", kind="real", masks=False)
    out = run(RefineConfig(**{**inputs, "real": few}, **TINY))
    assert not (out / "training/best.pt").exists()
    assert "No real crops were held out" in (out / "training/index.html").read_text()
    assert json.loads((out / "training/about.json").read_text())["crops"]["held out"] == 0
    assert yaml.safe_load((out / "training/config.yaml").read_text())["hold_out"] == 0.2
