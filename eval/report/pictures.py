"""Galleries of a report: what a detector found in the test pictures, and its worst mistakes.

Colours: a found person's label and detection are green, a false alarm red, a missed person's label orange; ignored
people and areas are grey. A detection that found nobody is no false alarm in an ignore area or on an ignored person.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial

import cv2
import numpy as np

from annotate.boxes import box_corners, iou_matrix, rotated_box_corners, upright_box_of
from annotate.draw import IGNORE_COLOUR
from eval.data.samples import Sample
from eval.measures.mistakes import TOUCHING_IOU
from eval.measures.pairing import FALSE_ALARM, FOUND, IGNORED, as_detections, candidates, match_candidates
from eval.measures.truth import PictureTruth
from eval.report.document import CropOf, Gallery
from eval.report.image_store import fitted

Colour = tuple[int, int, int]
FOUND_COLOUR: Colour = (40, 200, 90)
FALSE_COLOUR: Colour = (235, 50, 50)
MISSED_COLOUR: Colour = (255, 160, 0)
PICTURE_PX = 800
CROP_SHOWN_PX = 160
_KIND_COLOURS = {FOUND: FOUND_COLOUR, FALSE_ALARM: FALSE_COLOUR, IGNORED: IGNORE_COLOUR}
SAME_PLACE_IOU = 0.5
"""Mistakes of one camera that overlap so much are one mistake, shown once."""


def css(colour: Colour) -> str:
    return "rgb({}, {}, {})".format(*colour)


TEST_KEY = [
    (css(FOUND_COLOUR), "found, with its score"), (css(MISSED_COLOUR), "missed"), (css(FALSE_COLOUR), "false alarm"),
    (css(IGNORE_COLOUR), "not counted"),
]  # fmt: skip


@dataclass(frozen=True)
class TestedPicture:
    """A test picture and what a detector found in it, boxes in px of the picture.

    place: pictures that share it were taken by one camera that did not move. read: gives the picture, (h, w, 3) uint8
    RGB. found: detections, (n, 5) upright or (n, 6) rotated as the truth's boxes are, score last; only those that count.
    """

    __test__ = False  # pytest takes the name for a test's

    name: str
    place: str
    read: Callable[[], np.ndarray]
    truth: PictureTruth
    found: np.ndarray


def tested_pictures(
    samples: Sequence[Sample], truths: Sequence[PictureTruth], detections: Sequence[np.ndarray], threshold: float
) -> list[TestedPicture]:
    """Samples with what is to be found and what was; detections with at least the threshold's score count.

    Pictures of one camera are one place only where they have a time: others may be of different rooms.
    """
    return [
        TestedPicture(
            name=sample.picture.file_name,
            place=_place(sample),
            read=partial(sample.dataset.image, sample.picture),
            truth=truth,
            found=as_detections(found, truth)[np.asarray(found)[:, -1] >= threshold] if len(found) else found,
        )
        for sample, truth, found in zip(samples, truths, detections, strict=True)
    ]


def _place(sample: Sample) -> str:
    dataset, picture = sample.dataset, sample.picture
    return f"{dataset.root}:{picture.camera if picture.time_s is not None else picture.file_name}"


@dataclass(frozen=True)
class Outcome:
    """How one picture's matching went (eval.measures.pairing). boxes, scores, kind: of the detections, best first, kind
    being FOUND, FALSE_ALARM or IGNORED, near: their largest overlap with a person; seen, missed: rows of the truth's boxes.
    """

    boxes: np.ndarray
    scores: np.ndarray
    kind: np.ndarray
    near: np.ndarray
    seen: np.ndarray
    missed: np.ndarray

    @property
    def text(self) -> str:
        right, false = (int((self.kind == kind).sum()) for kind in (FOUND, FALSE_ALARM))
        return f"{right} found, {len(self.missed)} missed, {_count(false, 'false alarm')}"


def outcomes_of(pictures: Sequence[TestedPicture], iou: float) -> list[Outcome]:
    """Match every picture's detections with its people."""
    found = [candidates(tested.found, tested.truth) for tested in pictures]
    outcomes = []
    for own, match in zip(found, match_candidates(found, [iou])[0], strict=True):
        seen = match.person[match.person >= 0]
        near, missed = own.overlap.max(axis=1, initial=0.0), np.setdiff1d(own.people, seen)
        outcomes.append(Outcome(own.boxes, own.scores, match.outcome, near, seen, missed))
    return outcomes


@dataclass(frozen=True)
class Mistake:
    """A false alarm or a missed person. picture: its index; box: upright or rotated, px; rank: higher is worse; repeats:
    in how many other pictures the same happens at the same place; near: a false alarm's largest overlap with a person."""

    picture: int
    box: np.ndarray
    rank: float
    repeats: int = 0
    near: float = 0.0


