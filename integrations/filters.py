from __future__ import annotations

import django_filters

from integrations import registry
from integrations.models import Connection


class ConnectionFilter(django_filters.FilterSet):  # type: ignore[misc]  # it publishes no types
    """`?provider=` and `?status=` of the connection list; an unknown value is an error, not an empty list."""

    provider = django_filters.ChoiceFilter(
        choices=lambda: [(slug, spec.label) for slug, spec in registry.PROVIDERS.items()]
    )
    status = django_filters.ChoiceFilter(choices=Connection.Status.choices)

    class Meta:
        model = Connection
        fields = ("provider", "status")
