"""Differences between a stored row and the values it should have, in the form that histories and previews keep."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db import models

Changes = dict[str, list[str]]


def as_text(value: object) -> str:
    """A value as histories write it: blank for nothing, ISO dates, plain decimals."""
    return "" if value is None else str(value)


def differences(row: models.Model, values: Mapping[str, Any]) -> Changes:
    """{field: [old, new]} of the fields whose value would change."""
    found: Changes = {}
    for name, new in values.items():
        old = getattr(row, name)
        if old != new:
            found[name] = [as_text(old), as_text(new)]
    return found


def split_edited(changes: Changes, edited: Iterable[str]) -> tuple[Changes, Changes]:
    """The changes a sync may make, and those on fields that a person has edited."""
    held = {name for name in edited if name in changes}
    return (
        {name: change for name, change in changes.items() if name not in held},
        {name: change for name, change in changes.items() if name in held},
    )


def column(row: models.Model, name: str) -> models.Field[Any, Any]:
    """The column that a change names, as `property` or `property_id`. Raises FieldDoesNotExist."""
    field = row._meta.get_field(name.removesuffix("_id"))
    if not isinstance(field, models.Field):
        raise FieldDoesNotExist(name)
    return field


def from_text(field: models.Field[Any, Any], text: str) -> Any:
    """The value that `as_text` wrote, as the column holds it."""
    return None if text == "" and field.null else field.to_python(text)
