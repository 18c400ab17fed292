"""What people reported, until it is a job or not."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from access.decorators import manager_required
from access.middleware import OrganisationRequest
from core.errors import DomainError
from core.pagination import keyset_page
from maintenance.forms.requests import DismissForm, RequestForm
from maintenance.models import MaintenanceRequest
from maintenance.services import requests as services
from maintenance.views.find import request_or_404
from maintenance.views.words import PRIORITY_TONES

STATE_TONES = {"new": "warn", "converted": "good", "dismissed": "neutral"}


@manager_required
@require_safe
def request_list(request: OrganisationRequest) -> HttpResponse:
    """Those nobody has looked at, unless a tab chooses another state."""
    found = MaintenanceRequest.objects.filter(organisation=request.organisation)
    counts = dict(found.order_by().values_list("state").annotate(found=Count("pk")))
    asked = request.GET.get("state", "new")
    state = asked if asked in MaintenanceRequest.State.values else "new"
    rows = found.filter(state=state).select_related("property", "unit", "work_order")
    tabs = [
        {"label": label, "url": "?" if key == "new" else f"?state={key}", "current": key == state,
         "count": counts.get(key, 0)}
        for key, label in MaintenanceRequest.State.choices
    ]  # fmt: skip
    context = {
        "page": keyset_page(rows, order=("-id",), params=request.GET),
        "tabs": tabs,
        "state": state,
        "state_tones": STATE_TONES,
        "priority_tones": PRIORITY_TONES,
    }
    return render(request, "maintenance/requests.html", context)


@manager_required
@require_http_methods(["GET", "HEAD", "POST"])
def request_add(request: OrganisationRequest) -> HttpResponse:
    form = RequestForm(request.POST or None, organisation=request.organisation)
    if form.is_valid():
        try:
            report = services.create_request(organisation=request.organisation, user=request.user, **form.cleaned_data)
        except DomainError as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, "Written down.")
            return redirect("maintenance:request_detail", report.pk)
    return render(request, "maintenance/request_form.html", {"form": form}, status=422 if form.is_bound else 200)


@manager_required
@require_safe
def request_detail(request: OrganisationRequest, request_id: UUID) -> HttpResponse:
    context = {
        "report": request_or_404(request, request_id),
        "form": DismissForm(),
        "state_tones": STATE_TONES,
        "priority_tones": PRIORITY_TONES,
    }
    return render(request, "maintenance/request.html", context)


@manager_required
@require_POST
def request_convert(request: OrganisationRequest, request_id: UUID) -> HttpResponse:
    report = request_or_404(request, request_id)
    try:
        order = services.convert_request(request=report, user=request.user)
    except DomainError as error:
        messages.error(request, error.message)
        return redirect("maintenance:request_detail", report.pk)
    messages.success(request, "A work order is made of it. Choose who does it.")
    return redirect("maintenance:assign", order.pk)


@manager_required
@require_POST
def request_dismiss(request: OrganisationRequest, request_id: UUID) -> HttpResponse:
    report = request_or_404(request, request_id)
    try:
        services.dismiss_request(request=report, reason=request.POST.get("reason", ""))
    except DomainError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, "Dismissed. It stays under its tab.")
    return redirect("maintenance:request_detail", report.pk)
