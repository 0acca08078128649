"""Average precision against pycocotools and torchmetrics: all IoUs, ignored areas, ranges of size, rotated boxes."""

import contextlib
import io
from collections.abc import Sequence

import numpy as np
import pytest
import torch
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

import eval.networks.torchvision_guard  # noqa: F401  (torchmetrics imports torchvision)
from annotate.boxes import rotated_box_corners
from eval.measures.intervals import draw_pictures
from eval.measures.matching import match_pictures
from eval.measures.pairing import candidates, match_candidates
from eval.measures.ranking import ranking
from eval.measures.strata import by_distance, by_size, match_stratum, nadir_distance
from eval.measures.summary import COCO_IOUS, measure
from eval.measures.truth import PictureTruth

SIZE_PX = 400


def _random_pictures(count: int, seed: int, rotated: bool = False) -> tuple[list[PictureTruth], list[np.ndarray]]:
    """Crowded people, and detections near them, double, or nowhere near; every fifth picture lacks people, every
    seventh detections. Places are eighths of a pixel and scores 1024ths: exact in single precision, and often equal.
    """
    rng = np.random.default_rng(seed)

    def stray(number: int) -> np.ndarray:
        boxes = np.concatenate([rng.uniform(20, SIZE_PX - 80, (number, 2)), rng.uniform(15, 70, (number, 2))], axis=1)
        return np.concatenate([boxes, rng.uniform(-90, 90, (number, 1))], axis=1) if rotated else boxes

    truths, detections = [], []
    for place in range(count):
        people = stray(0 if place % 5 == 4 else int(rng.integers(1, 25)))
        near = np.repeat(people, 2, axis=0)
        near = near + rng.normal(0, 4, near.shape)
        near[:, 2:4] = near[:, 2:4].clip(min=4)
        found = np.concatenate([near, stray(int(rng.integers(0, 12)))])[: 0 if place % 7 == 6 else None]
        people, found = (np.round(boxes * 8) / 8 for boxes in (people, found))
        scores = np.round(rng.beta(2, 2, (len(found), 1)) * 1024) / 1024
        truths.append(PictureTruth(people, SIZE_PX, SIZE_PX, nadir_px=np.array([190.0, 210.0])))
        detections.append(np.concatenate([found, scores], axis=1))
    return truths, detections


def _judge(
    truths: Sequence[PictureTruth], detections: Sequence[np.ndarray], crowds: Sequence[tuple[int, list[float]]] = ()
) -> COCOeval:
    """pycocotools' evaluation, ready to run; crowds: (picture, box) of regions to ignore."""
    rotated = truths[0].rotated
    people = [(image, box, 0) for image, truth in enumerate(truths) for box in truth.boxes]
    people += [(image, np.array(box), 1) for image, box in crowds]
    truth = COCO()
    truth.dataset = {
        "images": [{"id": image, "width": SIZE_PX, "height": SIZE_PX} for image in range(len(truths))],
        "categories": [{"id": 1}],
        "annotations": [
            {"id": number, "image_id": image, "category_id": 1, "area": float(box[2] * box[3]), "iscrowd": crowd}
            | ({"segmentation": rotated_box_corners([box]).reshape(1, 8).tolist()} if rotated else {"bbox": box.tolist()})
            for number, (image, box, crowd) in enumerate(people, start=1)
        ],
    }  # fmt: skip
    found = [
        {"image_id": image, "category_id": 1, "score": float(row[-1])} | _place(row[:-1], rotated)
        for image, rows in enumerate(detections)
        for row in rows
    ]
    with contextlib.redirect_stdout(io.StringIO()):
        truth.createIndex()
        return COCOeval(truth, truth.loadRes(found), "segm" if rotated else "bbox")


def _place(box: np.ndarray, rotated: bool) -> dict:
    if not rotated:
        return {"bbox": box.tolist()}
    corners = rotated_box_corners([box]).reshape(1, 8).tolist()
    return {"segmentation": coco_mask.frPyObjects(corners, SIZE_PX, SIZE_PX)[0]}


def _precisions(judge: COCOeval) -> np.ndarray:
    """(10,) AP at each of COCO's IoUs, for the first range of areas and maxDets 100."""
    judge.params.maxDets = [100]
    with contextlib.redirect_stdout(io.StringIO()):
        judge.evaluate()
        judge.accumulate()
    return np.asarray(judge.eval["precision"][:, :, 0, 0, 0].mean(axis=1))


def _ours(truths: Sequence[PictureTruth], detections: Sequence[np.ndarray]) -> list[float]:
    found = [candidates(own, truth, most=100) for own, truth in zip(detections, truths, strict=True)]
    return [ranking(matches).average_precision() for matches in match_candidates(found, COCO_IOUS)]


@pytest.mark.parametrize("seed", range(3))
def test_average_precision_is_that_of_pycocotools_at_every_iou(seed: int) -> None:
    truths, detections = _random_pictures(40, seed)
    expected = _precisions(_judge(truths, detections))
    assert 0.2 < expected[0] < 0.95 and expected[-1] < expected[0] / 2
    np.testing.assert_allclose(_ours(truths, detections), expected, atol=1e-9)


def test_limit_of_detections_is_that_of_pycocotools() -> None:
    truths, detections = _random_pictures(3, 8)
    many = [np.concatenate([own] * 4) for own in detections]
    assert max(map(len, many)) > 150
    np.testing.assert_allclose(_ours(truths, many), _precisions(_judge(truths, many)), atol=1e-9)


