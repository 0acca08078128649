"""BinClass: the source against the validation set, learned directly. What it knows of outsiders is that one set."""

from __future__ import annotations

from typing import Any

import numpy as np

from eval.ood.crops import CropSet
from eval.ood.methods.base import Method


class BinClass(Method):
    """A network trained on source (train and val) against the validation set (dissertation, appendix A.2).

    It is near perfect at telling these two, and the dissertation's example of a method that does not carry over.
    """

    name, title = "bin-class", "BinClass"
    paper = "Shafaei 2020"

    def calibrate(self, inside: CropSet, outside: CropSet, outside_facts: Any) -> None:
        self._network = self.models.against(outside, outside_facts)
        self._outputs = f"against {outside.name}"
        self.threshold = 0.0

    def score(self, crops: CropSet) -> np.ndarray:
        return self.models.outputs(self._outputs, crops, self._network)[:, 0]
