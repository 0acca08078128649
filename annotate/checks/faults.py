"""A fault of a dataset: which file and field, what was found, what was expected, what to do.

KINDS lists every kind of fault that a check can find.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple


class FaultKind(NamedTuple):
    """meaning: what is wrong. remedy: what to do about it."""

    meaning: str
    remedy: str


_AGAIN = "copy it again from where it came, or run the command that made the dataset once more"
_LABEL = "correct the label, here and in labels/"
_REMAKE = "correct the labels, or make the dataset anew"

KINDS: dict[str, FaultKind] = {
    "dataset_json_missing": FaultKind("no dataset.json", "name a dataset folder; `convert` makes one from pictures"),
    "dataset_json_broken": FaultKind("dataset.json is cut, or a field of it does not fit", _AGAIN),
    "newer_schema": FaultKind("dataset.json was written by a newer plafond", "use a newer plafond"),
    "unfinished": FaultKind("no annotations.json", "run the command that makes the dataset once more; it goes on"),
    "annotations_broken": FaultKind("annotations.json is cut or no COCO document", _AGAIN),
    "bad_field": FaultKind("a field of a picture or person has a value that does not fit", _LABEL),
    "outside_path": FaultKind(
        "a file name leaves its folder, or is hidden", "give the file a plain name in its folder"
    ),
    "repeated_id": FaultKind("two pictures have one id", "give every picture an id of its own"),
    "repeated_name": FaultKind("two pictures share a file name (without suffix)", "rename one, and its files"),
    "unknown_image": FaultKind("a label belongs to no picture", "correct image_id, or remove the label"),
    "repeated_instance": FaultKind("two people of a picture share an instance_id", "give each its value in the mask"),
    "picture_missing": FaultKind("a picture file is not there", _AGAIN),
    "picture_damaged": FaultKind("a picture file breaks off or does not decode", _AGAIN),
    "picture_size": FaultKind("a picture file has another size than its entry says", "correct width and height"),
    "empty_box": FaultKind("a box has no extent, or sides that are no numbers", _LABEL),
    "box_outside": FaultKind("a box leaves the picture", _LABEL),
    "head_outside": FaultKind("a head box leaves its person's box", _LABEL),
    "rotated_box": FaultKind("a rotated box breaks its convention or lies far from the upright one", _LABEL),
    "keypoints": FaultKind("keypoints: number, visibility, place or count does not fit", _LABEL),
    "visible_fraction": FaultKind("visible_fraction contradicts the boxes or the area", _LABEL),
    "whole_box": FaultKind("the whole person's box does not hold the visible person's", _LABEL),
    "position": FaultKind("a position in metres does not project to where the person is", "check camera and label"),
    "ignore_area": FaultKind("an ignore area is no polygon, or lies outside the picture", "draw the area again"),
    "crowd": FaultKind("iscrowd and hidden disagree", "set both alike: 1 and true, or 0 and false"),
    "camera": FaultKind(
        "a picture names a camera that dataset.json does not have", "add the camera, or correct its name"
    ),
    "lens": FaultKind("a lens is not one-to-one, or of another size than its picture", "check the camera's lens"),
    "mask_missing": FaultKind("a mask file is not there", _AGAIN),
    "mask_damaged": FaultKind("a mask breaks off or is no single-channel PNG", _AGAIN),
    "mask_size": FaultKind("a mask has another size than its picture", _AGAIN),
    "no_pixel": FaultKind("a person that is not hidden has no pixel in the mask", "remove the label or mark it hidden"),
    "nobodys_pixels": FaultKind("pixels of the mask belong to nobody", "label the person, or set the pixels to 0"),
    "mask_box": FaultKind("a person's box is not that of its pixels", _REMAKE),
    "segmentation": FaultKind("a segmentation does not decode, or is not the mask", _REMAKE),
    "area": FaultKind("area is not the number of the person's pixels", _REMAKE),
    "dense_missing": FaultKind("a file of depth, normals or classes is not there", _AGAIN),
    "dense_damaged": FaultKind("a dense map breaks off or is of another kind", _AGAIN),
    "dense_size": FaultKind("a dense map has another size than its picture", _AGAIN),
    "depth": FaultKind("pixels of a person have no depth", "render depth and mask of one scene together"),
    "normals": FaultKind("normals are not of length 1, or missing on a person", "render the normals again"),
    "classes": FaultKind("a class map holds a number without a name", "name it under classes in dataset.json"),
    "labels_differ": FaultKind("labels/ and annotations.json say different things", "correct one by the other"),
    "labels_missing": FaultKind("a picture has no readable label file", "run the command that made it once more"),
    "changed_file": FaultKind(
        "a file is not the one that manifest.jsonl recorded", "copy it again, or see who changed it"
    ),
    "manifest_line": FaultKind("manifest.jsonl is missing, or a line of it is cut", _AGAIN),
    "manifest_picture": FaultKind("manifest.jsonl and annotations.json list different pictures", _AGAIN),
    "stray_file": FaultKind("a file that no entry names", "move it away, or label it"),
    "nested_dataset": FaultKind("a dataset inside another", "move one out of the other"),
}
"""Every kind of fault by name."""


@dataclass(frozen=True)
class Fault:
    """One fault; str() gives one line."""

    kind: str
    """A name of KINDS."""
    file: str
    """Path inside the dataset folder."""
    field: str
    """Entry and field of that file, or of annotations.json where the file holds pixels; "" for the file as a whole."""
    found: str
    expected: str
    remedy: str
    picture: str | None = None
    """file_name of the picture."""
    person: int | None = None
    """instance_id of the person."""

    def __str__(self) -> str:
        who = ", ".join(
            [*([f"person {self.person}"] if self.person is not None else []), *([self.picture] if self.picture else [])]
        )
        place = ": ".join(part for part in (self.file, f"{self.field} ({who})" if who else self.field) if part)
        return f"{place}: found {self.found}, expected {self.expected}; {self.remedy}"


def fault(
    kind: str,
    file: str,
    field: str,
    found: str,
    expected: str,
    picture: str | None = None,
    person: int | None = None,
) -> Fault:
    """A fault with the remedy of its kind."""
    return Fault(kind, file, field, found, expected, KINDS[kind].remedy, picture, person)


@dataclass(frozen=True)
class Report:
    """What a check looked at and every fault that it found."""

    root: Path
    quick: bool
    pictures: int
    people: int
    faults: list[Fault]

    @property
    def counts(self) -> dict[str, int]:
        """Number of faults by kind, in the order of KINDS."""
        found = Counter(one.kind for one in self.faults)
        return {kind: found[kind] for kind in KINDS if found[kind]}

    def lines(self, most: int) -> Iterator[str]:
        """The faults, kind by kind, at most so many of each kind."""
        for kind, count in self.counts.items():
            same = [one for one in self.faults if one.kind == kind]
            yield from map(str, same[:most])
            if count > most:
                yield f"... and {count - most} more like it: {KINDS[kind].meaning}"

    def as_json(self) -> dict[str, Any]:
        """The whole report, all faults, as one JSON object."""
        return {
            "dataset": str(self.root), "quick": self.quick, "pictures": self.pictures, "people": self.people,
            "counts": self.counts, "faults": [asdict(one) for one in self.faults],
        }  # fmt: skip
