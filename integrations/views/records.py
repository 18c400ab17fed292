"""Any remote record: what it is, why it is or is not in the books, and the button that changes that."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.views.decorators.http import require_POST, require_safe

from access.decorators import manager_required
from access.middleware import OrganisationRequest
from core.errors import DomainError
from core.htmx import render_page
from core.pagination import keyset_page
from integrations.models import ProviderRecord, Verdict
from integrations.records import Resource
from integrations.selectors import records as record_selectors
from integrations.services import records as record_services
from integrations.views.page import (
    RESOURCE,
    RESOURCES,
    address,
    connection_or_404,
    connection_page,
    go_back,
    say_error,
)
from integrations.views.words import fields_of, label_of, shown

# What a record became, by resource: address name and word.
TARGETS = {
    Resource.PROPERTY.value: ("property_detail", "property"),
    Resource.CONTACT.value: ("tenancies:tenant_detail", "tenant"),
    Resource.TENANCY.value: ("lease_detail", "lease"),
    Resource.JOB.value: ("maintenance:work_order_detail", "work order"),
    Resource.PAYMENT.value: ("accounting:transaction_detail", "transaction"),
    Resource.BILL.value: ("accounting:transaction_detail", "transaction"),
}


@manager_required
@require_safe
def records(request: OrganisationRequest, slug: str) -> HttpResponse:
    connection = connection_or_404(request, slug)
    query = request.GET.get("q", "").strip()[:200]
    resource = request.GET.get("resource", "")
    verdict = request.GET.get("verdict", "")
    found = record_selectors.search_records(connection, query=query, resource=resource, verdict=verdict)
    page = keyset_page(found.records.defer("payload", "facts"), order=["-id"], params=request.GET)
    mappings = record_selectors.mappings_for(connection, {row.property_ref for row in page.items})
    conflicts = record_selectors.open_conflicts_for(page.items)
    base = address(connection, "records")
    chips = []
    if query:
        chips.append({"key": "Search", "value": query, "url": _without(request, "q")})
    if resource in RESOURCES:
        chips.append({"key": "What", "value": RESOURCES[resource], "url": _without(request, "resource")})
    if verdict in Verdict.values:
        chips.append({"key": "Verdict", "value": Verdict(verdict).label, "url": _without(request, "verdict")})
    context = connection_page(request, connection, "records") | {
        "found": found,
        "stays": True,
        "query": query,
        "resource": resource,
        "verdict": verdict,
        "page": page,
        "lines": [
            {
                "record": row,
                "at": f"{base}{row.id}/",
                "mapping": mappings.get(row.property_ref),
                "conflict": conflicts.get(row.id),
                "target": target_link(row),
            }
            for row in page.items
        ],
        "chips": chips,
        "clear_url": request.path,
        "resources": list(RESOURCES.items()),
        "verdicts": Verdict.choices,
        "here": request.get_full_path(),
    }
    return render_page(request, "integrations/records.html", context, fragment="record-list")


@manager_required
@require_safe
def record(request: OrganisationRequest, slug: str, record_id: UUID) -> HttpResponse:
    row = _record_or_404(request, slug, record_id)
    connection = row.connection
    mapping = record_selectors.mappings_for(connection, [row.property_ref]).get(row.property_ref)
    history = record_selectors.history_of(row)
    context = connection_page(request, connection, "records") | {
        "record": row,
        "mapping": mapping,
        "conflict": record_selectors.open_conflicts_for([row]).get(row.id),
        "transaction": record_selectors.transaction_of(row),
        "target": target_link(row),
        "at": address(connection, "record", row.id),
        "payload": json.dumps(row.payload, indent=2, ensure_ascii=False, sort_keys=True),
        "facts": facts_of(row),
        "history": history,
        "revisions": [(item, fields_of(item.changes)) for item in history.revisions],
        "changes": [(item, fields_of(item.changes)) for item in history.changes],
        "here": request.path,
    }
    return render(request, "integrations/record.html", context)


@manager_required
@require_POST
def dismiss(request: OrganisationRequest, slug: str, record_id: UUID) -> HttpResponse:
    reason = request.POST.get("reason", "").strip()[:200]

    def work(row: ProviderRecord) -> object:
        return record_services.dismiss_record(record=row, user=request.user, reason=reason)

    return _settle(request, slug, record_id, work, "It is dismissed and stays so until its mapping changes.")


@manager_required
@require_POST
def restore(request: OrganisationRequest, slug: str, record_id: UUID) -> HttpResponse:
    def work(row: ProviderRecord) -> object:
        return record_services.restore_record(record=row, user=request.user)

    return _settle(request, slug, record_id, work, "It is restored and will be imported.")


@manager_required
@require_POST
def retry(request: OrganisationRequest, slug: str, record_id: UUID) -> HttpResponse:
    def work(row: ProviderRecord) -> object:
        return record_services.retry_record(record=row, user=request.user)

    return _settle(request, slug, record_id, work, "It is tried again.")


def target_link(row: ProviderRecord) -> dict[str, str] | None:
    """Word and address of what the record became; None where it became nothing."""
    if row.target_id is None or row.resource not in TARGETS:
        return None
    name, word = TARGETS[row.resource]
    if row.resource == Resource.CONTACT and not _is_tenant(row):
        return {"word": "contact", "url": ""}
    try:
        return {"word": word, "url": reverse(name, args=[row.target_id])}
    except NoReverseMatch:
        return {"word": word, "url": ""}


def _is_tenant(row: ProviderRecord) -> bool:
    # Lists leave the facts in the database; there a contact carries no link rather than cost a query a row.
    return "facts" not in row.get_deferred_fields() and bool((row.facts or {}).get("is_tenant"))


def facts_of(row: ProviderRecord) -> list[tuple[str, Any]]:
    """The normalised record as label and value; nested parts are flattened, blank ones left out."""
    flat: list[tuple[str, Any]] = []
    # Amount and date stand in columns of their own, where they can be searched.
    for name, value in {"amount": row.amount, "occurred_on": row.occurred_on, **(row.facts or {})}.items():
        parts = value.items() if isinstance(value, dict) else [("", value)]
        for part, inner in parts:
            if inner not in ("", None, [], False):
                key = f"{name}_{part}".strip("_")
                flat.append((label_of(key), shown(key, inner)))
    return flat


def _settle(
    request: OrganisationRequest, slug: str, record_id: UUID, work: Callable[[ProviderRecord], object], said: str
) -> HttpResponse:
    row = _record_or_404(request, slug, record_id)
    try:
        work(row)
    except DomainError as error:
        say_error(request, error)
    else:
        messages.success(request, f"{RESOURCE.get(row.resource, 'Record')} “{row}”: {said[:1].lower()}{said[1:]}")
    return go_back(request, address(row.connection, "record", row.id))


def _record_or_404(request: OrganisationRequest, slug: str, record_id: UUID) -> ProviderRecord:
    row = record_selectors.find_record(organisation=request.organisation, record_id=record_id)
    if row is None or row.connection.provider != slug:
        raise Http404("This organisation has no such record.")
    return row


def _without(request: OrganisationRequest, name: str) -> str:
    query = request.GET.copy()
    for key in (name, "after", "before"):
        query.pop(key, None)
    return f"?{query.urlencode()}"
