"""WebDataset shards: tar files in which the files of one picture share a key and follow each other. They hold everything.

    shard-000000.tar    KEY.jpg or KEY.png    the picture, byte for byte
                        KEY.json              {"picture": labels, "cameras": {name: camera}}, like labels/ of a dataset
                        KEY.mask.png, KEY.depth.png, KEY.normals.png, KEY.classes.png   where there are such maps
    plafond.json        DatasetInfo: kind, seed, configuration, names of the classes

KEY is the picture's name without suffix, sub-folders kept; a dot in it becomes %2E, as WebDataset counts everything
behind the first dot as suffix. The same pictures give the same bytes: no times, users or rights of files are kept.
Read: these, and any tar files of pictures with a JSON of ours (the labels alone are enough).
"""

from __future__ import annotations

import io
import json
import os
import re
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from tqdm import tqdm

from annotate.camera import Camera
from annotate.dataset_model import FILE_FOLDERS, DatasetInfo, Picture, refuse_repeated_names
from annotate.errors import InputError
from annotate.files import read_json, write_bytes, write_json
from annotate.formats.labelled import LABEL_KINDS, LabelledPictures, ReadOptions, kept
from annotate.picture_file import SUFFIXES, verify_picture
from annotate.validation import first_repeated, validated

HOLDS: frozenset[str] = frozenset(LABEL_KINDS)
PICTURES_PER_SHARD = 1000
INFO_FILE = "plafond.json"
_MAPS = {field: f"{field.removesuffix('_file')}.png" for field in FILE_FOLDERS if field != "file_name"}
"""Fields of a picture that name a map, and the map's suffix in a shard."""
_UNPACKED: list[tempfile.TemporaryDirectory[str]] = []
"""Folders with the files of shards that were read. They last as long as the process: writers copy from them."""


@dataclass(frozen=True)
class _Sample:
    """The files of one key in one shard."""

    shard: Path
    key: str
    members: dict[str, tarfile.TarInfo]
    """By suffix, in lower case."""

    @property
    def place(self) -> str:
        return f"{self.shard}: {self.key}"

    @property
    def image_suffix(self) -> str:
        """The picture's suffix without a dot; InputError if there is no picture, or more than one."""
        found = [suffix for suffix in self.members if f".{suffix}" in SUFFIXES]
        if len(found) != 1 or "json" not in self.members:
            raise InputError(
                f"{self.place}: holds {', '.join(sorted(self.members))}; expected one picture (.jpg or .png) and its .json"
            )
        return found[0]


def read_webdataset(source: Path, options: ReadOptions) -> LabelledPictures:
    """Read the shards of a folder, or one tar file. InputError for anything missing or wrong, naming shard and key.

    The files are unpacked into a temporary folder (of TMPDIR) that goes when the process ends.
    """
    shards = _shards(source)
    samples = [sample for shard in shards for sample in _samples(shard)]
    values = [_values(sample) for sample in samples]
    names = [entry["picture"]["file_name"] for entry in values]
    wanted = set(kept(names, options.exclude, str(source)))
    chosen = [index for index, name in enumerate(names) if name in wanted]
    if not chosen:
        raise InputError(f"{source}: no picture is left to convert in {len(shards)} shards")
    info, notes = _info(source, options)
    cameras = dict(info.cameras)
    folder = tempfile.TemporaryDirectory(prefix="plafond-shards-")
    _UNPACKED.append(folder)
    pictures, files = [], []
    for number, index in enumerate(tqdm(chosen, desc="unpack shards", leave=False)):
        picture, paths = _unpacked(samples[index], values[index]["picture"], number, Path(folder.name))
        _add_cameras(cameras, values[index].get("cameras") or {}, picture, samples[index].place)
        pictures.append(picture)
        files.append(paths)
    repeated = first_repeated(picture.id for picture in pictures)
    if repeated is not None:
        raise InputError(f"{source}: two pictures have the id {repeated}; these shards do not belong to one set")
    refuse_repeated_names(pictures, str(source))
    return LabelledPictures(info.model_copy(update={"cameras": cameras}), pictures, files, notes)


def write_webdataset(labelled: LabelledPictures, out: Path) -> None:
    """Write shards of PICTURES_PER_SHARD pictures and plafond.json into the empty folder out."""
    rows = list(zip(labelled.pictures, labelled.files, strict=True))
    starts = range(0, len(rows), PICTURES_PER_SHARD)
    for number, start in enumerate(tqdm(starts, desc="write shards", leave=False)):
        path = out / f"shard-{number:06d}.tar"
        beside = path.with_name(f".{path.name}.partial")
        with tarfile.open(beside, "w", format=tarfile.PAX_FORMAT, encoding="utf-8") as archive:
            for picture, files in rows[start : start + PICTURES_PER_SHARD]:
                for name, data in _sample_files(picture, files, labelled.info):
                    _add(archive, name, data)
        os.replace(beside, path)
    write_json(out / INFO_FILE, labelled.info.model_dump(mode="json"))


def _sample_files(picture: Picture, files: dict[str, Path], info: DatasetInfo) -> Iterator[tuple[str, bytes]]:
    key = picture.stem.replace("%", "%25").replace(".", "%2E")
    yield key + PurePosixPath(picture.file_name).suffix.lower(), files["file_name"].read_bytes()
    label: dict[str, Any] = {"picture": picture.model_dump(mode="json")}
    if picture.camera is not None:
        label["cameras"] = {picture.camera: info.cameras[picture.camera].model_dump(mode="json")}
    yield f"{key}.json", json.dumps(label, ensure_ascii=False).encode("utf-8")
    for field, suffix in _MAPS.items():
        if getattr(picture, field) is not None:
            yield f"{key}.{suffix}", files[field].read_bytes()


