from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from access.decorators import manager_required
from access.middleware import OrganisationRequest
from communications.mail import public_address
from core.errors import DomainError
from core.filtering import applied_filters
from core.htmx import render_page
from core.pagination import keyset_page, sort_order
from core.ports import sources
from maintenance.files import ACCEPT
from maintenance.filters import STATUSES, WorkOrderFilter
from maintenance.forms.work_orders import WorkOrderForm
from maintenance.models import Offer, Quote, WorkOrder
from maintenance.selectors import work_orders as selectors
from maintenance.selectors.vendors import policy_of
from maintenance.services import work_orders as work_order_services
from maintenance.services.offers import link_path
from maintenance.states import MOVES, targets
from maintenance.views.words import LINK_WORDS, PRIORITY_TONES, STATUS_TONES
from properties.models import Property

SORTS = {"opened": ("opened", "id")}
MAY_BE_ASSIGNED = [state for state, moves in MOVES.items() if "assigned" in moves and state != "done"]


@manager_required
@require_safe
def work_order_list(request: OrganisationRequest) -> HttpResponse:
    """Jobs, pending ones first of all; tabs choose the status and say how many there are."""
    filters = WorkOrderFilter(request.GET, organisation=request.organisation)
    counts = selectors.status_counts(filters.qs)
    order = sort_order(request.GET, SORTS, default="-opened")
    page = keyset_page(filters.in_status(), order=order, params=request.GET)
    badges = sources().for_connections(
        request.organisation.pk, {row.connection_id for row in page.items if row.connection_id}
    )
    shown = _counted(counts, filters.status)
    context: dict[str, Any] = {
        "filters": filters,
        "page": page,
        # Drawn once a connection, not once a row.
        "badges": {key: render_to_string("components/fresh.html", {"badge": badge}) for key, badge in badges.items()},
        "tabs": _tabs(request, filters.status, counts),
        "chips": applied_filters(filters, request.GET),
        "shown": shown,
        "summary": f"{len(page.items)} of {shown:,}",
        "is_filtered": bool(applied_filters(filters, request.GET)),
        **_words(),
    }
    return render_page(request, "maintenance/work_orders.html", context, fragment="results")


@manager_required
@require_safe
def work_order_detail(request: OrganisationRequest, work_order_id: UUID) -> HttpResponse:
    order = _order_or_404(request, work_order_id)
    bills = list(selectors.bills_of(order))
    context: dict[str, Any] = {
        "order": order,
        "bills": bills,
        "billed": sum(bill.amount for bill in bills) if bills else None,
        "edited": [_field_name(name) for name in order.edited_fields],
        **_work_of(order, request),
        **_words(),
    }
    if order.connection_id is not None:
        badges = sources().for_connections(request.organisation.pk, [order.connection_id])
        context["badge"] = badges.get(order.connection_id)
        context["record_url"] = sources().record_url(request.organisation.pk, order.connection_id, order.provider_id)
    return render(request, "maintenance/work_order.html", context)


@manager_required
@require_http_methods(["GET", "HEAD", "POST"])
def work_order_add(request: OrganisationRequest) -> HttpResponse:
    chosen = _chosen_property(request)
    initial = {"property": chosen.full_address} if chosen else {}
    form = WorkOrderForm(request.POST or None, organisation=request.organisation, initial=initial)
    if form.is_valid():
        try:
            order = work_order_services.create_work_order(
                organisation=request.organisation, user=request.user, **form.cleaned_data
            )
        except DomainError as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, f"“{order.title}” is entered.")
            return redirect("maintenance:work_order_detail", order.pk)
    return render(request, "maintenance/work_order_form.html", {"form": form}, status=422 if form.is_bound else 200)


@manager_required
@require_http_methods(["GET", "HEAD", "POST"])
def work_order_edit(request: OrganisationRequest, work_order_id: UUID) -> HttpResponse:
    order = _order_or_404(request, work_order_id)
    form = WorkOrderForm(request.POST or None, organisation=request.organisation, order=order)
    if form.is_valid():
        try:
            work_order_services.edit_work_order(work_order=order, user=request.user, **form.changed_values())
        except DomainError as error:
            form.add_error(None, error.message)
        else:
            messages.success(
                request, "Saved." if not order.provider_id else "Saved. Syncs leave what you changed alone."
            )
            return redirect("maintenance:work_order_detail", order.pk)
    context = {"form": form, "order": order}
    return render(request, "maintenance/work_order_form.html", context, status=422 if form.is_bound else 200)


