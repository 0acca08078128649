"""Writing a dataset: continuing after a kill, refusing other folders, concurrent writers, own cameras."""

from __future__ import annotations

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from full_datasets import write_full_dataset

from annotate.camera import Camera, CameraPose
from annotate.dataset import Dataset, DatasetInfo, DatasetWriter, Person, Picture, write_picture
from annotate.dataset_writer import remove_dataset, write_files
from annotate.errors import InputError, PlafondError
from annotate.files import read_json
from annotate.lens import EquisolidLens


def info(**changes: object) -> DatasetInfo:
    values = {"kind": "synthetic", "seed": 1, "config": {"images": 4, "workers": 1, "camera": {"height_m": 3.0}}}
    return DatasetInfo.model_validate(values | changes)


def picture(picture_id: int, camera: str | None = None) -> Picture:
    person = Person(instance_id=1, bbox=(2, 2, 4, 4))
    return Picture(id=picture_id, file_name=f"{picture_id}.png", width=16, height=12, people=[person], camera=camera)


def pixels() -> tuple[np.ndarray, np.ndarray]:
    mask = np.zeros((12, 16), np.uint16)
    mask[2:6, 2:6] = 1
    return np.full((12, 16, 3), 90, np.uint8), mask


def files_of(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def test_killed_writer_continues_with_the_pictures_that_are_missing(tmp_path: Path) -> None:
    first = DatasetWriter(tmp_path / "S", info())
    first.add(picture(0), *pixels())
    first.add(picture(1), *pixels())
    # A kill between picture and label, and in the middle of a file, leaves these behind.
    (tmp_path / "S/labels/1.json").unlink()
    (tmp_path / "S/images/.2.png.x7").write_bytes(b"half")
    second = DatasetWriter(tmp_path / "S", info())
    assert second.finished_ids() == {0}
    second.add(picture(1), *pixels())
    second.finish()
    assert [one.id for one in Dataset.read(tmp_path / "S")] == [0, 1]
    assert not (tmp_path / "S/images/.2.png.x7").exists()


def test_picture_whose_image_was_removed_counts_as_missing(tmp_path: Path) -> None:
    writer = DatasetWriter(tmp_path / "S", info())
    writer.add(picture(0), *pixels())
    (tmp_path / "S/images/0.png").unlink()
    assert writer.finished_ids() == set()
    with pytest.raises(PlafondError, match=r"0\.png are missing"):
        writer.finish()


def test_order_and_repetition_of_writing_leave_no_trace(tmp_path: Path) -> None:
    for name, order in (("A", [0, 1, 2]), ("B", [2, 0, 1, 0])):
        writer = DatasetWriter(tmp_path / name, info())
        for picture_id in order:
            writer.add(picture(picture_id), *pixels())
        writer.finish()
        writer.finish()
    assert files_of(tmp_path / "A") == files_of(tmp_path / "B")


def test_pictures_written_at_once_are_all_there(tmp_path: Path) -> None:
    writer = DatasetWriter(tmp_path / "S", info())
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: write_picture(tmp_path / "S", picture(number), *pixels()), range(32)))
    writer.finish()
    assert len(Dataset.read(tmp_path / "S")) == 32


def test_other_run_in_the_same_folder_is_refused_by_its_keys(tmp_path: Path) -> None:
    DatasetWriter(tmp_path / "S", info()).add(picture(0), *pixels())
    before = files_of(tmp_path / "S")
    other = info(seed=2, config={"images": 4, "workers": 2, "camera": {"height_m": 2.5}})
    with pytest.raises(InputError, match=r"camera.height_m 3.0 -> 2.5, seed 1 -> 2.*--overwrite"):
        DatasetWriter(tmp_path / "S", other)
    assert files_of(tmp_path / "S") == before


def test_keys_that_may_differ_do_not_stop_a_run(tmp_path: Path) -> None:
    DatasetWriter(tmp_path / "S", info()).add(picture(0), *pixels())
    longer = info(config={"images": 9, "workers": 2, "camera": {"height_m": 3.0}})
    assert DatasetWriter(tmp_path / "S", longer, may_differ={"images", "workers"}).finished_ids() == {0}
    assert read_json(tmp_path / "S/dataset.json")["config"]["images"] == 9


def test_overwrite_replaces_a_dataset_and_keeps_what_is_not_its_own(tmp_path: Path) -> None:
    writer = DatasetWriter(tmp_path / "S", info())
    writer.add(picture(0), *pixels())
    writer.finish()
    (tmp_path / "S/notes.txt").write_text("mine")
    replaced = DatasetWriter(tmp_path / "S", info(seed=2), overwrite=True)
    assert replaced.finished_ids() == set()
    assert (tmp_path / "S/notes.txt").read_text() == "mine"
    assert not (tmp_path / "S/annotations.json").exists()


@pytest.mark.parametrize("overwrite", [False, True])
def test_foreign_folders_are_refused(tmp_path: Path, overwrite: bool) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos/cat.jpg").write_bytes(b"cat")
    with pytest.raises(InputError, match="no dataset; nothing was written"):
        DatasetWriter(tmp_path / "photos", info(), overwrite)
    with pytest.raises(InputError, match="is a file"):
        DatasetWriter(tmp_path / "photos/cat.jpg", info(), overwrite)
    assert files_of(tmp_path / "photos") == {"cat.jpg": b"cat"}


