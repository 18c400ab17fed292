"""The books recomputed in plain Python: from the mirror's raw payloads, the mappings and what people decided.

Nothing here calls the engine: payloads are read anew, categories are chosen anew, and every rule of importing money is
written once more, one record at a time. `Books` is what should be there; `standing` is what is there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from accounting.models import CategoryRule, Transaction
from integrations.models import Connection, PropertyMapping, ProviderRecord

Key = tuple[str, str]
MONEY = ("payment", "bill")
_VOID_BILLS = {"Cancelled", "Canceled", "Void", "Voided", "Deleted", "Rejected"}


@dataclass(frozen=True, slots=True)
class Entry:
    """A line that stands in the books."""

    property_id: UUID
    kind: str
    category: str
    occurred_on: date
    amount: Decimal
    tax: Decimal | None
    description: str
    counterparty: str
    reference: str

    @property
    def words(self) -> tuple[str, str, str]:
        return self.description, self.counterparty, self.reference


@dataclass(frozen=True, slots=True)
class Reading:
    """A payload as this module understands it."""

    lot: str
    is_void: bool
    kind: str
    occurred_on: date
    amount: Decimal
    tax: Decimal | None
    description: str
    counterparty: str
    reference: str
    has_job: bool


def _cents(value: object) -> Decimal | None:
    try:
        amount = Decimal(str(value).replace(",", "").removeprefix("$"))
    except InvalidOperation:
        return None
    if not amount.is_finite() or abs(amount) >= Decimal(10) ** 12:
        return None
    return amount.quantize(Decimal("0.01"), ROUND_HALF_UP)


def _day(value: object) -> date | None:
    try:
        found = date.fromisoformat(str(value)[:10])
    except ValueError:
        return None
    return found if 1990 <= found.year <= 2100 else None


def _text(value: object, most: int) -> str:
    return "" if value is None else str(value).strip()[:most]


def read_payload(resource: str, row: Mapping[str, Any]) -> Reading | None:
    """The payload of a receipt or bill; None where it cannot become money in the books."""
    lot, amount = row.get("LotId"), _cents(row.get("Amount"))
    if resource == "payment":
        day = _day(row.get("TransactionDate"))
        if row.get("Type") != "Rent":
            # No income, whatever it may have been before: as if it were void.
            return Reading(lot or "", True, "income", date.min, Decimal(0), None, "", "", "", has_job=False)
        if not lot or amount is None or day is None:
            return None
        first, last = _day(row.get("PaidFrom")), _day(row.get("PaidTo"))
        paid_for = f"Rent {first.day} {first:%b %Y} to {last.day} {last:%b %Y}" if first and last else "Rent"
        return Reading(
            lot, row.get("IsVoid") is True, "income", day, amount, None, paid_for, _text(row.get("TenantName"), 200),
            _text(row.get("Reference"), 120), has_job=False,
        )  # fmt: skip
    day = _day(row["PaidOn"]) if row.get("PaidOn") else _day(row.get("DueDate"))
    if not lot or amount is None or day is None:
        return None
    return Reading(
        lot, row.get("Status") in _VOID_BILLS, "expense", day, amount,
        None if row.get("TaxAmount") is None else _cents(row["TaxAmount"]), _text(row.get("Detail"), 300),
        _text(row.get("SupplierReference"), 200), _text(row.get("Reference"), 120), has_job=bool(row.get("JobTaskId")),
    )  # fmt: skip


class Schedule:
    """An organisation's category rules, matched without SQL."""

    def __init__(self, organisation_id: UUID) -> None:
        rules = CategoryRule.objects.filter(organisation_id=organisation_id, is_enabled=True)
        self._rules = list(rules.select_related("category").order_by("position", "id"))

    def category(self, reading: Reading) -> str:
        """The code of the category that the reading falls under."""
        if reading.kind == "income":
            return "rental_income"
        supplier = reading.counterparty.lower()
        words = f"{reading.description} {reading.reference}".lower()
        for rule in self._rules:
            if rule.job_link != "any" and (rule.job_link == "yes") != reading.has_job:
                continue
            if rule.supplier.lower() not in supplier:
                continue
            if rule.words and not any(word.lower() in words for word in rule.words):
                continue
            return rule.category.code
        return "sundry"


