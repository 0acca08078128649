"""Downloads against a real server on this machine: what is whole is kept, what is cut or altered is refused."""

import functools
import http.server
import io
import threading
import zipfile

import pooch
import pytest

from annotate.errors import InputError, PlafondError
from assets import store
from assets.store import Asset, AssetFile, catalogue, fetch, find, locate, state
from assets.store_commands import AssetsCheckConfig, AssetsFetchConfig, AssetsListConfig, run_check, run_fetch, run_list

MOTION = b":FULLY-SPECIFIED\n1\nroot 0 0 0\n"


def zipped(**members: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as packed:
        for name, data in members.items():
            packed.writestr(name.replace("__", "/"), data)
    return stream.getvalue()


@pytest.fixture
def site(tmp_path):
    """A folder, and the address at which a server serves it."""
    folder = tmp_path / "served"
    folder.mkdir()

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield folder, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def asset_of(site, data: bytes, name: str = "walk.amc", known: bool = True, **fields) -> Asset:
    folder, address = site
    (folder / name).write_bytes(data)
    sha = pooch.file_hash(str(folder / name)) if known else None
    size = len(data) if known else None
    one = AssetFile(path=name, url=f"{address}/{name}", bytes=size, sha256=sha, **fields)
    return Asset(name="walk", title="a walk", kind="poses", licence="CC0", page=address, files=(one,))


def test_what_is_fetched_is_whole_and_not_fetched_again(site, tmp_path):
    asset = asset_of(site, MOTION)
    home = fetch(asset, tmp_path / "store")
    assert (home / "walk.amc").read_bytes() == MOTION
    (site[0] / "walk.amc").unlink()
    assert fetch(asset, tmp_path / "store") == home


@pytest.mark.parametrize("served", [MOTION[:-3], MOTION.replace(b"1", b"2")], ids=["cut", "altered"])
def test_a_cut_or_altered_download_is_refused_and_not_kept(site, tmp_path, served):
    asset = asset_of(site, MOTION)
    (site[0] / "walk.amc").write_bytes(served)
    with pytest.raises(PlafondError, match=r"walk\.amc: not fetched: "):
        fetch(asset, tmp_path / "store")
    assert state(asset, tmp_path / "store" / "walk") == "absent"


def test_a_file_without_published_checksum_is_held_against_its_first_download(site, tmp_path):
    asset = asset_of(site, MOTION, known=False)
    home = fetch(asset, tmp_path / "store")
    assert state(asset, home) == "whole"
    (home / "walk.amc").write_bytes(MOTION + b"x")
    assert state(asset, home) == "altered"
    with pytest.raises(InputError, match=r"altered or cut; look with `generate\.py assets check walk`"):
        fetch(asset, tmp_path / "store")


def test_a_server_that_is_not_there_is_named(site, tmp_path):
    asset = asset_of(site, MOTION)
    (site[0] / "walk.amc").unlink()
    with pytest.raises(PlafondError, match=r"http://127\.0\.0\.1:\d+/walk\.amc: not fetched: 404"):
        fetch(asset, tmp_path / "store")


def test_archives_are_unpacked_once(site, tmp_path):
    asset = asset_of(site, zipped(data__a="one"), "pack.zip", unpack=True)
    home = fetch(asset, tmp_path / "store")
    assert (home / "data" / "a").read_text() == "one"
    (home / "data" / "a").write_text("mine")
    fetch(asset, tmp_path / "store")
    assert (home / "data" / "a").read_text() == "mine"


def test_a_member_outside_the_folder_is_refused_before_anything_is_written(site, tmp_path):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as packed:
        packed.writestr("good", "x")
        packed.writestr("../evil", "x")
    asset = asset_of(site, stream.getvalue(), "pack.zip", unpack=True)
    with pytest.raises(PlafondError, match=r"holds '\.\./evil', which would be written outside"):
        fetch(asset, tmp_path / "store")
    assert not (tmp_path / "store" / "walk" / "good").exists()
    assert not (tmp_path / "store" / "evil").exists()


def test_a_page_in_place_of_an_archive_is_refused(site, tmp_path):
    asset = asset_of(site, b"<html>moved</html>", "pack.zip", known=False, unpack=True)
    with pytest.raises(PlafondError, match="brought no zip archive"):
        fetch(asset, tmp_path / "store")
    assert not (tmp_path / "store" / "walk" / "pack.zip").exists()


def test_the_catalogue_names_licence_page_and_checksum_or_says_that_it_is_unknown():
    known = catalogue()
    assert {"cmu-walking", "mblab", "makehuman-system", "makehuman-hair", "makehuman-skins-male"} <= set(known)
    assert all(asset.licence and asset.page.startswith("http") for asset in known.values())
    assert known["cmu-walking"].size_bytes == 8_536_147
    assert sum(one.sha256 is None for asset in known.values() for one in asset.files) == 5


def test_commands_list_fetch_check_and_locate(site, tmp_path, monkeypatch, capsys):
    asset = asset_of(site, MOTION)
    monkeypatch.setattr(store, "catalogue", lambda: {"walk": asset})
    folder = tmp_path / "store"
    with pytest.raises(InputError, match=r"generate\.py assets fetch walk"):
        locate("walk", folder)
    run_list(AssetsListConfig(store=folder))
    assert "absent" in capsys.readouterr().out
    run_fetch(AssetsFetchConfig(names=["walk"], store=folder))
    assert "licence: CC0" in capsys.readouterr().out
    run_check(AssetsCheckConfig(store=folder))
    assert "walk: whole" in capsys.readouterr().out
    assert locate("walk", folder) == folder / "walk"
    (folder / "walk" / "walk.amc").write_bytes(b"")
    with pytest.raises(PlafondError, match="walk is altered"):
        run_check(AssetsCheckConfig(names=["walk"], store=folder))


def test_an_unknown_name_lists_the_known():
    with pytest.raises(InputError, match="no asset is called walrus; there are: cmu-walking, "):
        find(["walrus"])
