from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from access.decorators import manager_required
from access.middleware import OrganisationRequest
from core.errors import DomainError
from core.filtering import applied_filters
from core.formatting import number_text
from core.freshness import badge_html
from core.htmx import render_page
from core.http import missing_is_404
from core.pagination import keyset_page, sort_order
from core.ports import sources
from properties import selectors as property_selectors
from tenancies import selectors
from tenancies.filters import LeaseFilter, TenantFilter
from tenancies.forms import LeaseForm
from tenancies.services import leases as lease_services
from tenancies.services import units as unit_services

LEASE_TONES = {"pending": "info", "active": "good", "notice": "info", "ended": "neutral"}
LEASE_ORDERS = {
    "end": ("last_day_sort",),
    "property": ("property__name",),
    "tenant": ("tenant_names",),
    "rent": ("rent_by_week",),
    "arrears": ("arrears_amount",),
}
EDIT_PLACES = {
    "rent_not_positive": "rent_amount",
    "lease_ends_before_it_starts": "ends_on",
    "vacates_before_it_starts": "vacates_on",
    "bond_negative": "bond_amount",
}


@require_safe
@manager_required
def leases(request: OrganisationRequest) -> HttpResponse:
    today = timezone.localdate()
    filterset = LeaseFilter(request.GET, queryset=selectors.leases_of(organisation=request.organisation), today=today)
    found = filterset.qs
    page = keyset_page(found, order=sort_order(request.GET, LEASE_ORDERS, default="end"), params=request.GET)
    totals = selectors.lease_totals(found)
    connections = {lease.connection_id for lease in page.items if lease.connection_id}
    context = {
        "filter": filterset,
        "chips": applied_filters(filterset, request.GET),
        "page": page,
        "totals": totals,
        "shown": f"{number_text(len(page.items))} of {number_text(totals.leases)}",
        "ending": selectors.ending_counts(organisation=request.organisation, today=today),
        "badges": badge_html(sources().for_connections(request.organisation.pk, connections)),
        "tones": LEASE_TONES,
        "today": today,
    }
    return render_page(request, "tenancies/leases.html", context, fragment="list")


@require_http_methods(["GET", "POST"])
@manager_required
def edit_lease(request: OrganisationRequest, lease_id: UUID) -> HttpResponse:
    with missing_is_404():
        lease = selectors.get_lease(organisation=request.organisation, lease_id=lease_id)
    form = LeaseForm(request.POST or None, instance=lease)
    if form.is_valid():
        try:
            lease_services.edit_lease(lease=lease, user=request.user, **form.cleaned_data)
        except DomainError as error:
            field = EDIT_PLACES.get(error.code)
            form.add_error(field if field in form.fields else None, error.message)
        else:
            messages.success(request, "The lease was saved. Syncs leave what you changed alone.")
            return redirect("lease_detail", lease_id)
    context = {"form": form, "lease": lease}
    return render(request, "tenancies/edit_lease.html", context, status=422 if form.is_bound else 200)


@require_POST
@manager_required
def follow_source(request: OrganisationRequest, lease_id: UUID) -> HttpResponse:
    with missing_is_404():
        lease = selectors.get_lease(organisation=request.organisation, lease_id=lease_id)
    lease_services.follow_source(lease=lease, user=request.user)
    messages.success(request, "Syncs write this lease again. Values change when the source next changes them.")
    return redirect("lease_detail", lease_id)


@require_safe
@manager_required
def tenants(request: OrganisationRequest) -> HttpResponse:
    filterset = TenantFilter(request.GET, queryset=selectors.tenants_of(organisation=request.organisation))
    page = keyset_page(
        filterset.qs, order=sort_order(request.GET, {"name": ("name",)}, default="name"), params=request.GET
    )
    context = {
        "filter": filterset,
        "chips": applied_filters(filterset, request.GET),
        "page": page,
        "rows": [(tenant, selectors.current_lease(tenant)) for tenant in page.items],
        "tones": LEASE_TONES,
    }
    return render_page(request, "tenancies/tenants.html", context, fragment="list")


@require_safe
@manager_required
def tenant_detail(request: OrganisationRequest, tenant_id: UUID) -> HttpResponse:
    with missing_is_404():
        tenant = selectors.get_tenant(organisation=request.organisation, tenant_id=tenant_id)
    directory = sources()
    badges, record_url = {}, ""
    if tenant.connection_id:
        badges = dict(directory.for_connections(request.organisation.pk, [tenant.connection_id]))
        record_url = directory.record_url(request.organisation.pk, tenant.connection_id, tenant.provider_id)
    context = {
        "tenant": tenant,
        "leases": [named.lease for named in tenant.lease_tenants.all()],
        "badge": badges.get(tenant.connection_id) if tenant.connection_id else None,
        "record_url": record_url,
        "tones": LEASE_TONES,
    }
    return render(request, "tenancies/tenant_detail.html", context)


@require_POST
@manager_required
def unit_offline(request: OrganisationRequest, unit_id: UUID) -> HttpResponse:
    """Takes a unit out of the vacancy figures (`offline=1`), or puts it back."""
    with missing_is_404():
        unit = property_selectors.get_unit(organisation=request.organisation, unit_id=unit_id)
    if request.POST.get("offline") == "1":
        unit_services.take_offline(unit=unit, user=request.user)
        messages.success(request, f"{unit} is offline and left out of the vacancy figures until you put it back.")
    else:
        back = unit_services.put_back(unit=unit, user=request.user)
        messages.success(request, f"{unit} is back: {back.get_status_display().lower()}.")
    return redirect("property_units", unit.property_id)
