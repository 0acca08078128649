"""How real are rendered pictures? A detector that has seen no real label, distances of people, and the geometry of boxes.

    python benchmarks/realism.py S --val S-val --test R/test --floor R/train --weights squeezenet1_1_imagenet.safetensors \
        --feature-weights densenet169_imagenet_features_fp16.safetensors --stats overhead_person_boxes.csv.gz --out ROUND

S, S-val: rendered datasets, of other offices each. Checkpoint and score threshold are chosen on S-val alone, so that not one real
label is used. Printed, and kept in ROUND/realism.json:
- AP50 and F1 on the real test pictures, mean and range over the seeds (the report with pictures is ROUND/index.html);
- Fréchet and kernel distance between upright crops of as many rendered and real people, and between real people of the
  training and of the test part, which is as near as one can come;
- how far the boxes of S are from those of real overhead videos (--stats), in standard deviations of the latter.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from annotate.dataset import Dataset
from annotate.files import read_json, write_json
from annotate.page.stats_boxes import QUANTITIES, dataset_boxes, sample
from annotate.page.stats_compare import standard_deviation, wasserstein
from annotate.page.stats_reference import read_reference
from eval.config import EvaluateConfig, TrainingConfig
from eval.data.person_crops import crops_of, draw_people, labelled_people
from eval.distances.frechet import distance
from eval.distances.kernel import kernel_distance
from eval.evaluation.run import run as evaluate
from eval.networks.features import FeatureNetwork, load_features

CROP_PX = 128
MIN_VISIBLE = 0.2


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("synthetic", type=Path)
    parser.add_argument("--val", type=Path, required=True)
    parser.add_argument("--test", type=Path, required=True)
    parser.add_argument("--floor", type=Path)
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--features", default="densenet169")
    parser.add_argument("--feature-weights", type=Path)
    parser.add_argument("--stats", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--input-px", type=int, default=320)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--crops", type=int, default=300)
    return parser.parse_args()


def detection(args: argparse.Namespace) -> dict[str, Any]:
    """AP50, F1, precision and recall on the real test pictures for every seed."""
    training = TrainingConfig(input_px=args.input_px, steps=args.steps, evaluations=4)
    config = EvaluateConfig(
        train=[f"S={args.synthetic}"], val=args.val, test=args.test, out=args.out, weights=args.weights,
        seeds=args.seeds, features="bank", training=training, download=False,
    )  # fmt: skip
    evaluate(config)
    figures = read_json(args.out / "report.json")["tests"][0]["measures"]["S"]["figures"]
    return {key: figures[key]["by_seed"] for key in ("ap", "f1", "precision", "recall")}


def people_features(folder: Path, count: int, network: FeatureNetwork) -> np.ndarray:
    people = draw_people(
        labelled_people([Dataset.read(folder)], "person", MIN_VISIBLE), count, np.random.default_rng(0)
    )
    return network(crops_of(people, CROP_PX))


def distances(args: argparse.Namespace) -> dict[str, Any]:
    """Fréchet and kernel distance of rendered, and of other real, people to the test people."""
    network = load_features(args.features, args.feature_weights, may_download=False)
    reference = people_features(args.test, args.crops, network)
    result: dict[str, Any] = {"network": network.kind.title}
    for name, folder in (("synthetic", args.synthetic), ("real", args.floor)):
        if folder is None:
            continue
        features = people_features(folder, args.crops, network)
        kernel = kernel_distance(features, reference, np.random.default_rng(1))
        result[name] = {
            "crops": [len(features), len(reference)],
            "frechet": distance(features, reference).value,
            "kernel": [kernel.value, kernel.low, kernel.high],
        }
    return result


def geometry(args: argparse.Namespace) -> dict[str, Any]:
    """For each measure of boxes: medians of both and the Wasserstein distance in deviations of the real ones."""
    if args.stats is None:
        return {}
    real, ours = read_reference(args.stats).pictures, dataset_boxes(Dataset.read(args.synthetic))
    result = {}
    for quantity in QUANTITIES:
        a, b = sample(ours, quantity), sample(real, quantity)
        if a is None or b is None:
            continue
        medians = [float(one.quantiles([0.5])[0]) for one in (a, b)]
        result[quantity.title] = {"medians": medians, "off": wasserstein(a, b) / standard_deviation(b)}
    return result


def spread(values: list[float]) -> str:
    return f"{np.mean(values):.3f} ({min(values):.3f} to {max(values):.3f})"


def main() -> None:
    args = arguments()
    found = {"detection": detection(args), "distances": distances(args), "geometry": geometry(args)}
    write_json(args.out / "realism.json", found)
    for name, values in found["detection"].items():
        print(f"{name:>10} {spread(values)}, {len(values)} seeds")
    for name in ("synthetic", "real"):
        if name in found["distances"]:
            one = found["distances"][name]
            value, low, high = one["kernel"]
            print(
                f"{name:>10} to test people, n {one['crops']}: FD-{found['distances']['network']} {one['frechet']:.0f}, "
                f"KD {value:.3f} ({low:.3f} to {high:.3f})"
            )
    for name, one in found["geometry"].items():
        print(f"{name}: {json.dumps(one)}")


if __name__ == "__main__":
    main()
