"""The report's pictures: detections drawn on test pictures, labelled training pictures, crops side by side.

Colours: a found person's label and detection are green, a false alarm red, a missed person's label orange.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from annotate.boxes import iou_matrix
from annotate.dataset import Dataset, Picture
from annotate.draw import draw_labels
from annotate.files import write_image
from eval.data.person_crops import Labelled, crop_of, labelled_people
from eval.data.samples import Sample
from eval.data.training_sets import Pair, TrainingSet
from eval.measures.matching import INSIDE_AREA, share_inside
from eval.results import Evaluation

FOUND_COLOUR = (40, 200, 90)
FALSE_COLOUR = (235, 50, 50)
MISSED_COLOUR = (255, 160, 0)
PICTURE_PX = 720
CROP_SHOWN_PX = 160


@dataclass(frozen=True)
class Shown:
    """One picture of the report. src: relative to index.html; caption and alt are plain text."""

    src: str
    alt: str
    width: int
    height: int
    caption: str = ""


@dataclass(frozen=True)
class PairShown:
    """A refined dataset beside its synthetic one: whole pictures and crops, synthetic first in each couple."""

    refined: str
    synthetic: str
    pictures: list[tuple[Shown, Shown]]
    crops: list[tuple[Shown, Shown]]


@dataclass
class ReportPictures:
    """Writes pictures below a folder and remembers what the page shows. Pictures of an earlier report are removed."""

    folder: Path
    tests: dict[str, list[Shown]] = field(default_factory=dict)
    trainings: dict[str, list[Shown]] = field(default_factory=dict)
    pairs: list[PairShown] = field(default_factory=list)
    real: list[Shown] = field(default_factory=list)

    def __post_init__(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def _save(self, name: str, image: np.ndarray, alt: str, caption: str = "") -> Shown:
        path = self.folder / f"{name}.jpg"
        write_image(path, image, jpeg_quality=88)
        return Shown(f"{self.folder.name}/{path.name}", alt, image.shape[1], image.shape[0], caption)

    def test_examples(
        self, evaluation: Evaluation, detections: dict[str, list[np.ndarray]], test: Sequence[Sample], count: int,
        iou: float,
    ) -> None:  # fmt: skip
        """The same evenly spaced test pictures for each training set, with what its first run found."""
        chosen = _spaced(len(test), count)
        images = {index: test[index].dataset.image(test[index].picture) for index in chosen}
        for row, result in enumerate(evaluation.sets):
            shown = []
            for index in chosen:
                found = detections[result.name][index]
                found = found[found[:, 4] >= result.runs[0].threshold]
                drawn, facts = draw_detections(images[index], test[index], found, iou)
                name = test[index].picture.stem.replace("/", "-")
                text = f"{result.name} on {test[index].picture.file_name}"
                shown.append(self._save(f"test-{row}-{name}", drawn, text, f"{test[index].picture.file_name}: {facts}"))
            self.tests[result.name] = shown

    def training_examples(self, sets: Sequence[TrainingSet], count: int = 3) -> None:
        """Some pictures of each training set with their labels."""
        for row, entry in enumerate(sets):
            pictures = [(dataset, picture) for dataset in entry.datasets for picture in dataset]
            shown = []
            for index in _spaced(len(pictures), count):
                dataset, picture = pictures[index]
                drawn = fitted(draw_labels(dataset.image(picture), picture, keypoints=False), PICTURE_PX)
                alt = f"{picture.file_name} of {entry.name} with labels"
                shown.append(
                    self._save(f"train-{row}-{index}", drawn, alt, f"{picture.file_name}: {len(picture.people)} people")
                )
            self.trainings[entry.name] = shown

    def side_by_side(self, pairs: Sequence[Pair], crop_px: int, pictures: int = 2, crops: int = 8) -> None:
        """Synthetic and refined pictures and crops of the same people next to each other."""
        for number, pair in enumerate(pairs):
            couples = _couples(pair)
            whole = [
                self._couple(f"pair-{number}-{index}", pair, [
                    fitted(draw_labels(dataset.image(picture), picture, masks=False, keypoints=False), PICTURE_PX)
                    for dataset, picture in couples[index]
                ], couples[index][0][1].file_name)
                for index in _spaced(len(couples), pictures)
            ]  # fmt: skip
            people = _same_people(couples)
            close = [
                self._couple(f"crop-{number}-{index}", pair, [
                    _enlarged(crop_of(*labelled, labelled[0].image(labelled[1]), crop_px)) for labelled in people[index]
                ], "")
                for index in _spaced(len(people), crops)
            ]  # fmt: skip
            self.pairs.append(PairShown(pair.refined_name, pair.synthetic_name, whole, close))

    def _couple(self, name: str, pair: Pair, images: list[np.ndarray], caption: str) -> tuple[Shown, Shown]:
        before = self._save(f"{name}-a", images[0], f"{pair.synthetic_name} {caption}".strip(), caption)
        after = self._save(f"{name}-b", images[1], f"{pair.refined_name} {caption}".strip(), caption)
        return before, after

    def real_crops(self, test: Dataset, crop_px: int, count: int = 8) -> None:
        """Crops of people in the test set, to hold the others against."""
        people = labelled_people([test], "person", 0.5)
        for index in _spaced(len(people), count):
            dataset, picture, person = people[index]
            crop = _enlarged(crop_of(dataset, picture, person, dataset.image(picture), crop_px))
            self.real.append(self._save(f"testcrop-{index}", crop, f"a person of the test set, {picture.file_name}"))


def _spaced(total: int, count: int) -> list[int]:
    """At most count indices, evenly spaced over total."""
    return np.unique(np.linspace(0, total - 1, min(count, total)).round().astype(int)).tolist() if total else []


def _couples(pair: Pair) -> list[tuple[tuple[Dataset, Picture], tuple[Dataset, Picture]]]:
    """(synthetic, refined) pictures of the same file name, whatever their suffix."""
    refined = {picture.stem: picture for picture in pair.refined}
    return [
        ((pair.synthetic, picture), (pair.refined, refined[picture.stem]))
        for picture in pair.synthetic
        if picture.stem in refined and picture.people
    ]


def _same_people(
    couples: Sequence[tuple[tuple[Dataset, Picture], tuple[Dataset, Picture]]],
) -> list[tuple[Labelled, Labelled]]:
    """People who are in both pictures of a couple, by instance id, if at least half of them is visible."""
    both = []
    for (synthetic, before), (refined, after) in couples:
        there = {person.instance_id for person in after.people}
        for dataset, picture, person in labelled_people(
            [Dataset(synthetic.root, synthetic.info, [before])], "person", 0.5
        ):
            if person.instance_id in there:
                both.append(((dataset, picture, person), (refined, after, person)))
    return both


def fitted(image: np.ndarray, longest_px: int) -> np.ndarray:
    """The image with its longer side at most longest_px."""
    scale = longest_px / max(image.shape[:2])
    if scale >= 1:
        return image
    size = max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA)


def _enlarged(crop: np.ndarray) -> np.ndarray:
    larger = crop.shape[0] < CROP_SHOWN_PX
    interpolation = cv2.INTER_CUBIC if larger else cv2.INTER_AREA
    return cv2.resize(crop, (CROP_SHOWN_PX, CROP_SHOWN_PX), interpolation=interpolation)


def draw_detections(image: np.ndarray, sample: Sample, found: np.ndarray, iou: float) -> tuple[np.ndarray, str]:
    """The picture with labels and detections (n, 5; best first) in the colours above, and its counts in words."""
    people = sample.letterbox.boxes_to_picture(sample.boxes)
    people = people[share_inside(people, sample.picture.ignore_areas) < INSIDE_AREA]
    overlap = iou_matrix(found[:, :4], people)
    partner = np.full(len(found), -1)
    for row in range(len(found)):
        if len(people) and overlap[row].max() >= iou:
            partner[row] = overlap[row].argmax()
            overlap[:, partner[row]] = -1.0
    scale = min(1.0, PICTURE_PX / max(image.shape[:2]))
    drawn = np.ascontiguousarray(fitted(image, PICTURE_PX)).copy()
    free = share_inside(found[:, :4], sample.picture.ignore_areas) >= INSIDE_AREA
    for index, box in enumerate(people):
        _rectangle(drawn, box * scale, FOUND_COLOUR if index in partner else MISSED_COLOUR, 1)
    for index, (*box, score) in enumerate(found):
        if partner[index] >= 0 or not free[index]:
            colour = FOUND_COLOUR if partner[index] >= 0 else FALSE_COLOUR
            _rectangle(drawn, np.array(box) * scale, colour, 2)
            _score(drawn, np.array(box) * scale, score, colour)
    right = int((partner >= 0).sum())
    false = int(((partner < 0) & ~free).sum())
    return drawn, f"{right} found, {len(people) - right} missed, {false} false"


def _rectangle(image: np.ndarray, box: np.ndarray, colour: tuple[int, int, int], thickness: int) -> None:
    x, y, w, h = np.floor(box).astype(int).tolist()
    cv2.rectangle(image, (x, y), (x + w, y + h), colour, thickness, cv2.LINE_AA)


def _score(image: np.ndarray, box: np.ndarray, score: float, colour: tuple[int, int, int]) -> None:
    place = int(box[0]) + 2, max(10, int(box[1]) - 3)
    cv2.putText(image, f"{score:.2f}", place, cv2.FONT_HERSHEY_SIMPLEX, 0.36, (0, 0, 0), 3, cv2.LINE_AA)
    cv2.putText(image, f"{score:.2f}", place, cv2.FONT_HERSHEY_SIMPLEX, 0.36, colour, 1, cv2.LINE_AA)
