from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from access.decorators import manager_required
from access.middleware import OrganisationRequest
from core.charts import Bars
from core.ports import SourceBadge, sources
from integrations.selectors.connections import connections_of, describe
from reporting.selectors.money import money_by_month
from reporting.selectors.needs import ARREARS_DAYS, needs_of
from reporting.selectors.portfolio import portfolio_summary
from tenancies import selectors as tenancy_selectors

# Of each on the page; the lists behind them show the rest.
NEEDS_SHOWN, LEASES_SHOWN = 8, 6


def greeting(hour: int) -> str:
    """By the organisation's clock."""
    if 5 <= hour < 12:
        return "Good morning"
    return "Good afternoon" if 12 <= hour < 18 else "Good evening"


@require_safe
@manager_required
def today(request: OrganisationRequest) -> HttpResponse:
    """What needs this person, then where the portfolio stands."""
    organisation, day = request.organisation, timezone.localdate()
    connections = describe(connections_of(organisation))
    summary = portfolio_summary(organisation=organisation, today=day)
    months = money_by_month(organisation=organisation, today=day)
    ending = tenancy_selectors.ending_counts(organisation=organisation, today=day)
    needs = needs_of(
        organisation=organisation,
        sources=connections,
        summary=summary,
        late=tenancy_selectors.arrears_summary(organisation=organisation, more_than_days=ARREARS_DAYS),
        ending=ending,
        today=day,
    )
    leases = tenancy_selectors.leases_ending(organisation=organisation, today=day)[:LEASES_SHOWN]
    this, last = months[-1], months[-2]
    context = {
        "greeting": f"{greeting(timezone.localtime().hour)}, {request.user.first_word}",
        "summary": summary,
        "month": this,
        "last_month": last,
        "rent_change": (this.rent - last.rent) / last.rent if last.rent else None,
        "has_money": any(item.income or item.expense for item in months),
        "bars": [Bars(f"{item.month:%b}"[:1], item.name, (item.income, item.expense)) for item in months],
        "needs": needs[:NEEDS_SHOWN],
        "needs_total": len(needs),
        "connections": connections,
        "is_new": not connections and not summary.properties,
        "leases": leases,
        "ending": ending,
        "badge": _oldest(sources().for_organisation(organisation.pk)),
    }
    return render(request, "reporting/today.html", context)


def _oldest(badges: list[SourceBadge]) -> SourceBadge | None:
    """How old the figures of all sources together are: as old as those of the stalest."""
    never = datetime.min.replace(tzinfo=UTC)
    oldest = min(badges, key=lambda badge: badge.as_of or never, default=None)
    if oldest is None:
        return None
    return replace(oldest, url="", label="oldest source" if len(badges) > 1 else oldest.label)
