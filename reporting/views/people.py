"""Pages about those who rent: one lease with its payments, and who is behind."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from access.decorators import manager_required
from access.middleware import OrganisationRequest
from core.filtering import applied_filters
from core.freshness import badge_html
from core.htmx import render_page
from core.http import missing_is_404
from core.pagination import keyset_page, sort_order
from core.ports import sources
from reporting.selectors.properties import lines_of
from tenancies import selectors as tenancy_selectors
from tenancies.filters import ArrearsFilter
from tenancies.views import LEASE_TONES

ARREARS_ORDERS = {
    "behind": ("arrears_days",),
    "owed": ("arrears_amount",),
    "tenant": ("tenant_names",),
    "property": ("property__name",),
}
FIELD_WORDS = {
    "rent_amount": "rent",
    "rent_period": "rent period",
    "starts_on": "start",
    "ends_on": "end of term",
    "vacates_on": "moving-out date",
    "is_periodic": "periodic",
    "bond_amount": "bond",
    "status": "status",
}
PAYMENTS_SHOWN = 12


@require_safe
@manager_required
def lease_detail(request: OrganisationRequest, lease_id: UUID) -> HttpResponse:
    organisation = request.organisation
    with missing_is_404():
        lease = tenancy_selectors.get_lease(organisation=organisation, lease_id=lease_id)
    badge, record_url = None, ""
    if lease.connection_id:
        directory = sources()
        badge = directory.for_connections(organisation.pk, [lease.connection_id]).get(lease.connection_id)
        record_url = directory.record_url(organisation.pk, lease.connection_id, lease.provider_id)
    # The property's index leads to them: there is none by lease.
    payments = lines_of(organisation=organisation, property_id=lease.property_id).filter(lease=lease)
    last_day = lease.vacates_on or lease.ends_on
    context = {
        "lease": lease,
        "tone": LEASE_TONES[lease.status],
        "named": lease.lease_tenants.all(),
        "badge": badge,
        "record_url": record_url,
        "edited": [FIELD_WORDS.get(name, name.replace("_", " ")) for name in lease.edited_fields],
        "days_left": (last_day - timezone.localdate()).days if last_day else None,
        "payments": payments[:PAYMENTS_SHOWN],
    }
    return render(request, "reporting/lease_detail.html", context)


@require_safe
@manager_required
def arrears(request: OrganisationRequest) -> HttpResponse:
    organisation = request.organisation
    filterset = ArrearsFilter(request.GET, queryset=tenancy_selectors.arrears_of(organisation=organisation))
    found = filterset.qs
    page = keyset_page(found, order=sort_order(request.GET, ARREARS_ORDERS, default="-behind"), params=request.GET)
    connections = {lease.connection_id for lease in page.items if lease.connection_id}
    context = {
        "filter": filterset,
        "chips": applied_filters(filterset, request.GET),
        "page": page,
        "totals": tenancy_selectors.lease_totals(found),
        "summary": tenancy_selectors.arrears_summary(organisation=organisation),
        "buckets": tenancy_selectors.arrears_buckets(organisation=organisation),
        "badges": badge_html(sources().for_connections(organisation.pk, connections)),
        "tones": LEASE_TONES,
    }
    return render_page(request, "reporting/arrears.html", context, fragment="list")