def test_summary_says_what_torchmetrics_says() -> None:
    from torchmetrics.detection import MeanAveragePrecision

    truths, detections = _random_pictures(40, 11)
    recalls = np.linspace(0, 1, 101).tolist()
    judge = MeanAveragePrecision(box_format="xywh", iou_thresholds=list(COCO_IOUS), rec_thresholds=recalls)
    judge.update(
        [
            {
                "boxes": torch.tensor(own[:, :4].astype(np.float32)).reshape(-1, 4),
                "scores": torch.tensor(own[:, 4].astype(np.float32)),
                "labels": torch.zeros(len(own), dtype=torch.int64),
            }
            for own in detections
        ],
        [
            {
                "boxes": torch.tensor(truth.boxes.astype(np.float32)).reshape(-1, 4),
                "labels": torch.zeros(len(truth.boxes), dtype=torch.int64),
            }
            for truth in truths
        ],
    )
    with contextlib.redirect_stdout(io.StringIO()):
        expected = judge.compute()
    rng = np.random.default_rng(0)
    draws = draw_pictures([None] * 40, [""] * 40, rng, draws=20)
    found = measure([detections], truths, [0.5], draws, rng, iou=0.75, divisions=()).figures
    assert found["ap50_95"].value == pytest.approx(float(expected["map"]), abs=1e-6)
    assert found["ap50"].value == pytest.approx(float(expected["map_50"]), abs=1e-6)
    assert found["ap"].value == pytest.approx(float(expected["map_75"]), abs=1e-6)


def test_ignore_areas_are_crowds_of_pycocotools_at_half_overlap() -> None:
    """COCO compares a detection with a crowd by the share of the detection that lies in it; so do ignore areas."""
    truths, detections = _random_pictures(30, 5)
    area = [250.0, 0.0, 150.0, 400.0]
    corners = [[250.0, 0.0], [400.0, 0.0], [400.0, 400.0], [250.0, 400.0]]
    clear = [truth.boxes[truth.boxes[:, 0] + truth.boxes[:, 2] / 2 < 240] for truth in truths]
    ignoring = [PictureTruth(boxes, SIZE_PX, SIZE_PX, areas=[corners]) for boxes in clear]
    without = [PictureTruth(boxes, SIZE_PX, SIZE_PX) for boxes in clear]
    expected = _precisions(_judge(without, detections, crowds=[(image, area) for image in range(30)]))[0]
    assert expected > _ours(without, detections)[0] + 0.02
    assert _ours(ignoring, detections)[0] == pytest.approx(expected, abs=1e-9)


def test_ignored_people_are_crowds_of_pycocotools_where_detections_cover_them() -> None:
    """A detection of an ignored person's size and place is excused by both rules, however many there are."""
    truths, detections = _random_pictures(20, 6)
    hidden = np.array([[350.0, 350.0, 40.0, 40.0]])
    doubled = np.array([[352.0, 351.0, 40.0, 40.0, 0.99], [349.0, 350.0, 40.0, 40.0, 0.98]])
    far = [own[(own[:, :2] + own[:, 2:4] < 345).any(axis=1)] for own in detections]
    found = [np.concatenate([own, doubled]) for own in far]
    ignoring = [PictureTruth(truth.boxes, SIZE_PX, SIZE_PX, ignored=hidden) for truth in truths]
    expected = _precisions(_judge(truths, found, crowds=[(image, hidden[0].tolist()) for image in range(20)]))[0]
    assert expected > _ours(truths, found)[0] + 0.02
    assert _ours(ignoring, found)[0] == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("division", ["size", "distance"])
def test_ranges_are_the_area_ranges_of_pycocotools(division: str) -> None:
    truths, detections = _random_pictures(30, 7)
    edges = (0.0, 25.0, 40.0, float("inf")) if division == "size" else (0.0, 0.25, 0.5, float("inf"))
    strata = (by_size(truths, edges) if division == "size" else by_distance(truths, edges)).strata
    matches = match_pictures(detections, truths, most=100)
    found = [candidates(own, truth, most=100) for own, truth in zip(detections, truths, strict=True)]
    assert len(strata) == 3
    for stratum, low, high in zip(strata, edges[:-1], edges[1:], strict=True):
        judge = _judge(truths, detections)
        for entry in (*judge.cocoGt.dataset["annotations"], *judge.cocoDt.dataset["annotations"]):
            box = np.array([entry["bbox"]])
            distance = float(nadir_distance(box, truths[entry["image_id"]])[0])
            entry["area"] = distance if division == "distance" else float(np.sqrt(box[0, 2] * box[0, 3]))
        judge.params.areaRng, judge.params.areaRngLbl = [[low, np.nextafter(high, 0)]], ["all"]
        own = match_stratum(stratum, found, truths, matches, 0.5)
        assert ranking(own).average_precision() == pytest.approx(_precisions(judge)[0], abs=1e-9)


def test_average_precision_of_rotated_boxes_is_that_of_masks_in_pycocotools() -> None:
    truths, detections = _random_pictures(25, 9, rotated=True)
    expected = _precisions(_judge(truths, detections))
    assert 0.2 < expected[0] < 0.95
    np.testing.assert_allclose(_ours(truths, detections), expected, atol=1e-9)
