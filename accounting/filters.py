"""Filters of the transaction list.

What an index answers narrows the list first. The rest (text, amounts, export) is compared line by line, so on screen
it looks through the newest SEARCH_WINDOW lines at most and says how far back it got: a page costs the same however
many years of books there are. An export looks through everything.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import django_filters
from django.db.models import Q, QuerySet
from django.forms import DateInput, NumberInput, SearchInput
from django.utils import timezone

from access.models import Organisation
from accounting import selectors
from accounting.models import Kind, Transaction
from accounting.spans import PRESETS, Span, preset_span
from core.widgets import FlatSelect
from properties.models import Property
from properties.selectors import search_properties

SEARCH_WINDOW = 10_000
# Up to so many properties are read each by its own index; more are compared line by line.
FEW_PROPERTIES = 50
EXPORTED = [("no", "Not exported yet"), ("yes", "Exported and locked")]
_COMPARED = ("q", "amount_min", "amount_max", "exported", "batch")


def _day(label: str) -> Any:
    return django_filters.DateFilter(method="unchanged", label=label, widget=DateInput(attrs={"type": "date"}))


def _money(name: str, label: str) -> Any:
    step = NumberInput(attrs={"step": "0.01", "inputmode": "decimal"})
    return django_filters.NumberFilter(field_name="amount", lookup_expr=name, label=label, widget=step)


class TransactionFilter(django_filters.FilterSet):  # type: ignore[misc]  # django-filter publishes no types
    """The list's filters; the last twelve months unless a period or days are given."""

    q = django_filters.CharFilter(method="by_text", label="Search", widget=SearchInput)
    period = django_filters.ChoiceFilter(
        widget=FlatSelect, method="unchanged", label="Period", choices=PRESETS[1:], empty_label=PRESETS[0][1]
    )
    date_from = _day("From")
    date_to = _day("To")
    property = django_filters.ChoiceFilter(widget=FlatSelect, field_name="property_id", label="Property")
    address = django_filters.CharFilter(method="by_address", label="Address")
    kind = django_filters.ChoiceFilter(widget=FlatSelect, label="Kind", choices=Kind.choices, empty_label="Any")
    category = django_filters.ChoiceFilter(widget=FlatSelect, method="by_category", label="Category", empty_label="Any")
    status = django_filters.ChoiceFilter(
        widget=FlatSelect, label="Status", choices=Transaction.Status.choices, empty_label="Any"
    )
    source = django_filters.ChoiceFilter(widget=FlatSelect, method="by_source", label="Source", empty_label="Any")
    amount_min = _money("gte", "Amount from")
    amount_max = _money("lte", "Amount to")
    exported = django_filters.ChoiceFilter(
        widget=FlatSelect, method="by_export", label="Export", choices=EXPORTED, empty_label="Any"
    )
    batch = django_filters.CharFilter(method="by_batch", label="Export of")

    class Meta:
        model = Transaction
        fields: list[str] = []

    def __init__(self, data: Any, *, organisation: Organisation) -> None:
        super().__init__(data, queryset=selectors.transactions_of(organisation=organisation))
        self.organisation = organisation
        # The first day that a line-by-line search reached; None when it saw the whole period.
        self.searched_from: date | None = None
        self.categories = selectors.categories_of(organisation=organisation)
        self.sources = selectors.sources_of(organisation=organisation)
        self.filters["category"].extra["choices"] = [(item.code, item.name) for item in self.categories]
        self.filters["source"].extra["choices"] = [
            ("manual", "Entered by hand"),
            *((str(key), label) for key, label in self.sources.items()),
        ]
        self.filters["property"].extra["choices"] = self._chosen_property()

    def span(self) -> Span:
        """The days shown."""
        values = self._values()
        start, end = values.get("date_from"), values.get("date_to")
        if start or end:
            return Span("", start, end)
        return preset_span(values.get("period") or PRESETS[0][0], timezone.localdate())

    def searched(self) -> QuerySet[Transaction]:
        """The lines to show; sets `searched_from` where a line-by-line search stopped before the period's begin."""
        base, compared = self._base(), self._comparisons()
        if compared:
            edge = (
                base.order_by("-occurred_on", "-id")
                .values_list("occurred_on", flat=True)[SEARCH_WINDOW : SEARCH_WINDOW + 1]
                .first()
            )
            if edge is not None:
                self.searched_from = edge
                base = base.filter(occurred_on__gte=edge)
        return self._compare(base, compared)

    def everything(self) -> QuerySet[Transaction]:
        """All lines that match, however many have to be looked at: for exports."""
        return self._compare(self._base(), self._comparisons())

    def _values(self) -> dict[str, Any]:
        self.form.is_valid()
        values: dict[str, Any] = self.form.cleaned_data
        return values

    def _base(self) -> QuerySet[Transaction]:
        found: QuerySet[Transaction] = self.queryset.all()
        compared = self._compared()
        span, values = self.span(), self._values()
        if span.start:
            found = found.filter(occurred_on__gte=span.start)
        if span.end:
            found = found.filter(occurred_on__lte=span.end)
        for name in self.filters:
            if name not in compared and name != "address" and values.get(name) not in (None, ""):
                found = self.filters[name].filter(found, values[name])
        few = self._few_properties()
        return found if few is None else found.filter(property_id__in=few)

    def _compared(self) -> tuple[str, ...]:
        """Names of the filters that no index answers: also a category of income that is not rent, which is rare."""
        code = self._values().get("category")
        rare = any(
            item.code == code and item.kind == Kind.INCOME and code != "rental_income" for item in self.categories
        )
        return (*_COMPARED, "category") if rare else _COMPARED

    def _comparisons(self) -> dict[str, Any]:
        values = self._values()
        found = {name: values[name] for name in self._compared() if values.get(name) not in (None, "")}
        if values.get("address") and self._few_properties() is None:
            found["address"] = values["address"]
        return found

    def _compare(self, found: QuerySet[Transaction], compared: dict[str, Any]) -> QuerySet[Transaction]:
        for name, value in compared.items():
            found = self.filters[name].filter(found, value)
        return found

    def _few_properties(self) -> list[UUID] | None:
        """Ids of the properties with that address, None when no address is asked for or many have it."""
        address = self._values().get("address")
        if not address:
            return None
        if not hasattr(self, "_few"):
            matching = search_properties(organisation=self.organisation, text=address)
            self._few = list(matching.values_list("pk", flat=True)[: FEW_PROPERTIES + 1])
        return self._few if len(self._few) <= FEW_PROPERTIES else None

    def _chosen_property(self) -> list[tuple[str, str]]:
        try:
            key = UUID(str(self.data.get("property", "")))
        except ValueError:
            return []
        found = Property.objects.filter(organisation=self.organisation, pk=key).values_list("name", flat=True)
        return [(str(key), name) for name in found]

    def unchanged(self, queryset: QuerySet[Transaction], name: str, value: object) -> QuerySet[Transaction]:
        return queryset

    def by_text(self, queryset: QuerySet[Transaction], name: str, value: str) -> QuerySet[Transaction]:
        """Each word in the description, the other party or the reference."""
        for word in value.split():
            queryset = queryset.filter(
                Q(description__icontains=word) | Q(counterparty__icontains=word) | Q(reference__icontains=word)
            )
        return queryset

    def by_address(self, queryset: QuerySet[Transaction], name: str, value: str) -> QuerySet[Transaction]:
        keys = search_properties(organisation=self.organisation, text=value).values("pk")
        return queryset.filter(property_id__in=keys)

    def by_category(self, queryset: QuerySet[Transaction], name: str, value: str) -> QuerySet[Transaction]:
        chosen = next(item for item in self.categories if item.code == value)
        return queryset.filter(kind=chosen.kind, category_id=chosen.pk)

    def by_source(self, queryset: QuerySet[Transaction], name: str, value: str) -> QuerySet[Transaction]:
        return queryset.filter(provider="") if value == "manual" else queryset.filter(connection_id=UUID(value))

    def by_export(self, queryset: QuerySet[Transaction], name: str, value: str) -> QuerySet[Transaction]:
        return queryset.filter(exported_at__isnull=value == "no")

    def by_batch(self, queryset: QuerySet[Transaction], name: str, value: str) -> QuerySet[Transaction]:
        """The lines of one export, named by its moment; an unreadable one has none."""
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            return queryset.none()
        return queryset.filter(exported_at=moment if timezone.is_aware(moment) else moment.replace(tzinfo=UTC))
