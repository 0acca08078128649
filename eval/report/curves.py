"""Validation curves as small inline SVG pictures: F1, precision and recall over training, one picture per training set."""

from __future__ import annotations

from html import escape

from eval.results import SetResult

WIDTH, HEIGHT = 360, 210
LEFT, RIGHT, TOP, BOTTOM = 34, 12, 12, 34


def curve_svg(entry: SetResult) -> str:
    """Figures on validation against epochs. F1 of each seed, precision and recall of the first; a dot marks the
    checkpoint that was taken. Colours are CSS variables of the page."""
    runs = [run.record["curve"] for run in entry.runs]
    last = max(point["epoch"] for curve in runs for point in curve)
    lines = [_line(runs[0], key, last) for key in ("precision", "recall")]
    lines += [_line(curve, "f1", last) for curve in runs]
    dots = [_dot(run.record["chosen"], last) for run in entry.runs]
    label = f"Precision, recall and F1 on validation during training on {entry.name}"
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(label)}">'
        f"{_axes(last)}{''.join(lines)}{''.join(dots)}</svg>"
    )


def _x(epoch: float, last: float) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * epoch / max(last, 1e-9)


def _y(value: float) -> float:
    return TOP + (HEIGHT - TOP - BOTTOM) * (1.0 - value)


def _line(curve: list[dict[str, float]], key: str, last: float) -> str:
    points = " ".join(f"{_x(point['epoch'], last):.1f},{_y(point[key]):.1f}" for point in curve)
    marks = "".join(
        f'<circle class="{key}" cx="{_x(point["epoch"], last):.1f}" cy="{_y(point[key]):.1f}" r="1.6"/>'
        for point in curve
    )
    return f'<polyline class="{key}" points="{points}"/>{marks}'


def _dot(chosen: dict[str, float], last: float) -> str:
    title = f"taken: epoch {chosen['epoch']:g}, F1 {chosen['f1']:.3f}"
    return (
        f'<circle class="taken" cx="{_x(chosen["epoch"], last):.1f}" cy="{_y(chosen["f1"]):.1f}" r="4.5">'
        f"<title>{title}</title></circle>"
    )


def _axes(last: float) -> str:
    parts = []
    for value in (0.0, 0.25, 0.5, 0.75, 1.0):
        y = _y(value)
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{value:g}</text>')
    for share in (0.0, 0.5, 1.0):
        x = _x(last * share, last)
        anchor = "end" if share == 1 else "middle"
        parts.append(f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="{anchor}">{last * share:g}</text>')
    parts.append(f'<text x="{(LEFT + WIDTH) / 2:.0f}" y="{HEIGHT - 4}" text-anchor="middle">epochs</text>')
    return "".join(parts)