def _add(archive: tarfile.TarFile, name: str, data: bytes) -> None:
    member = tarfile.TarInfo(name)  # Time, user and group are 0 unless they are set.
    member.size = len(data)
    archive.addfile(member, io.BytesIO(data))


def _shards(source: Path) -> list[Path]:
    if source.is_file():
        return [source]
    shards = sorted(path for path in source.glob("*.tar") if not path.name.startswith("."))
    if not shards:
        raise InputError(f"{source}: no tar files (shard-000000.tar ...); expected a folder of shards or one tar file")
    return shards


def _samples(shard: Path) -> list[_Sample]:
    """The keys of one shard with their files, in the order of the file."""
    groups: dict[str, dict[str, tarfile.TarInfo]] = {}
    try:
        with tarfile.open(shard, "r:") as archive:
            members = archive.getmembers()
    except (tarfile.TarError, OSError) as error:
        raise InputError(f"{shard}: cannot be read as a tar file ({error}); it is cut short, or compressed") from None
    for member in members:
        found = re.fullmatch(r"((?:.*/)?[^./]+)\.([^/]+)", member.name.removeprefix("./"))
        if member.isdir() or found is None or found[1].startswith("__"):
            continue  # As WebDataset does: names without suffix, and its own notes, are no samples.
        if not member.isfile():
            raise InputError(f"{shard}: {member.name} is a link or device; expected plain files only")
        files = groups.setdefault(found[1], {})
        if found[2].lower() in files:
            raise InputError(f"{shard}: {member.name} is there twice; every file needs its own name")
        files[found[2].lower()] = member
    return [_Sample(shard, key, files) for key, files in groups.items()]


def _values(sample: _Sample) -> dict[str, Any]:
    """What the JSON of a sample says: {"picture": ..., "cameras": ...}; the picture has at least a file_name."""
    image_suffix = sample.image_suffix
    try:
        value = json.loads(_read(sample, "json"))
    except ValueError as error:
        raise InputError(f"{sample.place}.json: not valid JSON ({error})") from None
    picture = value.get("picture", value) if isinstance(value, dict) else None
    if not isinstance(picture, dict) or not isinstance(picture.get("people", []), list):
        raise InputError(f"{sample.place}.json: expected an object with the labels of one picture, found {value!r:.60}")
    own = value if "picture" in value else {}
    key = sample.key.replace("%2E", ".").replace("%25", "%")
    return {**own, "picture": {"file_name": f"{key}.{image_suffix}", **picture}}


def _read(sample: _Sample, suffix: str) -> bytes:
    with tarfile.open(sample.shard, "r:") as archive:
        stream = archive.extractfile(sample.members[suffix])
        return stream.read() if stream else b""


def _unpacked(sample: _Sample, values: dict[str, Any], number: int, folder: Path) -> tuple[Picture, dict[str, Path]]:
    """The picture of a sample, and where its files lie once they are unpacked into folder."""
    suffixes = {"file_name": sample.image_suffix}
    stem = PurePosixPath(str(values["file_name"])).with_suffix("")
    stated: dict[str, Any] = {"id": number, **values}
    for field, suffix in _MAPS.items():
        if suffix in sample.members:
            stated[field] = stated.get(field) or f"{stem}.png"
            suffixes[field] = suffix
        elif stated.get(field) is not None:
            raise InputError(
                f"{sample.place}.json: names {field} {stated[field]!r:.60}, but {sample.key}.{suffix} is not there"
            )
    if "width" not in stated or "height" not in stated:
        stated["width"], stated["height"] = 1, 1  # Until the picture is unpacked and says its size.
    picture = validated(Picture, stated, f"{sample.place}.json")
    paths = {field: folder / FILE_FOLDERS[field] / getattr(picture, field) for field in suffixes}
    for field, suffix in suffixes.items():
        write_bytes(paths[field], _read(sample, suffix))
    return _with_size(picture, values, paths["file_name"], sample.place), paths


def _with_size(picture: Picture, values: dict[str, Any], path: Path, place: str) -> Picture:
    width, height = verify_picture(path)
    stated = (values.get("width", width), values.get("height", height))
    if stated != (width, height):
        raise InputError(f"{place}.json: says {stated[0]} x {stated[1]} px, but the picture is {width} x {height}")
    return picture.model_copy(update={"width": width, "height": height})


def _add_cameras(cameras: dict[str, Camera], values: dict[str, Any], picture: Picture, place: str) -> None:
    """Take up the cameras that a JSON brings along; InputError for an unknown one, or two of one name."""
    for name, value in values.items():
        camera = validated(Camera, value, f"{place}.json: cameras.{name}")
        if cameras.setdefault(name, camera) != camera:
            raise InputError(f'{place}.json: camera "{name}" differs from that of other pictures; give it another name')
    if picture.camera is not None and picture.camera not in cameras:
        raise InputError(f'{place}.json: camera is "{picture.camera}"; known are {", ".join(cameras) or "none"}')


def _info(source: Path, options: ReadOptions) -> tuple[DatasetInfo, list[str]]:
    """What plafond.json beside the shards says, or the options; and a note if it is not there."""
    folder = source if source.is_dir() else source.parent
    if (folder / INFO_FILE).is_file():
        info = validated(DatasetInfo, read_json(folder / INFO_FILE), str(folder / INFO_FILE))
        return info.model_copy(update={"name": options.name or info.name}), []
    config = {"format": "webdataset", "source": source.resolve().name, "exclude": sorted(options.exclude)}
    info = DatasetInfo(name=options.name or folder.resolve().name, kind=options.kind, config=config)
    return info, [f"there is no {INFO_FILE} beside the shards: seed, configuration and names of classes are unknown"]
