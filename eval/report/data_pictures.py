"""Galleries of what is in the datasets: training pictures with labels, before and after refining, people of the test set."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from annotate.dataset import Dataset, Picture
from annotate.draw import HEAD_COLOUR, MASK_COLOUR, PERSON_COLOUR, draw_labels
from eval.data.person_crops import Labelled, crop_of, labelled_people
from eval.data.training_sets import Pair
from eval.report.document import CropOf, Gallery, PicturePair
from eval.report.image_store import fitted
from eval.report.pictures import CROP_SHOWN_PX, PICTURE_PX, css, spaced

PAIR_PX = 640
LABEL_KEY = [(css(PERSON_COLOUR), "person"), (css(HEAD_COLOUR), "head"), (css(MASK_COLOUR), "outline of the mask")]


def training_gallery(
    gallery_id: str, title: str, datasets: Sequence[Dataset], count: int = 3, text: str = ""
) -> Gallery:
    """Some pictures of a training set with their labels."""
    pictures = [(dataset, picture) for dataset in datasets for picture in dataset]
    shown = []
    for index in spaced(len(pictures), count):
        dataset, picture = pictures[index]
        drawn = _labelled_picture(dataset, picture)
        shown.append(CropOf(drawn, drawn, f"{picture.file_name}: {len(picture.shown_people)} people"))
    return Gallery(gallery_id, title, text, pictures=shown, key=LABEL_KEY)


def refined_people(gallery_id: str, title: str, pair: Pair, crop_px: int, count: int = 8, text: str = "") -> Gallery:
    """Upright crops of the same people before and after refining, for the slider.

    People of whom at least half is visible in both, by instance id.
    """
    both = _same_people(_couples(pair))
    shown = []
    for index in spaced(len(both), count):
        before, after = [_enlarged(_crop(one, crop_px)) for one in both[index]]
        shown.append(PicturePair(before, after, pair.synthetic_name, pair.refined_name))
    return Gallery(gallery_id, title, text, pairs=shown)


def refined_pictures(gallery_id: str, title: str, pair: Pair, count: int = 2, text: str = "") -> Gallery:
    """Whole pictures before and after refining, without labels, for the slider."""
    couples = _couples(pair)
    shown = []
    for index in spaced(len(couples), count):
        before, after = [fitted(dataset.image(picture), PAIR_PX) for dataset, picture in couples[index]]
        if before.shape == after.shape:
            name = couples[index][0][1].file_name
            shown.append(PicturePair(before, after, pair.synthetic_name, pair.refined_name, name))
    return Gallery(gallery_id, title, text, pairs=shown)


def people_gallery(
    gallery_id: str, title: str, datasets: Sequence[Dataset], crop_px: int, count: int = 8, text: str = ""
) -> Gallery:
    """Upright crops of people that open their pictures with all labels, to hold refined people against."""
    people = labelled_people(datasets, "person", 0.5)
    drawn: dict[int, np.ndarray] = {}
    shown = []
    for index in spaced(len(people), count):
        dataset, picture, _ = people[index]
        if id(picture) not in drawn:
            drawn[id(picture)] = _labelled_picture(dataset, picture)
        shown.append(CropOf(_enlarged(_crop(people[index], crop_px)), drawn[id(picture)], "", picture.file_name))
    return Gallery(gallery_id, title, text, crops=shown)


def _labelled_picture(dataset: Dataset, picture: Picture) -> np.ndarray:
    return fitted(draw_labels(dataset.image(picture), picture, keypoints=False), PICTURE_PX)


def _crop(labelled: Labelled, crop_px: int) -> np.ndarray:
    dataset, picture, _ = labelled
    return crop_of(*labelled, dataset.image(picture), crop_px)


def _enlarged(crop: np.ndarray) -> np.ndarray:
    larger = crop.shape[0] < CROP_SHOWN_PX
    interpolation = cv2.INTER_CUBIC if larger else cv2.INTER_AREA
    return cv2.resize(crop, (CROP_SHOWN_PX, CROP_SHOWN_PX), interpolation=interpolation)


def _couples(pair: Pair) -> list[tuple[tuple[Dataset, Picture], tuple[Dataset, Picture]]]:
    """(synthetic, refined) pictures of the same file name, whatever their suffix, with people in them."""
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
        for labelled in labelled_people([Dataset(synthetic.root, synthetic.info, [before])], "person", 0.5):
            if labelled[2].instance_id in there:
                # The same frame in both: the label before refining says where the person is.
                both.append((labelled, (refined, after, labelled[2])))
    return both
