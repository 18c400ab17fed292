"""What a transaction said before, in words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

from access.models import Organisation
from accounting import selectors
from accounting.models import TransactionRevision
from core.formatting import day_text, money_text

_LABELS = {
    "amount": "Amount",
    "tax_amount": "Tax",
    "occurred_on": "Date",
    "exported_at": "Exported",
    "description": "Description",
    "counterparty": "Paid by or to",
    "reference": "Reference",
    "category": "Category",
    "property": "Property",
    "status": "Status",
}
_STATUSES = {"confirmed": "Confirmed", "reversed": "Reversed", "void": "Reversed"}


@dataclass(frozen=True, slots=True)
class Change:
    """One field, before and after, as people read it."""

    label: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    revision: TransactionRevision
    changes: list[Change]

    @property
    def who(self) -> str:
        if self.revision.changed_by is not None:
            return str(self.revision.changed_by)
        return "A sync" if self.revision.sync_run_id else "Someone who has left"


def describe_revisions(revisions: Sequence[TransactionRevision], *, organisation: Organisation) -> list[HistoryEntry]:
    """The history with amounts, dates and names written out."""
    names = selectors.names_in(revisions, organisation=organisation)
    writers: dict[str, Callable[[str], str]] = {
        "amount": _money,
        "tax_amount": _money,
        "occurred_on": _day,
        "exported_at": _moment,
        "status": lambda value: _STATUSES.get(value, value),
        "category": lambda value: names.get(value, value),
        "property": lambda value: names.get(value, value),
    }
    return [
        HistoryEntry(
            revision,
            [
                Change(_LABELS.get(field, field), *(writers.get(field, str)(value) for value in pair))
                for field, pair in sorted(revision.changes.items(), key=lambda item: _place(item[0]))
            ],
        )
        for revision in revisions
    ]


def _place(field: str) -> tuple[int, str]:
    order = list(_LABELS)
    return (order.index(field) if field in order else len(order), field)


def _money(value: str) -> str:
    try:
        return money_text(Decimal(value)) if value else ""
    except InvalidOperation:
        return value


def _day(value: str) -> str:
    try:
        return day_text(date.fromisoformat(value))
    except ValueError:
        return value


def _moment(value: str) -> str:
    try:
        return day_text(datetime.fromisoformat(value))
    except ValueError:
        return value
