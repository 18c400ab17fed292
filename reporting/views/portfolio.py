"""The list of properties, and taking properties out of it."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from access.decorators import manager_required
from access.middleware import OrganisationRequest
from core.filtering import applied_filters
from core.formatting import number_text
from core.freshness import badge_html
from core.htmx import render_page
from core.http import missing_is_404
from core.pagination import capped_count, keyset_page, sort_order
from core.ports import sources
from core.templatetags.ui import sentence, sentence_start
from properties import selectors as property_selectors
from properties import services as property_services
from reporting.filters import PortfolioFilter
from reporting.selectors.portfolio import portfolio_summary
from reporting.selectors.properties import ArchiveEffects, archive_effects, portfolio_rows
from tenancies.selectors import rent_by_property

ORDERS = {
    "name": ("name",),
    "suburb": ("suburb", "name"),
    "vacant": ("units_vacant", "name"),
    "rent": ("rent_by_week", "name"),
}
UNIT_TONES = {"vacant": "warn", "occupied": "good", "notice": "info", "offline": "neutral"}


@require_safe
@manager_required
def property_list(request: OrganisationRequest) -> HttpResponse:
    organisation = request.organisation
    order = sort_order(request.GET, ORDERS, default="name")
    filterset = PortfolioFilter(
        request.GET, queryset=portfolio_rows(organisation=organisation, order=order), organisation=organisation
    )
    found = filterset.qs
    page = keyset_page(found, order=order, params=request.GET)
    ids = [row.pk for row in page.items]
    units = property_selectors.occupancy_of(organisation=organisation, property_ids=ids)
    rents = rent_by_property(organisation=organisation, property_ids=ids)
    badges = badge_html(sources().for_properties(organisation.pk, ids))
    number, capped = capped_count(found, cap=10_000)
    context = {
        "filter": filterset,
        "chips": applied_filters(filterset, request.GET),
        "page": page,
        "rows": [(row, units.get(row.pk), rents.get(row.pk), badges.get(row.pk)) for row in page.items],
        "shown": f"{number_text(len(page.items))} of {'more than ' if capped else ''}{number_text(number)}",
        "summary": portfolio_summary(organisation=organisation, today=timezone.localdate()),
    }
    return render_page(request, "properties/list.html", context, fragment="list")


@require_http_methods(["GET", "POST"])
@manager_required
def archive_property(request: OrganisationRequest, property_id: UUID) -> HttpResponse:
    with missing_is_404():
        property = property_selectors.get_property(organisation=request.organisation, property_id=property_id)
    return _archive(
        request,
        ids=[property.pk],
        question=f"Archive {property.name}?",
        back=reverse("property_detail", args=[property.pk]),
    )


@require_http_methods(["GET", "POST"])
@manager_required
def archive_properties(request: OrganisationRequest) -> HttpResponse:
    """Asks about the properties in `?ids=`; those of another organisation are not found."""
    try:
        ids = [UUID(value) for value in request.GET.getlist("ids")]
    except ValueError as error:
        raise Http404 from error
    back = reverse("property_list")
    if not ids:
        messages.warning(request, "No property was chosen. Tick the ones to archive, then press Archive.")
        return redirect(back)
    return _archive(request, ids=ids, question="", back=back)


def _archive(request: OrganisationRequest, *, ids: Sequence[UUID], question: str, back: str) -> HttpResponse:
    effects = archive_effects(organisation=request.organisation, ids=ids)
    if not effects.properties:
        raise Http404("None of these properties is managed by this organisation.")
    if request.method == "POST":
        number = property_services.archive_properties(organisation=request.organisation, ids=ids, user=request.user)
        messages.success(
            request, f"{sentence_start(number, 'property was,properties were')} archived. Nothing recorded was changed."
        )
        return redirect(f"{reverse('property_list')}?{urlencode({'status': 'archived'})}" if number == 1 else back)
    words = sentence(effects.properties, "property,properties")
    context = {
        "heading": question or f"Archive {words}?",
        "effects": _archive_sentences(effects),
        "submit": f"Archive {words}",
        "cancel": back,
    }
    return render(request, "properties/archive.html", context)


def _archive_sentences(effects: ArchiveEffects) -> list[tuple[str, str]]:
    units = sentence(effects.units, "unit,units")
    lines = [("info", f"It leaves the lists, and {units} the occupancy and vacancy figures.")]
    if effects.properties > 1:
        lines = [("info", f"They leave the lists, and {units} the occupancy and vacancy figures.")]
    if effects.running_leases:
        lines.append(("warn", f"{sentence_start(effects.running_leases, 'lease is,leases are')} still running there."))
    if effects.open_work_orders:
        lines.append(
            ("warn", f"{sentence_start(effects.open_work_orders, 'work order is,work orders are')} still open.")
        )
    if effects.mappings:
        lines.append(
            (
                "warn",
                f"{sentence_start(effects.mappings, 'mapping goes,mappings go')} on importing records. "
                "Switch automatic sync off on the mapping page to stop that.",
            )
        )
    lines.append(
        ("good", f"{sentence_start(effects.transactions, 'transaction stays,transactions stay')} in the books.")
    )
    lines.append(
        ("good", "Leases, work orders and where each figure came from stay. You can manage it again at any time.")
    )
    return lines
