"""A detector's ONNX file says what the detector says, for any number of pictures, and tells how to read it."""

import json
import re
import runpy
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from safetensors.torch import save_file

import generate
from annotate.dataset import Dataset
from annotate.errors import InputError, PlafondError
from annotate.files import write_image, write_json
from eval.data.samples import letterboxed
from eval.detectors import detector_kind, export
from eval.detectors.base import NMS_IOU, Detector, filtered, to_tensor
from eval.detectors.export import Agreement, agreement, onnx_outputs, random_pictures, read_kept, read_pictures, run
from eval.detectors.export_config import ExportConfig
from eval.detectors.fcos import Fcos
from eval.detectors.rotated_squeezedet import RotatedSqueezeDet
from eval.detectors.squeezedet import SqueezeDet, SqueezeNetDetector

pytest.importorskip("onnxruntime", reason="the export extra is not installed")
onnx = pytest.importorskip("onnx", reason="the export extra is not installed")

NAMES = ("squeezedet", "rotated", "fcos")
SIDE = 64
ANCHORS = np.array([[14.0, 22.0], [18.0, 28.0]])
DOCS = Path(__file__).parents[2] / "docs" / "detectors.md"


def _wild(detector: Detector) -> Detector:
    """Weights that give many boxes of all sizes, some of them sure."""
    generator = torch.Generator().manual_seed(3)
    last = detector.convdet if isinstance(detector, SqueezeNetDetector) else None
    if last is not None:
        torch.nn.init.normal_(last.weight, std=0.003, generator=generator)
        torch.nn.init.constant_(last.bias, 0.0)
        with torch.no_grad():
            last.bias.view(len(ANCHORS), -1)[:, 4] = -0.7
        return detector.eval()
    heads = detector.network.head
    for layer in (heads.classification_head.cls_logits, heads.regression_head.bbox_reg):
        torch.nn.init.normal_(layer.weight, std=0.05, generator=generator)
        torch.nn.init.constant_(layer.bias, 1.0)
    return detector.eval()


def _shortened() -> Fcos:
    """FCOS with one block per stage and one convolution per head: the same code, converted in a third of the time."""
    detector = Fcos()
    body, head = detector.network.backbone.body, detector.network.head
    for name in ("layer1", "layer2", "layer3", "layer4"):
        setattr(body, name, getattr(body, name)[:1])
    head.classification_head.conv = head.classification_head.conv[:3]
    head.regression_head.conv = head.regression_head.conv[:3]
    return detector


def _fresh(name: str) -> Detector:
    with torch.random.fork_rng():
        torch.manual_seed(1)
        made = {
            "squeezedet": lambda: SqueezeDet(ANCHORS),
            "rotated": lambda: RotatedSqueezeDet(ANCHORS),
            "fcos": _shortened,
        }
        return _wild(made[name]())


def _keep(folder: Path, name: str, detector: Detector, **more: object) -> Path:
    place = folder / f"{name}.safetensors"
    save_file({key: value.contiguous() for key, value in detector.state_dict().items()}, str(place))
    record = {"detector": name, "settings": detector.settings(), "input_px": SIDE, "threshold": 0.3, **more}
    write_json(place.with_suffix(".json"), record)
    return place


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Detector, Path]]:
    """Each detector and the file that the command wrote of it."""
    folder = tmp_path_factory.mktemp("exported")
    picture = np.random.default_rng(7).integers(0, 255, (40, 90, 3), dtype=np.uint8)
    write_image(folder / "picture.png", picture)
    found = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("eval.detectors.fcos.Fcos", lambda frozen_norm=False: _shortened())
        for name in NAMES:
            detector = _fresh(name)
            config = ExportConfig(
                detector=_keep(folder, name, detector), out=folder / f"{name}.onnx",
                check_with=folder / "picture.png", input_type="float32" if name == "fcos" else "uint8",
            )  # fmt: skip
            assert run(config) == config.out
            found[name] = detector, config.out
    return found


