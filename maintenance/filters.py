from __future__ import annotations

from typing import Any
from uuid import UUID

import django_filters
from django.db.models import Q, QuerySet
from django.forms import SearchInput

from access.models import Organisation
from core.widgets import FlatSelect
from maintenance.models import WorkOrder
from maintenance.selectors import work_orders as selectors
from maintenance.selectors.vendors import categories_of
from properties.models import Property
from properties.selectors import search_properties

# What the tabs above the list choose.
STATUSES = [("open", "Pending"), ("manual", "Needs a vendor"), *WorkOrder.Status.choices, ("all", "All")]


class WorkOrderFilter(django_filters.FilterSet):  # type: ignore[misc]  # django-filter publishes no types
    """Filters of the work order list; pending ones unless a status is chosen."""

    q = django_filters.CharFilter(method="search", label="Search", widget=SearchInput)
    address = django_filters.CharFilter(method="by_address", label="Property")
    property = django_filters.ChoiceFilter(widget=FlatSelect, field_name="property_id", label="Property")
    category = django_filters.ChoiceFilter(
        widget=FlatSelect, label="Trade", choices=WorkOrder.Category.choices, empty_label="Any"
    )
    priority = django_filters.ChoiceFilter(
        widget=FlatSelect, label="Priority", choices=WorkOrder.Priority.choices, empty_label="Any"
    )

    class Meta:
        model = WorkOrder
        fields: list[str] = []

    def __init__(self, data: Any, *, organisation: Organisation) -> None:
        super().__init__(data, queryset=selectors.work_orders_of(organisation=organisation))
        self.organisation = organisation
        asked = data.get("status", "")
        self.status: str = asked if asked in dict(STATUSES) else "open"
        # A category that is in use may be retired: what is in the address still filters.
        self.filters["category"].extra["choices"] = categories_of(organisation=organisation, retired=True)
        self.filters["property"].extra["choices"] = self._chosen_property(data.get("property", ""))

    def in_status(self) -> QuerySet[WorkOrder]:
        """What the other filters find, in the chosen status."""
        found: QuerySet[WorkOrder] = self.qs
        if self.status == "all":
            return found
        if self.status == "manual":
            return found.filter(manual_since__isnull=False)
        return found.filter(status__in=WorkOrder.OPEN_STATUSES if self.status == "open" else [self.status])

    def search(self, queryset: QuerySet[WorkOrder], name: str, value: str) -> QuerySet[WorkOrder]:
        for word in value.split():
            queryset = queryset.filter(
                Q(title__icontains=word)
                | Q(number__iexact=word)
                | Q(supplier_name__icontains=word)
                | Q(description__icontains=word)
            )
        return queryset

    def by_address(self, queryset: QuerySet[WorkOrder], name: str, value: str) -> QuerySet[WorkOrder]:
        return queryset.filter(
            property_id__in=search_properties(organisation=self.organisation, text=value).order_by().values("pk")
        )

    def _chosen_property(self, value: str) -> list[tuple[str, str]]:
        try:
            key = UUID(value)
        except ValueError:
            return []
        found = Property.objects.filter(organisation=self.organisation, pk=key).values_list("name", flat=True)
        return [(str(key), name) for name in found]