@manager_required
@require_safe
def by_job(request: OrganisationRequest, connection_id: UUID, job_ref: str) -> HttpResponse:
    """From the provider's job id, which bills carry, to the work order."""
    try:
        order = selectors.work_order_of_job(
            organisation=request.organisation, connection_id=connection_id, job_ref=job_ref
        )
    except WorkOrder.DoesNotExist:
        raise Http404("This job was not imported as a work order.") from None
    return redirect("maintenance:work_order_detail", order.pk)


def _work_of(order: WorkOrder, request: OrganisationRequest) -> dict[str, Any]:
    """Offers, quotes, remarks, files and the timeline of a job, for its page."""
    offers = list(order.offers.select_related("vendor", "created_by").order_by("-id"))
    quotes = list(order.quotes.select_related("vendor").prefetch_related("approvals").order_by("amount", "id"))
    policy = policy_of(organisation=request.organisation)
    limit = policy.limit_of(request.membership.role)
    for quote in quotes:
        quote.asked = max(quote.approvals.all(), key=lambda item: item.pk, default=None)  # type: ignore[attr-defined]
        quote.is_above_limit = quote.amount > limit  # type: ignore[attr-defined]
    opened = order.opened  # type: ignore[attr-defined]  # annotated by the selector
    live = next((item for item in offers if item.is_live and item.kind == Offer.Kind.JOB), None)
    return {
        "offers": offers,
        "live": live,
        "live_link": public_address(link_path(live)) if live else "",
        "quotes": quotes,
        "open_quotes": [quote for quote in quotes if quote.state == Quote.State.SUBMITTED],
        "limit": limit,
        "comments": order.comments.select_related("author").order_by("-id"),
        "files": list(order.attachments.order_by("-id")),
        "events": order.events.order_by("-id")[:100],
        "moves": targets(order),
        "respond_by": opened + timedelta(minutes=policy.target_of(order.priority)),
        "accept": ACCEPT,
        "now": timezone.now(),
        "link_words": LINK_WORDS,
        "can_assign": order.status in MAY_BE_ASSIGNED and order.vendor_id is None,
    }


def _order_or_404(request: OrganisationRequest, work_order_id: UUID) -> WorkOrder:
    try:
        return selectors.get_work_order(organisation=request.organisation, work_order_id=work_order_id)
    except WorkOrder.DoesNotExist:
        raise Http404("This organisation has no such work order.") from None


def _chosen_property(request: OrganisationRequest) -> Property | None:
    try:
        key = UUID(request.GET.get("property", ""))
    except ValueError:
        return None
    return Property.objects.filter(organisation=request.organisation, pk=key).first()


def _words() -> dict[str, Any]:
    return {"status_tones": STATUS_TONES, "priority_tones": PRIORITY_TONES, "today": timezone.localdate()}


def _counted(counts: dict[str, int], status: str) -> int:
    if status == "all":
        return sum(count for key, count in counts.items() if key != "manual")
    if status == "open":
        return sum(counts.get(item.value, 0) for item in WorkOrder.OPEN_STATUSES)
    return counts.get(status, 0)


def _tabs(request: OrganisationRequest, current: str, counts: dict[str, int]) -> list[dict[str, Any]]:
    tabs = []
    for key, label in STATUSES:
        query = request.GET.copy()
        for name in ("status", "after", "before"):
            query.pop(name, None)
        if key != "open":
            query["status"] = key
        tabs.append(
            {"label": label, "url": f"?{query.urlencode()}", "current": key == current, "count": _counted(counts, key)}
        )
    return tabs


def _field_name(name: str) -> str:
    field = WorkOrder._meta.get_field(name.removesuffix("_id") if name in ("property_id", "unit_id") else name)
    return {
        "quoted_amount": "quoted amount",
        "supplier_name": "supplier",
        "category": "trade",
        "due_on": "due date",
    }.get(field.name, field.name.replace("_", " "))
