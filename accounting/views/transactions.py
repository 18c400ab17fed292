"""The list of transactions, one transaction, and what a person may do with it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from access.decorators import manager_required
from access.middleware import OrganisationRequest
from accounting import selectors
from accounting.filters import TransactionFilter
from accounting.forms import ReverseForm, TransactionEditForm, TransactionForm
from accounting.history import describe_revisions
from accounting.models import Transaction
from accounting.services import periods
from accounting.services import transactions as transaction_services
from core.errors import DomainError
from core.filtering import applied_filters
from core.formatting import day_text, money_text, number_text
from core.htmx import is_partial, render_page
from core.pagination import KeysetPage, keyset_page, sort_order
from core.ports import sources
from properties.fields import property_options
from properties.models import Property

SORTS = {"date": ("occurred_on", "id")}
_NOT_FILTERS = ("after", "before", "sort", "totals")


@manager_required
@require_safe
def transaction_list(request: OrganisationRequest) -> HttpResponse:
    """Lines of the books. `?totals=all` adds up more of them than a page does by itself."""
    filters = TransactionFilter(request.GET, organisation=request.organisation)
    lines = filters.searched()
    limit = None if request.GET.get("totals") == "all" else selectors.TOTALS_LIMIT
    context: dict[str, Any] = {"totals": selectors.totals_of(lines, limit=limit), "filters": filters}
    if limit is None and is_partial(request):
        return render(request, "accounting/transactions.html#totals", context)
    order = sort_order(request.GET, SORTS, default="-date")
    filter_query = _filter_query(request.GET)
    page = keyset_page(lines, order=order, params=request.GET)
    context |= {
        "page": page,
        "summary": _summary(page, context["totals"]),
        "span": filters.span(),
        "chips": applied_filters(filters, request.GET),
        "is_filtered": bool(filter_query),
        "filter_query": filter_query,
        "search_before": _search_before(filters, request.GET),
        "sources": filters.sources,
    }
    return render_page(request, "accounting/transactions.html", context, fragment="results")


@manager_required
@require_safe
def transaction_detail(request: OrganisationRequest, transaction_id: UUID) -> HttpResponse:
    entry = _entry_or_404(request, transaction_id)
    closed = periods.closed_through(request.organisation)
    context: dict[str, Any] = {
        "entry": entry,
        "counterpart": _counterpart(entry),
        "history": describe_revisions(selectors.revisions_of(entry), organisation=request.organisation),
        "closed_through": closed,
        "is_closed": closed is not None and entry.occurred_on <= closed,
    }
    if entry.connection_id is not None:
        badges = sources().for_connections(request.organisation.pk, [entry.connection_id])
        context["badge"] = badges.get(entry.connection_id)
        context["record_url"] = sources().record_url(
            request.organisation.pk, entry.connection_id, selectors.record_id_of(entry)
        )
    return render(request, "accounting/transaction.html", context)


@manager_required
@require_http_methods(["GET", "HEAD", "POST"])
def transaction_add(request: OrganisationRequest) -> HttpResponse:
    initial = {}
    if chosen := _chosen_property(request):
        initial["property"] = chosen.full_address
    form = TransactionForm(request.POST or None, organisation=request.organisation, initial=initial)
    if form.is_valid():
        try:
            entry = transaction_services.add_transaction(
                organisation=request.organisation, user=request.user, **form.cleaned_data
            )
        except DomainError as error:
            form.add_error(None, error.message)
        else:
            messages.success(
                request, f"{money_text(entry.amount)} is in the books, dated {day_text(entry.occurred_on)}."
            )
            return redirect("accounting:transaction_detail", entry.pk)
    return render(request, "accounting/transaction_add.html", {"form": form}, status=422 if form.is_bound else 200)


@manager_required
@require_safe
def property_choices(request: OrganisationRequest) -> HttpResponse:
    """Addresses for the field that a person is typing in."""
    text = request.GET.get("property", "")
    options = property_options(organisation=request.organisation, text=text)
    return render(request, "accounting/property_options.html", {"options": options})


@manager_required
@require_http_methods(["GET", "HEAD", "POST"])
def transaction_edit(request: OrganisationRequest, transaction_id: UUID) -> HttpResponse:
    entry = _entry_or_404(request, transaction_id)
    form = TransactionEditForm(request.POST or None, entry=entry)
    if form.is_valid():
        try:
            transaction_services.edit_transaction(transaction=entry, user=request.user, **form.cleaned_data)
        except DomainError as error:
            form.add_error(None, error.message)
        else:
            messages.success(
                request, "Saved. What it said before is in its history, and syncs leave your change alone."
            )
            return redirect("accounting:transaction_detail", entry.pk)
    context = {"form": form, "entry": entry}
    return render(request, "accounting/transaction_edit.html", context, status=422 if form.is_bound else 200)


@manager_required
@require_http_methods(["GET", "HEAD", "POST"])
def transaction_reverse(request: OrganisationRequest, transaction_id: UUID) -> HttpResponse:
    """Asks with the numbers, then enters the opposite amount."""
    entry = _entry_or_404(request, transaction_id)
    form = ReverseForm(request.POST or None)
    if form.is_valid():
        try:
            reversal = transaction_services.reverse_transaction(
                transaction=entry, user=request.user, **form.cleaned_data
            )
        except DomainError as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, "Reversed. Both entries stay in the books and add up to nothing.")
            return redirect("accounting:transaction_detail", reversal.pk)
    effects = [
        ("bad", f"An entry of {money_text(-entry.amount, entry.currency)} is added to {entry.category.name.lower()}."),
        ("good", f"This entry of {money_text(entry.amount, entry.currency)} stays, marked reversed, with its history."),
    ]
    if entry.provider:
        effects.append(("info", "No sync brings it back, even when the provider changes the record."))
    context = {"form": form, "entry": entry, "effects": effects}
    return render(request, "accounting/transaction_reverse.html", context, status=422 if form.is_bound else 200)


def _entry_or_404(request: OrganisationRequest, transaction_id: UUID) -> Transaction:
    try:
        return selectors.get_transaction(organisation=request.organisation, transaction_id=transaction_id)
    except Transaction.DoesNotExist:
        raise Http404("This organisation has no such transaction.") from None


def _counterpart(entry: Transaction) -> Transaction | None:
    if entry.status == Transaction.Status.REVERSAL:
        return entry.reverses
    return entry.reversed_by if entry.status == Transaction.Status.REVERSED else None


def _chosen_property(request: OrganisationRequest) -> Property | None:
    try:
        key = UUID(request.GET.get("property", ""))
    except ValueError:
        return None
    return Property.objects.filter(organisation=request.organisation, pk=key).first()


def _summary(page: KeysetPage[Transaction], totals: selectors.Totals) -> str:
    found = f"more than {selectors.TOTALS_LIMIT:,}" if totals.is_partial else number_text(totals.lines)
    return f"{len(page.items)} of {found}"


def _filter_query(params: QueryDict) -> str:
    query = params.copy()
    for name in _NOT_FILTERS:
        query.pop(name, None)
    for name, values in list(query.lists()):
        query.setlist(name, [value for value in values if value.strip()])
    return query.urlencode()


def _search_before(filters: TransactionFilter, params: QueryDict) -> str:
    """Query string of the same search over the days before those that were looked through."""
    if filters.searched_from is None:
        return ""
    query = params.copy()
    for name in (*_NOT_FILTERS, "period"):
        query.pop(name, None)
    start = filters.span().start
    if start is not None:
        query["date_from"] = start.isoformat()
    query["date_to"] = (filters.searched_from - timedelta(days=1)).isoformat()
    return f"?{query.urlencode()}"
