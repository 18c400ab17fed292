from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from access.decorators import manager_required
from access.middleware import OrganisationRequest
from core.htmx import render_page
from integrations import registry
from integrations.files.kinds import KINDS
from integrations.forms import KeysForm
from integrations.models import Connection, OAuthState, Verdict
from integrations.records import Resource
from integrations.selectors.calls import calls_of_day
from integrations.selectors.connections import (
    connections_of,
    describe,
    find_connection,
    strip_of,
    verdict_counts,
)
from integrations.selectors.mapping import tab_counts
from integrations.selectors.runs import latest_run, progress_of, totals_of, working_run
from integrations.specs import Auth, Kind, ProviderSpec
from integrations.views.page import (
    RUN_TONES,
    VERDICT_TONES,
    allow_sign_in,
    connection_or_404,
    connection_page,
    is_admin,
    spec_or_404,
)

SECTIONS = (
    (Kind.PROPERTY_MANAGER, "Property managers"),
    (Kind.BANKING, "Banking"),
    (Kind.ACCOUNTING, "Accounting"),
)


@manager_required
@require_safe
def index(request: OrganisationRequest) -> HttpResponse:
    """Every connection with its health, and every provider that could be connected."""
    rows = describe(connections_of(request.organisation))
    connected = {row.spec.slug for row in rows if row.connection.status != Connection.Status.DISCONNECTED}
    sections = [
        (title, [_card(spec, connected=spec.slug in connected) for spec in registry.of_kind(kind)])
        for kind, title in SECTIONS
    ]
    context = {
        "rows": rows,
        "calls": calls_of_day(row.connection.id for row in rows),
        "strip": strip_of(rows),
        "sections": [(title, cards) for title, cards in sections if cards],
        "is_admin": is_admin(request),
    }
    return render(request, "integrations/index.html", context)


@manager_required
@require_safe
def detail(request: OrganisationRequest, slug: str) -> HttpResponse:
    """A connection's overview; the connect page where there is none yet."""
    spec = spec_or_404(slug)
    if find_connection(organisation=request.organisation, slug=slug) is None:
        return connect_page(request, spec)
    connection = connection_or_404(request, slug)
    context = connection_page(request, connection, "detail")
    counts = verdict_counts(connection)
    context |= {
        "capabilities": capability_rows(spec),
        "mapping_counts": tab_counts(connection),
        "verdicts": [(value, label, VERDICT_TONES[value], counts.get(value, 0)) for value, label in Verdict.choices],
        "records_total": sum(counts.values()),
        "latest_totals": totals_of(context["row"].latest.counts) if context["row"].latest else {},
    }
    response = render_page(request, "integrations/detail.html", context)
    return allow_sign_in(response, spec)


@manager_required
@require_safe
def progress(request: OrganisationRequest, slug: str) -> HttpResponse:
    """The running-sync card alone, asked for each second.

    Once the run has ended the page reloads, or, with `?then=stay`, says so: a person may be in the middle of a choice.
    """
    connection = connection_or_404(request, slug)
    run = working_run(connection)
    stays = request.GET.get("then") == "stay"
    context: dict[str, Any] = {
        "connection": connection,
        "spec": spec_or_404(slug),
        "which": f"?connection={connection.id}" if request.GET.get("connection") else "",
        "progress": progress_of(run) if run else None,
        "stays": stays,
        "is_live": connection.status == Connection.Status.ACTIVE,
        "is_files": spec_or_404(slug).auth == Auth.FILE,
        "run_tones": RUN_TONES,
    }
    if run is None and stays:
        ended = latest_run(connection)
        context |= {"ended": ended, "ended_totals": totals_of(ended.counts) if ended else {}}
    response = render(request, "integrations/parts/progress.html", context)
    if run is None and not stays:
        response.headers["HX-Refresh"] = "true"
    return response


def connect_page(
    request: OrganisationRequest,
    spec: ProviderSpec,
    *,
    status: int = 200,
    form: KeysForm | None = None,
    tried: OAuthState | None = None,
    error: str = "",
) -> HttpResponse:
    """What a provider offers, and the button that starts the sign-in there or the form that takes its keys.

    `tried` are keys that work and wait to be connected. For files it is a form that names the source, with `error`.
    """
    asked = request.POST.get("reconnects", "") or request.GET.get("reconnects", "")
    previous = find_connection(organisation=request.organisation, slug=spec.slug, chosen=asked)
    context: dict[str, Any] = {
        "form": form or KeysForm(spec=spec),
        "tried": tried,
        "spec": spec,
        "previous": previous,
        "capabilities": capability_rows(spec),
        "is_admin": is_admin(request),
        "is_configured": registry.is_configured(spec),
        "is_planned": not spec.is_live,
        "by_keys": spec.auth == Auth.KEYS,
        "variables": registry.needed_settings(spec),
        "addresses": [f"{spec.settings_prefix}_{name}" for name in ("API_URL", "AUTH_URL", "CLIENT_AUTH")],
    }
    if spec.auth == Auth.FILE:
        name = request.POST.get("name", request.GET.get("name", ""))[:200]
        context |= {"name": name, "error": error, "kinds": KINDS.values()}
        return render(request, "integrations/files_connect.html", context, status=status)
    response = render(request, "integrations/connect.html", context, status=status)
    return allow_sign_in(response, spec)


def capability_rows(spec: ProviderSpec) -> list[dict[str, object]]:
    """The capability matrix in the order a sync reads: what is listed, how changes are found, what is derived."""
    cursors = {
        "opaque": "cursor",
        "datetime": "time",
        "date": "day",
        "next_link": "link",
        "upload": "upload",
        "sweep": "reading all",
    }
    rows: list[dict[str, object]] = []
    for resource in Resource:
        capability = spec.capability(resource)
        if capability is None:
            continue
        rows.append(
            {
                "resource": resource.value,
                "lists": capability.lists,
                "changes": cursors[capability.changed_since.value],
                "push": capability.push,
                "write": capability.write,
                "derived": capability.derived,
                "deletes": capability.deletes_visible,
                "note": capability.note,
            }
        )
    return rows


def _card(spec: ProviderSpec, *, connected: bool) -> dict[str, object]:
    return {
        "spec": spec,
        "connected": connected,
        "is_planned": not spec.is_live,
        "is_configured": registry.is_configured(spec),
        "variables": registry.needed_settings(spec),
        "capabilities": capability_rows(spec),
        "by_files": spec.kind == Kind.PROPERTY_MANAGER and not spec.is_live,
        "is_files": spec.auth == Auth.FILE,
    }
