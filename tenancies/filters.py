from __future__ import annotations

from datetime import date
from typing import Any

import django_filters
from django.db.models import Q, QuerySet
from django.forms import SearchInput

from tenancies.models import Lease, Tenant
from tenancies.selectors import BUCKETS, IN_ARREARS, LAST_BUCKET, RUNNING, ends_within

STATUSES = [("running", "Active or moving out"), *Lease.Status.choices]
ENDING = [("30", "Within 30 days"), ("60", "Within 60 days"), ("90", "Within 90 days")]
OWING = [("yes", "In arrears")]
AGES = [(key, label) for key, label, *_ in (*BUCKETS, LAST_BUCKET)]


class LeaseFilter(django_filters.FilterSet):  # type: ignore[misc]  # django-filter publishes no types
    """Filters of the lease list; leases that have ended are shown only when asked for."""

    q = django_filters.CharFilter(method="search", label="Search", widget=SearchInput)
    status = django_filters.ChoiceFilter(
        method="by_status", label="Status", choices=STATUSES, empty_label="All but ended"
    )
    ending = django_filters.ChoiceFilter(method="by_ending", label="Ending", choices=ENDING, empty_label="Any time")
    arrears = django_filters.ChoiceFilter(method="by_arrears", label="Arrears", choices=OWING, empty_label="Any")

    class Meta:
        model = Lease
        fields: list[str] = []

    def __init__(self, data: Any, *, queryset: QuerySet[Lease], today: date) -> None:
        super().__init__(data, queryset=queryset)
        self.today = today

    @property
    def qs(self) -> QuerySet[Lease]:
        found: QuerySet[Lease] = super().qs
        # Somebody who has moved out may still owe: the filter by arrears shows them.
        asked = self.form.cleaned_data
        if asked.get("status") or asked.get("arrears"):
            return found
        return found.exclude(status=Lease.Status.ENDED)

    def search(self, queryset: QuerySet[Lease], name: str, value: str) -> QuerySet[Lease]:
        for word in value.split():
            queryset = queryset.filter(
                Q(tenant_names__icontains=word)
                | Q(property__name__icontains=word)
                | Q(property__suburb__icontains=word)
            )
        return queryset

    def by_status(self, queryset: QuerySet[Lease], name: str, value: str) -> QuerySet[Lease]:
        return queryset.filter(status__in=RUNNING) if value == "running" else queryset.filter(status=value)

    def by_ending(self, queryset: QuerySet[Lease], name: str, value: str) -> QuerySet[Lease]:
        return queryset.filter(ends_within(int(value), self.today))

    def by_arrears(self, queryset: QuerySet[Lease], name: str, value: str) -> QuerySet[Lease]:
        return queryset.filter(IN_ARREARS)


class ArrearsFilter(django_filters.FilterSet):  # type: ignore[misc]  # as above
    """Filters of the arrears page; takes leases annotated with their `bucket`."""

    q = django_filters.CharFilter(method="search", label="Search", widget=SearchInput)
    age = django_filters.ChoiceFilter(field_name="bucket", label="Behind", choices=AGES, empty_label="Any time")

    class Meta:
        model = Lease
        fields: list[str] = []

    def search(self, queryset: QuerySet[Lease], name: str, value: str) -> QuerySet[Lease]:
        for word in value.split():
            queryset = queryset.filter(Q(tenant_names__icontains=word) | Q(property__name__icontains=word))
        return queryset


class TenantFilter(django_filters.FilterSet):  # type: ignore[misc]  # as above
    """Search of the tenant list, by any part of name, e-mail or telephone number."""

    q = django_filters.CharFilter(method="search", label="Search", widget=SearchInput)

    class Meta:
        model = Tenant
        fields: list[str] = []

    def search(self, queryset: QuerySet[Tenant], name: str, value: str) -> QuerySet[Tenant]:
        for word in value.split():
            queryset = queryset.filter(Q(name__icontains=word) | Q(email__icontains=word) | Q(phone__icontains=word))
        return queryset
