"""Refining a whole dataset: crop everybody, translate in large batches, put everybody back (thesis Algorithms 6 and 7).

Put back is the difference that the refiner made to people's crops, blended over the whole picture
(refine.reinsertion.blend): a crop that the refiner left alone changes nothing, and the background stays as it was but
for the soft edge of the people. Labels and masks are those of S; a person whom refinement broke
(refine.reinsertion.inspection) therefore keeps the original pixels. With the scope "frame" the difference in a whole
picture is put back as it is, people, background and all.

What happened to a picture's people stands in its attributes, under "refinement":

    refined       people who were put back
    not_cropped   people who were left alone: hidden, or without the box that the crop's anchor needs
    refused       people who were cropped, broken and left as they were
    refusals      one entry for each of the refused: instance_id, reasons and the measures of its Verdict
    seam_ratios   of the refined, by instance id: refine.reinsertion.seams
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from tqdm import tqdm

from annotate.crops import CropFrame, extract, extract_labels, reinsert
from annotate.dataset import Dataset, DatasetWriter, Picture
from annotate.dataset_model import Box
from annotate.dataset_writer import read_label
from annotate.errors import PlafondError
from refine.crops import CropRule
from refine.label_planes import PictureLabels
from refine.refiner import Batch, Refiner, to_crops, to_images
from refine.reinsertion.blend import RefinedCrop, blend
from refine.reinsertion.inspection import Features, Thresholds, Verdict, gradient_orientation, head_in_crop, inspect
from refine.reinsertion.seams import SeamSummary, seam_ratios, summarise

WHOLE = 0
"""In place of an instance id, which count from 1."""


@dataclass(frozen=True)
class PersonCrop:
    """One person of an opened picture, or the whole picture."""

    instance_id: int
    """WHOLE for the whole picture."""
    frame: CropFrame
    crop: np.ndarray
    """size, size, 3 uint8 RGB."""
    head_bbox: Box | None = None
    """[x, y, w, h] px in the picture."""
    planes: np.ndarray | None = None
    """Label planes, for a refiner that needs them."""


@dataclass(frozen=True)
class OpenPicture:
    """A picture whose people are about to be refined."""

    picture: Picture
    image: np.ndarray
    mask: np.ndarray
    people: list[PersonCrop] = field(default_factory=list)

    @property
    def is_whole(self) -> bool:
        """Whether the picture as a whole is refined, not people in it."""
        return [person.instance_id for person in self.people] == [WHOLE]


@dataclass(frozen=True)
class Inspection:
    """How refined people are checked against their labels."""

    thresholds: Thresholds = field(default_factory=Thresholds)
    features: Features = gradient_orientation
    """What the similarity compares; its threshold belongs to it."""


@dataclass(frozen=True)
class RefinementSummary:
    """What became of the people of a refined dataset."""

    refined: int
    refused: int
    not_cropped: int
    refused_by_reason: dict[str, int]
    """A person who was refused for two reasons counts under both."""
    seams: SeamSummary
    """Of the refined."""


@dataclass(frozen=True)
class PutBack:
    """A picture with its refined people."""

    image: np.ndarray
    """HWC uint8 RGB."""
    refusals: dict[int, Verdict]
    """By instance id, the people who kept their original pixels."""
    seam_ratios: dict[int, float]
    """By instance id, of the people who were put back."""


def refine_dataset(
    refiner: Refiner,
    dataset: Dataset,
    writer: DatasetWriter,
    rule: CropRule,
    batch: int,
    feather_px: float,
    inspection: Inspection | None = Inspection(),
    labels: bool = False,
) -> RefinementSummary:
    """Write every picture of the dataset that the writer does not have yet, its people refined.

    labels: whether the refiner needs label planes. inspection: None puts everybody back, whatever became of them. The
    summary counts all pictures of the writer's folder, those of an earlier run included.
    """
    finished = writer.finished_ids()
    waiting = [picture for picture in dataset if picture.id not in finished]
    with tqdm(total=len(dataset), initial=len(finished), desc="refine", unit="picture", mininterval=0.5) as bar:
        for opened in _in_batches((open_picture(dataset, picture, rule, labels) for picture in waiting), batch):
            people = [person for one in opened for person in one.people]
            planes = [person.planes for person in people if person.planes is not None]
            refined = iter(refine_crops(refiner, [person.crop for person in people], planes if labels else None, batch))
            for one in opened:
                back = put_back(one, [next(refined) for _ in one.people], feather_px, inspection)
                _write(dataset, writer, one, back)
                bar.update()
    return summarise_refinement(writer)


def open_picture(dataset: Dataset, picture: Picture, rule: CropRule, labels: bool = False) -> OpenPicture:
    """Read a picture with its mask and crop its people; people without visible pixels or anchor are left as they are."""
    subjects = rule.subjects(picture)
    if not subjects:
        return OpenPicture(picture, np.empty((0, 0, 3), np.uint8), np.empty((0, 0), np.uint16))
    image, mask, nadir_px = dataset.image(picture), dataset.mask(picture), dataset.nadir_px(picture)
    maps = PictureLabels(dataset, picture) if labels else None
    visible = set(np.unique(mask).tolist())
    people = []
    for person in subjects:
        if person is not None and person.instance_id not in visible:
            continue
        frame = rule.whole(picture) if person is None else rule.frame(person, nadir_px)
        instance_id, head = (WHOLE, None) if person is None else (person.instance_id, person.head_bbox)
        planes = None if maps is None else maps.planes(person, frame)
        people.append(PersonCrop(instance_id, frame, extract(image, frame), head, planes))
    return OpenPicture(picture, image, mask, people)


def refine_crops(
    refiner: Refiner, crops: list[np.ndarray], planes: list[np.ndarray] | None, batch: int
) -> list[np.ndarray]:
    """Translate crops (size, size, 3 uint8) in batches; the same order and type come back. planes: theirs, if needed."""
    refined: list[np.ndarray] = []
    for start in range(0, len(crops), batch):
        part = slice(start, start + batch)
        images = torch.from_numpy(np.stack(crops[part])).to(refiner.device).permute(0, 3, 1, 2)
        labels = None if planes is None else torch.from_numpy(np.stack(planes[part])).to(refiner.device)
        try:
            translated = to_crops(refiner.refine(Batch(to_images(images), labels)))
        except torch.cuda.OutOfMemoryError:
            raise PlafondError(f"the memory of {refiner.device} is too small; lower --apply-batch ({batch})") from None
        refined.extend(translated.permute(0, 2, 3, 1).cpu().numpy())
    return refined


def put_back(
    one: OpenPicture, refined: list[np.ndarray], feather_px: float, inspection: Inspection | None = None
) -> PutBack:
    """The picture with its refined people; refined: one crop for each of one.people. Without inspection all are put back."""
    if one.is_whole:
        return _put_back_whole(one.image, one.people[0], refined[0])
    refusals, crops = {}, []
    for person, crop in zip(one.people, refined, strict=True):
        verdict = None if inspection is None else _inspect(person, crop, one.mask, inspection)
        if verdict is None or verdict.kept:
            crops.append(RefinedCrop(person.instance_id, person.frame, person.crop, crop))
        else:
            refusals[person.instance_id] = verdict
    image = blend(one.image, one.mask, crops, feather_px)
    frames = {crop.instance_id: crop.frame for crop in crops}
    return PutBack(image, refusals, seam_ratios(one.image, image, one.mask, frames))


def _put_back_whole(image: np.ndarray, whole: PersonCrop, refined: np.ndarray) -> PutBack:
    everywhere = np.ones(image.shape[:2], np.float32)
    return PutBack(reinsert(image, whole.crop, refined, whole.frame, everywhere), {}, {})


def summarise_refinement(writer: DatasetWriter) -> RefinementSummary:
    """What the labels in the writer's folder say about the people of all its pictures."""
    counts: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    ratios: list[float] = []
    for path in sorted((writer.root / "labels").rglob("[!.]*.json")):
        found = read_label(path)[0].attributes.get("refinement", {})
        counts.update({name: found.get(name, 0) for name in ("refined", "refused", "not_cropped")})
        reasons.update(reason for refusal in found.get("refusals", []) for reason in refusal["reasons"])
        ratios.extend(found.get("seam_ratios", {}).values())
    by_reason = dict(sorted(reasons.items()))
    return RefinementSummary(counts["refined"], counts["refused"], counts["not_cropped"], by_reason, summarise(ratios))


