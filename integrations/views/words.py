"""How stored changes and runs are worded for people."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from core.formatting import day_text, money_text
from integrations.models import SyncRun

RUN_NAMES = {
    SyncRun.Type.FULL.value: "Full sync",
    SyncRun.Type.INCREMENTAL.value: "Sync of changes",
    SyncRun.Type.MANUAL.value: "Manual sync",
    SyncRun.Type.APPLY.value: "Import of what was read",
    SyncRun.Type.PREVIEW.value: "Preview",
    SyncRun.Type.UNDO.value: "Undo",
    SyncRun.Type.EVENTS.value: "Events worked",
}
MONEY = ("amount", "bond_held", "income", "expense")


def label_of(name: str) -> str:
    """`rent_amount` as "Rent amount"."""
    words = name.removesuffix("_id").replace("_", " ")
    return words[:1].upper() + words[1:]


def shown(name: str, value: Any) -> str:
    """A stored value as people read it: amounts with their sign, dates in words, a truth as yes or no."""
    if value in (None, ""):
        return ""
    if value in (True, "True", "true"):
        return "yes"
    if value in (False, "False", "false"):
        return "no"
    text = str(value)
    if name.endswith(MONEY):
        try:
            return money_text(Decimal(text))
        except InvalidOperation:
            return text
    if name.endswith(("_on", "_to", "_at")):
        try:
            return day_text(datetime.fromisoformat(text) if len(text) > 10 else date.fromisoformat(text))
        except ValueError:
            return text
    return text


def fields_of(changes: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """`{field: [old, new]}` as label, old and new, in the order they are stored."""
    return [
        (label_of(name), shown(name, pair[0]), shown(name, pair[1]))
        for name, pair in changes.items()
        if isinstance(pair, list) and len(pair) == 2
    ]
