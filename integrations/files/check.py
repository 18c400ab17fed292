"""Rows of a file as rows of ours: each is good, with an id that lasts, or has problems that a person can solve.

Ids: the column that a person chose as id; else a digest of what makes the row itself (`_KEYS`), numbered where several
rows are alike, because two equal rents on one day are two payments.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

from integrations.files import addresses
from integrations.files.kinds import Field, KindOfFile, Type
from integrations.files.refs import Refs, Unknown
from integrations.files.tables import Row
from integrations.files.values import Cell, CellError, choice, comparable, count, day, money, plain
from integrations.records import Resource

# These may be longer than a line of ours: the mirror keeps them whole.
_LONG = ("description",)
_KEYS = {
    "properties": ("address",),
    "units": ("of", "unit"),
    "tenants": ("name",),
    "leases": ("property", "tenant", "starts_on"),
    "jobs": ("property", "title", "opened_on"),
    "transactions": ("type", "property", "date", "amount"),
    "bills": ("property", "date", "amount"),
}
_RESOURCES = {
    "properties": Resource.PROPERTY,
    "units": Resource.PROPERTY,
    "tenants": Resource.CONTACT,
    "leases": Resource.TENANCY,
    "jobs": Resource.JOB,
    "transactions": Resource.PAYMENT,
    "bills": Resource.BILL,
}


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one cell: `column` is the file's heading, `words` say what to do."""

    row: int
    column: str
    value: str
    words: str


@dataclass(frozen=True, slots=True)
class Checked:
    """A row of the file. Good ones have a resource and values; others have problems and their cells as they were."""

    number: int
    cells: Row
    resource: str = ""
    values: dict[str, Any] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()


