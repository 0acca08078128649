"""One picture under examination: its entry, its camera, and how faults of it name their place."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from annotate.camera import Camera
from annotate.checks.entries import Entry
from annotate.checks.faults import Fault, fault
from annotate.checks.folder import Info
from annotate.dataset_model import FILE_FOLDERS, Person, Picture


@dataclass(frozen=True)
class Subject:
    """A picture of the dataset at root."""

    root: Path
    info: Info
    entry: Entry

    @property
    def picture(self) -> Picture:
        return self.entry.picture

    @property
    def camera(self) -> Camera | None:
        """The picture's camera, if it names one that is known and of its size."""
        camera = (self.info.cameras or {}).get(self.picture.camera or "")
        fits = camera is not None and self.size == (camera.lens.width_px, camera.lens.height_px)
        return camera if fits else None

    @property
    def size(self) -> tuple[int, int]:
        return self.picture.width, self.picture.height

    @property
    def size_text(self) -> str:
        return f"{self.picture.width} x {self.picture.height} px"

    def file(self, field: str) -> str | None:
        """Path inside the dataset of the file that a field of the picture names (FILE_FOLDERS)."""
        name = getattr(self.picture, field)
        return None if name is None else f"{FILE_FOLDERS[field]}/{name}"

    def fault(
        self, kind: str, field: str, found: str, expected: str, person: Person | None = None, file: str | None = None
    ) -> Fault:
        """A fault of a field of the picture or of a person in it; file: where it shows, if not where the entry stands."""
        place = self.entry.field if person is None else self.entry.person_fields[person.instance_id]
        whole = f"{place}.{field}" if field else place
        number = None if person is None else person.instance_id
        return fault(kind, file or self.entry.file, whole, found, expected, self.picture.file_name, number)
