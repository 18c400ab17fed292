from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.views.decorators.http import require_POST, require_safe

from access.decorators import manager_required
from access.middleware import OrganisationRequest
from core.errors import DomainError
from core.htmx import render_page
from core.pagination import keyset_page
from integrations.selectors import conflicts as conflict_selectors
from integrations.services import conflicts as conflict_services
from integrations.views.page import address, connection_or_404, connection_page, go_back, say_error
from integrations.views.records import TARGETS, target_link
from integrations.views.words import fields_of


@manager_required
@require_safe
def conflicts(request: OrganisationRequest, slug: str) -> HttpResponse:
    """Cards where both sides changed, newest first; decided ones on request."""
    connection = connection_or_404(request, slug)
    is_open = request.GET.get("state") != "decided"
    page = keyset_page(
        conflict_selectors.conflicts_of(connection, is_open=is_open), order=["-id"], params=request.GET, size=20
    )
    transactions = conflict_selectors.transactions_for(page.items)
    context = connection_page(request, connection, "conflicts") | {
        "page": page,
        "is_open": is_open,
        "cards": [
            {
                "conflict": conflict,
                "transaction": transactions.get(conflict.target_id),
                "target": target_link(conflict.record) if conflict.record.resource in TARGETS else None,
                "fields": fields_of(conflict.changes),
            }
            for conflict in page.items
        ],
        "here": request.get_full_path(),
    }
    return render_page(request, "integrations/conflicts.html", context)


@manager_required
@require_POST
def resolve(request: OrganisationRequest, slug: str, conflict_id: UUID) -> HttpResponse:
    """`side` is ours or theirs."""
    conflict = conflict_selectors.find_conflict(organisation=request.organisation, conflict_id=conflict_id)
    if conflict is None or conflict.connection.provider != slug:
        raise Http404("This organisation has no such conflict.")
    back = address(conflict.connection, "conflicts")
    side = request.POST.get("side")
    if side not in ("ours", "theirs"):
        messages.error(request, "Choose which side to keep.")
        return go_back(request, back)
    try:
        conflict_services.resolve_conflict(conflict=conflict, user=request.user, take_theirs=side == "theirs")
    except DomainError as error:
        say_error(request, error)
    else:
        messages.success(
            request, "Theirs is taken over." if side == "theirs" else "Ours is kept; this change will not ask again."
        )
    return go_back(request, back)
