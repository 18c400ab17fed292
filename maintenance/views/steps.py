"""What a person does to a job from its page: moves, remarks, files, offers, quotes, a rating."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from access.decorators import manager_required
from access.middleware import OrganisationRequest
from core.errors import DomainError
from maintenance.files import handed_out
from maintenance.models import WorkOrder
from maintenance.services import offers, quotes, trail, work_orders
from maintenance.views.find import attachment_or_404, offer_or_404, order_or_404, quote_or_404, to_order


def attempt(request: OrganisationRequest, work: Callable[[], object], done: str) -> bool:
    """Does it and says so, or says why not."""
    try:
        work()
    except DomainError as error:
        messages.error(request, error.message)
        return False
    if done:
        messages.success(request, done)
    return True


@manager_required
@require_POST
def move(request: OrganisationRequest, work_order_id: UUID) -> HttpResponse:
    """To another state; `next` brings the person back to the board they came from."""
    order = order_or_404(request, work_order_id)
    to = request.POST.get("to", "")
    label = dict(WorkOrder.Status.choices).get(to, to)
    attempt(
        request,
        lambda: work_orders.move_work_order(work_order=order, to=to, user=request.user),
        f"“{order.title}” is now {str(label).lower()}.",
    )
    back = request.POST.get("next", "")
    if back.startswith("/") and url_has_allowed_host_and_scheme(back, allowed_hosts=None):
        return redirect(back)
    return to_order(order.pk)


@manager_required
@require_POST
def comment(request: OrganisationRequest, work_order_id: UUID) -> HttpResponse:
    order = order_or_404(request, work_order_id)
    visibility = request.POST.get("visibility", "internal")
    body = request.POST.get("body", "")
    attempt(
        request,
        lambda: trail.add_comment(order=order, body=body, visibility=visibility, user=request.user),
        "The vendor who has the job sees your comment." if visibility == "public" else "",
    )
    return to_order(order.pk, "comments")


@manager_required
@require_POST
def add_file(request: OrganisationRequest, work_order_id: UUID) -> HttpResponse:
    order = order_or_404(request, work_order_id)
    uploads = request.FILES.getlist("file")
    if not uploads:
        messages.error(request, "Choose a photo or a PDF first.")
    visibility = request.POST.get("visibility", "internal")
    for upload in uploads:
        name = upload.name or "file"
        if not attempt(
            request,
            lambda upload=upload, name=name: trail.add_attachment(  # type: ignore[misc]
                order=order, upload=upload, name=name, visibility=visibility, user=request.user
            ),
            "",
        ):
            break
    return to_order(order.pk, "files")


@manager_required
@require_safe
def file(request: OrganisationRequest, attachment_id: UUID) -> HttpResponseBase:
    return handed_out(attachment_or_404(request, attachment_id))


@manager_required
@require_POST
def rate(request: OrganisationRequest, work_order_id: UUID) -> HttpResponse:
    order = order_or_404(request, work_order_id)
    text = request.POST.get("rating", "")
    rating = int(text) if text.isdecimal() and len(text) == 1 else 0
    attempt(
        request,
        lambda: work_orders.rate_work_order(work_order=order, rating=rating, user=request.user),
        "Rated. It counts when the next job is routed.",
    )
    return to_order(order.pk)


@manager_required
@require_POST
def withdraw(request: OrganisationRequest, offer_id: UUID) -> HttpResponse:
    offer = offer_or_404(request, offer_id)
    attempt(
        request,
        lambda: offers.withdraw_offer(offer=offer, user=request.user),
        "Taken back. The vendor’s link says so from now on.",
    )
    return to_order(offer.work_order_id)


@manager_required
@require_POST
def decide(request: OrganisationRequest, quote_id: UUID) -> HttpResponse:
    """Accept, reject, or ask the owner."""
    quote = quote_or_404(request, quote_id)
    decision = request.POST.get("decision", "")
    if decision == "accept":
        attempt(
            request,
            lambda: quotes.accept_quote(quote=quote, membership=request.membership),
            "Accepted. The job goes out to this vendor at this price.",
        )
    elif decision == "reject":
        attempt(request, lambda: quotes.reject_quote(quote=quote, user=request.user), "Not taken.")
    elif decision == "owner":
        attempt(
            request,
            lambda: quotes.ask_owner(quote=quote, user=request.user),
            "The owner gets an e-mail with a link to approve or refuse it.",
        )
    else:
        messages.error(request, "Choose what to do with the quote.")
    return to_order(quote.work_order_id, "quotes")
