"""Crops of people, and of background as people would be cropped there: what the small classifier tells apart.

A background crop is the window of a person of the same dataset, at the same distance from the nadir, turned about it
to where nobody is. So neither size, sharpness nor position says which crop holds a person.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely

from annotate.crops import CropFrame, extract, person_crop, upright_crop
from annotate.dataset import Dataset, Picture
from eval.data.person_crops import Labelled
from eval.measures.matching import union_of

PERSON, BACKGROUND = 1, 0
TRIES = 60
"""Places tried for one background crop before the picture counts as full."""
ROUNDS = 4
"""Times that pictures are asked for more where others had too little room."""
CORE = 0.8
"""Share of a window's side in which nobody may be: what the person fills in a person's crop. In the margin around it
neighbours may show, as they do beside people."""
_SAME_SHARE = 0.05
"""A background window may lie outside the picture by this share more than the person's window it copies."""


@dataclass(frozen=True, eq=False)
class CropSet:
    """Crops under a name. images: (n, s, s, 3) uint8 RGB; labels: (n,) PERSON or BACKGROUND.

    pieces: the sets it was joined from, itself if none; what a network says is kept for each piece by its name.
    """

    name: str
    images: np.ndarray
    labels: np.ndarray
    joined: tuple[CropSet, ...] = ()

    def __len__(self) -> int:
        return len(self.images)

    @property
    def pieces(self) -> tuple[CropSet, ...]:
        return self.joined or (self,)


def join(name: str, sets: Sequence[CropSet]) -> CropSet:
    """Several sets as one, in their order."""
    pieces = tuple(piece for entry in sets for piece in entry.pieces)
    images = np.concatenate([piece.images for piece in pieces])
    return CropSet(name, images, np.concatenate([piece.labels for piece in pieces]), pieces)


@dataclass(frozen=True)
class Window:
    """A person's window, in units of the picture's diagonal; inside: share of it that lies in the picture."""

    radius: float
    side: float
    inside: float


def _diagonal(picture: Picture) -> float:
    return math.hypot(picture.width, picture.height)


def _share_inside(frame: CropFrame, picture: Picture) -> float:
    window = shapely.Polygon(frame.corners_px())
    return float(window.intersection(shapely.box(0, 0, picture.width, picture.height)).area / window.area)


def person_window(dataset: Dataset, picture: Picture, box: Sequence[float], size_px: int) -> tuple[CropFrame, Window]:
    """The upright crop of a person box and its window."""
    nadir = dataset.nadir_px(picture)
    frame = person_crop(None, box, nadir, size_px, anchor="person")
    radius = math.dist((box[0] + box[2] / 2, box[1] + box[3] / 2), nadir)
    side = frame.picture_px_per_crop_px * size_px
    return frame, Window(radius / _diagonal(picture), side / _diagonal(picture), _share_inside(frame, picture))


def occupied(picture: Picture) -> shapely.Geometry:
    """Where people are or may be: boxes of everybody, hidden or not, and ignore areas."""
    boxes = [person.bbox for person in picture.people]
    shapes = [shapely.box(x, y, x + w, y + h) for x, y, w, h in boxes]
    if picture.ignore_areas:
        shapes.append(union_of(picture.ignore_areas))
    return shapely.union_all(shapes)


def background_frames(
    dataset: Dataset, picture: Picture, windows: Sequence[Window], count: int, size_px: int, rng: np.random.Generator
) -> list[CropFrame]:
    """Up to count upright crops whose core meets no person box and no ignore area; fewer where there is no room.

    windows: of the dataset's people; each crop copies one, drawn by rng, at an angle drawn by rng.
    """
    taken, nadir, diagonal = occupied(picture), dataset.nadir_px(picture), _diagonal(picture)
    shapely.prepare(taken)
    frames: list[CropFrame] = []
    for _ in range(count):
        for _ in range(TRIES):
            window = windows[int(rng.integers(len(windows)))]
            angle = rng.uniform(0, 2 * math.pi)
            centre = nadir + window.radius * diagonal * np.array([math.sin(angle), -math.cos(angle)])
            frame = upright_crop(centre, nadir, window.side * diagonal, size_px, (0.5, 0.5))
            if _free(frame, window, picture, taken) and _seen(dataset, picture, centre):
                frames.append(frame)
                break
        else:
            return frames
    return frames


def _free(frame: CropFrame, window: Window, picture: Picture, taken: shapely.Geometry) -> bool:
    corners = frame.corners_px()
    if taken.intersects(shapely.Polygon(corners.mean(axis=0) + CORE * (corners - corners.mean(axis=0)))):
        return False
    return _share_inside(frame, picture) >= window.inside - _SAME_SHARE


def _seen(dataset: Dataset, picture: Picture, px: np.ndarray) -> bool:
    """True if a position (2,) lies in the picture and, where the lens is known, in what it shows."""
    if not (0 <= px[0] < picture.width and 0 <= px[1] < picture.height):
        return False
    camera = dataset.camera(picture)
    return camera is None or bool(np.isfinite(camera.lens.unproject(px[None])).all())


@dataclass(frozen=True)
class Place:
    """One crop before it is cut: where, and what it shows."""

    picture: Picture
    frame: CropFrame
    label: int


def places_in(
    dataset: Dataset,
    pictures: Sequence[Picture],
    people: Sequence[Labelled],
    windows: Sequence[Window],
    most: int,
    size_px: int,
    rng: np.random.Generator,
) -> list[Place]:
    """At most `most` crops of these pictures, as many of background as of people, in the order of the pictures.

    people: of this dataset, visible enough; those of other pictures are passed over.
    """
    own = {id(picture) for picture in pictures}
    people = [entry for entry in people if id(entry[1]) in own]
    places = [
        Place(picture, person_window(dataset, picture, person.bbox, size_px)[0], PERSON)
        for _, picture, person in people
    ]
    each = min(len(places), most // 2)
    background = _background(dataset, pictures, windows, each, size_px, rng)
    each = min(each, len(background))
    chosen = [part[index] for part in (places, background) for index in rng.permutation(len(part))[:each]]
    order = {id(picture): number for number, picture in enumerate(pictures)}
    return sorted(chosen, key=lambda place: order[id(place.picture)])


def _background(
    dataset: Dataset,
    pictures: Sequence[Picture],
    windows: Sequence[Window],
    count: int,
    size_px: int,
    rng: np.random.Generator,
) -> list[Place]:
    """At least count background crops, evenly over the pictures as far as there is room; fewer if there is not."""
    found: list[Place] = []
    open_pictures = list(pictures)
    for _ in range(ROUNDS):
        if len(found) >= count or not open_pictures:
            break
        wanted = -(-(count - len(found)) // len(open_pictures))
        frames = [background_frames(dataset, one, windows, wanted, size_px, rng) for one in open_pictures]
        found += [
            Place(one, frame, BACKGROUND) for one, own in zip(open_pictures, frames, strict=True) for frame in own
        ]
        open_pictures = [one for one, own in zip(open_pictures, frames, strict=True) if len(own) == wanted]
    return found


def cut(name: str, dataset: Dataset, places: Sequence[Place], size_px: int) -> CropSet:
    """The crops at these places; a picture is decoded once where its places follow one another."""
    images = np.zeros((len(places), size_px, size_px, 3), np.uint8)
    opened: tuple[int, np.ndarray] | None = None
    for index, place in enumerate(places):
        if opened is None or opened[0] != id(place.picture):
            opened = id(place.picture), dataset.image(place.picture)
        images[index] = extract(opened[1], place.frame)
    return CropSet(name, images, np.array([place.label for place in places], np.int64))