@dataclass(frozen=True, slots=True)
class Place:
    """What a mapping says about a provider property: none of ours, or this one."""

    property_id: UUID | None
    auto_sync: bool


def places(source: Connection) -> dict[str, Place]:
    """The mappings of a connection by the provider's property."""
    return {
        mapping.provider_property_id: Place(
            mapping.property_id if mapping.state == PropertyMapping.State.MAPPED else None, mapping.auto_sync
        )
        for mapping in PropertyMapping.objects.filter(connection=source)
    }


@dataclass(slots=True)
class Line:
    """A remote record's line: what stands for it, and what people and syncs did with it so far."""

    live: Entry | None = None
    # Which entry of this record it is, counting from one; each import after a reversal is a new one.
    number: int = 0
    made_by: UUID | None = None
    is_edited: bool = False
    is_exported: bool = False
    is_gone: bool = False
    is_dismissed: bool = False
    # What taking theirs would set, as of the last time the line was worked.
    card: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Change:
    """What a run changed about a line beside creating it, for its undo."""

    key: Key
    action: str
    number: int
    old: Entry
    new: Entry | None


class Books:
    """What should stand in the books. `closed` is the last closed day."""

    def __init__(self) -> None:
        self.lines: dict[Key, Line] = {}
        self.changes: dict[UUID, list[Change]] = {}
        self.closed: date | None = None

    def line(self, key: Key) -> Line:
        return self.lines.setdefault(key, Line())

    def standing(self) -> dict[Key, Entry]:
        return {key: line.live for key, line in self.lines.items() if line.live is not None}

    def _is_closed(self, *days: date) -> bool:
        return self.closed is not None and min(days) <= self.closed

    def is_guarded(self, line: Line, *days: date) -> bool:
        """Whether a sync must ask a person before it changes what stands."""
        return line.is_edited or line.is_exported or self._is_closed(*days)

    def work(
        self, run: UUID, key: Key, reading: Reading | None, place: Place | None, schedule: Schedule, *, manual: bool
    ) -> None:
        """What a sync does with one record, new, changed or woken."""
        line = self.line(key)
        if reading is None or line.is_dismissed:
            return
        ours, home = line.live, place.property_id if place else None
        if home is None or place is None:
            if ours is not None and not self.is_guarded(line, ours.occurred_on):
                self._void(run, key, line, ours)
            return
        wanted = _entry(reading, home, schedule.category(reading))
        if ours is None:
            is_paused = not place.auto_sync and not manual
            if not (line.is_gone or reading.is_void or is_paused or self._is_closed(wanted.occurred_on)):
                self._create(run, line, wanted)
            return
        if line.is_edited or ours.words == wanted.words:
            wanted = replace(wanted, category=ours.category)
        if reading.is_void:
            line.card = {"void": True}
            if not self.is_guarded(line, ours.occurred_on):
                self._void(run, key, line, ours)
            return
        line.card = {name: value for name, value in _fields(wanted) if getattr(ours, name) != value}
        if not line.card or self.is_guarded(line, ours.occurred_on, wanted.occurred_on):
            return
        line.live = wanted
        self._note(run, Change(key, "update", line.number, ours, wanted))

    def _create(self, run: UUID, line: Line, entry: Entry) -> None:
        line.live, line.made_by, line.number, line.card = entry, run, line.number + 1, {}

    def _void(self, run: UUID, key: Key, line: Line, ours: Entry) -> None:
        line.live = None
        self._note(run, Change(key, "void", line.number, ours, None))

    def _note(self, run: UUID, change: Change) -> None:
        self.changes.setdefault(run, []).append(change)

    # --- what people do ---------------------------------------------------------------------------------------------
    def edit(self, key: Key, **values: Any) -> None:
        line = self.line(key)
        assert line.live is not None
        if values.get("amount", line.live.amount) != line.live.amount:
            values["tax"] = None
        line.live, line.is_edited = replace(line.live, **values), True

    def reverse(self, key: Key) -> None:
        line = self.line(key)
        line.live, line.is_gone = None, True

    def take_theirs(self, key: Key) -> None:
        line = self.line(key)
        assert line.live is not None
        if "void" in line.card:
            line.live = None
            return
        line.live, line.is_edited, line.card = replace(line.live, **line.card), False, {}

    def undo(self, run: UUID, undo: UUID) -> None:
        """Takes back what a run did, where nobody has touched it since."""
        for line in self.lines.values():
            ours = line.live
            if ours is not None and line.made_by == run and not self.is_guarded(line, ours.occurred_on):
                line.live, line.is_dismissed = None, True
        for change in reversed(self.changes.get(run, [])):
            self._take_back(change, undo)

    def _take_back(self, change: Change, undo: UUID) -> None:
        line = self.line(change.key)
        if line.number != change.number:
            return
        if change.action == "void":
            if line.live is None and not line.is_gone and not self.is_guarded(line, change.old.occurred_on):
                self._create(undo, line, change.old)
                line.is_dismissed = True
            return
        ours = line.live
        if ours is None or change.new is None or self.is_guarded(line, ours.occurred_on):
            return
        changed = [name for name, value in _fields(change.new) if getattr(change.old, name) != value]
        if all(getattr(ours, name) == getattr(change.new, name) for name in changed):
            line.live = replace(ours, **{name: getattr(change.old, name) for name in changed})
            line.is_dismissed = True


