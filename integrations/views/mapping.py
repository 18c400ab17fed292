"""Which of our properties each of theirs is: the list, the choice, and what settles a row."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from access.decorators import manager_required
from access.middleware import OrganisationRequest
from core.errors import DomainError
from core.htmx import render_page
from core.pagination import keyset_page
from integrations.models import PropertyMapping
from integrations.selectors import mapping as mapping_selectors
from integrations.services import mapping as mapping_services
from integrations.views.page import (
    address,
    connection_or_404,
    connection_page,
    go_back,
    say_error,
    uuid_list,
)
from properties.models import Property, Unit

TABS = (
    (mapping_selectors.NEEDS, "Needs mapping", "warn"),
    (mapping_selectors.SUGGESTED, "Suggested", "info"),
    (mapping_selectors.MAPPED, "Mapped", "good"),
    (mapping_selectors.IGNORED, "Ignored", "neutral"),
)
# Each row carries a drop-down and several actions: forty of them are as much as a page renders at once in good time.
ROWS = 40


@manager_required
@require_safe
def mapping(request: OrganisationRequest, slug: str) -> HttpResponse:
    connection = connection_or_404(request, slug)
    counts = mapping_selectors.tab_counts(connection)
    asked = request.GET.get("tab", "")
    tab = asked if asked in {key for key, _, _ in TABS} else counts.first_tab
    query = request.GET.get("q", "").strip()[:200]
    rows, order = mapping_selectors.mappings_in(connection, tab=tab, query=query)
    page = keyset_page(rows, order=order, params=request.GET, size=ROWS)
    base = address(connection, "mapping")
    context = connection_page(request, connection, "mapping") | {
        "counts": counts,
        # An empty list waits for the first sync; a filled one may have a drop-down open.
        "stays": bool(counts.total),
        "tab": tab,
        "query": query,
        "page": page,
        # Addresses are put together here: to resolve eight a row would cost more than the queries.
        "lines": [(row, f"{base}{row.id}/", mapping_selectors.reasons_of(row)) for row in page.items],
        "choosing": tab in (mapping_selectors.NEEDS, mapping_selectors.SUGGESTED),
        "accept_at": mapping_selectors.ACCEPT_AT,
        "choices": [
            {"key": key, "label": label, "tone": tone, "count": getattr(counts, key), "current": key == tab}
            for key, label, tone in TABS
        ],
        "here": request.get_full_path(),
    }
    return render_page(request, "integrations/mapping.html", context, fragment="mapping-list")


@manager_required
@require_safe
def choose(request: OrganisationRequest, slug: str, mapping_id: UUID) -> HttpResponse:
    """Our properties to choose from: a page of its own, and the list that the drop-down asks for as one types."""
    row = _mapping_or_404(request, slug, mapping_id)
    query = request.GET.get("q", "").strip()[:200]
    context = connection_page(request, row.connection, "mapping") | {
        "mapping": row,
        "query": query,
        "options": mapping_selectors.property_options(row, query=query),
        "next": request.GET.get("next", address(row.connection, "mapping")),
    }
    if getattr(request, "htmx", False):
        return render(request, "integrations/parts/options.html", context)
    return render(request, "integrations/mapping_choose.html", context)


@manager_required
@require_POST
def map_one(request: OrganisationRequest, slug: str, mapping_id: UUID) -> HttpResponse:
    """Maps to the property in the form; to the suggestion where none is named."""
    row = _mapping_or_404(request, slug, mapping_id)
    chosen, unit = _chosen(request, row)
    try:
        mapping_services.map_property(mapping=row, property=chosen, user=request.user, unit=unit)
    except DomainError as error:
        say_error(request, error)
    else:
        messages.success(request, f"{row} is now {chosen}. Its history is being imported.")
    return go_back(request, address(row.connection, "mapping"))


@manager_required
@require_POST
def create_one(request: OrganisationRequest, slug: str, mapping_id: UUID) -> HttpResponse:
    row = _mapping_or_404(request, slug, mapping_id)
    try:
        created = mapping_services.create_property_from(mapping=row, user=request.user)
    except DomainError as error:
        say_error(request, error)
    else:
        messages.success(request, f"{created} was added to your properties. Its history is being imported.")
    return go_back(request, address(row.connection, "mapping"))


@manager_required
@require_POST
def ignore(request: OrganisationRequest, slug: str, mapping_id: UUID) -> HttpResponse:
    row = _mapping_or_404(request, slug, mapping_id)
    try:
        mapping_services.ignore_mapping(mapping=row, user=request.user)
    except DomainError as error:
        say_error(request, error)
    else:
        messages.success(request, f"{row} is ignored. Its records stay readable and are not imported.")
    return go_back(request, address(row.connection, "mapping"))


@manager_required
@require_http_methods(["GET", "HEAD", "POST"])
def unmap(request: OrganisationRequest, slug: str, mapping_id: UUID) -> HttpResponse:
    """Lists what came in through the mapping before it is taken back."""
    row = _mapping_or_404(request, slug, mapping_id)
    if request.method == "POST":
        try:
            mapping_services.unmap(mapping=row, user=request.user)
        except DomainError as error:
            say_error(request, error)
        else:
            messages.success(request, f"{row} is no longer mapped.")
        return go_back(request, address(row.connection, "mapping"))
    context = connection_page(request, row.connection, "mapping") | {
        "mapping": row,
        "imported": mapping_selectors.imported_through(row),
        "next": request.GET.get("next", ""),
    }
    return render(request, "integrations/unmap.html", context)


@manager_required
@require_POST
def auto_sync(request: OrganisationRequest, slug: str, mapping_id: UUID) -> HttpResponse:
    row = _mapping_or_404(request, slug, mapping_id)
    wanted = request.POST.get("auto_sync") == "on"
    try:
        mapping_services.set_auto_sync(mapping=row, user=request.user, auto_sync=wanted)
    except DomainError as error:
        say_error(request, error)
    else:
        messages.success(request, f"{row} {'syncs by itself' if wanted else 'waits for a manual sync'} from now on.")
    return go_back(request, address(row.connection, "mapping"))


@manager_required
@require_POST
def accept(request: OrganisationRequest, slug: str) -> HttpResponse:
    """Accepts every suggestion at 90 or above."""
    connection = connection_or_404(request, slug)
    try:
        number = mapping_services.accept_suggestions(
            connection=connection, user=request.user, minimum=mapping_selectors.ACCEPT_AT
        )
    except DomainError as error:
        say_error(request, error)
    else:
        messages.success(request, _said(number, "was mapped", "were mapped") + " Their history is being imported.")
    return go_back(request, address(connection, "mapping"))


@manager_required
@require_POST
def bulk(request: OrganisationRequest, slug: str) -> HttpResponse:
    """Creates, ignores or accepts the ticked rows."""
    connection = connection_or_404(request, slug)
    ids = uuid_list(request.POST.getlist("ids"))
    action = request.POST.get("action", "")
    try:
        if not ids:
            messages.info(request, "Nothing was ticked, so nothing was changed.")
        elif action == "create":
            number = mapping_services.create_all_missing(connection=connection, user=request.user, ids=ids)
            messages.success(request, _said(number, "was added", "were added") + " Their history is being imported.")
        elif action == "accept":
            number = mapping_services.accept_suggestions(
                connection=connection, user=request.user, minimum=mapping_selectors.ACCEPT_AT, ids=ids
            )
            messages.success(request, _said(number, "was mapped", "were mapped") + " Lower scores wait for you.")
        elif action == "ignore":
            rows = PropertyMapping.objects.filter(connection=connection, id__in=ids).select_related("connection")
            for row in rows:
                mapping_services.ignore_mapping(mapping=row, user=request.user)
            messages.success(request, _said(len(rows), "is ignored", "are ignored"))
    except DomainError as error:
        say_error(request, error)
    return go_back(request, address(connection, "mapping"))


def _said(number: int, one: str, many: str) -> str:
    return f"{number:,} {'property' if number == 1 else 'properties'} {one if number == 1 else many}."


def _mapping_or_404(request: OrganisationRequest, slug: str, mapping_id: UUID) -> PropertyMapping:
    row = mapping_selectors.find_mapping(organisation=request.organisation, mapping_id=mapping_id)
    if row is None or row.connection.provider != slug:
        raise Http404("This organisation has no such mapping.")
    return row


def _chosen(request: OrganisationRequest, row: PropertyMapping) -> tuple[Property, Unit | None]:
    """The property and unit of a posted `property` value (`id` or `id:unit`), both of this organisation."""
    value = request.POST.get("property", "")
    if not value and row.suggested_property is not None:
        return row.suggested_property, None
    property_part, _, unit_part = value.partition(":")
    ids = uuid_list([property_part])
    chosen = Property.objects.filter(organisation=request.organisation, id__in=ids).first()
    if chosen is None:
        raise Http404("This organisation has no such property.")
    if not unit_part:
        return chosen, None
    unit = Unit.objects.filter(property=chosen, id__in=uuid_list([unit_part])).first()
    if unit is None:
        raise Http404("This property has no such unit.")
    return chosen, unit