@dataclass
class TestGalleries:
    """What one detector found in the test pictures, as galleries. A picture is read and drawn once, however often it is shown."""

    __test__ = False

    pictures: Sequence[TestedPicture]
    iou: float
    _read: dict[int, np.ndarray] = field(default_factory=dict)
    _drawn: dict[int, np.ndarray] = field(default_factory=dict)

    @cached_property
    def outcomes(self) -> list[Outcome]:
        return outcomes_of(self.pictures, self.iou)

    def examples(self, gallery_id: str, title: str, count: int, text: str = "") -> Gallery:
        """Evenly spaced test pictures with everything drawn in."""
        shown = []
        for index in spaced(len(self.pictures), count):
            drawn, caption = self.drawn(index), self.caption(index)
            shown.append(CropOf(drawn, drawn, caption))
        return Gallery(gallery_id, title, text, pictures=shown, key=TEST_KEY)

    def false_alarms(self, gallery_id: str, title: str, count: int = 12, text: str = "") -> Gallery:
        """The false alarms with the highest scores, as crops that open their pictures."""
        mistakes = [
            Mistake(index, outcome.boxes[row], float(outcome.scores[row]), near=float(outcome.near[row]))
            for index, outcome in enumerate(self.outcomes)
            for row in np.flatnonzero(outcome.kind == FALSE_ALARM)
        ]
        return self._worst(gallery_id, title, mistakes, count, text, FALSE_COLOUR, _false_alarm_text)

    def missed_people(self, gallery_id: str, title: str, count: int = 12, text: str = "") -> Gallery:
        """The missed people with the largest visible boxes, as crops that open their pictures."""
        mistakes = [
            Mistake(index, box, float(box[2] * box[3]))
            for index, outcome in enumerate(self.outcomes)
            for box in self.pictures[index].truth.boxes[outcome.missed]
        ]
        return self._worst(gallery_id, title, mistakes, count, text, MISSED_COLOUR, _size_text)

    def drawn(self, index: int) -> np.ndarray:
        """A test picture with everything drawn in, its longer side at most PICTURE_PX."""
        if index not in self._drawn:
            self._drawn[index] = draw_outcome(self._image(index), self.outcomes[index], self.pictures[index].truth)
        return self._drawn[index]

    def caption(self, index: int) -> str:
        return f"{self.pictures[index].name}: {self.outcomes[index].text}"

    def _image(self, index: int) -> np.ndarray:
        if index not in self._read:
            self._read[index] = self.pictures[index].read()
        return self._read[index]

    def _worst(
        self, gallery_id: str, title: str, mistakes: list[Mistake], count: int, text: str, colour: Colour,
        words: Callable[[Mistake], str],
    ) -> Gallery:  # fmt: skip
        shown = []
        for worst in self._apart(mistakes, count):
            crop = close_up(self._image(worst.picture), worst.box, colour)
            caption = words(worst)
            if worst.repeats:
                caption += f"; the same place in {_count(worst.repeats, 'more picture')}"
            shown.append(CropOf(crop, self.drawn(worst.picture), caption, self.caption(worst.picture)))
        return Gallery(
            gallery_id, title, text if shown else "There are none.", crops=shown, key=TEST_KEY if shown else []
        )

    def _apart(self, mistakes: list[Mistake], count: int) -> list[Mistake]:
        """The worst ones, each place of each camera once: a chair that is taken for a person all day is one mistake."""
        by_place: dict[str, list[Mistake]] = {}
        for mistake in sorted(mistakes, key=lambda one: -one.rank):
            by_place.setdefault(self.pictures[mistake.picture].place, []).append(mistake)
        kept = [one for group in by_place.values() for one in _first_of_each_place(group, count)]
        return sorted(kept, key=lambda one: -one.rank)[:count]


def _first_of_each_place(mistakes: Sequence[Mistake], count: int) -> list[Mistake]:
    """The worst count places of mistakes that one camera saw, worst first; each with the number of other pictures."""
    boxes = np.array([upright(one.box) for one in mistakes]).reshape(-1, 4)
    left = np.ones(len(mistakes), dtype=bool)
    kept: list[Mistake] = []
    while left.any() and len(kept) < count:
        first = int(left.argmax())
        same = left & (iou_matrix(boxes[first][None], boxes)[0] >= SAME_PLACE_IOU)
        same[first] = True
        worst = mistakes[first]
        others = {mistakes[row].picture for row in np.flatnonzero(same)} - {worst.picture}
        kept.append(replace(worst, repeats=len(others)))
        left &= ~same
    return kept


def _false_alarm_text(worst: Mistake) -> str:
    what = f"overlaps a person by {worst.near:.2f}" if worst.near >= TOUCHING_IOU else "nobody"
    return f"score {worst.rank:.2f}, {what}"


