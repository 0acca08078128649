"""Pictures inside the page: JPEG as text, each stored once however often it is shown."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass, field

import cv2
import numpy as np

LONGEST_PX = 1600
JPEG_QUALITY = 80


@dataclass(frozen=True)
class StoredImage:
    """One JPEG of the page. key: its name there; width, height: px."""

    key: str
    data_uri: str
    width: int
    height: int


@dataclass
class ImageStore:
    """Turns arrays into JPEGs. Give the same array twice, or an equal one, and the same StoredImage comes back."""

    images: list[StoredImage] = field(default_factory=list)
    _by_array: dict[int, tuple[np.ndarray, StoredImage]] = field(default_factory=dict)
    _by_data: dict[str, StoredImage] = field(default_factory=dict)
    _inline: set[str] = field(default_factory=set)

    def add(self, image: np.ndarray) -> StoredImage:
        """image: (h, w, 3) or (h, w) uint8 RGB; larger than LONGEST_PX it is shrunk."""
        known = self._by_array.get(id(image))
        if known is not None:
            return known[1]
        small = fitted(image, LONGEST_PX)
        data_uri = jpeg_uri(jpeg(small))
        stored = self._by_data.get(data_uri)
        if stored is None:
            stored = StoredImage(f"picture-{len(self.images)}", data_uri, small.shape[1], small.shape[0])
            self.images.append(stored)
            self._by_data[data_uri] = stored
        # The array is kept so that no other one can get its id.
        self._by_array[id(image)] = image, stored
        return stored

    def first_use(self, stored: StoredImage) -> bool:
        """True once for each picture: the place in the page that holds its data; other places borrow it from there."""
        first = stored.key not in self._inline
        self._inline.add(stored.key)
        return first

    def not_inline(self) -> Iterable[StoredImage]:
        """Pictures that no place in the page holds: seen only when something opens them."""
        return [stored for stored in self.images if stored.key not in self._inline]


def fitted(image: np.ndarray, longest_px: int) -> np.ndarray:
    """The image with its longer side at most longest_px; the image itself if it fits."""
    scale = longest_px / max(image.shape[:2])
    if scale >= 1:
        return image
    size = max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA)


def jpeg(image: np.ndarray, quality: int = JPEG_QUALITY) -> bytes:
    """(h, w, 3) or (h, w) uint8 RGB as a JPEG file."""
    bgr = cv2.cvtColor(image, cv2.COLOR_RGB2BGR) if image.ndim == 3 else image
    done, encoded = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise ValueError(f"an array of shape {image.shape} and type {image.dtype} cannot be a JPEG")
    return encoded.tobytes()


def jpeg_uri(data: bytes) -> str:
    """A JPEG file as an address that holds it."""
    return "data:image/jpeg;base64," + base64.b64encode(data).decode("ascii")
