"""A comparison as a report: a conclusion, a table of distances, a matrix of what a line tells apart, components."""

from __future__ import annotations

import cv2
import numpy as np

from eval.compare.comparison import Comparison, NetworkDistances, PairDistances, PoolProjection
from eval.distances.jackknife import Estimate
from eval.report.document import Cell, Column, Plot, Report, Row, Section, Series, Table

THUMBNAIL_PX = 64
_BIASED = "*"
_DISCREPANCY_HINT = (
    "2 (1 - 2 e), e the held-out error of a linear classifier: 0, it cannot tell the sets apart; 2, it never errs"
)


def report_of(
    comparison: Comparison, conditions: list[tuple[str, str]], warnings: list[str], note: str, commands: list[str]
) -> Report:
    """The whole report; conditions, warnings and commands are those of the command beside the comparison's own."""
    sections = [_distances(comparison, network, place) for place, network in enumerate(comparison.networks)]
    if comparison.projections:
        sections.append(_components(comparison))
    headline, sentences = _conclusion(comparison)
    return Report(
        headline, sentences, sections, [*_conditions(comparison), *conditions], [*_warnings(comparison), *warnings],
        note, commands, comparison.as_json(),
    )  # fmt: skip


def main_reference(comparison: Comparison) -> str:
    """The reference of which the conclusion speaks: the first real one, or a stand-in, or simply the first."""
    kinds = {entry.name: entry.kind for entry in comparison.sets}
    for kind in ("real", "stand-in"):
        found = [name for name in comparison.references if kinds[name] == kind]
        if found:
            return found[0]
    return comparison.references[0]


def _conclusion(comparison: Comparison) -> tuple[str, list[str]]:
    """Which set is nearest to the reference by the first network, and how sure that is."""
    reference, network = main_reference(comparison), comparison.networks[0]
    pairs = {
        entry.name: pair
        for entry in comparison.sets
        if entry.name != reference and (pair := network.between(entry.name, reference)) is not None
    }
    ranked = sorted(pairs, key=lambda name: pairs[name].frechet.value)
    nearest = ranked[0]
    listed = ", ".join(f"{name} {_told(pairs[name].frechet)}" for name in ranked)
    sentences = [f"{network.frechet_name} to {reference} at {comparison.n} crops of each set: {listed}."]
    itself = network.between(reference, reference)
    if itself is not None:
        sentences.append(
            f"{reference} against itself, one half of its pictures against the other, is {_told(itself.frechet)}: "
            "that is what nothing looks like here."
        )
    if len(ranked) == 1:
        return f"{nearest} is {pairs[nearest].frechet.value:.3g} from {reference} ({network.frechet_name})", sentences
    second = ranked[1]
    if not _overlap(pairs[nearest].frechet, pairs[second].frechet):
        return f"{nearest} is nearest to {reference}", sentences
    sentences.append(f"The intervals of {nearest} and {second} overlap, or are not known: which is nearer is open.")
    return f"{nearest} and {second} are about as near to {reference}", sentences


def _told(estimate: Estimate) -> str:
    interval = f" ({estimate.low:.3g} to {estimate.high:.3g})" if estimate.low is not None else ""
    return f"{estimate.value:.3g}{interval}"


def _overlap(nearer: Estimate, further: Estimate) -> bool:
    return nearer.high is None or further.low is None or nearer.high >= further.low


def _cell(estimate: Estimate | None, mark: str = "") -> Cell | None:
    if estimate is None:
        return None
    return Cell(estimate.value, estimate.low, estimate.high, mark=mark)


def _distances(comparison: Comparison, network: NetworkDistances, place: int) -> Section:
    any_biased = any(pair.biased for pair in network.pairs)
    note = f"{comparison.n} crops of each set, {network.dimensions} features. " + (
        f"{_BIASED} biased upwards: no more crops than features; compare it with its neighbours in the table, not with "
        "figures from elsewhere. "
        if any_biased
        else ""
    )
    table = Table(
        f"distances-{place}", f"Distances, {network.title}", "Set", _columns(comparison, network),
        [*_set_rows(comparison, network), *_itself_rows(comparison, network)],
        note + "Less is nearer; intervals are over pictures.",
    )  # fmt: skip
    text = [
        "The Fréchet distance takes each set's features as one normal distribution; the kernel distance does not, and is "
        "unbiased: around 0, also below, for sets of one distribution."
    ]
    return Section(
        f"network-{place}", f"In the features of {network.title}", text, [table, _matrix(comparison, network, place)]
    )


def _columns(comparison: Comparison, network: NetworkDistances) -> list[Column]:
    return [
        Column(f"{name} to {reference}", digits, hint=hint)
        for reference in comparison.references
        for name, digits, hint in (
            (network.frechet_name, 2, "Fréchet distance, thesis eq. 2.26"),
            (network.kernel_name, 4, "squared maximum mean discrepancy, cubic kernel"),
        )
    ]


def _set_rows(comparison: Comparison, network: NetworkDistances) -> list[Row]:
    """A row for every set that is measured to any other one."""
    rows = []
    for entry in comparison.sets:
        if comparison.references != [entry.name]:
            pairs = [
                None if name == entry.name else network.between(entry.name, name) for name in comparison.references
            ]
            rows.append(Row(entry.name, _pair_cells(pairs), f"{entry.people} people, {entry.pictures} pictures"))
    return rows


