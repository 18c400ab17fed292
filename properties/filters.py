from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.forms import SearchInput

from access.models import Organisation
from properties import selectors
from properties.models import Property, Unit

VACANCY = [("vacant", "Has a vacant unit"), ("let", "Fully let"), ("offline", "Has an offline unit")]
STATUSES = [(Property.Status.ARCHIVED, "Archived"), ("all", "Managed and archived")]


class PropertyFilter(django_filters.FilterSet):  # type: ignore[misc]  # django-filter publishes no types
    """Filters of the property list. Archived properties are shown only when asked for."""

    q = django_filters.CharFilter(method="search", label="Search", widget=SearchInput)
    status = django_filters.ChoiceFilter(method="by_status", label="Status", choices=STATUSES, empty_label="Managed")
    vacancy = django_filters.ChoiceFilter(method="by_vacancy", label="Vacancy", choices=VACANCY, empty_label="Any")
    kind = django_filters.ChoiceFilter(label="Kind", choices=Property.Kind.choices, empty_label="Any")
    state = django_filters.ChoiceFilter(label="State", empty_label="Any")
    suburb = django_filters.ChoiceFilter(label="Suburb", empty_label="Any")

    class Meta:
        model = Property
        fields = ["q", "status", "vacancy", "kind", "state", "suburb"]

    def __init__(self, data: Any, *, queryset: QuerySet[Property], organisation: Organisation) -> None:
        super().__init__(data, queryset=queryset)
        places = selectors.places(organisation=organisation)
        for name, found in (("state", {place[1] for place in places}), ("suburb", {place[0] for place in places})):
            self.filters[name].extra["choices"] = [(value, value) for value in sorted(found) if value]

    @property
    def qs(self) -> QuerySet[Property]:
        found: QuerySet[Property] = super().qs
        return found if self.form.cleaned_data.get("status") else found.filter(status=Property.Status.ACTIVE)

    def search(self, queryset: QuerySet[Property], name: str, value: str) -> QuerySet[Property]:
        for word in value.split():
            queryset = queryset.filter(
                Q(name__icontains=word)
                | Q(suburb__icontains=word)
                | Q(postcode__istartswith=word)
                | Q(state__iexact=word)
                | Q(owner__name__icontains=word)
            )
        return queryset

    def by_status(self, queryset: QuerySet[Property], name: str, value: str) -> QuerySet[Property]:
        return queryset if value == "all" else queryset.filter(status=value)

    def by_vacancy(self, queryset: QuerySet[Property], name: str, value: str) -> QuerySet[Property]:
        units = Unit.objects.filter(property=OuterRef("pk"))
        if value == "let":
            return queryset.filter(
                Exists(units), ~Exists(units.filter(status__in=(Unit.Status.VACANT, Unit.Status.OFFLINE)))
            )
        return queryset.filter(Exists(units.filter(status=value)))
