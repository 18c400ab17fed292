"""One property, in tabs with addresses of their own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from access.decorators import manager_required
from access.middleware import OrganisationRequest
from core.charts import Bars
from core.http import missing_is_404
from core.pagination import keyset_page
from core.ports import sources
from maintenance.models import WorkOrder
from maintenance.views.words import STATUS_TONES
from properties import selectors as property_selectors
from properties.models import Property
from reporting.selectors.money import money_by_month
from reporting.selectors.portfolio import PortfolioSummary, property_summary
from reporting.selectors.properties import lines_of, mappings_of
from reporting.views.portfolio import UNIT_TONES
from tenancies import selectors as tenancy_selectors
from tenancies.views import LEASE_TONES

TABS = (
    ("Overview", "property_detail"),
    ("Units", "property_units"),
    ("Leases", "property_leases"),
    ("Money", "property_money"),
    ("Work orders", "property_work_orders"),
    ("Source", "property_source"),
)
LATEST = 6


@dataclass(frozen=True, slots=True)
class PropertyPage:
    """What every tab needs: the property, its figures and the shared context."""

    property: Property
    summary: PortfolioSummary
    context: dict[str, Any]


def _page(request: OrganisationRequest, property_id: UUID, tab: str) -> PropertyPage:
    organisation = request.organisation
    with missing_is_404():
        property = property_selectors.get_property(organisation=organisation, property_id=property_id)
    summary = property_summary(organisation=organisation, property_id=property.pk, today=timezone.localdate())
    counts = {"property_units": summary.units, "property_work_orders": summary.work_orders}
    context = {
        "property": property,
        "summary": summary,
        "badge": sources().for_properties(organisation.pk, [property.pk]).get(property.pk),
        "tabs": [
            {
                "label": label,
                "url": reverse(name, args=[property.pk]),
                "current": name == tab,
                "count": counts.get(name) or None,
            }
            for label, name in TABS
        ],
        "unit_tones": UNIT_TONES,
        "lease_tones": LEASE_TONES,
        "work_order_tones": STATUS_TONES,
    }
    return PropertyPage(property, summary, context)


@require_safe
@manager_required
def overview(request: OrganisationRequest, property_id: UUID) -> HttpResponse:
    page = _page(request, property_id, "property_detail")
    organisation = request.organisation
    rents = tenancy_selectors.rent_by_property(organisation=organisation, property_ids=[property_id])
    running = tenancy_selectors.leases_of(organisation=organisation).filter(
        property=page.property, status__in=tenancy_selectors.RUNNING
    )
    months = money_by_month(organisation=organisation, today=timezone.localdate(), property_id=property_id)
    page.context.update(
        rent_by_week=rents.get(property_id),
        leases=running.order_by("unit__label", "id")[:LATEST],
        month=months[-1],
        last_month=months[-2],
        has_money=any(item.income or item.expense for item in months),
        bars=[Bars(f"{item.month:%b}"[:1], item.name, (item.income, item.expense)) for item in months],
        transactions=lines_of(organisation=organisation, property_id=property_id)[:LATEST],
        jobs=_work_orders(request, property_id).filter(status__in=WorkOrder.OPEN_STATUSES)[:LATEST],
    )
    return render(request, "reporting/property/overview.html", page.context)


@require_safe
@manager_required
def units(request: OrganisationRequest, property_id: UUID) -> HttpResponse:
    page = _page(request, property_id, "property_units")
    leases = tenancy_selectors.leases_of(organisation=request.organisation).filter(
        property=page.property, status__in=tenancy_selectors.RUNNING
    )
    by_unit = {lease.unit_id: lease for lease in leases.order_by("-status", "id")}
    rows = [(unit, by_unit.get(unit.pk)) for unit in page.property.units.order_by("label", "id")]
    page.context.update(rows=rows)
    return render(request, "reporting/property/units.html", page.context)


@require_safe
@manager_required
def leases(request: OrganisationRequest, property_id: UUID) -> HttpResponse:
    page = _page(request, property_id, "property_leases")
    found = tenancy_selectors.leases_of(organisation=request.organisation).filter(property=page.property)
    page.context.update(
        page=keyset_page(found, order=("-last_day_sort",), params=request.GET),
        totals=tenancy_selectors.lease_totals(found),
    )
    return render(request, "reporting/property/leases.html", page.context)


@require_safe
@manager_required
def money(request: OrganisationRequest, property_id: UUID) -> HttpResponse:
    organisation = request.organisation
    page = _page(request, property_id, "property_money")
    months = money_by_month(organisation=request.organisation, today=timezone.localdate(), property_id=property_id)
    page.context.update(
        months=list(reversed(months)),
        income=sum(item.income for item in months),
        expense=sum(item.expense for item in months),
        net=sum(item.net for item in months),
        bars=[Bars(f"{item.month:%b}"[:1], item.name, (item.income, item.expense)) for item in months],
        page=keyset_page(
            lines_of(organisation=organisation, property_id=property_id),
            order=("-occurred_on", "-id"),
            params=request.GET,
            size=25,
        ),
    )
    return render(request, "reporting/property/money.html", page.context)


@require_safe
@manager_required
def work_orders(request: OrganisationRequest, property_id: UUID) -> HttpResponse:
    page = _page(request, property_id, "property_work_orders")
    found = _work_orders(request, property_id)
    page.context.update(page=keyset_page(found, order=("-id",), params=request.GET), today=timezone.localdate())
    return render(request, "reporting/property/work_orders.html", page.context)


@require_safe
@manager_required
def source(request: OrganisationRequest, property_id: UUID) -> HttpResponse:
    page = _page(request, property_id, "property_source")
    mappings = mappings_of(property=page.property)
    directory = sources()
    badges = directory.for_connections(request.organisation.pk, {mapping.connection_id for mapping in mappings})
    rows = [
        (
            mapping,
            badges.get(mapping.connection_id),
            directory.record_url(request.organisation.pk, mapping.connection_id, mapping.provider_property_id),
        )
        for mapping in mappings
    ]
    page.context.update(rows=rows)
    return render(request, "reporting/property/source.html", page.context)


def _work_orders(request: OrganisationRequest, property_id: UUID) -> QuerySet[WorkOrder]:
    rows = WorkOrder.objects.filter(property_id=property_id, organisation=request.organisation)
    return rows.select_related("unit").order_by("-id")