def _itself_rows(comparison: Comparison, network: NetworkDistances) -> list[Row]:
    """A row for every reference that was measured against itself."""
    rows = []
    for entry in comparison.sets:
        if entry.halved_by:
            pairs = [network.between(name, name) if name == entry.name else None for name in comparison.references]
            by = "earlier against later pictures" if entry.halved_by == "time" else "halves drawn by picture"
            rows.append(Row(f"{entry.name} against itself", _pair_cells(pairs), by))
    return rows


def _pair_cells(pairs: list[PairDistances | None]) -> list[Cell | None]:
    cells: list[Cell | None] = []
    for pair in pairs:
        mark = _BIASED if pair is not None and pair.biased else ""
        cells += [_cell(pair.frechet, mark), _cell(pair.kernel)] if pair is not None else [None, None]
    return cells


def _matrix(comparison: Comparison, network: NetworkDistances, place: int) -> Table:
    rows = []
    for entry in comparison.sets:
        pairs = [network.between(entry.name, other) for other in comparison.references]
        rows.append(Row(entry.name, [_cell(pair.discrepancy) if pair is not None else None for pair in pairs]))
    return Table(
        f"discrepancy-{place}", f"Told apart by a line, {network.title}", "Set",
        [Column(name, 2, hint=_DISCREPANCY_HINT) for name in comparison.references], rows,
        f"{_DISCREPANCY_HINT} (Ben-David et al. 2010). On the diagonal the halves of a reference, where it has any.",
    )  # fmt: skip


def _components(comparison: Comparison) -> Section:
    shown = len(next(iter(comparison.points.values())))
    text = [
        f"Two principal components of {shown} crops of each set, found for all sets together as in the thesis; the "
        "large point of a colour is its set's centre. They hold little of what varies: sets that lie on one "
        "another here may differ elsewhere."
    ]
    pictures = {name: [_thumbnail(crop) for crop in crops] for name, crops in comparison.points.items()}
    plots = [_plot(comparison, projection, pictures) for projection in comparison.projections]
    return Section("components", "Principal components", text, [_centres(comparison)], plots)


def _plot(comparison: Comparison, found: PoolProjection, pictures: dict[str, list[bytes]]) -> Plot:
    """A set's crops, small, and over them, larger and under the same name, its centre."""
    series = [
        Series(name, points[:, 0].tolist(), points[:, 1].tolist(), texts=comparison.texts[name],
               pictures=pictures[name], role="second")
        for name, points in found.projection.points.items()
    ]  # fmt: skip
    series += [
        Series(name, [float(x)], [float(y)], texts=[f"centre of {name}"])
        for name, (x, y) in found.projection.centres().items()
    ]
    shares = [
        f"component {place} ({share:.0%} of the variance)" for place, share in enumerate(found.projection.explained, 1)
    ]
    positions = "every position" if found.vectors == "flat" else "mean over positions"
    note = f"{found.title}, {positions}: {found.dimensions:,} numbers of each crop. Weights: {found.weights}."
    return Plot(f"pool-{found.pool}", found.title, "points", shares[0], shares[1], series, note=note)


def _centres(comparison: Comparison) -> Table:
    """How far the sets' centres lie from the reference's in the plots; lengths of one plot only compare with one another."""
    reference = main_reference(comparison)
    columns = [Column(found.title, 3) for found in comparison.projections]
    centres = [found.projection.centres() for found in comparison.projections]
    rows = [
        Row(entry.name, [Cell(float(np.linalg.norm(of[entry.name] - of[reference]))) for of in centres])
        for entry in comparison.sets
        if entry.name != reference
    ]
    note = "Lengths in the plot; each column has a scale of its own."
    return Table("centres", f"From the centre of {reference}", "Set", columns, rows, note)


def _thumbnail(crop: np.ndarray) -> bytes:
    """JPEG of a crop (s, s, 3) uint8 RGB."""
    small = cv2.resize(crop, (THUMBNAIL_PX, THUMBNAIL_PX), interpolation=cv2.INTER_AREA)
    _, encoded = cv2.imencode(".jpg", cv2.cvtColor(small, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 85])
    return encoded.tobytes()


def _conditions(comparison: Comparison) -> list[tuple[str, str]]:
    options = comparison.options
    whose = "everybody" if options.target == "person" else "people with a labelled head"
    sets = [
        f"{entry.name}: {', '.join(entry.folders)} ({entry.kind}, {entry.people} people)" for entry in comparison.sets
    ]
    networks = [
        f"{network.title} ({network.dimensions} features, weights: {network.weights})"
        for network in comparison.networks
    ]
    return [
        ("Sets", "; ".join(sets)),
        ("Crops", f"{comparison.n} of each set, upright, {options.crop_px} px, of {whose} of whom a share of at least "
                  f"{options.min_visible:g} is visible"),
        ("Networks", "; ".join(networks)),
        ("Distance intervals", "95 %, jackknife over up to 10 blocks of pictures of either set"),
        ("Discrepancy", "logistic regression on standardised features, 5 folds that keep pictures together; 95 % bootstrap "
                        "over pictures, or stretches of a clip"),
        ("Seed", str(options.seed)),
    ]  # fmt: skip


def _warnings(comparison: Comparison) -> list[str]:
    halved = {entry.name for entry in comparison.sets if entry.halved_by}
    alone = [name for name in comparison.references if name not in halved] if comparison.options.halves else []
    return [f"{name} has too few pictures for two halves, so it is not measured against itself." for name in alone]