def _input_type(name: str) -> str:
    return "float32" if name == "fcos" else "uint8"


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("count", [1, 3])
def test_file_detects_what_the_detector_detects(exported: dict, name: str, count: int) -> None:
    detector, file = exported[name]
    pictures = random_pictures(SIDE, count, np.random.default_rng(11))
    boxes, scores = onnx_outputs(file.read_bytes(), pictures, _input_type(name))
    assert boxes.shape == (count, scores.shape[1], 5 if detector.rotated else 4)
    theirs = [filtered(*map(torch.as_tensor, pair), 0.3) for pair in zip(boxes, scores, strict=True)]
    ours = detector.detect(to_tensor(list(pictures), torch.device("cpu")), 0.3)
    assert sum(map(len, ours)) > count
    for mine, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(other, mine, atol=0.05, rtol=1e-3)


@pytest.mark.parametrize("name", NAMES)
def test_file_says_how_to_read_it(exported: dict, name: str) -> None:
    detector, file = exported[name]
    model = onnx.load(file)
    says = {entry.key: entry.value for entry in model.metadata_props}
    assert (says["detector"], int(says["input_px"]), float(says["threshold"])) == (name, SIDE, 0.3)
    assert float(says["nms_iou"]) == NMS_IOU and json.loads(says["classes"]) == ["person"]
    assert len(says["box_form"].split(", ")) == (5 if detector.rotated else 4)
    (given,) = model.graph.input
    size = given.type.tensor_type.shape.dim
    assert size[0].dim_param and [one.dim_value for one in size[1:]] == [3, SIDE, SIDE]
    wanted = onnx.TensorProto.FLOAT if name == "fcos" else onnx.TensorProto.UINT8
    assert given.type.tensor_type.elem_type == wanted
    assert [out.name for out in model.graph.output] == ["boxes", "scores"]


def test_another_detectors_file_is_seen_to_differ(exported: dict) -> None:
    _, file = exported["squeezedet"]
    other = _fresh("squeezedet")
    with torch.no_grad():
        other.convdet.bias[4] += 0.1
    pictures = random_pictures(SIDE, 2, np.random.default_rng(0))
    assert agreement(exported["squeezedet"][0], file.read_bytes(), pictures).close
    found = agreement(other, file.read_bytes(), pictures)
    assert not found.close and found.score > 0.01


def test_turned_box_with_two_names_is_one_box() -> None:
    """89.99 and -89.99 degrees, and a square named a quarter turn on, differ by next to nothing."""
    boxes = np.array([[[9.0, 9.0, 10.0, 40.0, 89.99], [9.0, 9.0, 20.0, 20.0, 5.0]]])
    named = np.array([[[9.0, 9.0, 10.0, 40.0, -89.99], [9.0, 9.0, 20.0, 20.0, -85.0]]])
    turned = np.array([[[9.0, 9.0, 10.0, 40.0, 85.0], [9.0, 9.0, 20.0, 20.0, 5.0]]])
    assert np.abs(export._comparable(boxes) - export._comparable(named)).max() < 0.02
    assert np.abs(export._comparable(boxes) - export._comparable(turned)).max() > 1.0


def test_file_that_would_differ_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, exported: dict) -> None:
    """Made to convert another detector than it compares with."""
    _, file = exported["squeezedet"]
    other = _fresh("squeezedet")
    with torch.no_grad():
        other.convdet.bias[0] += 1.0
    monkeypatch.setattr(export, "onnx_bytes", lambda *_: file.read_bytes())
    config = ExportConfig(detector=_keep(tmp_path, "squeezedet", other), out=tmp_path / "model.onnx")
    with pytest.raises(PlafondError, match=r"would not say what it says: boxes differ by up to .* px") as raised:
        run(config)
    assert raised.value.exit_status == 1 and not config.out.exists()
    assert str(Agreement(0.5, 0.1, 0.25, 3)) == "boxes differ by up to 0.5 px, scores by 0.25, on 3 pictures"


def test_what_is_no_kept_detector_is_refused(tmp_path: Path) -> None:
    place = _keep(tmp_path, "squeezedet", SqueezeDet(ANCHORS))
    write_json(place.with_suffix(".json"), {"settings": {}, "input_px": SIDE})
    with pytest.raises(InputError, match=r"squeezedet\.json: has no detector, threshold"):
        read_kept(place)
    place.with_suffix(".json").unlink()
    with pytest.raises(InputError, match=r"squeezedet\.json: no such file"):
        read_kept(place)
    with pytest.raises(InputError, match=r"model\.pth: expected a detector's weights"):
        read_kept(tmp_path / "model.pth")
    shorter = _keep(tmp_path, "squeezedet", SqueezeDet(ANCHORS), settings=SqueezeDet(ANCHORS[:1]).settings())
    with pytest.raises(InputError, match=r"squeezedet\.safetensors: not the weights of SqueezeDet: .*convdet"):
        read_kept(shorter)
    other = _keep(tmp_path, "fcos", SqueezeDet(ANCHORS))
    with pytest.raises(InputError, match=r"fcos\.json: settings do not describe a detector of kind fcos"):
        read_kept(other)