def _inspect(person: PersonCrop, refined: np.ndarray, mask: np.ndarray, inspection: Inspection) -> Verdict:
    shape = extract_labels(mask, person.frame) == person.instance_id
    head = None if person.head_bbox is None else head_in_crop(person.head_bbox, person.frame)
    return inspect(person.crop, refined, shape, head, inspection.thresholds, inspection.features)


def _write(dataset: Dataset, writer: DatasetWriter, one: OpenPicture, back: PutBack) -> None:
    """Write a picture under its own name with the labels of S; one without refined people is copied as a file."""
    attributes = {**one.picture.attributes, "refinement": _record(one, back)}
    picture = one.picture.model_copy(update={"attributes": attributes})
    files = dataset.files(picture)
    if len(back.refusals) == len(one.people):
        writer.add_files(picture, files)
        return
    files.pop("file_name")
    writer.add(picture, back.image, files=files)


def _record(one: OpenPicture, back: PutBack) -> dict[str, Any]:
    """What the picture's attributes say about its people, as JSON."""
    cropped = len(one.picture.people if one.is_whole else one.people)
    return {
        "refined": cropped - len(back.refusals),
        "not_cropped": len(one.picture.people) - cropped,
        "refused": len(back.refusals),
        "refusals": [_refusal(instance_id, verdict) for instance_id, verdict in back.refusals.items()],
        "seam_ratios": {str(instance_id): round(ratio, 4) for instance_id, ratio in back.seam_ratios.items()},
    }


def _refusal(instance_id: int, verdict: Verdict) -> dict[str, Any]:
    measures = {name: getattr(verdict, name) for name in ("edge", "head", "similarity", "noise")}
    found = {name: None if value is None else round(value, 4) for name, value in measures.items()}
    return {"instance_id": instance_id, "reasons": list(verdict.reasons), **found}


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