def _fields(entry: Entry) -> Iterator[tuple[str, Any]]:
    for name in Entry.__slots__:
        yield name, getattr(entry, name)


def _entry(reading: Reading, home: UUID, category: str) -> Entry:
    return Entry(
        home, reading.kind, category, reading.occurred_on, reading.amount, reading.tax, reading.description,
        reading.counterparty, reading.reference,
    )  # fmt: skip


def from_mirror(source: Connection) -> Books:
    """The books of a connection whose people decided nothing but the mappings as they are now."""
    books, homes, schedule = Books(), places(source), Schedule(source.organisation_id)
    for record in ProviderRecord.objects.filter(connection=source, resource__in=MONEY):
        reading = read_payload(record.resource, record.payload)
        place = homes.get(reading.lot) if reading else None
        books.work(source.pk, (record.resource, record.provider_id), reading, place, schedule, manual=True)
    return books


def standing(source: Connection) -> dict[Key, Entry]:
    """What stands in the database, by remote record. A record that stands twice fails at once."""
    found: dict[Key, Entry] = {}
    rows = Transaction.objects.filter(connection_id=source.pk, status="confirmed").select_related("category")
    for row in rows:
        key = ("payment" if row.kind == "income" else "bill", row.provider_transaction_id.split("~")[0])
        assert key not in found, f"{key} stands twice in the books"
        found[key] = Entry(
            row.property_id, row.kind, row.category.code, row.occurred_on, row.amount, row.tax_amount, row.description,
            row.counterparty, row.reference,
        )  # fmt: skip
    return found


Sums = dict[tuple[UUID, str, str], tuple[Decimal, int]]


def sums(entries: Iterable[Entry]) -> Sums:
    """Money and number of live entries by property, kind and category."""
    found: Sums = {}
    for entry in entries:
        place = (entry.property_id, entry.kind, entry.category)
        amount, number = found.get(place, (Decimal(0), 0))
        found[place] = (amount + entry.amount, number + 1)
    return found


def all_lines(source: Connection) -> dict[tuple[UUID, str, str], Decimal]:
    """The same sums over every line, reversed and reversing ones included: they must cancel out to the cent."""
    found: dict[tuple[UUID, str, str], Decimal] = {}
    rows = Transaction.objects.filter(connection_id=source.pk)
    for home, kind, code, amount in rows.values_list("property_id", "kind", "category__code", "amount"):
        found[home, kind, code] = found.get((home, kind, code), Decimal(0)) + amount
    return {place: amount for place, amount in found.items() if amount}


def check_books(source: Connection, books: Books) -> None:
    """The books in the database are those of the oracle: line by line, in sum, and with all reversals."""
    expected, actual = books.standing(), standing(source)
    missing, extra = expected.keys() - actual.keys(), actual.keys() - expected.keys()
    different = {key: (expected[key], actual[key]) for key in expected.keys() & actual if expected[key] != actual[key]}
    assert (missing, extra, different) == (set(), set(), {}), (missing, extra, different)
    owed = sums(expected.values())
    assert sums(actual.values()) == owed
    assert all_lines(source) == {place: amount for place, (amount, _) in owed.items() if amount}
