"""torchvision imports and its nms answers rightly, whether or not its compiled part can load."""

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import torch

from eval.networks.torchvision_guard import guard, plain_nms

ROOT = Path(__file__).parents[2]


def _boxes(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return np.concatenate([rng.uniform(0, 80, (count, 2)), rng.uniform(5, 40, (count, 2))], axis=1), rng.random(count)


def test_plain_nms_keeps_what_opencv_keeps() -> None:
    for seed in range(5):
        boxes, scores = _boxes(60, seed)
        kept = cv2.dnn.NMSBoxes(boxes.tolist(), scores.tolist(), 0.0, 0.4)
        corners = np.concatenate([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], axis=1)
        ours = plain_nms(torch.from_numpy(corners), torch.from_numpy(scores), 0.4)
        assert ours.tolist() == np.asarray(kept).reshape(-1).tolist()


def test_nms_of_no_boxes_is_empty() -> None:
    assert plain_nms(torch.zeros(0, 4), torch.zeros(0), 0.5).tolist() == []


def test_torchvision_works_in_a_fresh_process_behind_the_guard() -> None:
    program = (
        "import eval.networks.torchvision_guard, torch, torchvision\n"
        "boxes = torch.tensor([[0., 0., 10., 10.], [1., 0., 11., 10.], [20., 20., 30., 30.]])\n"
        "print(torchvision.ops.nms(boxes, torch.tensor([0.5, 0.9, 0.1]), 0.5).tolist())\n"
        "print(torchvision.models.squeezenet1_1(weights=None)(torch.zeros(1, 3, 64, 64)).shape[1])\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[:2] == ["[1, 2]", "1000"]


def test_guard_leaves_an_imported_torchvision_alone() -> None:
    import torchvision  # noqa: F401

    assert guard() is False
