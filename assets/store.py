"""Assets that are downloaded: which there are, whose licence they have, where they lie, and whether they are whole.

The list is catalogue.yaml. Every asset has a folder of its own under the store; downloads come through pooch, which writes
beside and renames, and refuses a file whose checksum is another. A file whose checksum nobody has published is held
against that of its first download, kept in `checksums.json` beside it: cut or altered later, it is refused too.
"""

from __future__ import annotations

import os
import shutil
import zipfile
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Literal

import pooch
import yaml
from pydantic import BaseModel, ConfigDict, Field

from annotate.errors import InputError, PlafondError
from annotate.files import read_json, write_json
from assets.cache import cache_folder

_CATALOGUE = Path(__file__).with_name("catalogue.yaml")
_CHECKSUMS = "checksums.json"
State = Literal["absent", "incomplete", "altered", "whole"]


class AssetFile(BaseModel):
    """One file of an asset."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: str
    """Below the asset's folder."""
    url: str
    bytes: int | None = Field(default=None, ge=1)
    sha256: str | None = Field(default=None, pattern="^[0-9a-f]{64}$")
    unpack: bool = False
    """A zip archive, unpacked into the asset's folder."""


class Asset(BaseModel):
    """Something to download, by name."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    title: str
    kind: Literal["poses", "bodies", "clothes", "hair", "skins"]
    licence: str
    page: str
    """Where its publisher describes it."""
    folder: str = ""
    """Below the asset's folder: what to name to a command (--poses, --mblab)."""
    files: tuple[AssetFile, ...] = Field(min_length=1)

    @property
    def size_bytes(self) -> int | None:
        """Bytes to download; None where a file's size is not known."""
        sizes = [one.bytes for one in self.files]
        return None if None in sizes else sum(size for size in sizes if size is not None)


@cache
def catalogue(path: Path = _CATALOGUE) -> dict[str, Asset]:
    """All known assets by name."""
    return {asset.name: asset for asset in map(Asset.model_validate, yaml.safe_load(path.read_text(encoding="utf-8")))}


def find(names: list[str]) -> list[Asset]:
    """The assets of these names, all for none. InputError names the unknown and lists the known."""
    known = catalogue()
    unknown = [name for name in names if name not in known]
    if unknown:
        raise InputError(f"no asset is called {', '.join(unknown)}; there are: {', '.join(known)}")
    return [known[name] for name in names] if names else list(known.values())


def store_folder(given: Path | None = None) -> Path:
    """Where assets lie: the folder given, else PLAFOND_ASSETS, else `assets` in plafond's cache folder."""
    chosen = os.environ.get("PLAFOND_ASSETS")
    return given or (Path(chosen) if chosen else cache_folder() / "assets")


def locate(name: str, store: Path | None = None) -> Path:
    """The folder of a downloaded asset, to be named to a command. InputError says how to fetch it where it is absent."""
    asset = find([name])[0]
    home = store_folder(store) / name
    if state(asset, home) != "whole":
        raise InputError(f"the asset {name} is not at {home}, or not whole; fetch it: generate.py assets fetch {name}")
    return home / asset.folder


def state(asset: Asset, home: Path) -> State:
    """Whether an asset's files are there, all of them, and as they were published (or first downloaded)."""
    found = [_file_state(one, home) for one in asset.files]
    if "altered" in found:
        return "altered"
    if all(one == "whole" for one in found):
        return "whole"
    return "incomplete" if "whole" in found else "absent"


def _file_state(one: AssetFile, home: Path) -> State:
    path = home / one.path
    if not path.is_file():
        return "absent"
    expected = one.sha256 or _first_checksums(home).get(one.path)
    return "whole" if expected is not None and pooch.file_hash(str(path)) == expected else "altered"


def _first_checksums(home: Path) -> dict[str, str]:
    path = home / _CHECKSUMS
    return read_json(path) if path.is_file() else {}


def fetch(asset: Asset, store: Path) -> Path:
    """Download what is missing of an asset and unpack its archives; returns its folder.

    Raises:
        InputError: a file that is there is not the one published. Nothing is overwritten.
        PlafondError: a download failed, or brought another file than was published; nothing of it is kept.
    """
    home = store / asset.name
    if state(asset, home) == "altered":
        raise InputError(
            f"{home}: holds files of {asset.name} that were altered or cut; look with `generate.py assets check {asset.name}`, "
            "remove them and fetch again"
        )
    for one in asset.files:
        if _file_state(one, home) != "whole":
            _download(one, home)
        if one.unpack:
            _unpack(home / one.path, home)
    return home / asset.folder


def _download(one: AssetFile, home: Path) -> None:
    path = home / one.path
    try:
        pooch.retrieve(
            one.url, known_hash=f"sha256:{one.sha256}" if one.sha256 else None, fname=path.name, path=path.parent,
            downloader=pooch.HTTPDownloader(progressbar=True, timeout=60),
        )  # fmt: skip
    except (OSError, ValueError) as error:
        raise PlafondError(f"{one.url}: not fetched: {error}") from error
    _refuse_other_size(one, path)
    if one.unpack and not zipfile.is_zipfile(path):
        path.unlink()
        raise PlafondError(f"{one.url}: brought no zip archive, perhaps a page that says why; nothing was kept")
    if one.sha256 is None:
        write_json(home / _CHECKSUMS, {**_first_checksums(home), one.path: pooch.file_hash(str(path))})


def _refuse_other_size(one: AssetFile, path: Path) -> None:
    size = path.stat().st_size
    if one.bytes is not None and size != one.bytes:
        path.unlink()
        raise PlafondError(f"{one.url}: brought {size:,} bytes where {one.bytes:,} were expected; nothing was kept")


def _unpack(archive: Path, home: Path) -> None:
    """Unpack beside what is there; members that would leave the folder are refused before anything is written."""
    marker = archive.with_suffix(".unpacked")
    checksum = pooch.file_hash(str(archive))
    if marker.is_file() and marker.read_text() == checksum:
        return
    try:
        with zipfile.ZipFile(archive) as packed:
            for name in packed.namelist():
                if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
                    raise PlafondError(
                        f"{archive}: holds {name!r}, which would be written outside of {home}; not unpacked"
                    )
            _room_for(sum(info.file_size for info in packed.infolist()), home)
            packed.extractall(home)
    except zipfile.BadZipFile as error:
        raise PlafondError(f"{archive}: broken archive ({error}); remove it and fetch again") from error
    marker.write_text(checksum)


def _room_for(size_bytes: int, home: Path) -> None:
    free = shutil.disk_usage(home).free
    if size_bytes > free:
        raise PlafondError(f"{home}: {size_bytes:,} bytes are to be unpacked, but only {free:,} are free")
