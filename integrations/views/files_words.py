"""How rows of a spreadsheet are shown before they are imported."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from core.formatting import day_text, money_text
from integrations.files.kinds import Field, Type
from integrations.views.page import RESOURCE


def becomes(resource: str) -> str:
    """What a row of this resource is to people."""
    return RESOURCE.get(resource, resource)


def shown_values(
    fields: Sequence[Field], values: Mapping[str, Any], addresses: Mapping[str, str]
) -> list[tuple[str, str, bool]]:
    """(label, text, whether it is a number) of each field, dates and amounts in words, properties by address."""
    return [(field.label, _text(field, values, addresses), field.type == Type.MONEY) for field in fields]


def _text(field: Field, values: Mapping[str, Any], addresses: Mapping[str, str]) -> str:
    value = values.get(field.name)
    if field.name == "property":
        key = str(value or values.get("of") or "")
        return addresses.get(key, key if len(key) < 32 else "found")
    if value in (None, ""):
        return ""
    match field.type:
        case Type.MONEY:
            return money_text(Decimal(str(value)))
        case Type.DATE:
            return day_text(date.fromisoformat(str(value)))
    return str(value)
