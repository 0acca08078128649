"""CPU-milliseconds of a person: drawn, posed, dressed, with hair and what the hands hold; and how many triangles.

    python benchmarks/people.py --people 60

One thread; the first two people, who fill the caches, do not count.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from assets.humans.build import build_human
from assets.humans.spec import sample_human
from assets.poses.skeleton import ACTIVITIES
from assets.poses.spec import load_pose, sample_pose


def person(seed: int) -> tuple[float, int]:
    """CPU-ms and triangles of one random person; standing, walking and sitting in turn."""
    rng = np.random.default_rng(seed)
    before = time.process_time()
    spec = sample_human(rng)
    human = build_human(spec, load_pose(sample_pose(rng, ACTIVITIES[seed % len(ACTIVITIES)])))
    return 1000 * (time.process_time() - before), len(human.triangles)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    for seed in range(10_000, 10_002):
        person(seed)
    ms, triangles = np.array([person(arguments.seed + number) for number in range(arguments.people)]).T
    print(f"{arguments.people} people: mean {ms.mean():.0f} ms, median {np.median(ms):.0f}, at most {ms.max():.0f};")
    print(f"triangles: mean {triangles.mean():,.0f}, at most {triangles.max():,.0f}")


if __name__ == "__main__":
    main()
