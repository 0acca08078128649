"""Makes `import torchvision` work beside a torch that its compiled operators were not built for.

torchvision's wheel is built for CUDA; with the CPU build of torch its library cannot load, and the import itself
fails ("operator torchvision::nms does not exist"). Import this module before torchvision. It acts ONLY when that
library cannot load: it declares the two operators that the import asks for and gives `nms` a plain torch body.
Everything of torchvision that is Python (models, transforms.v2, ops.nms, ops.box_iou) then works; its compiled
picture readers do not (OpenCV reads pictures here).
"""

from __future__ import annotations

import importlib.util
import sys
import warnings
from pathlib import Path

import torch

_DECLARATIONS = {
    "nms": "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms": "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
}
# A torch.library.Library withdraws its operators when it is collected, so it is kept for the life of the process.
_libraries: list[torch.library.Library] = []


def plain_nms(boxes: torch.Tensor, scores: torch.Tensor, iou_threshold: float) -> torch.Tensor:
    """Indices of the boxes kept by greedy non-maximum suppression, best score first.

    boxes: (n, 4) x1, y1, x2, y2; scores: (n,). A box is dropped if its IoU with a kept, better one is above
    iou_threshold: torchvision.ops.nms without its compiled part.
    """
    order = torch.sort(scores, descending=True, stable=True).indices
    sorted_boxes = boxes[order].to(torch.float32)
    overlap = _iou(sorted_boxes) > iou_threshold
    suppressed = torch.zeros(len(order), dtype=torch.bool)
    overlap = overlap.cpu()
    kept = []
    for place in range(len(order)):
        if not suppressed[place]:
            kept.append(place)
            suppressed |= overlap[place]
    return order[torch.tensor(kept, dtype=torch.long, device=order.device)]


def _iou(boxes: torch.Tensor) -> torch.Tensor:
    """(n, n) intersection over union of (n, 4) corner boxes."""
    area = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    top_left = torch.maximum(boxes[:, None, :2], boxes[None, :, :2])
    bottom_right = torch.minimum(boxes[:, None, 2:], boxes[None, :, 2:])
    inner = (bottom_right - top_left).clamp(min=0).prod(dim=2)
    return inner / (area[:, None] + area[None, :] - inner).clamp(min=1e-12)


def compiled_operators_load() -> bool:
    """True if torchvision's own library loads with this torch (or there is no torchvision to help)."""
    spec = importlib.util.find_spec("torchvision")
    if spec is None or spec.origin is None:
        return True
    libraries = [path for path in Path(spec.origin).parent.glob("_C*") if path.suffix in (".so", ".pyd", ".dylib")]
    try:
        for path in libraries:
            torch.ops.load_library(str(path))
    except (ImportError, OSError):
        return False
    return bool(libraries)


def _declare_operators() -> None:
    library = torch.library.Library("torchvision", "FRAGMENT")
    for declaration in _DECLARATIONS.values():
        library.define(declaration)
    for device in ("CPU", "CUDA"):
        library.impl("nms", plain_nms, device)
    _libraries.append(library)


def guard() -> bool:
    """Import torchvision, helping where its compiled operators cannot load. True if help was needed.

    Once torchvision has been imported (by whomever), nothing is done.
    """
    if "torchvision" in sys.modules or compiled_operators_load():
        return False
    _declare_operators()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its picture readers cannot load either; they are not used here
        import torchvision.extension
    # ops.nms asks this before it calls the operator. Set after the import: parts with a plain Python way of their
    # own (roi_align) have already noted that the compiled way is missing.
    torchvision.extension._has_ops = lambda: True
    return True


helped = guard()