def test_dataset_inside_a_dataset_is_refused(tmp_path: Path) -> None:
    DatasetWriter(tmp_path / "S", info())
    with pytest.raises(InputError, match="lies inside the dataset"):
        DatasetWriter(tmp_path / "S/parts/train", info())
    assert not (tmp_path / "S/parts").exists()


def test_removing_a_dataset_does_not_follow_links(tmp_path: Path) -> None:
    writer = DatasetWriter(tmp_path / "S", info())
    (tmp_path / "far").mkdir()
    (tmp_path / "far/cat.jpg").write_bytes(b"cat")
    (tmp_path / "S/images").symlink_to(tmp_path / "far")
    remove_dataset(writer.root)
    assert (tmp_path / "far/cat.jpg").exists() and not (tmp_path / "S/images").is_symlink()


def test_manifest_names_every_picture_with_its_checksums(tmp_path: Path) -> None:
    writer = DatasetWriter(tmp_path / "S", info())
    for number in (1, 0):
        writer.add(picture(number), *pixels())
    writer.finish()
    lines = [json.loads(line) for line in (tmp_path / "S/manifest.jsonl").read_text().splitlines()]
    assert [(line["id"], line["file"]) for line in lines] == [(0, "images/0.png"), (1, "images/1.png")]
    for line in lines:
        assert line["image_sha256"] == hashlib.sha256((tmp_path / "S" / line["file"]).read_bytes()).hexdigest()
        label = (tmp_path / f"S/labels/{line['id']}.json").read_bytes()
        assert line["labels_sha256"] == hashlib.sha256(label).hexdigest()


def test_cameras_of_single_pictures_reach_dataset_json(tmp_path: Path) -> None:
    writer = DatasetWriter(tmp_path / "S", info())
    cameras = []
    for number in (0, 1):
        lens = EquisolidLens(f_px=4.0 + number, width_px=16, height_px=12, cx_px=8, cy_px=6)
        cameras.append(Camera(lens=lens, pose=CameraPose(height_m=3)))
        writer.add(picture(number, camera=f"c{number}"), *pixels(), camera=cameras[number])
    writer.finish()
    dataset = Dataset.read(tmp_path / "S")
    assert [dataset.camera(one) for one in dataset] == cameras


def test_picture_that_contradicts_its_pixels_is_refused(tmp_path: Path) -> None:
    image, mask = pixels()
    writer = DatasetWriter(tmp_path / "S", info())
    with pytest.raises(PlafondError, match="image is 15 x 12 px, expected 16 x 12"):
        writer.add(picture(0), image[:, 1:], mask)
    with pytest.raises(PlafondError, match=r"people \[1\] have no pixel"):
        writer.add(picture(0), image, mask * 0)
    assert not (tmp_path / "S/images").exists()


def test_linked_files_keep_their_bytes(tmp_path: Path) -> None:
    source = DatasetWriter(tmp_path / "S", info())
    written = source.add(picture(0), *pixels())
    copy = DatasetWriter(tmp_path / "T", info())
    for _ in range(2):
        write_files(
            copy.root, written, {"file_name": tmp_path / "S/images/0.png", "mask_file": tmp_path / "S/masks/0.png"}
        )
    copy.finish()
    assert (tmp_path / "T/images/0.png").read_bytes() == (tmp_path / "S/images/0.png").read_bytes()
    assert (Dataset.read(tmp_path / "T").mask(written) == pixels()[1]).all()


def test_hidden_person_needs_no_pixel_in_the_mask_and_others_do(tmp_path: Path) -> None:
    nobody = Person(instance_id=2, bbox=(9, 3, 4, 5), area=0)
    unseen = picture(0).model_copy(update={"people": [*picture(0).people, nobody]})
    with pytest.raises(PlafondError, match=r"0\.png: people \[2\] have no pixel in the mask"):
        write_picture(tmp_path / "S", unseen, *pixels())
    hidden = unseen.model_copy(update={"people": [*picture(0).people, nobody.model_copy(update={"hidden": True})]})
    written = write_picture(tmp_path / "S", hidden, *pixels())
    assert [person.area for person in written.people] == [16, 0]
    assert not written.people[1].mask(16, 12).any()


def test_manifest_holds_the_checksum_of_every_file(tmp_path: Path) -> None:
    root = write_full_dataset(tmp_path / "S", count=1)
    entry = json.loads((root / "manifest.jsonl").read_text())
    files = {
        "image": "images/00000.png", "mask": "masks/00000.png", "depth": "depth/00000.png",
        "normals": "normals/00000.png", "classes": "classes/00000.png", "labels": "labels/00000.json",
    }  # fmt: skip
    for name, file in files.items():
        assert entry.pop(f"{name}_sha256") == hashlib.sha256((root / file).read_bytes()).hexdigest()
    assert entry == {"id": 0, "file": "images/00000.png"}


def test_overwriting_removes_dense_maps(tmp_path: Path) -> None:
    root = write_full_dataset(tmp_path / "S")
    DatasetWriter(root, info(), overwrite=True)
    assert sorted(path.name for path in root.iterdir()) == ["dataset.json"]
