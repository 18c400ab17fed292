"""Jobs by state, and by the day on which something is to happen."""

from __future__ import annotations

from calendar import Calendar
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from access.decorators import manager_required
from access.middleware import OrganisationRequest
from maintenance.models import Offer, WorkOrder
from maintenance.selectors.vendors import policy_of
from maintenance.selectors.work_orders import board_cards, dated_work_orders
from maintenance.states import targets
from maintenance.views.words import PRIORITY_TONES, STATUS_TONES

# So many cards stand in a column; the list has the rest.
MOST_CARDS = 40
COLUMNS = ("new", "triaged", "quoted", "approved", "assigned", "scheduled", "in_progress", "done")


@dataclass(slots=True)
class Column:
    """A lane of the board. `state` is where a card dropped here goes; blank for the lane of those without a vendor."""

    key: str
    label: str
    tone: str
    cards: list[WorkOrder] = field(default_factory=list)
    more: int = 0


@manager_required
@require_safe
def board(request: OrganisationRequest) -> HttpResponse:
    """Open jobs by state, the manual lane first, and what was done in the last two weeks."""
    labels = dict(WorkOrder.Status.choices)
    columns = {"manual": Column("", "Needs a vendor", "warn")}
    columns |= {state: Column(state, str(labels[state]), STATUS_TONES[state]) for state in COLUMNS}
    policy = policy_of(organisation=request.organisation)
    now = timezone.now()
    for order in board_cards(organisation=request.organisation, now=now):
        column = columns["manual" if order.manual_since is not None else order.status]
        if len(column.cards) == MOST_CARDS:
            column.more += 1
            continue
        order.moves = targets(order)  # type: ignore[attr-defined]
        answer_by = order.opened + timedelta(minutes=policy.target_of(order.priority))  # type: ignore[attr-defined]
        order.is_late = order.status in ("new", "triaged") and answer_by < now  # type: ignore[attr-defined]
        order.waiting_for = next(  # type: ignore[attr-defined]
            (offer.vendor for offer in order.offers.all() if offer.state in (Offer.State.QUEUED, Offer.State.SENT)),
            None,
        )
        column.cards.append(order)
    context = {
        "columns": list(columns.values()),
        "total": sum(len(column.cards) + column.more for column in columns.values()),
        "priority_tones": PRIORITY_TONES,
        "today": timezone.localdate(),
    }
    return render(request, "maintenance/board.html", context)


@dataclass(slots=True)
class Day:
    """One square of the calendar."""

    on: date
    is_other_month: bool
    is_today: bool
    entries: list[tuple[str, datetime | None, WorkOrder]]


@manager_required
@require_safe
def calendar(request: OrganisationRequest) -> HttpResponse:
    """A month or a week of jobs, by the time they are scheduled for and the day they are due."""
    today = timezone.localdate()
    on = _day(request.GET.get("on", ""), today)
    is_week = request.GET.get("view") == "week"
    if is_week:
        first = on - timedelta(days=on.weekday())
        weeks = [[first + timedelta(days=step) for step in range(7)]]
        before, after = on - timedelta(days=7), on + timedelta(days=7)
    else:
        weeks = [list(week) for week in Calendar().monthdatescalendar(on.year, on.month)]
        before = (on.replace(day=1) - timedelta(days=1)).replace(day=1)
        after = (on.replace(day=28) + timedelta(days=7)).replace(day=1)
    start, end = weeks[0][0], weeks[-1][-1]
    entries = _entries(request, start, end)
    context: dict[str, Any] = {
        "weeks": [
            [Day(day, not is_week and day.month != on.month, day == today, entries[day]) for day in week]
            for week in weeks
        ],
        "is_week": is_week,
        "on": on,
        "start": start,
        "end": end,
        "before": before,
        "after": after,
        "today": today,
        "count": sum(len(found) for found in entries.values()),
        "status_tones": STATUS_TONES,
        "tabs": [
            {"label": "Month", "url": f"?on={on}", "current": not is_week},
            {"label": "Week", "url": f"?view=week&on={on}", "current": is_week},
        ],
    }
    return render(request, "maintenance/calendar.html", context)


def _entries(
    request: OrganisationRequest, start: date, end: date
) -> dict[date, list[tuple[str, datetime | None, WorkOrder]]]:
    found: dict[date, list[tuple[str, datetime | None, WorkOrder]]] = defaultdict(list)
    for order in dated_work_orders(organisation=request.organisation, start=start, end=end):
        if order.scheduled_for is not None:
            local = timezone.localtime(order.scheduled_for)
            if start <= local.date() <= end:
                found[local.date()].append(("scheduled", local, order))
        if order.due_on is not None and start <= order.due_on <= end:
            found[order.due_on].append(("due", None, order))
    for entries in found.values():
        entries.sort(key=lambda entry: (entry[1] is None, entry[1] or timezone.now(), entry[2].title))
    return found


def _day(text: str, today: date) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return today
    # A calendar has no squares before year 1 and after 9999: stay where both neighbours exist.
    return day if 1900 <= day.year <= 2200 else today
