"""PatchNCE: a place of the translated image should be told from the input's other places (Park et al. 2020).

v, v+ and v- of the paper are a query (a feature of the translated image), its key (the input's feature at the same
place) and the input's features at other places of the same image.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as functional
from torch import Tensor


def patch_nce(queries: Tensor, keys: Tensor, temperature: float, places: Tensor | None = None) -> Tensor:
    """Mean over all places s of -log(exp(q_s·k_s / t) / sum over s' of exp(q_s·k_s' / t)), Park et al. 2020, eq. 2.

    queries, keys: (n, k, c) of length 1; the s' are the places of the same image, s among them. places: (n, k), where
    the features were taken; a place that was drawn twice is no negative of itself. None: all are different. Keys
    get no gradient.
    """
    scores = torch.bmm(queries, keys.detach().transpose(1, 2)) / temperature
    if places is not None:
        own = torch.eye(places.shape[1], dtype=torch.bool, device=places.device)
        twice = (places[:, :, None] == places[:, None, :]) & ~own
        scores = scores.masked_fill(twice, float("-inf"))
    return -functional.log_softmax(scores, dim=2).diagonal(dim1=1, dim2=2).mean()


def layered_nce(
    queries: Sequence[Tensor], keys: Sequence[Tensor], temperature: float, places: Sequence[Tensor | None]
) -> Tensor:
    """L_PatchNCE, Park et al. 2020, eq. 3, with the mean over layers and places in place of its sums, as published code has it.

    Arguments as patch_nce's, one of each for every layer.
    """
    layers = zip(queries, keys, places, strict=True)
    return torch.stack([patch_nce(query, key, temperature, place) for query, key, place in layers]).mean()
