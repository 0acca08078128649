"""The memory of translated images that discriminators are trained on (thesis section 2.7, "minibatch discrimination").

The name is the thesis's; what Shrivastava et al. 2017 and CycleGAN have is a buffer of past images: a discriminator
that sees them too does not forget faults that the generator made before.
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

    def exchange(self, images: Tensor, rng: np.random.Generator) -> Tensor:
        """Give new images (n, c, h, w) and get as many back, detached.

        While the pool fills, the new image comes back. Once it is full, half of the time the new image comes back
        and half of the time it takes the place of a random older one, which comes back instead.
        """
        images = images.detach()
        if self.capacity == 0:
            return images
        if self._images is None:
            self._images = images.new_zeros((self.capacity, *images.shape[1:]))
        return torch.stack([self._exchange_one(image, self._images, rng) for image in images])

    def _exchange_one(self, image: Tensor, kept: Tensor, rng: np.random.Generator) -> Tensor:
        if self.count < self.capacity:
            kept[self.count] = image
            self.count += 1
            return image
        if rng.random() < 0.5:
            return image
        place = int(rng.integers(self.capacity))
        older = kept[place].clone()
        kept[place] = image
        return older

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
