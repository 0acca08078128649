"""The pool of translated images: what it hands out, how often, and that it survives a checkpoint."""

import numpy as np
import pytest
import torch

from refine.pool import ImagePool


def numbered(*numbers: float) -> torch.Tensor:
    return torch.tensor(numbers, dtype=torch.float32).reshape(-1, 1, 1, 1)


def exchanged(pool: ImagePool, images: torch.Tensor, rng: np.random.Generator) -> torch.Tensor:
    return pool.exchange(images, pool.draw(len(images), rng))


def test_filling_pool_hands_the_new_images_back() -> None:
    pool, rng = ImagePool(3), np.random.default_rng(0)
    assert torch.equal(exchanged(pool, numbered(1, 2, 3), rng), numbered(1, 2, 3))
    assert pool.count == 3


def test_full_pool_hands_out_an_older_image_half_of_the_time_and_loses_none() -> None:
    pool, rng = ImagePool(50), np.random.default_rng(0)
    exchanged(pool, numbered(*range(50)), rng)
    given = [float(exchanged(pool, numbered(number), rng)) for number in range(50, 2050)]
    older = [number for number, back in enumerate(given, start=50) if back != number]
    assert 0.45 < len(older) / len(given) < 0.55
    # Every image is handed out once or still in the pool.
    assert sorted(given + pool.state()["images"].flatten().tolist()) == list(range(2050))


def test_pool_of_none_hands_out_the_newest() -> None:
    pool = ImagePool(0)
    assert torch.equal(pool.exchange(numbered(7), np.random.default_rng(0)), numbered(7))


def test_pool_keeps_no_gradients() -> None:
    image = numbered(1).requires_grad_()
    for capacity in (0, 2):
        assert not exchanged(ImagePool(capacity), image * 2, np.random.default_rng(0)).requires_grad


def test_restored_pool_goes_on_alike() -> None:
    pool, rng = ImagePool(4), np.random.default_rng(3)
    exchanged(pool, numbered(*range(4)), rng)
    exchanged(pool, numbered(4, 5), rng)
    other, other_rng = ImagePool(1), np.random.default_rng(0)
    other.load_state(pool.state(), torch.device("cpu"))
    other_rng.bit_generator.state = rng.bit_generator.state
    for number in range(6, 30):
        assert torch.equal(exchanged(pool, numbered(number), rng), exchanged(other, numbered(number), other_rng))


def test_images_of_one_step_that_does_not_fit_what_is_free_lose_none() -> None:
    pool, rng = ImagePool(5), np.random.default_rng(1)
    given = [exchanged(pool, numbered(*range(3 * step, 3 * step + 3)), rng) for step in range(400)]
    everything = torch.cat([*given, pool.state()["images"]]).flatten().tolist()
    # While the pool fills, an image is kept and comes back too; afterwards each is in one place only.
    assert sorted(everything[5:]) == sorted(set(everything[5:]))
    assert set(everything) == set(range(1200))


def test_more_images_than_the_pool_holds_are_refused() -> None:
    pool = ImagePool(2)
    with pytest.raises(ValueError, match="pool of 2 images cannot exchange 3"):
        pool.draw(3, np.random.default_rng(0))
