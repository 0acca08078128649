"""The picture that shows a site: what it says appears where the lens formula puts it."""

from __future__ import annotations

import math
import sys
from pathlib import Path

import numpy as np
import pytest
import shapely

from annotate.errors import InputError
from annotate.files import read_image
from annotate.site import Site, mannequin
from annotate.site.show import FLOOR, FURNITURE, GRID, IGNORE, LAMP, SiteShowConfig, free_places, run_show, shown
from annotate.site.sketch import dashes, divided

sys.path.insert(0, str(Path(__file__).parents[1]))
from sites import write_small_site

SIZE = 400
DESK_TOP_M = [(0.4, 0.4), (1.8, 0.4), (1.8, 1.2), (0.4, 1.2)]


def pixel(x_m: float, y_m: float, z_m: float = 0.0, scale: int = 4) -> tuple[float, float]:
    """The equidistant formula r = f theta by hand: camera at 3 m above the middle, f = 0.48 size / (pi / 2)."""
    away, f = math.hypot(x_m, y_m), scale * SIZE * 0.48 / (math.pi / 2)
    radius = f * math.atan2(away, 3.0 - z_m) / max(away, 1e-12)
    return scale * SIZE / 2 + radius * x_m, scale * SIZE / 2 - radius * y_m


def picture_of(folder: Path, figures: bool = False, **changes: object) -> tuple[np.ndarray, np.ndarray]:
    """The bare enlarged background's difference to the shown site is what was drawn; both HWC."""
    site = Site.read(write_small_site(folder, SIZE, **changes))
    grey = np.full((SIZE, SIZE, 3), 128, np.uint8)
    drawn = shown(site, grey, figures=figures)
    return drawn[: 4 * SIZE], drawn[4 * SIZE :]


def like(drawn: np.ndarray, at: tuple[float, float], colour: tuple[int, int, int], reach: int = 2) -> bool:
    """Whether, within reach px of a place, a pixel has moved from grey 128 towards a colour by a third or more."""
    column, row = (math.floor(place) for place in at)
    part = drawn[row - reach : row + reach + 1, column - reach : column + reach + 1].reshape(-1, 3).astype(float) - 128
    way = np.array(colour, float) - 128
    return bool(((part @ way) / (way @ way) > 0.33).any())


def test_grid_lines_run_through_whole_metres_and_bend_with_the_lens(tmp_path: Path) -> None:
    drawn, _ = picture_of(tmp_path, furniture=[])
    for point in [(1, 1.5), (-2, 1.5), (1.5, 2), (-1.5, -1), (2, -1.5)]:
        assert like(drawn, pixel(*point), GRID), point
    for point in [(1.5, 1.5), (-0.5, 1.5), (-1.5, -1.5)]:
        assert not like(drawn, pixel(*point), GRID, reach=6), point
    # Between the pixels of (3, -3) and (3, 3) a ruler would run well beside the line through (3, 0.5).
    straight = (pixel(3, -3)[0] + pixel(3, 3)[0]) / 2
    assert abs(straight - pixel(3, 0.5)[0]) > 40
    assert like(drawn, pixel(3, 0.5), GRID) and not like(drawn, (straight, pixel(3, 0.5)[1]), GRID, reach=4)


def test_floor_furniture_ignore_areas_and_windows_are_drawn_in_their_places(tmp_path: Path) -> None:
    window = {"base_m": [[-2.4, -1], [-2.4, 1]], "sill_m": 0.5, "top_m": 1.5}
    ignore = [[20.0, 300.0], [80.0, 300.0], [80.0, 360.0], [20.0, 360.0]]
    drawn, _ = picture_of(tmp_path, windows=[window], ignore=[ignore])
    # The small site's outlines are drawn from corner to corner in the picture.
    assert like(drawn, (pixel(2.5, 2.5)[0], pixel(2.5, 0.55)[1]), FLOOR)
    assert all(like(drawn, pixel(x, y, 0.74), FURNITURE) for x, y in DESK_TOP_M)
    assert like(drawn, pixel(0.4, 0.4, 0.70), FURNITURE)
    assert like(drawn, pixel(-2.4, 0.5, 0.5), LAMP) and like(drawn, pixel(-2.4, 1, 1.0), LAMP)
    assert like(drawn, (4 * 50, 4 * 300), IGNORE)
    hatched = drawn[4 * 305 : 4 * 355, 4 * 25 : 4 * 75, 0].astype(int) > drawn[4 * 305 : 4 * 355, 4 * 25 : 4 * 75, 2]
    assert 0.05 < hatched.mean() < 0.5


def test_figures_stand_on_free_floor_and_are_as_tall_as_they_should(tmp_path: Path) -> None:
    site = Site.read(write_small_site(tmp_path, SIZE))
    places = free_places(site)
    desk = shapely.Polygon(DESK_TOP_M)
    assert len(places) >= 4
    assert all(desk.distance(shapely.Point(place)) > 0.25 for place in places)
    with_people, without = picture_of(tmp_path, figures=True)[0], picture_of(tmp_path)[0]
    changed = (with_people != without).any(axis=2)
    for x, y in places:
        head = pixel(x, y, 1.66)
        assert changed[int(head[1]), int(head[0])]
    furthest = max(places, key=lambda place: math.hypot(*place))
    above = pixel(*furthest, 1.85)
    assert not changed[int(above[1]), int(above[0])]


def test_mannequins_have_their_height_and_sit_on_their_seat() -> None:
    upright = np.concatenate(mannequin.standing((1.0, 2.0), 1.75))
    assert upright[:, 2].max() == pytest.approx(1.75, abs=0.02) and abs(upright[:, 2].min()) < 0.03
    sitting = np.concatenate(mannequin.seated((1.0, 2.0), 1.75, 0.45, direction_rad=math.pi / 2))
    assert 1.25 < sitting[:, 2].max() < 1.45  # sitting height 0.52 of stature above the seat
    knees = sitting[(sitting[:, 2] > 0.4) & (sitting[:, 2] < 0.65)]
    assert knees[:, 1].max() > 2.4 and abs(knees[:, 0] - 1.0).max() < 0.3


def test_lines_are_divided_and_dashed() -> None:
    line = divided([[0, 0, 0], [1, 0, 0]], 0.1)
    assert np.linalg.norm(np.diff(line, axis=0), axis=1).max() < 0.1 + 1e-9
    pieces = dashes([[0, 0, 0], [1, 0, 0]], 0.1)
    assert len(pieces) == 5
    assert sum(np.ptp(piece[:, 0]) for piece in pieces) == pytest.approx(0.5, abs=0.3)


def test_command_writes_the_picture_with_a_legend(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_small_site(tmp_path, SIZE, seats=[{"place_m": [-1, 1]}])
    out = run_show(SiteShowConfig(site=tmp_path, out=tmp_path / "seen.png"))
    picture = read_image(out)
    assert picture.shape[1] == 4 * SIZE and picture.shape[0] > 4 * SIZE
    assert "furniture 1, seats 1" in capsys.readouterr().out
    assert path.is_file()


def test_a_background_is_not_overwritten(tmp_path: Path) -> None:
    write_small_site(tmp_path, SIZE)
    with pytest.raises(InputError, match=r"floor\.png: is a background of the site itself"):
        run_show(SiteShowConfig(site=tmp_path, out=tmp_path / "floor.png"))
    with pytest.raises(InputError, match=r'no background is called "wall\.png"'):
        run_show(SiteShowConfig(site=tmp_path, out=tmp_path / "seen.png", background="wall.png"))
