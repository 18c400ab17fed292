"""Transactions as CSV, and locking what was handed on."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from access.decorators import manager_required
from access.middleware import OrganisationRequest
from accounting import selectors
from accounting.filters import TransactionFilter
from accounting.models import Transaction
from accounting.services.transactions import mark_exported
from core.errors import DomainError
from core.filtering import applied_filters
from core.formatting import number_text

HEAD = (
    "Date", "Property", "Suburb", "State", "Postcode", "Kind", "Category code", "Category", "Amount", "Tax", "Currency",
    "Description", "Paid by or to", "Reference", "Status", "Source", "Derived", "Why this category", "Transaction id",
    "Reverses",
)  # fmt: skip
# A spreadsheet runs a cell that begins so as a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_CHUNK = 2000


class _Echo:
    """What csv.writer takes for a file: it hands each line straight back."""

    def write(self, line: str) -> str:
        return line


@manager_required
@require_http_methods(["GET", "HEAD", "POST"])
def transaction_export(request: OrganisationRequest) -> HttpResponseBase:
    """`?format=csv` downloads what the filters find; without it a page says what that is. POST locks those lines."""
    filters = TransactionFilter(request.GET, organisation=request.organisation)
    lines = filters.everything()
    query = request.GET.copy()
    wants_csv = query.pop("format", [""])[-1] == "csv"
    if request.method == "POST":
        try:
            count, moment = mark_exported(organisation=request.organisation, queryset=lines, user=request.user)
        except DomainError as error:
            messages.error(request, error.message)
            return redirect(f"{request.path}?{query.urlencode()}")
        if not count:
            messages.info(request, "Every one of these lines was exported before, so nothing was locked.")
            return redirect(f"{request.path}?{query.urlencode()}")
        messages.success(request, f"{number_text(count)} lines are locked. Download them below, as often as you like.")
        query["batch"] = moment.isoformat()
        return redirect(f"{request.path}?{query.urlencode()}")
    if wants_csv:
        return _download(lines.order_by("occurred_on", "id"), filters.sources)
    query_text = query.urlencode()
    context: dict[str, Any] = {
        "filters": filters,
        "span": filters.span(),
        "chips": applied_filters(filters, query),
        "totals": selectors.totals_of(lines, limit=None),
        "is_batch": bool(query.get("batch")),
        "csv_url": f"{request.path}?{query_text}{'&' if query_text else ''}format=csv",
        "back_url": f"{reverse('accounting:transaction_list')}?{query_text}",
    }
    return render(request, "accounting/export.html", context)


def _download(lines: QuerySet[Transaction], sources: dict[UUID, str]) -> StreamingHttpResponse:
    name = f"transactions-{timezone.localdate().isoformat()}.csv"
    response = StreamingHttpResponse(csv_lines(lines, sources), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Cache-Control"] = "no-store"
    return response


def csv_lines(lines: QuerySet[Transaction], sources: dict[UUID, str]) -> Iterator[str]:
    """The file line by line, with a byte order mark so that spreadsheets read it as UTF-8.

    Amounts are signed: expenses are negative. Texts that a spreadsheet would run as a formula begin with an apostrophe.
    """
    writer = csv.writer(_Echo())
    yield "\ufeff" + _line(writer, HEAD)
    for entry in lines.iterator(chunk_size=_CHUNK):
        home, category = entry.property, entry.category
        source = sources.get(entry.connection_id, entry.provider) if entry.connection_id else "Entered by hand"
        yield _line(
            writer,
            (
                entry.occurred_on.isoformat(),
                safe_text(home.name),
                safe_text(home.suburb),
                safe_text(home.state),
                safe_text(home.postcode),
                entry.kind,
                category.code,
                safe_text(category.name),
                f"{entry.signed_amount:.2f}",
                "" if entry.tax_amount is None else f"{entry.tax_amount:.2f}",
                entry.currency,
                safe_text(entry.description),
                safe_text(entry.counterparty),
                safe_text(entry.reference),
                entry.get_status_display(),
                safe_text(source),
                "yes" if entry.is_derived else "no",
                safe_text(entry.category_reason),
                str(entry.pk),
                str(entry.reverses_id or ""),
            ),
        )


def safe_text(value: str) -> str:
    """`value` as text that no spreadsheet takes for a formula."""
    return f"'{value}" if value.startswith(_FORMULA) else value


def _line(writer: Any, cells: Iterable[str]) -> str:
    return str(writer.writerow(cells))
