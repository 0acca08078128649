"""Refining a whole dataset: crop everybody, translate in large batches, put everybody back (thesis Algorithms 6 and 7).

Put back is the difference that the refiner made to a person's crop, through that person's own mask: a crop that the
refiner left alone changes nothing, however often it is resampled, and the background stays as it was. Labels and masks
are those of S.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
import torch
from tqdm import tqdm

from annotate.crops import CropFrame, extract, reinsert
from annotate.dataset import Dataset, DatasetWriter, Picture
from annotate.errors import PlafondError
from refine.blend import person_alpha
from refine.crops import CropRule
from refine.refiner import Refiner
from refine.trainer import to_crops, to_images


@dataclass(frozen=True)
class PersonCrop:
    """One person of an opened picture."""

    instance_id: int
    frame: CropFrame
    crop: np.ndarray
    """size, size, 3 uint8 RGB."""


@dataclass(frozen=True)
class OpenPicture:
    """A picture whose people are about to be refined."""

    picture: Picture
    image: np.ndarray
    mask: np.ndarray
    people: list[PersonCrop] = field(default_factory=list)


def refine_dataset(
    refiner: Refiner, dataset: Dataset, writer: DatasetWriter, rule: CropRule, batch: int, feather_px: float
) -> None:
    """Write every picture of the dataset that the writer does not have yet, its people refined."""
    finished = writer.finished_ids()
    waiting = [picture for picture in dataset if picture.id not in finished]
    with tqdm(total=len(dataset), initial=len(finished), desc="refine", unit="picture", mininterval=0.5) as bar:
        for opened in _in_batches((open_picture(dataset, picture, rule) for picture in waiting), batch):
            crops = [person.crop for one in opened for person in one.people]
            refined = iter(refine_crops(refiner, crops, batch))
            for one in opened:
                _write(dataset, writer, one, [next(refined) for _ in one.people], feather_px)
                bar.update()


def open_picture(dataset: Dataset, picture: Picture, rule: CropRule) -> OpenPicture:
    """Read a picture with its mask and crop its people; people without visible pixels or anchor are left as they are."""
    if not any(rule.takes(person) for person in picture.people):
        return OpenPicture(picture, np.empty((0, 0, 3), np.uint8), np.empty((0, 0), np.uint16))
    image, mask, nadir_px = dataset.image(picture), dataset.mask(picture), dataset.nadir_px(picture)
    visible = set(np.unique(mask).tolist())
    people = []
    for person in picture.people:
        if rule.takes(person) and person.instance_id in visible:
            frame = rule.frame(person, nadir_px)
            people.append(PersonCrop(person.instance_id, frame, extract(image, frame)))
    return OpenPicture(picture, image, mask, people)


def refine_crops(refiner: Refiner, crops: list[np.ndarray], batch: int) -> list[np.ndarray]:
    """Translate crops (size, size, 3 uint8) in batches; the same order and type come back."""
    refined: list[np.ndarray] = []
    for start in range(0, len(crops), batch):
        stacked = torch.from_numpy(np.stack(crops[start : start + batch])).to(refiner.device).permute(0, 3, 1, 2)
        try:
            translated = to_crops(refiner.refine(to_images(stacked)))
        except torch.cuda.OutOfMemoryError:
            raise PlafondError(f"the memory of {refiner.device} is too small; lower --apply-batch ({batch})") from None
        refined.extend(translated.permute(0, 2, 3, 1).cpu().numpy())
    return refined


def put_back(one: OpenPicture, refined: list[np.ndarray], feather_px: float) -> np.ndarray:
    """The picture with its refined people, HWC uint8 RGB; refined: one crop for each of one.people."""
    image = one.image
    for person, crop in zip(one.people, refined, strict=True):
        alpha = person_alpha(one.mask == person.instance_id, person.frame, feather_px)
        image = reinsert(image, person.crop, crop, person.frame, alpha)
    return image


def _write(
    dataset: Dataset, writer: DatasetWriter, one: OpenPicture, refined: list[np.ndarray], feather_px: float
) -> None:
    """Write a picture under its own name with the labels of S; one without refined people is copied as a file."""
    counts = {"refined": len(refined), "kept": len(one.picture.people) - len(refined)}
    picture = one.picture.model_copy(update={"attributes": {**one.picture.attributes, "refinement": counts}})
    if not refined:
        writer.add_files(picture, dataset.files(picture))
        return
    files = dataset.files(picture)
    files.pop("file_name")
    writer.add(picture, put_back(one, refined, feather_px), files=files)


def _in_batches(pictures: Iterable[OpenPicture], batch: int) -> Iterator[list[OpenPicture]]:
    """Pictures in groups that hold at least `batch` people, so that batches are full and memory stays bounded."""
    group: list[OpenPicture] = []
    people = 0
    for one in pictures:
        group.append(one)
        people += len(one.people)
        if people >= batch or len(group) >= max(batch, 64):
            yield group
            group, people = [], 0
    if group:
        yield group
