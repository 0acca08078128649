"""Which real crops a refiner learns from.

What stands beside people in most real crops is learned as a part of people: the thesis's networks drew computers from
nothing until crops were left out by hand, so that they did not consistently show one (section 3.3.2). Here a list
leaves people out by name, and crops can be balanced: sorted into kinds by what surrounds the person, none of which
counts more than its share.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from scipy.cluster.vq import kmeans2

from annotate.dataset import Dataset
from annotate.errors import InputError
from annotate.files import write_image, write_text
from eval.networks.feature_bank import FeatureBank
from refine.config import RefineConfig
from refine.crops import CropRule, CropSet, Who, collect_crops

_PERSON_SHARE = 0.5
"""Side of the middle square of a crop that counts as the person: crops are wider than the person by their margin."""
_COLUMNS = 12
_TILE_PX = 96


@dataclass(frozen=True)
class RealCrops:
    """The real crops that were to be had and which of them are learned from.

    kinds: (n,) numbers of their surroundings. kept: (n,) bool.
    """

    everybody: CropSet
    kinds: np.ndarray
    kept: np.ndarray

    @property
    def crops(self) -> CropSet:
        """Those to learn from."""
        return self.everybody.only(np.flatnonzero(self.kept))


def collect_real(dataset: Dataset, rule: CropRule, config: RefineConfig) -> RealCrops:
    """The real crops without those of --real-without, balanced if --real-balance says so, at most --max-real."""
    without: frozenset[Who] = frozenset()
    if config.real_without is not None:
        known = {(picture.file_name, person.instance_id) for picture in dataset for person in picture.people}
        without = read_left_out(config.real_without, known)
    everybody = collect_crops(dataset, rule, config.max_real, config.seed, "R", without=without)
    if not len(everybody):
        raise InputError(f"--real-without {config.real_without}: leaves nobody of --real {dataset.root} to learn from")
    if not config.real_balance:
        return RealCrops(everybody, np.zeros(len(everybody), int), np.ones(len(everybody), bool))
    rng = np.random.default_rng((config.seed, 5))
    kinds = kinds_of_surroundings(everybody.images, config.real_balance, rng)
    kept = np.isin(np.arange(len(everybody)), balanced(kinds, rng))
    return RealCrops(everybody, kinds, kept)


def read_left_out(path: Path, known: set[Who]) -> frozenset[Who]:
    """People named in a text file, `file_name instance_id` a line, # starts a comment.

    InputError for a line of another form or a person who is not known.
    """
    if not path.is_file():
        raise InputError(f"--real-without {path}: no such file; expected lines `file_name instance_id`")
    found = set()
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        words = line.split("#")[0].rsplit(maxsplit=1)
        if not words:
            continue
        if len(words) != 2 or not words[1].isdigit():
            raise InputError(f"{path}: line {number} is {line!r}; expected `file_name instance_id`")
        who = words[0], int(words[1])
        if who not in known:
            raise InputError(f"{path}: line {number}: there is no person {who[1]} in a picture {who[0]} of --real")
        found.add(who)
    return frozenset(found)


def kinds_of_surroundings(images: np.ndarray, kinds: int, rng: np.random.Generator) -> np.ndarray:
    """Sort crops (n, size, size, 3) by what surrounds the person: (n,) numbers below `kinds`.

    k-means over the analytic features of eval.networks.feature_bank, the person painted over in the mean colour around.
    """
    features = _surrounding_features(images)
    spread = features.std(axis=0)
    features = (features - features.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    _, found = kmeans2(features, min(kinds, len(images)), minit="++", iter=50, rng=rng)
    return found


def balanced(kinds: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Places of the crops to keep, in order, so that no kind holds more than its equal share of those that are kept.

    kinds: (n,) numbers. With sizes 80, 10, 10 and three kinds, 10 of each are kept; a kind so rare that the others
    would be thrown away for it (below a quarter of the equal share) is kept whole and does not set the measure.
    """
    counts = np.bincount(kinds)
    fair = len(kinds) / np.count_nonzero(counts)
    most = int(min(count for count in counts if count >= fair / 4))
    kept = [_drawn(np.flatnonzero(kinds == kind), most, rng) for kind in range(len(counts))]
    return np.sort(np.concatenate(kept))


def write_sheet(folder: Path, real: RealCrops) -> None:
    """real-crops.jpg, all crops by kind, those left out darkened, and real-crops.txt, who is who, row by row."""
    images, who, kinds, kept = real.everybody.images, real.everybody.who, real.kinds, real.kept
    order = np.lexsort((np.arange(len(images)), kinds))
    tiles = [_tile(images[place], bool(kept[place])) for place in order]
    tiles += [np.zeros_like(tiles[0])] * (-len(tiles) % _COLUMNS)
    rows = [np.concatenate(tiles[start : start + _COLUMNS], axis=1) for start in range(0, len(tiles), _COLUMNS)]
    write_image(folder / "real-crops.jpg", np.concatenate(rows), jpeg_quality=88)
    lines = [
        f"{who[place][0]} {who[place][1]}  # row {number // _COLUMNS + 1}, column {number % _COLUMNS + 1}, "
        f"surroundings {kinds[place]}, {'kept' if kept[place] else 'left out'}"
        for number, place in enumerate(order)
    ]
    write_text(folder / "real-crops.txt", "\n".join(lines) + "\n")


def _surrounding_features(images: np.ndarray) -> np.ndarray:
    size = images.shape[1]
    inner = slice(round(size * (1 - _PERSON_SHARE) / 2), round(size * (1 + _PERSON_SHARE) / 2))
    painted = images.astype(np.float32) / 255
    around = np.ones((size, size), bool)
    around[inner, inner] = False
    painted[:, inner, inner] = painted[:, around].mean(axis=1)[:, None, None]
    bank = FeatureBank()
    parts = torch.from_numpy(painted).permute(0, 3, 1, 2).split(64)
    with torch.no_grad():
        return np.concatenate([bank(part).numpy() for part in parts]).astype(np.float64)


def _drawn(places: np.ndarray, most: int, rng: np.random.Generator) -> np.ndarray:
    return places if len(places) <= most else rng.choice(places, most, replace=False)


def _tile(image: np.ndarray, kept: bool) -> np.ndarray:
    tile = cv2.resize(image, (_TILE_PX, _TILE_PX), interpolation=cv2.INTER_AREA)
    return tile if kept else tile // 4
