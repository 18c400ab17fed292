"""Ways in which a row of a vendor's answer can be wrong or surprising.

Used twice: by the ``mutate_rows`` fault (on the way out, for some answers) and by the upstream edits (for one record,
until it is edited again).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import orjson

from .wire import SandboxError

Row = dict[str, Any]
DATE = re.compile(r"^\d{4}-\d\d-\d\dT")
ASTRAL = "\U0001f3e1\U00020bb7 Garden House \U0001f469\u200d\U0001f467"
RTL = "\u202b\u0634\u0627\u0631\u0639 \u0627\u0644\u0646\u064a\u0644\u202c \u05e8\u05d7\u05d5\u05d1"
MONEY = ("Amount", "TaxAmount", "RentAmount", "TotalRentPaid", "BondAmount", "RentArrears", "TotalArrears")


def _money_fields(row: Row, field: str) -> list[str]:
    return [field] if field else [name for name in MONEY if name in row]


def _date_fields(row: Row, field: str) -> list[str]:
    return [field] if field else [n for n, v in row.items() if isinstance(v, str) and DATE.match(v)]


def unknown_fields(row: Row, _field: str) -> None:
    """Add fields that no contract names."""
    row["FutureField"] = {"Nested": [1, "two", None], "Since": "2031-01-01"}
    row["x_experimental"] = True


def missing_fields(row: Row, field: str) -> None:
    """Remove a field; by default the amount or the address, else the lot."""
    for name in [field] if field else ("Amount", "Address", "RentAmount", "LotId"):
        if name in row:
            del row[name]
            return


def null_money(row: Row, field: str) -> None:
    """Set amounts to null."""
    for name in _money_fields(row, field):
        row[name] = None


def string_money(row: Row, field: str) -> None:
    """Send amounts as decimal strings."""
    for name in _money_fields(row, field):
        row[name] = f"{float(row.get(name) or 0):.2f}"


def comma_money(row: Row, field: str) -> None:
    """Send amounts as people write them."""
    for name in _money_fields(row, field):
        row[name] = f"${float(row.get(name) or 0):,.2f}"


def junk_money(row: Row, field: str) -> None:
    """Send amounts that are no numbers."""
    for name in _money_fields(row, field):
        row[name] = "n/a"


def early_dates(row: Row, field: str) -> None:
    """Send the zero date of .NET."""
    for name in _date_fields(row, field):
        row[name] = "0001-01-01T00:00:00Z"


def late_dates(row: Row, field: str) -> None:
    """Send dates beyond any calendar library."""
    for name in _date_fields(row, field):
        row[name] = "9999-12-31T23:59:59.9999999Z"


def impossible_dates(row: Row, field: str) -> None:
    """Send a day that does not exist."""
    for name in _date_fields(row, field):
        row[name] = "2026-02-31T00:00:00Z"


def _retext(row: Row, text: str) -> None:
    address = row.get("Address")
    if isinstance(address, dict):
        row["Address"] = {**address, "Street": f"{text} {address.get('Street', '')}".strip()}
    target = next(
        (n for n in ("AddressText", "LotAddress", "NameText", "Detail", "Summary", "Reference") if n in row), ""
    )
    if target:
        row[target] = f"{text} {row[target]}"


def astral_text(row: Row, _field: str) -> None:
    """Put characters of four UTF-8 bytes into the address."""
    _retext(row, ASTRAL)


def rtl_text(row: Row, _field: str) -> None:
    """Put right-to-left text with direction marks into the address."""
    _retext(row, RTL)


MUTATIONS: dict[str, Callable[[Row, str], None]] = {
    f.__name__: f
    for f in (
        unknown_fields, missing_fields, null_money, string_money, comma_money, junk_money, early_dates, late_dates,
        impossible_dates, astral_text, rtl_text,
    )
}  # fmt: skip
# These change the list and not a row.
LIST_MUTATIONS = ("duplicate_ids", "drop_rows")


def mutate_body(body: bytes, mutation: str, count: int | None, field: str) -> bytes:
    """Return a JSON body with the first ``count`` rows (None: all) of its list changed.

    A body that is one object counts as one row. Raises SandboxError for an unknown mutation.
    """
    if mutation not in MUTATIONS and mutation not in LIST_MUTATIONS:
        raise SandboxError(f"Unknown mutation {mutation!r}; known: {', '.join([*MUTATIONS, *LIST_MUTATIONS])}.")
    value = orjson.loads(body)
    rows: list[Row] = value if isinstance(value, list) else [value]
    chosen = rows[:count]
    if mutation == "duplicate_ids":
        rows[len(chosen) : len(chosen)] = [dict(row) for row in chosen]
    elif mutation == "drop_rows":
        del rows[: len(chosen)]
    else:
        for row in chosen:
            MUTATIONS[mutation](row, field)
    return orjson.dumps(rows if isinstance(value, list) else rows[0])
