"""Previews: what a sync, or a changed rule, would do; and doing exactly that."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from access.decorators import manager_required
from access.middleware import OrganisationRequest
from core.errors import DomainError
from core.htmx import render_page
from core.pagination import keyset_page
from integrations.errors import IntegrationError
from integrations.models import Connection, SyncPlan, SyncPlanLine
from integrations.selectors import plans as plan_selectors
from integrations.selectors.connections import connections_of
from integrations.services import sync as sync_services
from integrations.views.page import PLAN_TONES, address, connection_or_404, connection_page, say_error, uuid_list
from integrations.views.words import fields_of

ACTION_WORDS = {
    "create": ("New", "good"),
    "update": ("Changed", "info"),
    "void": ("Voided there", "warn"),
    "unmap": ("Taken back", "warn"),
    "conflict": ("Needs a decision", "warn"),
    "closed": ("Books closed", "warn"),
    "missing": ("Gone there", "warn"),
    "unmapped": ("Not mapped", "warn"),
    "wait": ("Waits for a manual sync", "neutral"),
    "reject": ("Rejected", "bad"),
    "duplicate": ("Already imported", "neutral"),
    "kept": ("Kept as it is", "neutral"),
    "skipvoid": ("Voided before import", "neutral"),
    "skip": ("Skipped", "neutral"),
    "voided": ("Not carried out", "warn"),
}


@manager_required
@require_POST
def start(request: OrganisationRequest, slug: str) -> HttpResponse:
    connection = connection_or_404(request, slug)
    try:
        plan = sync_services.request_preview(connection=connection, user=request.user)
    except (DomainError, IntegrationError) as error:
        say_error(request, error)
        return redirect(address(connection, "detail"))
    return redirect(address(connection, "preview", plan.id))


@manager_required
@require_safe
def preview(request: OrganisationRequest, slug: str, plan_id: UUID) -> HttpResponse:
    plan = _plan_or_404(request, slug, plan_id)
    voided = plan_selectors.void_count(plan)
    ordered = [*plan_selectors.ACTIONS, *sorted(set(plan.counts) - set(plan_selectors.ACTIONS))]
    tabs = [
        (name, *ACTION_WORDS.get(name, (name.capitalize(), "neutral")), plan.counts[name])
        for name in ordered
        if plan.counts.get(name)
    ]
    if voided:
        tabs.append(("voided", *ACTION_WORDS["voided"], voided))
    keys = [key for key, *_ in tabs]
    action = request.GET.get("action", "")
    if action not in keys:
        action = keys[0] if keys else ""
    if action == "voided":
        lines = plan_selectors.lines_of(plan, state=SyncPlanLine.State.VOID)
    else:
        lines = plan_selectors.lines_of(plan, action=action)
    page = keyset_page(lines, order=["id"], params=request.GET)
    context = connection_page(request, plan.connection, "detail") | {
        "plan": plan,
        "plan_tone": PLAN_TONES[plan.status],
        "is_building": plan.status == SyncPlan.Status.BUILDING,
        "is_ready": plan.status == SyncPlan.Status.READY,
        "action": action,
        "choices": [
            {"key": key, "label": label, "tone": tone, "count": count, "current": key == action}
            for key, label, tone, count in tabs
        ],
        "voided": voided,
        "page": page,
        "lines": [(line, fields_of(line.changes)) for line in page.items],
        "properties": plan_selectors.names_of(plan.organisation_id, {line.property_id for line in page.items}),
        "totals": plan_selectors.totals_of(plan) if plan.counts.get("create") else None,
        "applied_run": plan.runs.order_by("-id").first(),
        "changing": sum(plan.counts.get(name, 0) for name in plan_selectors.CHANGING),
    }
    return render_page(request, "integrations/preview.html", context, fragment="plan")


@manager_required
@require_POST
def apply(request: OrganisationRequest, slug: str, plan_id: UUID) -> HttpResponse:
    plan = _plan_or_404(request, slug, plan_id)
    try:
        run = sync_services.apply_plan(plan=plan, user=request.user)
    except (DomainError, IntegrationError) as error:
        say_error(request, error)
        return redirect(address(plan.connection, "preview", plan.id))
    messages.success(request, "The preview is being carried out, line by line as shown.")
    return redirect(address(plan.connection, "run", run.id))


@manager_required
@require_POST
def discard(request: OrganisationRequest, slug: str, plan_id: UUID) -> HttpResponse:
    plan = _plan_or_404(request, slug, plan_id)
    try:
        sync_services.discard_plan(plan=plan, user=request.user)
    except DomainError as error:
        say_error(request, error)
        return redirect(address(plan.connection, "preview", plan.id))
    messages.success(request, "The preview is discarded. Nothing was changed.")
    return redirect(address(plan.connection, "detail"))


@manager_required
@require_http_methods(["GET", "HEAD", "POST"])
def rules_preview(request: OrganisationRequest) -> HttpResponse:
    """Replays the category rules over what a connection imported, as a preview first."""
    connections = list(
        connections_of(request.organisation).exclude(status=Connection.Status.DISCONNECTED).order_by("provider", "id")
    )
    if request.method == "POST":
        asked = uuid_list([request.POST.get("connection", "")])
        chosen = next((item for item in connections if item.id in asked), None)
        if chosen is None and len(connections) == 1 and not request.POST.get("connection"):
            chosen = connections[0]
        if chosen is None:
            raise Http404("This organisation has no such connection.")
        try:
            plan = sync_services.request_rules_preview(connection=chosen, user=request.user)
        except (DomainError, IntegrationError) as error:
            say_error(request, error)
            return redirect("integrations:rules_preview")
        return redirect(address(chosen, "preview", plan.id))
    return render(request, "integrations/rules_preview.html", {"connections": connections})


def _plan_or_404(request: OrganisationRequest, slug: str, plan_id: UUID) -> SyncPlan:
    plan = plan_selectors.find_plan(organisation=request.organisation, plan_id=plan_id)
    if plan is None or plan.connection.provider != slug:
        raise Http404("This organisation has no such preview.")
    return plan
