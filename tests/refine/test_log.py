"""losses.jsonl: every step once and in order, whatever was killed, and nothing that is no number."""

import json
from pathlib import Path

import pytest
import torch

from annotate.errors import PlafondError
from refine.training.log import Losses, LossLog, read_rows


def given(value: float) -> Losses:
    return Losses.of({"G": torch.tensor(value), "D": torch.tensor(2 * value)})


def test_rows_are_those_of_the_steps_though_the_tensor_is_used_again(tmp_path: Path) -> None:
    log = LossLog(tmp_path / "losses.jsonl", 0)
    losses = given(0.0)
    for step in range(1, 71):  # more than the first ring holds
        losses.values.copy_(torch.tensor([step, 2.0 * step]))  # as the replay of a graph does
        log.add(step, 0.5, losses)
    recent = log.flush()
    assert recent.step == 70
    assert recent.losses == {"G": 35.5, "D": 71.0}
    assert log.flush() is None
    expected = [{"step": step, "learning_rate": 0.5, "G": step, "D": 2 * step} for step in range(1, 71)]
    assert read_rows(tmp_path / "losses.jsonl") == expected


def test_steps_after_the_checkpoint_and_half_a_line_are_dropped(tmp_path: Path) -> None:
    path = tmp_path / "losses.jsonl"
    path.write_text("".join(json.dumps({"step": step}) + "\n" for step in (1, 2, 3)) + '{"step": 4')
    LossLog(path, 2)
    assert read_rows(path) == [{"step": 1}, {"step": 2}]


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_loss_that_is_no_number_is_named_and_what_came_before_is_kept(tmp_path: Path, bad: float) -> None:
    log = LossLog(tmp_path / "losses.jsonl", 0)
    for step, value in enumerate((1.0, 2.0, bad, 3.0), start=1):
        log.add(step, 0.5, given(value))
    with pytest.raises(PlafondError, match=r"the loss G became (nan|inf) at step 3"):
        log.flush()
    assert [row["step"] for row in read_rows(tmp_path / "losses.jsonl")] == [1, 2]
