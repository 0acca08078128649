"""The memory of translated images that discriminators are trained on (thesis section 2.7, "minibatch discrimination").

The name is the thesis's; what Shrivastava et al. 2017 and CycleGAN have is a buffer of past images: a discriminator
that sees them too does not forget faults that the generator made before.

What is kept and handed out is decided beforehand, on the host, from the random generator alone (`draw`); the exchange
itself is a fixed sequence of operations on the device and waits for nothing.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor


class ImagePool:
    """Keeps up to `capacity` images on their device and hands out, for each new one, itself or an older one."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.count = 0
        self._images: Tensor | None = None

    def draw(self, count: int, rng: np.random.Generator) -> dict[str, Tensor]:
        """Decide what becomes of the next `count` images: their place, whether they are kept, what is handed out.

        While the pool fills, the new image is kept and comes back. Once it is full, half of the time the new image
        comes back and half of the time it takes the place of a random older one, which comes back instead.
        """
        if self.capacity == 0:
            return {}
        new = min(count, self.capacity - self.count)
        places = np.concatenate([np.arange(self.count, self.count + new), self._older_places(count - new, new, rng)])
        full = np.arange(count) >= new
        swapped = full & (rng.random(count) >= 0.5)
        self.count += new
        return {
            "place": torch.from_numpy(places.astype(np.int64)),
            "keep": torch.from_numpy(swapped | ~full),
            "older": torch.from_numpy(swapped),
        }

    def _older_places(self, count: int, new: int, rng: np.random.Generator) -> np.ndarray:
        """Different places for the images of one step: what one of them puts there cannot come back for another."""
        if count > self.capacity - new:
            raise ValueError(f"a pool of {self.capacity} images cannot exchange {count + new} at once")
        free = np.r_[0 : self.count, self.count + new : self.capacity]
        return rng.choice(free, count, replace=False) if count else np.empty(0, np.int64)

    def exchange(self, images: Tensor, drawn: dict[str, Tensor]) -> Tensor:
        """Give new images (n, c, h, w) and get as many back, detached, as `draw` decided (tensors on the device)."""
        images = images.detach()
        if self.capacity == 0:
            return images
        if self._images is None:
            self._images = images.new_zeros((self.capacity, *images.shape[1:]))
        kept = self._images[drawn["place"]]
        keep, older = (drawn[name].view(-1, 1, 1, 1) for name in ("keep", "older"))
        self._images[drawn["place"]] = torch.where(keep, images, kept)
        return torch.where(older, kept, images)

    def clear(self) -> None:
        """Forget all images; the next ones fill the pool anew."""
        self.count = 0

    def state(self) -> dict[str, Any]:
        """What a checkpoint keeps: the images and their number."""
        images = None if self._images is None else self._images[: self.count].clone()
        return {"capacity": self.capacity, "images": images}

    def load_state(self, state: dict[str, Any], device: torch.device) -> None:
        images = state["images"]
        self.capacity, self.count, self._images = state["capacity"], 0, None
        if images is not None:
            self.count = len(images)
            self._images = torch.zeros((self.capacity, *images.shape[1:]), dtype=images.dtype, device=device)
            self._images[: self.count] = images.to(device)
