"""What a benchmark is to find out: which training sets, how many seeds, and what goes first when time is short."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from eval.benchmark.config import BenchmarkConfig

SEEDS = (5, 3, 2, 1)
"""To these numbers of seeds a budget lowers, in this order."""
ALWAYS = ("R", "S")


@dataclass(frozen=True)
class Design:
    """The training sets to be made and tried. sweep: N above 0; left_out: what a budget took, in words."""

    presets: tuple[str, ...]
    favourite: str | None
    seeds: int
    sweep: tuple[int, ...] = ()
    mixtures: bool = False
    compare: bool = False
    style: bool = False
    reproduction: bool = False
    new: bool = False
    left_out: tuple[str, ...] = ()

    def smaller(self) -> Iterator[Design]:
        """This design and ever smaller ones: fewer seeds, then fewer presets from the end of the list (the favourite
        last, and never R or S), then fewer points of the sweep from its end, then the experiments of chapter 5."""
        design = self
        yield design
        for seeds in (number for number in SEEDS if number < self.seeds):
            text = f"seeds: {seeds} instead of {self.seeds}"
            design = replace(design, seeds=seeds, left_out=(*self.left_out, text))
            yield design
        for name in [name for name in reversed(self.presets) if name != self.favourite]:
            kept = tuple(one for one in design.presets if one != name)
            design = design._without(f"refiner {name}", presets=kept)
            yield design
        for times in reversed(self.sweep):
            kept_times = tuple(one for one in design.sweep if one != times)
            design = design._without(f"sweep: {times} times as many refined pictures", sweep=kept_times)
            yield design
        for field, text in (("new", "D_new: R divided the other way round"), ("reproduction", "second seed of the refiner"),
                            ("style", "S_style")):  # fmt: skip
            if getattr(design, field):
                design = design._without(text, **{field: False})
                yield design

    def _without(self, what: str, **changes: object) -> Design:
        return replace(self, left_out=(*self.left_out, what), **changes)  # type: ignore[arg-type]


def full_design(config: BenchmarkConfig) -> Design:
    """Everything that the wanted tables and figures need."""
    wanted = set(config.parts)
    presets = tuple(dict.fromkeys(config.presets))
    favourite = config.favourite if config.favourite in presets else next(iter(presets), None)
    has = favourite is not None
    return Design(
        presets=presets,
        favourite=favourite,
        seeds=config.seeds,
        sweep=tuple(sorted({times for times in config.sweep if times > 0})) if has and "4.6" in wanted else (),
        mixtures=bool({"4.5", "curves"} & wanted),
        compare=bool({"4.1", "4.7", "regression", "projection"} & wanted),
        style=config.paintings is not None and "5.1" in wanted,
        reproduction=has and "5.3" in wanted,
        new=has and config.new.given and "5.2" in wanted,
    )
