"""A connection's events: what came, what became of it, and working it again."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from django.conf import settings as django_settings
from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from access.decorators import admin_required, manager_required
from access.middleware import OrganisationRequest
from core.errors import DomainError
from core.htmx import render_page
from core.pagination import keyset_page
from integrations.forms import EventFilterForm, SecretForm
from integrations.models import Connection, InboxEvent, WebhookEndpoint
from integrations.selectors import inbox as inbox_selectors
from integrations.services import inbox as inbox_services
from integrations.services.inbox import ReplayPlan
from integrations.views.page import (
    EVENT_TONES,
    RESOURCES,
    address,
    connection_or_404,
    connection_page,
    go_back,
    say_error,
    uuid_list,
)
from integrations.views.words import fields_of

FILTERS = ("state", "topic", "since", "until")


@manager_required
@require_safe
def events(request: OrganisationRequest, slug: str) -> HttpResponse:
    connection = connection_or_404(request, slug)
    form = EventFilterForm(request.GET)
    chosen = form.cleaned_data if form.is_valid() else {}
    rows = _chosen(connection, form)
    page = keyset_page(rows, order=["-id"], params=request.GET)
    counts = inbox_selectors.open_counts(connection)
    chips = [
        {"key": form.fields[name].label, "value": _said(name, chosen[name]), "url": _without(request, name)}
        for name in FILTERS
        if chosen.get(name)
    ]
    context = connection_page(request, connection, "events") | {
        "form": form,
        "page": page,
        "counts": counts,
        "chips": chips,
        "clear_url": request.path,
        "states": InboxEvent.State.choices,
        "state": chosen.get("state", ""),
        "topic": chosen.get("topic", ""),
        "event_tones": EVENT_TONES,
        "here": request.get_full_path(),
        "endpoint": inbox_selectors.endpoint_of(connection),
    }
    return render_page(request, "integrations/events.html", context, fragment="event-list")


@manager_required
@require_safe
def event(request: OrganisationRequest, slug: str, event_id: UUID) -> HttpResponse:
    """One event: the request as kept, the verdict, the attempts, and what it caused."""
    row = inbox_selectors.find_event(organisation=request.organisation, event_id=event_id)
    if row is None or row.connection.provider != slug:
        raise Http404("This organisation has no such event.")
    effect = inbox_selectors.effect_of(row)
    context = connection_page(request, row.connection, "events") | {
        "event": row,
        "event_tones": EVENT_TONES,
        "effect": effect,
        "changes": [(change, fields_of(change.changes)) for change in effect.changes],
        "body": _pretty(str(row.body or "")),
        "headers": sorted(row.headers.items()),
        "can_replay": row.state not in (InboxEvent.State.QUEUED, InboxEvent.State.WORKING),
    }
    return render(request, "integrations/event.html", context)


@manager_required
@require_POST
def replay(request: OrganisationRequest, slug: str) -> HttpResponse:
    """Replays the chosen events, or all that the filters in the form fit; with `dry` says what it would do."""
    connection = connection_or_404(request, slug)
    ids = uuid_list(request.POST.getlist("ids"))
    form = EventFilterForm(request.POST)
    if not form.is_valid() or not (ids or request.POST.get("all") == "on"):
        messages.error(request, "Choose events first, or a time range that can be read. Nothing was replayed.")
        return go_back(request, address(connection, "events"))
    rows = inbox_selectors.events_of(connection, ids=ids) if ids else _chosen(connection, form)
    is_dry = bool(request.POST.get("dry"))
    try:
        plan = inbox_services.replay_events(connection=connection, user=request.user, events=rows, dry_run=is_dry)
    except DomainError as error:
        say_error(request, error)
        return go_back(request, address(connection, "events"))
    if is_dry:
        context = connection_page(request, connection, "events") | {
            "plan": plan,
            "fetches": [(RESOURCES.get(name, name), number) for name, number in sorted(plan.fetches.items())],
            "reads": [RESOURCES.get(name, name) for name in plan.reads],
            "ids": ids,
            "chosen": {name: request.POST.get(name, "") for name in FILTERS},
            "next": request.POST.get("next", ""),
        }
        return render(request, "integrations/replay.html", context)
    _say_replayed(request, plan)
    return go_back(request, address(connection, "events"))


@manager_required
@require_POST
def dismiss(request: OrganisationRequest, slug: str) -> HttpResponse:
    """Takes events off the shelf."""
    connection = connection_or_404(request, slug)
    ids = uuid_list(request.POST.getlist("ids"))
    number = inbox_services.dismiss_events(connection=connection, user=request.user, ids=ids)
    messages.success(request, f"{number} {'event is' if number == 1 else 'events are'} dismissed.")
    return go_back(request, address(connection, "events"))


@admin_required
@require_POST
def endpoint(request: OrganisationRequest, slug: str) -> HttpResponse:
    """Opens the address for events, gives it a new one, or keeps the vendor's secret."""
    connection = connection_or_404(request, slug)
    try:
        said = _change_endpoint(request, connection)
    except DomainError as error:
        say_error(request, error)
    else:
        messages.success(request, said)
    which = f"?connection={connection.id}" if request.GET.get("connection") else ""
    return redirect(f"{address(connection, 'settings')}{which}#events")


