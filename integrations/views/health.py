from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from access.decorators import manager_required
from access.middleware import OrganisationRequest
from core.charts import Bars
from core.formatting import day_text
from core.htmx import render_page
from integrations.selectors.calls import Day, Hour, circuits_of, day_of, limits_of, stops_of
from integrations.specs import RateLimit
from integrations.views.page import connection_or_404, connection_page

# Every third hour is written below the chart: 24 would touch each other.
LABEL_EVERY = 3


@manager_required
@require_safe
def health(request: OrganisationRequest, slug: str) -> HttpResponse:
    """Calls, errors, waits, breakers and limit use of a connection over the last day."""
    connection = connection_or_404(request, slug)
    day = day_of(connection)
    limits = limits_of(connection)
    context = connection_page(request, connection, "health") | {
        "day": day,
        "waited": _seconds(day.waited),
        "is_health_page": True,
        "call_bars": [_bars(hour, Decimal(hour.calls)) for hour in day.hours],
        "error_bars": [_bars(hour, Decimal(hour.failed)) for hour in day.hours],
        "wait_bars": [_bars(hour, _seconds(hour.waited)) for hour in day.hours],
        "use_bars": [_bars(hour, (hour.top_use * 100).to_integral_value(ROUND_HALF_UP)) for hour in day.hours],
        "circuits": circuits_of(connection),
        "limits": None if limits is None else [(_limit_words(use.limit), use) for use in limits],
        "stops": stops_of(connection),
        "speed": _speed(day),
    }
    return render_page(request, "integrations/health.html", context)


def _bars(hour: Hour, *values: Decimal) -> Bars:
    begins = timezone.localtime(hour.begins_at)
    label = f"{begins:%H:%M}" if begins.hour % LABEL_EVERY == 0 else ""
    return Bars(label, f"{day_text(begins)}, {begins:%H:%M}", values)


def _seconds(amount: Decimal) -> Decimal:
    """Whole seconds, but never none where there was a wait."""
    whole = amount.to_integral_value(ROUND_HALF_UP)
    return whole if whole or not amount else Decimal(1)


def _limit_words(limit: RateLimit) -> str:
    if limit.concurrent:
        return f"{limit.calls:,} calls at once, {limit.calls:,} in {_span(limit.seconds)}"
    return f"{limit.calls:,} calls in {_span(limit.seconds)}"


def _span(seconds: float) -> str:
    for size, one, many in ((3600, "an hour", "hours"), (60, "a minute", "minutes"), (1, "a second", "seconds")):
        if seconds >= size and not seconds % size:
            return one if seconds == size else f"{seconds / size:g} {many}"
    return f"{seconds:g} seconds"


def _speed(day: Day) -> dict[str, str]:
    """The two latencies in words."""
    return {name: _duration(value) for name, value in (("median", day.median_ms), ("slow", day.slow_ms))}


def _duration(milliseconds: int | None) -> str:
    if milliseconds is None:
        return "–"
    return f"≤ {milliseconds} ms" if milliseconds < 1000 else f"≤ {milliseconds / 1000:g} s"