@dataclass(slots=True)
class Checker:
    """Checks the rows of one file. `columns` maps fields to headings; `country` is where addresses are."""

    kind: KindOfFile
    headings: Sequence[str]
    columns: Mapping[str, str]
    order: str
    decimal: str
    refs: Refs
    country: str
    _places: list[tuple[Field, int]] = field(default_factory=list)
    _own_ids: dict[str, int] = field(default_factory=dict)
    _alike: dict[bytes, int] = field(default_factory=dict)

    def rows(self, rows: Iterable[tuple[int, Row]]) -> Iterator[Checked]:
        """Each row of the file but its headings."""
        places = {heading: place for place, heading in enumerate(self.headings)}
        self._places = [
            (item, places[self.columns[item.name]])
            for item in self.kind.fields
            if self.columns.get(item.name) in places
        ]
        for number, cells in rows:
            yield self._row(number, cells)

    def _row(self, number: int, cells: Row) -> Checked:
        problems: list[Problem] = []
        written: dict[str, str] = {}
        values: dict[str, Any] = {}

        def refuse(name: str, words: str) -> None:
            heading = self.columns.get(name) or self.kind.field(name).label
            problems.append(Problem(number, heading, written.get(name, ""), words))

        for item, place in self._places:
            cell = cells[place] if place < len(cells) else None
            text = written[item.name] = unguarded(plain(cell))
            if not text:
                if item.required:
                    refuse(item.name, "is empty. Fill it in.")
                continue
            try:
                values[item.name] = self._value(item, cell if text == cell else _same(cell, text))
            except CellError as error:
                refuse(item.name, str(error))
        for group in self.kind.one_of:
            matched = [name for name in group if name in self.columns]
            if not any(written.get(name) for name in group):
                refuse(matched[0] if matched else group[0], "is empty. Fill it in.")
        self._complete(values, written, refuse, is_whole=not problems)
        if not problems:
            resource = self._identify(number, values, written, refuse)
        if problems:
            return Checked(number, cells, problems=tuple(problems))
        return Checked(number, cells, resource, values)

    def _value(self, item: Field, cell: Cell) -> Any:
        match item.type:
            case Type.MONEY:
                return str(money(cell, decimal=self.decimal))
            case Type.DATE:
                return day(cell, order=self.order).isoformat()
            case Type.COUNT:
                return count(cell)
            case Type.CHOICE:
                return choice(cell, item.choices)
        text = plain(cell)
        if len(text) > item.most and item.name not in _LONG:
            raise CellError(f"is longer than {item.most} characters. Shorten it.")
        return text

    def _complete(
        self, values: dict[str, Any], written: dict[str, str], refuse: Callable[[str, str], None], *, is_whole: bool
    ) -> None:
        """What follows from the row's values and from other files: the property meant, the address in parts.

        Of a row with problems (not `is_whole`) only the property is looked up, so that a person reads all at once.
        """
        if self.kind.slug == "properties" and not is_whole:
            return
        if self.kind.slug == "properties":
            parts = {name: values[name] for name in _PARTS if name in values}
            line = values.get("address") or addresses.join(parts)
            if "street" not in parts:
                parts = {**addresses.split(line), **parts}
            values.update(parts, address=line[:400], short=addresses.street_line(parts), country=self.country)
            if owner := values.get("owner"):
                values["owner_ref"] = f"owner:{_digest(owner).hex()}"
            return
        if "property" in values:
            # In a file of units the column beside the property is the unit itself.
            unit = "" if self.kind.slug == "units" else values.get("unit", "")
            try:
                home = self.refs.home(values["property"], unit)
            except Unknown as error:
                refuse("property", str(error))
                return
            values["property"] = home
        if not is_whole:
            return
        try:
            self._refer(values, written)
        except Unknown as error:
            refuse("job" if values.get("job") else "lease", str(error))
        if "amount" in values and values["amount"].strip("-0.") == "":
            refuse("amount", "is nothing. Correct the amount, or leave the row out.")

    def _refer(self, values: dict[str, Any], written: dict[str, str]) -> None:
        match self.kind.slug:
            case "units":
                home = values.pop("property")
                address = f"{values['unit']}/{written['property']}"
                if found := self.refs.address_of.get(home):
                    parts = dict(found)
                    parts["unit"] = values["unit"]
                    values.update({name: part for name, part in parts.items() if name in _PARTS})
                    address = addresses.join(parts) if parts.get("street") else f"{values['unit']}/{parts['line']}"
                values.update(of=home, address=address[:400], kind="unit", country=self.country)
            case "leases":
                values["tenant_ref"], values["tenant"] = self.refs.tenant(values["tenant"])
            case "transactions":
                is_negative = values["amount"].startswith("-")
                if values.setdefault("type", "cost" if is_negative else "rent") == "cost":
                    values["amount"] = values["amount"].removeprefix("-")
                else:
                    values["lease"] = self.refs.lease(values["property"], values.get("lease", ""),
                                                      values.get("party", ""))  # fmt: skip
            case "bills":
                if "job" in values:
                    values["job"] = self.refs.job(values["job"])

    def _identify(
        self, number: int, values: dict[str, Any], written: dict[str, str], refuse: Callable[[str, str], None]
    ) -> str:
        """Gives the row its id and answers the resource it is a record of."""
        slug = self.kind.slug
        is_cost = slug == "transactions" and values.get("type") == "cost"
        # One resource may be read from two kinds of file, whose own ids say nothing of each other.
        prefix = "unit:" if slug == "units" else "transaction:" if is_cost else ""
        if own := values.pop("id", ""):
            before = self._own_ids.setdefault(own, number)
            if before != number:
                refuse("id", f"is also the id of row {before}. Each row needs one of its own: correct one of them.")
                return ""
            values["own_id"] = own
            values["Id"] = prefix + own
        else:
            # A sign is no part of a comparable text, and a refund is not the payment.
            keys = (str(values.get(name) or "").replace("-", "minus ", name == "amount") for name in _KEYS[slug])
            digest = _digest(*keys, *_more(slug, values))
            again = self._alike[digest] = self._alike.get(digest, 0) + 1
            values["Id"] = prefix + (digest.hex() if again == 1 else f"{digest.hex()}-{again}")
        return (Resource.BILL if is_cost else _RESOURCES[slug]).value


_PARTS = ("unit", "number", "street", "suburb", "state", "postcode")


def _more(slug: str, values: Mapping[str, Any]) -> list[str]:
    """What else tells two movements of money apart: who and which reference, else the words."""
    if slug not in ("transactions", "bills"):
        return []
    named = [str(values.get(name) or "") for name in ("party", "reference")]
    return named if any(named) else [str(values.get("description") or "")]


def _digest(*parts: str) -> bytes:
    # The slashes between are no part of a comparable text.
    return blake2b("/".join(comparable(part) for part in parts).encode(), digest_size=16).digest()


def _same(cell: Cell, text: str) -> Cell:
    return text if isinstance(cell, str) else cell


_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def guarded(text: str) -> str:
    """The text as a cell of a CSV file that no spreadsheet program runs as a formula."""
    is_number = text[:1] in "+-" and text[1:].replace(".", "").replace(",", "").replace(" ", "").isdecimal()
    return f"'{text}" if text.startswith(_FORMULA) and not is_number else text


def unguarded(text: str) -> str:
    """The text without the apostrophe that our downloads put before what looks like a formula."""
    return text[1:] if text[:1] == "'" and text[1:2] in _FORMULA else text
