"""WebDataset shards in and out: nothing is lost, the webdataset package reads them, and refusals."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from rich_pictures import NAMES, assert_same_labels, rich_dataset, there_and_back

from annotate.dataset import Dataset
from annotate.errors import InputError
from annotate.formats import webdataset as shards
from annotate.formats.labelled import LABEL_KINDS, LabelledPictures, ReadOptions
from annotate.formats.plafond import write_plafond
from annotate.formats.webdataset import HOLDS, read_webdataset, write_webdataset


def png(width: int = 64, height: int = 48) -> bytes:
    return bytes(cv2.imencode(".png", np.full((height, width, 3), 90, np.uint8))[1].tobytes())


def shard(path: Path, files: dict[str, Any]) -> Path:
    """A tar file of those names; contents that are no bytes become JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w") as archive:
        for name, content in files.items():
            data = content if isinstance(content, bytes) else json.dumps(content).encode()
            member = tarfile.TarInfo(name)
            member.size, member.mtime, member.uid = len(data), 12345, 1000
            archive.addfile(member, io.BytesIO(data))
    return path


def test_nothing_at_all_is_lost_on_the_way_there_and_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shards, "PICTURES_PER_SHARD", 3)
    dataset = rich_dataset(tmp_path / "S")
    back = there_and_back(dataset, tmp_path / "out", write_webdataset, read_webdataset)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "plafond.json", "shard-000000.tar", "shard-000001.tar",
    ]  # fmt: skip
    assert_same_labels(LabelledPictures.of(dataset), back, without=frozenset())
    assert back.info == dataset.info and back.notes == []
    write_plafond(back, tmp_path / "again")
    for path in sorted(path for path in (tmp_path / "S").rglob("*") if path.is_file()):
        assert (tmp_path / "again" / path.relative_to(tmp_path / "S")).read_bytes() == path.read_bytes()
    assert Dataset.read(tmp_path / "again").pictures == dataset.pictures
    assert HOLDS == set(LABEL_KINDS)  # noqa: SIM300


def test_the_webdataset_package_reads_the_shards(tmp_path: Path) -> None:
    wds = pytest.importorskip("webdataset", reason="the webdataset package is not installed")
    dataset = rich_dataset(tmp_path / "S")
    there_and_back(dataset, tmp_path / "out", write_webdataset, read_webdataset)
    stream = wds.WebDataset(str(tmp_path / "out/shard-000000.tar"), shardshuffle=False)
    samples = {sample["__key__"]: sample for sample in stream}
    assert set(samples) == {"flur/Büro ä", "flur/leer", 'b%2E1/cam%2E2 & "x" <y>', "ohne Maske"}
    for picture in dataset:
        sample = samples[picture.stem.replace(".", "%2E")]
        files = {"png" if picture.file_name.endswith("png") else "jpg": "file_name", "mask.png": "mask_file"}
        files |= {"depth.png": "depth_file", "normals.png": "normals_file", "classes.png": "classes_file"}
        paths = dataset.files(picture)
        present = {key for key in sample if not key.startswith("__")} - {"json"}
        assert present == {key for key, field in files.items() if field in paths}
        assert all(sample[key] == paths[files[key]].read_bytes() for key in present)
        label = json.loads(sample["json"])
        assert label["picture"] == picture.model_dump(mode="json")
        assert set(label.get("cameras", {})) == ({picture.camera} if picture.camera else set())
    stream = wds.WebDataset(str(tmp_path / "out/shard-000000.tar"), shardshuffle=False)
    decoded = list(stream.decode("rgb8").to_tuple("png;jpg", "json"))
    assert all(image.shape == (48, 64, 3) and label["picture"]["width"] == 64 for image, label in decoded)
    assert len(decoded) == len(NAMES)


def test_the_same_pictures_give_the_same_bytes_without_traces_of_the_machine(tmp_path: Path) -> None:
    dataset = rich_dataset(tmp_path / "S")
    for name in ("one", "two"):
        there_and_back(dataset, tmp_path / name, write_webdataset, read_webdataset)
    assert (tmp_path / "one/shard-000000.tar").read_bytes() == (tmp_path / "two/shard-000000.tar").read_bytes()
    with tarfile.open(tmp_path / "one/shard-000000.tar") as archive:
        owners = {(member.mtime, member.uid, member.gid, member.uname, member.gname) for member in archive}
    assert owners == {(0, 0, 0, "", "")}