def _size_text(worst: Mistake) -> str:
    w, h = worst.box[2:4]
    return f"{w:.0f} × {h:.0f} px"


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def spaced(total: int, count: int) -> list[int]:
    """At most count indices, evenly spaced over total."""
    return np.unique(np.linspace(0, total - 1, min(count, total)).round().astype(int)).tolist() if total else []


def upright(box: np.ndarray) -> np.ndarray:
    """(4,) the upright box [x, y, w, h] around an upright (4,) or rotated (5,) one."""
    return np.asarray(box if len(box) == 4 else upright_box_of(_corners(box)))


def _corners(box: np.ndarray) -> np.ndarray:
    """(4, 2) corners of an upright (4,) or rotated (5,) box."""
    return box_corners(box) if len(box) == 4 else np.asarray(rotated_box_corners([box])[0])


def close_up(image: np.ndarray, box: np.ndarray, colour: Colour) -> np.ndarray:
    """A square (CROP_SHOWN_PX, CROP_SHOWN_PX, 3) around a box, twice as large as it, with the box drawn in."""
    around = upright(box)
    side = max(2.0 * float(max(around[2:])), 32.0)
    scale = CROP_SHOWN_PX / side
    corner = around[:2] + around[2:] / 2 - side / 2
    # Pixel centres are at +0.5: the warp counts them at +0.
    shift = -corner * scale + 0.5 * scale - 0.5
    move = np.array([[scale, 0.0, shift[0]], [0.0, scale, shift[1]]])
    if scale < 1:  # sharpness that the crop cannot hold would become false patterns
        image, move = _smaller_first(image, move, corner, side)
    crop = cv2.warpAffine(image, move, (CROP_SHOWN_PX, CROP_SHOWN_PX), flags=cv2.INTER_LINEAR)
    _outline(crop, (_corners(box) - corner) * scale, colour, 2)
    return crop


def _smaller_first(
    image: np.ndarray, move: np.ndarray, corner: np.ndarray, side: float
) -> tuple[np.ndarray, np.ndarray]:
    """The part of an image that a close-up needs, averaged down to about its size, and the warp that is left."""
    low = np.floor(np.maximum(corner, 0)).astype(int)
    high = np.minimum(np.ceil(corner + side), [image.shape[1], image.shape[0]]).astype(int)
    part = image[low[1] : high[1], low[0] : high[0]]
    scale = move[0, 0]
    size = max(1, round(part.shape[1] * scale)), max(1, round(part.shape[0] * scale))
    shrunk = cv2.resize(part, size, interpolation=cv2.INTER_AREA)
    return shrunk, np.column_stack([np.eye(2), (low - corner) * scale])


def draw_outcome(image: np.ndarray, outcome: Outcome, truth: PictureTruth) -> np.ndarray:
    """The picture, its longer side at most PICTURE_PX, with labels and detections in the colours of this module.

    Detections and missed people are thick, other labels thin; detections have their scores.
    """
    drawn = np.ascontiguousarray(fitted(image, PICTURE_PX)).copy()
    scale = max(drawn.shape[:2]) / max(image.shape[:2])
    for area in truth.areas:
        _outline(drawn, np.asarray(area) * scale, IGNORE_COLOUR, 1)
    for box in truth.ignored:
        _outline(drawn, _corners(box) * scale, IGNORE_COLOUR, 1)
    for row, box in enumerate(truth.boxes):
        colour = FOUND_COLOUR if row in outcome.seen else MISSED_COLOUR if row in outcome.missed else IGNORE_COLOUR
        _outline(drawn, _corners(box) * scale, colour, 2 if row in outcome.missed else 1)
    for box, score, kind in zip(outcome.boxes, outcome.scores, outcome.kind, strict=True):
        _outline(drawn, _corners(box) * scale, _KIND_COLOURS[int(kind)], 2)
        _score(drawn, upright(box) * scale, score, _KIND_COLOURS[int(kind)])
    return drawn


def _outline(image: np.ndarray, corners_px: np.ndarray, colour: Colour, thickness: int) -> None:
    cv2.polylines(image, [np.floor(corners_px).astype(np.int32)], True, colour, thickness, cv2.LINE_AA)


def _score(image: np.ndarray, box: np.ndarray, score: float, colour: Colour) -> None:
    place = int(box[0]) + 2, max(10, int(box[1]) - 3)
    cv2.putText(image, f"{score:.2f}", place, cv2.FONT_HERSHEY_SIMPLEX, 0.4, (0, 0, 0), 3, cv2.LINE_AA)
    cv2.putText(image, f"{score:.2f}", place, cv2.FONT_HERSHEY_SIMPLEX, 0.4, colour, 1, cv2.LINE_AA)
