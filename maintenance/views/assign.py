"""Who could do a job, with the reasons; and the buttons that ask them."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from access.decorators import manager_required
from access.middleware import OrganisationRequest
from core.errors import DomainError
from maintenance.models import Offer, Vendor, WorkOrder
from maintenance.selectors.vendors import policy_of
from maintenance.services import offers
from maintenance.views.find import order_or_404, to_order
from maintenance.views.words import LINK_WORDS, PRIORITY_TONES, STATUS_TONES


@manager_required
@require_http_methods(["GET", "HEAD", "POST"])
def assign(request: OrganisationRequest, work_order_id: UUID) -> HttpResponse:
    """Every vendor's standing; POST offers the job (to the best, or to a chosen one) or asks for quotes."""
    order = order_or_404(request, work_order_id)
    if request.method == "POST":
        return _ask(request, order)
    verdicts = offers.verdicts_for(order=order)
    past = order.offers.select_related("vendor").order_by("-id")
    context = {
        "order": order,
        "eligible": [verdict for verdict in verdicts if verdict.eligible],
        "left_out": [verdict for verdict in verdicts if not verdict.eligible],
        "past": past,
        "live": next((offer for offer in past if offer.is_live and offer.kind == Offer.Kind.JOB), None),
        "policy": policy_of(organisation=request.organisation),
        "status_tones": STATUS_TONES,
        "priority_tones": PRIORITY_TONES,
        "link_words": LINK_WORDS,
    }
    return render(request, "maintenance/assign.html", context)


def _ask(request: OrganisationRequest, order: WorkOrder) -> HttpResponse:
    chosen = _chosen(request)
    try:
        if request.POST.get("do") == "quotes":
            asked = offers.ask_for_quotes(work_order=order, vendors=chosen, user=request.user)
            names = ", ".join(str(offer.vendor) for offer in asked)
            messages.success(request, f"Asked for a quote: {names}." if asked else "They are being asked already.")
        elif request.POST.get("do") == "best":
            offer = offers.route_job(work_order=order, user=request.user)
            if offer is None:
                messages.warning(request, "No vendor can take it. It is in the lane for manual assignment.")
            else:
                messages.success(request, f"{offer.vendor} is being asked.")
        elif len(chosen) == 1:
            offers.offer_job(work_order=order, vendor=chosen[0], user=request.user)
            messages.success(request, f"{chosen[0]} is being asked.")
        else:
            messages.error(request, "Choose one vendor to offer the job to.")
            return redirect("maintenance:assign", order.pk)
    except DomainError as error:
        messages.error(request, error.message)
        return redirect("maintenance:assign", order.pk)
    return to_order(order.pk)


def _chosen(request: OrganisationRequest) -> list[Vendor]:
    keys = []
    for text in request.POST.getlist("vendor"):
        try:
            keys.append(UUID(text))
        except ValueError:
            continue
    return list(Vendor.objects.filter(organisation=request.organisation, pk__in=keys).order_by("name", "id"))
