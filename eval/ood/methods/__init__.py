"""The methods of the OD-test by name, in the order of the report."""

from __future__ import annotations

from collections.abc import Sequence

from annotate.errors import InputError
from eval.ood.methods.base import Method
from eval.ood.methods.binary import BinClass
from eval.ood.methods.confidence import DeepEnsemble, LogisticSVM, McDropout, Odin, PbThreshold, ScoreSVM
from eval.ood.methods.distance import BNNSVM, KNN, KNNSVM, AEThreshold, Mahalanobis
from eval.ood.methods.openmax import OpenMax

_ALL: tuple[type[Method], ...] = (
    PbThreshold, ScoreSVM, LogisticSVM, Odin, KNN, KNNSVM, BNNSVM, McDropout, DeepEnsemble, AEThreshold, OpenMax,
    BinClass, Mahalanobis,
)  # fmt: skip
METHODS: dict[str, type[Method]] = {method.name: method for method in _ALL}


def chosen_methods(names: Sequence[str]) -> list[type[Method]]:
    """The methods of these names, all for none. InputError for an unknown name or one given twice."""
    for name in names:
        if name not in METHODS:
            raise InputError(f'--methods "{name}" is unknown; known methods: {", ".join(METHODS)}')
        if list(names).count(name) > 1:
            raise InputError(f'--methods: "{name}" is given twice; name each method once')
    return [METHODS[name] for name in names or METHODS]
