from __future__ import annotations

from typing import Any
from uuid import UUID

import django_filters
from django.db.models import Exists, OuterRef, QuerySet

from access.models import Organisation
from integrations.models import PropertyMapping
from properties.filters import PropertyFilter
from properties.models import Property
from reporting.selectors.properties import sources_for_filter


class PortfolioFilter(PropertyFilter):
    """The filters of properties, and where they come from."""

    source = django_filters.ChoiceFilter(method="by_source", label="Source", empty_label="Any")

    def __init__(self, data: Any, *, queryset: QuerySet[Property], organisation: Organisation) -> None:
        super().__init__(data, queryset=queryset, organisation=organisation)
        self.filters["source"].extra["choices"] = [
            *sources_for_filter(organisation=organisation),
            ("none", "No source"),
        ]

    def by_source(self, queryset: QuerySet[Property], name: str, value: str) -> QuerySet[Property]:
        mapped = PropertyMapping.objects.filter(property=OuterRef("pk"), state=PropertyMapping.State.MAPPED)
        if value == "none":
            return queryset.filter(~Exists(mapped))
        return queryset.filter(Exists(mapped.filter(connection=UUID(value))))