def test_shards_without_an_info_file_and_with_bare_labels_are_read(tmp_path: Path) -> None:
    people = [{"instance_id": 1, "bbox": [1, 2, 3, 4]}]
    path = shard(tmp_path / "x.tar", {"./cam/a.png": png(), "./cam/a.json": {"people": people}, "./__notes__": b""})
    labelled = read_webdataset(path, ReadOptions(kind="stand-in", name="n"))
    (picture,) = labelled.pictures
    assert (picture.file_name, picture.width, picture.height, picture.id) == ("cam/a.png", 64, 48, 0)
    assert picture.people[0].bbox == (1, 2, 3, 4)
    assert (labelled.info.kind, labelled.info.name) == ("stand-in", "n")
    assert "there is no plafond.json beside the shards" in labelled.notes[0]


def test_pictures_can_be_left_out(tmp_path: Path) -> None:
    there_and_back(rich_dataset(tmp_path / "S"), tmp_path / "out", write_webdataset, read_webdataset)
    labelled = read_webdataset(tmp_path / "out", ReadOptions(exclude=("leer",)))
    assert sorted(picture.file_name for picture in labelled.pictures) == sorted(set(NAMES) - {"flur/leer.jpg"})


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"a.png": png()}, r"x.tar: a: holds png; expected one picture \(.jpg or .png\) and its .json"),
        ({"a.txt": b"", "a.json": {}}, r"x.tar: a: holds json, txt; expected one picture"),
        ({"a.png": png(), "a.jpg": png(), "a.json": {}}, r"x.tar: a: holds jpg, json, png; expected one picture"),
        ({"a.png": png(), "a.json": b"{"}, r"x.tar: a.json: not valid JSON"),
        ({"a.png": png(), "a.json": [1]}, r"x.tar: a.json: expected an object with the labels of one picture"),
        ({"a.png": png(), "a.json": {"people": [{"bbox": [1, 2, 3, 4]}]}}, r"a.json.people\[0\].instance_id is missing"),
        ({"a.png": png(), "a.json": {"file_name": "../../x.png"}}, r'a.json.file_name is "../../x.png": a path must stay'),
        ({"a.png": png(), "a.json": {"width": 65, "height": 48}}, r"a.json: says 65 x 48 px, but the picture is 64 x 48"),
        ({"a.png": b"x", "a.json": {}}, r"a.png: cannot be read as a picture"),
        ({"a.png": png(), "a.json": {"mask_file": "m.png"}}, r"a.json: names mask_file 'm.png', but a.mask.png is not there"),
        ({"a.png": png(), "a.json": {"camera": "c"}}, r'a.json: camera is "c"; known are none'),
        ({"a.png": png(), "a.json": {"id": 1}, "b.png": png(), "b.json": {"id": 1}}, "two pictures have the id 1"),
        ({"a.png": png(), "./a.png": png()}, r"x.tar: ./a.png is there twice"),
        ({}, "no picture is left to convert in 1 shards"),
    ],
)  # fmt: skip
def test_wrong_shards_are_refused_by_key(tmp_path: Path, files: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_webdataset(shard(tmp_path / "set/x.tar", files).parent, ReadOptions())


def test_links_broken_files_and_empty_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no tar files \(shard-000000.tar"):
        read_webdataset(tmp_path, ReadOptions())
    whole = shard(tmp_path / "x.tar", {"a.png": png(), "a.json": {}}).read_bytes()
    (tmp_path / "x.tar").write_bytes(whole[:700])
    with pytest.raises(InputError, match=r"x.tar: cannot be read as a tar file|a: holds"):
        read_webdataset(tmp_path, ReadOptions())
    with tarfile.open(tmp_path / "x.tar", "w") as archive:
        member = tarfile.TarInfo("a.png")
        member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(member)
    with pytest.raises(InputError, match=r"x.tar: a.png is a link or device"):
        read_webdataset(tmp_path, ReadOptions())
