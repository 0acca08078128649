"""Average precision by hand, and on drawn pictures: as if each picture stood there as often as it was drawn."""

import numpy as np
import pytest

from eval.measures.pairing import FALSE_ALARM, FOUND, IGNORED, PictureMatch
from eval.measures.ranking import ranking


def _match(people: int, *rows: tuple[float, int]) -> PictureMatch:
    """A picture's outcome from (score, outcome), best first."""
    scores, outcome = np.array([row[0] for row in rows]), np.array([row[1] for row in rows], dtype=int)
    return PictureMatch(scores, outcome, people, np.full(len(rows), -1))


def _random_matches(pictures: int, seed: int) -> list[PictureMatch]:
    rng = np.random.default_rng(seed)
    matches = []
    for _ in range(pictures):
        people, scores = int(rng.integers(0, 7)), -np.sort(-rng.random(int(rng.integers(0, 20))))
        found = rng.random(len(scores)) < scores
        found &= np.cumsum(found) <= people
        outcome = np.where(found, FOUND, np.where(rng.random(len(scores)) < 0.2, IGNORED, FALSE_ALARM))
        matches.append(PictureMatch(scores, outcome, people, np.full(len(scores), -1)))
    return matches


def test_average_precision_worked_out_by_hand() -> None:
    """Found, false alarm, found, of 3 people: precision 1 up to recall 1/3 (recalls 0 to 0.33: 34 of them), then 2/3 up
    to recall 2/3 (0.34 to 0.66: 33), then 0.
    """
    matches = [_match(2, (0.9, FOUND), (0.8, FALSE_ALARM)), _match(1, (0.7, FOUND))]
    expected = (34 * 1 + 33 * 2 / 3) / 101
    assert ranking(matches).average_precision() == pytest.approx(expected, abs=1e-12)


def test_ignored_detections_change_nothing() -> None:
    plain = [_match(2, (0.9, FOUND), (0.5, FOUND))]
    ignoring = [_match(2, (0.95, IGNORED), (0.9, FOUND), (0.7, IGNORED), (0.5, FOUND))]
    assert ranking(ignoring).average_precision() == ranking(plain).average_precision() == 1.0


def test_nobody_found_and_nobody_there() -> None:
    alarms = ranking([_match(1, (0.9, FALSE_ALARM))])
    assert alarms.average_precision() == 0.0 and alarms.drawn_average_precision(np.ones((2, 1))).tolist() == [0, 0]
    empty = ranking([_match(0, (0.9, FALSE_ALARM))])
    assert empty.average_precision() == 0.0 and np.isnan(empty.drawn_average_precision(np.ones((1, 1)))).all()


def test_pictures_drawn_once_each_give_the_figure_itself() -> None:
    ranked = ranking(_random_matches(40, 1))
    drawn = ranked.drawn_average_precision(np.ones((3, 40), np.float32))
    assert 0.2 < ranked.average_precision() < 0.9
    np.testing.assert_allclose(drawn, ranked.average_precision(), atol=1e-6)


def _plain_average_precision(matches: list[PictureMatch]) -> float:
    """The definition, one detection and one recall at a time."""
    rows = sorted(((s, o) for match in matches for s, o in zip(match.scores, match.outcome, strict=True)), reverse=True)
    people, tp, fp, curve = sum(match.people for match in matches), 0, 0, []
    for _, outcome in rows:
        tp, fp = tp + (outcome == FOUND), fp + (outcome == FALSE_ALARM)
        curve.append((tp / people, tp / max(tp + fp, 1)))
    best = [max((p for r, p in curve if r >= k / 100 - 1e-9), default=0.0) for k in range(101)]
    return float(np.mean(best))


@pytest.mark.parametrize("seed", range(5))
def test_drawn_pictures_count_as_often_as_they_were_drawn(seed: int) -> None:
    """Against the list with each picture written down as often as it was drawn."""
    matches, rng = _random_matches(31, seed), np.random.default_rng(seed)
    weights = rng.multinomial(31, np.full(31, 1 / 31), size=20).astype(np.float32)
    drawn = ranking(matches).drawn_average_precision(weights)
    for own, counts in zip(drawn, weights.astype(int), strict=True):
        written = [match for match, times in zip(matches, counts, strict=True) for _ in range(times)]
        assert own == pytest.approx(_plain_average_precision(written), abs=1e-6)


def test_draw_without_people_has_no_average_precision() -> None:
    ranked = ranking([_match(1, (0.9, FOUND)), _match(0, (0.5, FALSE_ALARM))])
    drawn = ranked.drawn_average_precision(np.array([[0.0, 2.0], [1.0, 1.0]]))
    assert np.isnan(drawn[0]) and drawn[1] == pytest.approx(1.0)
