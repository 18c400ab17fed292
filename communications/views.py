from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST, require_safe

from access.decorators import manager_required
from access.middleware import OrganisationRequest
from communications import selectors, services
from core.htmx import render_page
from core.pagination import keyset_page


@manager_required
@require_safe
def notices(request: OrganisationRequest) -> HttpResponse:
    """The person's notices, newest first; `?show=unread` leaves out what was read."""
    unread = request.GET.get("show") == "unread"
    found = selectors.notices_of(user=request.user, organisation=request.organisation)
    page = keyset_page(found.filter(read_at=None) if unread else found, order=["-id"], params=request.GET, size=30)
    waiting = selectors.unread_count(request.user, request.organisation)
    context = {
        "page": page,
        "only_unread": unread,
        "waiting": waiting,
        "tabs": [
            {"label": "All", "url": request.path, "current": not unread},
            {"label": "Unread", "url": f"{request.path}?show=unread", "current": unread, "count": waiting},
        ],
    }
    return render_page(request, "communications/notices.html", context)


@manager_required
@require_POST
def read_notice(request: OrganisationRequest, pk: UUID) -> HttpResponse:
    """Marks one of the person's own notices as read and goes where it leads, or stays with `stay`."""
    mine = selectors.notices_of(user=request.user, organisation=request.organisation)
    notice = services.mark_read(notification=get_object_or_404(mine, pk=pk))
    return redirect("communications:notices" if "stay" in request.POST or not notice.url else notice.url)


@manager_required
@require_POST
def read_all(request: OrganisationRequest) -> HttpResponse:
    services.mark_all_read(user=request.user, organisation=request.organisation)
    messages.success(request, "Every notice is marked as read.")
    return redirect("communications:notices")
