"""Filters of lists: what is applied, as chips that can be taken off one by one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypedDict

from django.http import QueryDict


class AppliedFilter(TypedDict):
    """A chip: what is filtered, by which value in words, and the query string of the list without it."""

    key: str
    value: str
    url: str


def applied_filters(
    filterset: Any, params: QueryDict, *, places: Sequence[str] = ("after", "before")
) -> list[AppliedFilter]:
    """One chip for each value that narrows the list; `params` is request.GET.

    Values that the form refused narrow nothing and have no chip.
    """
    form = filterset.form
    form.is_valid()
    return [
        {"key": str(field.label), "value": _words(field, value), "url": _without(params, name, value, places)}
        for name, field in form.fields.items()
        if name not in form.errors
        for value in dict.fromkeys(params.getlist(name))
        if value.strip()
    ]


def _words(field: Any, value: str) -> str:
    for key, label in getattr(field, "choices", ()):
        if str(key) == value:
            return str(label)
    return value


def _without(params: QueryDict, name: str, value: str, places: Sequence[str]) -> str:
    query = params.copy()
    query.setlist(name, [item for item in query.getlist(name) if item != value])
    for place in places:
        query.pop(place, None)
    return f"?{query.urlencode()}"
