from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import ROUND_CEILING, Decimal
from typing import NamedTuple

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from core.formatting import currency_sign, money_text

# One drawing unit is one CSS pixel at the chart's natural width; it scales with the card.
_WIDTH, _HEIGHT = 420, 176
_LEFT, _RIGHT, _TOP, _BOTTOM = 40, 4, 10, 22
_TICKS = 4


class Bars(NamedTuple):
    """One place on the axis: its label, the full label for readers, and one amount a series."""

    label: str
    full_label: str
    values: tuple[Decimal, ...]


def _nice_step(top: Decimal) -> Decimal:
    """The smallest of 1, 2, 2.5, 5 × 10ⁿ that reaches `top` in _TICKS steps."""
    raw = max(top, Decimal(1)) / _TICKS
    base = Decimal(1).scaleb(raw.adjusted())
    for factor in (Decimal(1), Decimal(2), Decimal("2.5"), Decimal(5), Decimal(10)):
        if base * factor >= raw:
            return base * factor
    return base * 10


def _axis_text(amount: Decimal, currency: str) -> str:
    """`$20k`, `$1.5m`: axis labels are scales, not amounts."""
    for limit, unit in ((Decimal(1_000_000), "m"), (Decimal(1000), "k")):
        if amount >= limit:
            return f"{currency_sign(currency)}{(amount / limit).normalize():f}{unit}"
    return money_text(amount, currency, places=0 if amount == amount.to_integral() else 2)


def _axis_count(amount: Decimal) -> str:
    for limit, unit in ((Decimal(1_000_000), "m"), (Decimal(1000), "k")):
        if amount >= limit:
            return f"{(amount / limit).normalize():f}{unit}"
    return f"{amount.normalize():f}"


def bar_chart_svg(
    bars: Sequence[Bars],
    *,
    chart_id: str,
    title: str,
    series: Sequence[str],
    currency: str = "",
    per: str = "month",
    words: Callable[[Decimal], str] | None = None,
) -> SafeString:
    """Grouped bars as SVG with title, description and a table for readers of the same figures.

    `per` names what a place on the axis is. `words` writes a figure; without it figures are money in `currency`.
    Amounts below zero are drawn as zero and stand with their sign in the table: expense series are given as positive.
    """
    write = words or (lambda amount: money_text(amount, currency))
    top = max((value for bar in bars for value in bar.values), default=Decimal(0))
    step = _nice_step(top)
    ticks = int((max(top, step) / step).to_integral(rounding=ROUND_CEILING))
    ceiling = step * ticks
    plot_height = _HEIGHT - _TOP - _BOTTOM
    slot = (_WIDTH - _LEFT - _RIGHT) / max(len(bars), 1)
    width = min(slot * 0.7 / max(len(series), 1), 22.0)

    def y_of(amount: Decimal) -> float:
        return round(_TOP + plot_height * (1 - float(max(amount, Decimal(0)) / ceiling)), 1)

    grid = format_html_join(
        "",
        '<line class="{}" x1="{}" x2="{}" y1="{}" y2="{}"/><text x="{}" y="{}" text-anchor="end">{}</text>',
        (
            (
                "grid" if tick else "zero",
                _LEFT,
                _WIDTH - _RIGHT,
                y_of(step * tick),
                y_of(step * tick),
                _LEFT - 8,
                y_of(step * tick) + 3.5,
                _axis_text(step * tick, currency) if words is None else _axis_count(step * tick),
            )
            for tick in range(ticks + 1)
        ),
    )
    columns: list[SafeString] = []
    for index, bar in enumerate(bars):
        centre = _LEFT + slot * (index + 0.5)
        start = centre - width * len(bar.values) / 2
        for place, value in enumerate(bar.values):
            y = y_of(value)
            columns.append(
                format_html(
                    '<rect class="series-{}" x="{}" y="{}" width="{}" height="{}" rx="1.5">'
                    "<title>{}: {} {}</title></rect>",
                    place + 1,
                    round(start + width * place + 0.5, 1),
                    y,
                    round(width - 1, 1),
                    round(_HEIGHT - _BOTTOM - y, 1),
                    bar.full_label,
                    series[place],
                    write(value),
                )
            )
        columns.append(
            format_html(
                '<text x="{}" y="{}" text-anchor="middle">{}</text>',
                round(centre, 1),
                _HEIGHT - 7,
                bar.label,
            )
        )
    drawing = format_html(
        '<svg class="chart" viewBox="0 0 {} {}" role="img" aria-labelledby="{}-title {}-desc">'
        '<title id="{}-title">{}</title><desc id="{}-desc">Bars for {} by {}; '
        "the table after the chart holds the figures.</desc>{}{}</svg>",
        _WIDTH,
        _HEIGHT,
        chart_id,
        chart_id,
        chart_id,
        title,
        chart_id,
        " and ".join(series),
        per,
        grid,
        format_html_join("", "{}", ((column,) for column in columns)),
    )
    legend = format_html(
        '<p class="legend" aria-hidden="true">{}</p>',
        format_html_join(
            "",
            '<span><i class="swatch {}"></i>{}</span>',
            (("two" if place else "one", name) for place, name in enumerate(series)),
        ),
    )
    return format_html(
        "{}{}{}",
        drawing,
        legend,
        _figures(bars, title=title, series=series, per=per, write=write),
    )


def _figures(
    bars: Sequence[Bars], *, title: str, series: Sequence[str], per: str, write: Callable[[Decimal], str]
) -> SafeString:
    head = format_html_join("", '<th scope="col">{}</th>', ((name,) for name in series))
    rows = format_html_join(
        "",
        '<tr><th scope="row">{}</th>{}</tr>',
        (
            (
                bar.full_label,
                format_html_join(
                    "",
                    "<td>{}</td>",
                    ((write(value),) for value in bar.values),
                ),
            )
            for bar in bars
        ),
    )
    return format_html(
        '<div class="visually-hidden"><table><caption>{}</caption><thead><tr><th scope="col">{}</th>{}</tr></thead>'
        "<tbody>{}</tbody></table></div>",
        title,
        per.capitalize(),
        head,
        rows,
    )


def sparkline_svg(values: Sequence[Decimal | int | float], *, title: str) -> SafeString:
    """A line without axes, scaled between its own least and greatest value; nothing for fewer than two points."""
    if len(values) < 2:
        return SafeString("")
    numbers = [float(value) for value in values]
    low, spread = min(numbers), (max(numbers) - min(numbers)) or 1.0
    points = " ".join(
        f"{round(100 * index / (len(numbers) - 1), 1)},{round(26 - 24 * (number - low) / spread, 1)}"
        for index, number in enumerate(numbers)
    )
    return format_html(
        '<svg class="sparkline" viewBox="0 0 100 28" preserveAspectRatio="none" role="img" aria-label="{}">'
        '<polyline points="{}"/></svg>',
        title,
        points,
    )