def test_command_line_names_the_detector_first(tmp_path: Path) -> None:
    words = [str(tmp_path / "a.safetensors"), "--out", "b.onnx", "--opset", "19", "--check-with", str(tmp_path)]
    config = generate.parse("export", ExportConfig, words)
    assert config == ExportConfig(
        detector=tmp_path / "a.safetensors", out=Path("b.onnx"), opset=19, check_with=tmp_path
    )
    with pytest.raises(SystemExit, match="2"):
        generate.parse("export", ExportConfig, [*words, "--opset", "7"])


def test_kept_detector_comes_back_as_it_was(tmp_path: Path) -> None:
    detector = _fresh("rotated")
    kept = read_kept(_keep(tmp_path, "rotated", detector, target="person"))
    pictures = to_tensor(list(random_pictures(SIDE, 2, np.random.default_rng(0))), torch.device("cpu"))
    with torch.no_grad():
        torch.testing.assert_close(kept.detector(pictures), detector(pictures))
    assert (kept.name, kept.input_px, kept.threshold, kept.target) == ("rotated", SIDE, 0.3, "person")
    assert isinstance(kept.detector, RotatedSqueezeDet) and detector_kind(kept.name).rotated


def test_missing_packages_are_named_with_the_remedy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(export, "_PACKAGES", ("onnx", "onnx_of_tomorrow"))
    with pytest.raises(InputError, match=r"found no onnx_of_tomorrow; .*pip install -e '\.\[export\]'"):
        run(ExportConfig(detector=tmp_path / "a.safetensors"))


def test_pictures_to_check_with_come_from_datasets_folders_and_files(
    tmp_path: Path, write_discs: Callable[..., Path]
) -> None:
    root = write_discs(tmp_path / "S", pictures=5)
    of_dataset = read_pictures(root, SIDE, 3)
    assert of_dataset.shape == (3, SIDE, SIDE, 3) and of_dataset.dtype == np.uint8
    dataset = Dataset.read(root)
    np.testing.assert_array_equal(of_dataset[2], letterboxed(dataset.image(list(dataset)[4]), SIDE)[0])
    np.testing.assert_array_equal(read_pictures(root / "images", SIDE, 9)[4], of_dataset[2])
    np.testing.assert_array_equal(read_pictures(root / "images" / "004.png", SIDE, 9), of_dataset[2:])
    (tmp_path / "empty").mkdir()
    for place in (tmp_path / "empty", tmp_path / "absent", root / "dataset.json"):
        with pytest.raises(InputError, match="found 0 pictures"):
            read_pictures(place, SIDE, 3)


@pytest.mark.parametrize("name", ["squeezedet", "rotated"])
def test_example_of_the_manual_finds_what_the_detector_finds(
    exported: dict, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    detector, file = exported[name]
    (tmp_path / "model.onnx").write_bytes(file.read_bytes())
    picture = cv2.resize(np.random.default_rng(7).integers(0, 255, (6, 12, 3), dtype=np.uint8), (120, 70))
    write_image(tmp_path / "picture.png", picture)
    (code,) = [block for block in re.findall(r"```python\n(.*?)```", DOCS.read_text(), re.S) if "onnxruntime" in block]
    (tmp_path / "example.py").write_text(code)
    monkeypatch.chdir(tmp_path)
    people = runpy.run_path("example.py")["found"]
    square, letterbox = letterboxed(picture, SIDE)
    (found,) = detector.detect(to_tensor([square], torch.device("cpu")), min_score=0.3)
    if detector.rotated:
        expected = letterbox.rotated_to_picture(found)
    else:
        centres = found[:, :2] + found[:, 2:4] / 2
        expected = letterbox.rotated_to_picture(np.hstack([centres, found[:, 2:]]))
    with torch.no_grad():
        sure = int((detector(to_tensor([square], torch.device("cpu")))[1] >= 0.3).sum())
    assert 2 <= len(expected) < sure
    np.testing.assert_allclose(people, expected, atol=0.1, rtol=1e-3)
