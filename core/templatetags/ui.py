"""Tags and filters of the design system; a built-in of the template engine, so no page loads them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django import template
from django.template.context import RequestContext
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from core import charts
from core.formatting import (
    UNKNOWN,
    age_text,
    day_text,
    full_time_text,
    money_text,
    number_text,
    percent_text,
)

register = template.Library()

_ABSENT = SafeString('<span class="to">empty</span>')
TONES = ("neutral", "info", "good", "warn", "bad")


@register.filter
def money(value: Decimal | int | None, currency: str = "") -> str:
    """`{{ amount|money }}` or `{{ amount|money:row.currency }}`; the sign tells a foreign currency apart."""
    return money_text(_amount(value), currency or "")


@register.filter
def signed_money(value: Decimal | int | None, currency: str = "") -> str:
    """As money, with a plus before a gain: for movements and differences."""
    return money_text(_amount(value), currency or "", plus=True)


@register.filter
def whole_money(value: Decimal | int | None, currency: str = "") -> str:
    """Without cents, for the large figures of a KPI strip only."""
    return money_text(_amount(value), currency or "", places=0)


def _amount(value: Decimal | int | str | None) -> Decimal | None:
    # Undefined template variables arrive as ""; both mean unknown.
    return None if value is None or value == "" else Decimal(value)


@register.filter
def number(value: Decimal | float | None) -> str:
    """`{{ 48211|number }}` gives 48,211."""
    return UNKNOWN if value == "" else number_text(value)


@register.filter
def percent(value: Decimal | float | None, places: int = 1) -> str:
    """A share of one: `{{ 0.056|percent }}` gives 5.6 %."""
    return UNKNOWN if value == "" else percent_text(value, places)


@register.filter
def day(value: date | datetime | None) -> SafeString | str:
    """`4 Dec 2026` in the active zone, with the full time for a pointer and for machines."""
    if not value:
        return UNKNOWN
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        value.isoformat(),
        full_time_text(value),
        day_text(value),
    )


@register.filter
def age(value: datetime | None) -> SafeString | str:
    """`3 min ago`, with the full time for a pointer."""
    if not value:
        return "never"
    text = age_text(value, timezone.now())
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        value.isoformat(),
        full_time_text(value),
        text,
    )


@register.filter
def when(value: datetime | None) -> SafeString | str:
    """Date and clock: `4 Dec 2026, 14:02`."""
    if not value:
        return UNKNOWN
    text = f"{day_text(value)}, {timezone.localtime(value):%H:%M}"
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        value.isoformat(),
        full_time_text(value),
        text,
    )


@register.filter
def initials(name: str) -> str:
    """Two letters of a name or of an e-mail address, for the avatar."""
    words = str(name).split("@")[0].replace(".", " ").split()
    return "".join(word[0] for word in (words if len(words) < 3 else [words[0], words[-1]]))[:2].upper()


@register.filter
def lookup(mapping: Mapping[str, Any] | None, key: str) -> Any:
    """`{{ counts|lookup:item.key }}`; None where either is missing."""
    return mapping.get(key) if mapping else None


@register.filter
def sentence(count: int, words: str) -> str:
    """`{{ 6|sentence:"property is,properties are" }}` gives "6 properties are"; zero reads "no"."""
    one, _, many = words.partition(",")
    return f"{'no' if count == 0 else number_text(count)} {one if count == 1 else many or one + 's'}"


_SMALL = (
    "No",
    "One",
    "Two",
    "Three",
    "Four",
    "Five",
    "Six",
    "Seven",
    "Eight",
    "Nine",
    "Ten",
    "Eleven",
    "Twelve",
)


@register.filter
def sentence_start(count: int, words: str) -> str:
    """As sentence, at the start of one: numbers up to twelve are spelt ("Six properties are")."""
    one, _, many = words.partition(",")
    spelt = _SMALL[count] if 0 <= count < len(_SMALL) else number_text(count)
    return f"{spelt} {one if count == 1 else many or one + 's'}"


@register.simple_tag
def chip(tone: str, word: str, title: str = "", live: bool = False) -> SafeString:
    """Status as dot and word: `{% chip "warn" "Needs mapping" %}`. `live` lets the dot breathe while work runs."""
    name = tone if tone in TONES else "neutral"
    hover = format_html(' title="{}"', title) if title else ""
    return format_html(
        '<span class="chip {}{}"{}>{}</span>',
        name,
        " live" if live else "",
        hover,
        word,
    )


@register.simple_tag
def icon(name: str, label: str = "", extra: str = "") -> SafeString:
    """An icon of static/img/icons.svg; silent for readers unless a label is given."""
    address = f"{static('img/icons.svg')}#{name}"
    if label:
        return format_html(
            '<svg class="icon {}" role="img" aria-label="{}"><use href="{}"></use></svg>',
            extra,
            label,
            address,
        )
    return format_html(
        '<svg class="icon {}" aria-hidden="true" focusable="false"><use href="{}"></use></svg>',
        extra,
        address,
    )


@register.simple_tag
def score(value: int | None, label: str = "Match score") -> SafeString:
    """A 0–100 score with its bar; 90 and above is good, below 60 is poor."""
    if value is None:
        return format_html(
            '<span class="score"><span aria-hidden="true">{}</span>'
            '<span class="visually-hidden">{}: none</span></span>',
            UNKNOWN,
            label,
        )
    return format_html(
        '<span class="score">{}<meter min="0" max="100" low="60" high="89" optimum="100" value="{}" aria-label="{}">'
        "{}</meter></span>",
        value,
        value,
        label,
        value,
    )


@register.simple_tag
def diff(old: Any, new: Any) -> SafeString:
    """Old → new; an absent side is said in words, so that colour is never alone."""
    before = _ABSENT if old in (None, "") else format_html("<del>{}</del>", old)
    after = _ABSENT if new in (None, "") else format_html("<ins>{}</ins>", new)
    return format_html('<span class="diff" dir="auto">{}<span class="to">→</span>{}</span>', before, after)


@register.simple_tag(takes_context=True)
def sort_header(
    context: RequestContext,
    key: str,
    label: str,
    align: str = "",
    parameter: str = "sort",
) -> SafeString:
    """A column head that sorts by `?sort=key`, turning to `-key` on the second press; the page cursor is dropped.

    `align="num"` for figures. Needs `request` in the context.
    """
    request = context["request"]
    current = request.GET.get(parameter, "")
    query = request.GET.copy()
    for cursor in ("after", "before", "page"):
        query.pop(cursor, None)
    query[parameter] = f"-{key}" if current == key else key
    state, sign = "", "sort"
    if current.lstrip("-") == key:
        state, sign = ("descending", "down") if current.startswith("-") else ("ascending", "up")
    return format_html(
        '<th scope="col" class="{}"{}><a href="?{}" rel="nofollow">{}{}</a></th>',
        align,
        format_html(' aria-sort="{}"', state) if state else "",
        query.urlencode(),
        label,
        icon(sign),
    )


@register.simple_tag(takes_context=True)
def query_without(context: RequestContext, *names: str, **exact: Any) -> str:
    """The query string less whole parameters, or less one value of a repeated one: `{% query_without tag="leak" %}`."""
    query = context["request"].GET.copy()
    for name in (*names, "after", "before", "page"):
        query.pop(name, None)
    for name, value in exact.items():
        query.setlist(name, [item for item in query.getlist(name) if item != str(value)])
    return f"?{query.urlencode()}"


@register.simple_tag
def bar_chart(
    bars: Sequence[charts.Bars],
    title: str,
    series: str,
    chart_id: str = "chart",
    currency: str = "",
) -> SafeString:
    """`{% bar_chart months "Income and expense by month" "Income,Expense" %}` over a list of core.charts.Bars."""
    return charts.bar_chart_svg(
        bars,
        chart_id=chart_id,
        title=title,
        series=series.split(","),
        currency=currency,
    )


@register.simple_tag
def count_chart(bars: Sequence[charts.Bars], title: str, series: str, chart_id: str, unit: str = "") -> SafeString:
    """As bar_chart, by hour, of numbers and not of money: `{% count_chart hours "Calls by hour" "Calls" "calls" %}`."""
    ending = f" {unit}" if unit else ""
    return charts.bar_chart_svg(
        bars,
        chart_id=chart_id,
        title=title,
        series=series.split(","),
        per="hour",
        words=lambda figure: f"{number_text(figure)}{ending}",
    )


@register.simple_tag
def sparkline(values: Sequence[Decimal | int | float], title: str) -> SafeString:
    """A small line; the title says what it shows and where it ends."""
    return charts.sparkline_svg(values, title=title)