def _change_endpoint(request: OrganisationRequest, connection: Connection) -> str:
    found = inbox_services.open_endpoint(connection=connection, user=request.user)
    match request.POST.get("do"):
        case "rotate":
            inbox_services.rotate_token(endpoint=found, user=request.user)
            return "There is a new address. Enter it at the provider; the old one is open for a day more."
        case "revoke":
            inbox_services.rotate_token(endpoint=found, user=request.user, keep_old=False)
            return "There is a new address, and the old one is closed. Enter the new one at the provider now."
        case "secret":
            form = SecretForm(request.POST)
            if not form.is_valid():
                raise DomainError("bad_secret", "Paste the signing secret that the provider shows.")
            inbox_services.set_secret(endpoint=found, user=request.user, secret=form.cleaned_data["secret"])
            return "The secret is kept. Deliveries are checked with it from now on."
        case _:
            return "The address is open. Enter it at the provider."


def endpoint_context(connection: Connection) -> dict[str, Any]:
    """What the card on the settings page shows."""
    found: WebhookEndpoint | None = inbox_selectors.endpoint_of(connection)
    url = ""
    if found is not None:
        path = reverse("integrations:webhook", args=[connection.provider, found.token])
        url = django_settings.PUBLIC_URL.rstrip("/") + path
    return {
        "endpoint": found,
        "endpoint_url": url,
        "has_secret": bool(found is not None and found.secret),
        "secret_form": SecretForm(),
        "last_received": inbox_selectors.last_received(connection) if found is not None else None,
    }


def _say_replayed(request: OrganisationRequest, plan: ReplayPlan) -> None:
    if plan.events:
        messages.success(request, f"{plan.events} {'event is' if plan.events == 1 else 'events are'} worked again.")
    for why, number in plan.skipped.items():
        messages.info(request, f"{number} left out: {why}.")
    if not plan.events and not plan.skipped:
        messages.info(request, "No event fits. Nothing was replayed.")


def _chosen(connection: Connection, form: EventFilterForm) -> QuerySet[InboxEvent]:
    """The events that the filters fit; all of them where a filter cannot be read."""
    data = form.cleaned_data if form.is_valid() else {}
    return inbox_selectors.events_of(
        connection,
        state=data.get("state") or "",
        topic=data.get("topic") or "",
        since=data.get("since"),
        until=data.get("until"),
    )


def _said(name: str, value: Any) -> str:
    if name == "state":
        return str(InboxEvent.State(value).label)
    return value if isinstance(value, str) else f"{value:%-d %b %Y, %H:%M}"


def _without(request: OrganisationRequest, name: str) -> str:
    query = request.GET.copy()
    for key in (name, "after", "before"):
        query.pop(key, None)
    return f"?{query.urlencode()}"


def _pretty(text: str) -> str:
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except ValueError:
        return text
