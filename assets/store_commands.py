"""`generate.py assets list | fetch | check`: what can be downloaded, by name, licence and size."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field
from tyro.conf import Positional

from annotate.errors import InputError, PlafondError
from assets.store import Asset, fetch, find, state, store_folder


class AssetsListConfig(BaseModel):
    """Print every asset that plafond can download, with its licence, its size and whether it is there."""

    model_config = ConfigDict(extra="forbid")

    store: Path | None = None
    """Folder of the assets; left out: PLAFOND_ASSETS, or a folder in the user's cache."""


class AssetsFetchConfig(BaseModel):
    """Download assets by name, checked against their checksums; what is there already is kept."""

    model_config = ConfigDict(extra="forbid")

    names: Positional[list[str]] = Field(min_length=1)
    """Which ones, as `assets list` names them."""
    store: Path | None = None
    """Folder of the assets; left out: PLAFOND_ASSETS, or a folder in the user's cache."""


class AssetsCheckConfig(BaseModel):
    """Hold downloaded assets against their checksums."""

    model_config = ConfigDict(extra="forbid")

    names: Positional[list[str]] = Field(default_factory=list)
    """Which ones; none: all that are there."""
    store: Path | None = None
    """Folder of the assets; left out: PLAFOND_ASSETS, or a folder in the user's cache."""


def run_list(config: AssetsListConfig) -> Path:
    """Print the catalogue; returns the store's folder."""
    store = store_folder(config.store)
    for asset in find([]):
        print(f"{asset.name:<24} {asset.kind:<8} {_size(asset):>10}  {state(asset, store / asset.name)}")
        print(f"    {asset.title}\n    {asset.licence}; {asset.page}")
    return store


def run_fetch(config: AssetsFetchConfig) -> Path:
    """Fetch the named assets and say where they lie."""
    if not config.names:
        raise InputError("assets fetch: no name given; `generate.py assets list` prints them")
    store = store_folder(config.store)
    for asset in find(config.names):
        print(f"{asset.name}: {asset.title}\n    licence: {asset.licence}")
        print(f"    at {fetch(asset, store)}")
    return store


def run_check(config: AssetsCheckConfig) -> Path:
    """Print the state of each asset; PlafondError if one that is asked for, or there, is not whole."""
    store, faults = store_folder(config.store), []
    for asset in find(config.names):
        found = state(asset, store / asset.name)
        if found == "absent" and not config.names:
            continue
        print(f"{asset.name}: {found}")
        if found != "whole":
            faults.append(f"{asset.name} is {found}")
    if faults:
        raise PlafondError(f"{store}: {'; '.join(faults)}; remove what was altered and run `generate.py assets fetch`")
    return store


def _size(asset: Asset) -> str:
    return "unknown" if asset.size_bytes is None else f"{asset.size_bytes / 1e6:,.1f} MB"
