"""What every page of a connection shares: its head, its tabs, and how states are worded."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from access.middleware import OrganisationRequest
from access.models import Membership
from core.errors import DomainError
from integrations import registry
from integrations.errors import IntegrationError, Misconfigured
from integrations.models import Connection, InboxEvent, SyncPlan, SyncRun, Verdict
from integrations.selectors.connections import describe, find_connection, siblings_of, verdict_counts
from integrations.selectors.runs import progress_of
from integrations.specs import Auth, ProviderSpec

VERDICT_TONES = {
    Verdict.PENDING.value: "info",
    Verdict.IMPORTED.value: "good",
    Verdict.UNMAPPED.value: "warn",
    Verdict.DUPLICATE.value: "neutral",
    Verdict.DISMISSED.value: "neutral",
    Verdict.REJECTED.value: "bad",
    Verdict.CONFLICT.value: "warn",
    Verdict.MISSING.value: "neutral",
}
RUN_TONES = {
    SyncRun.Status.QUEUED.value: "info",
    SyncRun.Status.RUNNING.value: "info",
    SyncRun.Status.COMPLETED.value: "good",
    SyncRun.Status.HELD.value: "warn",
    SyncRun.Status.FAILED.value: "bad",
    SyncRun.Status.CANCELLED.value: "neutral",
    SyncRun.Status.LOST.value: "bad",
}
EVENT_TONES = {
    InboxEvent.State.QUEUED.value: "info",
    InboxEvent.State.WORKING.value: "info",
    InboxEvent.State.DONE.value: "good",
    InboxEvent.State.IGNORED.value: "neutral",
    InboxEvent.State.PERSON.value: "bad",
}
PLAN_TONES = {
    SyncPlan.Status.BUILDING.value: "info",
    SyncPlan.Status.READY.value: "warn",
    SyncPlan.Status.APPLIED.value: "good",
    SyncPlan.Status.DISCARDED.value: "neutral",
    SyncPlan.Status.FAILED.value: "bad",
}
RESOURCES = {
    "property": "Properties",
    "contact": "Contacts",
    "tenancy": "Leases",
    "job": "Jobs",
    "payment": "Rent payments",
    "bill": "Bills",
}
RESOURCE = {
    "property": "Property",
    "contact": "Contact",
    "tenancy": "Lease",
    "job": "Job",
    "payment": "Rent payment",
    "bill": "Bill",
}
TRIGGERS = {
    "schedule": "Schedule",
    "person": "A person",
    "shell": "Command line",
    "mapping": "A mapping",
    "retry": "Tried again",
    "event": "The provider's events",
}


def spec_or_404(slug: str) -> ProviderSpec:
    try:
        return registry.get(slug)
    except Misconfigured:
        raise Http404(f"There is no provider called {slug}.") from None


def connection_or_404(request: OrganisationRequest, slug: str) -> Connection:
    """The connection the address is about; 404 where there is none, or the chosen one is another organisation's."""
    spec_or_404(slug)
    connection = find_connection(organisation=request.organisation, slug=slug, chosen=request.GET.get("connection", ""))
    if connection is None:
        raise Http404("This organisation has no such connection.")
    return connection


def is_admin(request: OrganisationRequest) -> bool:
    return request.membership.role == Membership.Role.ADMIN


def address(connection: Connection, name: str, *args: object) -> str:
    """A page of the connection; names the connection where the organisation has several at the provider."""
    return reverse(f"integrations:{name}", args=[connection.provider, *args])


def connection_page(request: OrganisationRequest, connection: Connection, tab: str) -> dict[str, Any]:
    """Context of templates/integrations/connection_base.html."""
    row = describe([connection])[0]
    others = siblings_of(connection)
    which = f"?connection={connection.id}" if others or request.GET.get("connection") else ""
    working = row.latest if row.health.is_working else None
    tabs = [
        ("detail", "Overview", None),
        *([("files", "Files", None)] if row.spec.auth == Auth.FILE else []),
        ("mapping", "Mapping", row.found),
        ("history", "Sync history", None),
        ("records", "Records", sum(verdict_counts(connection).values())),
        ("health", "Health", None),
    ]
    if row.spec.webhooks is not None or tab == "events":
        tabs.append(("events", "Events", None))
    if row.conflicts or tab == "conflicts":
        tabs.append(("conflicts", "Conflicts", row.conflicts))
    if is_admin(request):
        tabs.append(("settings", "Settings", None))
    return {
        "row": row,
        "connection": connection,
        "spec": row.spec,
        "health": row.health,
        "others": others,
        "which": which,
        "progress": progress_of(working) if working else None,
        "is_admin": is_admin(request),
        "is_files": row.spec.auth == Auth.FILE,
        "is_live": connection.status == Connection.Status.ACTIVE,
        "tabs": [
            {"label": label, "url": address(connection, name) + which, "current": name == tab, "count": count}
            for name, label, count in tabs
        ],
        "verdict_tones": VERDICT_TONES,
        "run_tones": RUN_TONES,
        "resource_names": RESOURCES,
        "resource_name": RESOURCE,
        "triggers": TRIGGERS,
    }


def go_back(request: HttpRequest, default: str) -> HttpResponseRedirect:
    """To the page the form names in `next`, if it is ours; else to `default`. 303: browsers and htmx GET it."""
    target = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(
        target, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    response = HttpResponseRedirect(target if safe else default)
    response.status_code = 303
    return response


def say_error(request: HttpRequest, error: DomainError | IntegrationError) -> None:
    """Shows a refusal in the words of the rule that refused."""
    messages.error(request, error.message if isinstance(error, DomainError) else error.safe_message)


def allow_sign_in(response: HttpResponse, spec: ProviderSpec) -> HttpResponse:
    """Lets a form of this page lead to the provider's sign-in page: browsers hold redirects of forms to form-action."""
    origin = registry.setting(spec, "AUTH_URL")
    if origin:
        response._csp_update = {"form-action": [_origin(origin)]}  # type: ignore[attr-defined]  # django-csp reads it
    return response


def _origin(url: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}"


def uuid_list(values: list[str]) -> list[UUID]:
    """The ids among posted values; anything else is left out."""
    found = []
    for value in values:
        try:
            found.append(UUID(value))
        except ValueError:
            continue
    return found
