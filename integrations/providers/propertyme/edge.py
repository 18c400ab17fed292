"""What never enters our database: bank details, identity numbers, and what opens a door."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

Row = dict[str, Any]

# Names as PropertyMe writes them, in lower case. ABN stays: it is on the public business register.
DROPPED = frozenset(
    {
        # bank accounts and payment references of people and folios
        "accountdetails", "bankaccounts", "bankdetails", "bsb", "accountnumber", "accountname", "billercode",
        "billerreference", "payee", "paymentmethod", "bankreference", "paymentcode", "cardnumber", "mepaystatus",
        "allowmepaypayments",
        # identity
        "dateofbirth", "birthdate", "taxfilenumber", "tfn", "taxid", "ssn", "passportnumber", "passport",
        "driverslicence", "driverslicense", "driverlicencenumber", "medicarenumber", "identificationnumber",
        # ways into a home, and staff's private notes about people
        "keynumber", "alarmcode", "accesscode", "accessdetails", "notes",
        # search helpers that repeat all of the above in one string
        "searchtext",
        # secrets that no row should carry
        "password", "accesstoken", "refreshtoken", "clientsecret",
    }
)  # fmt: skip
_NESTED = frozenset({dict, list})
DROPPED_PREFIXES = ("directdebit", "nextdirectdebit")


def is_dropped(name: str) -> bool:
    """Whether a field of this name is left out of what we keep."""
    lower = name.lower().replace("_", "")
    return lower in DROPPED or lower.startswith(DROPPED_PREFIXES)


@lru_cache(maxsize=1024)
def _to_drop(names: tuple[str, ...]) -> tuple[str, ...]:
    # Rows of a list share a handful of layouts, so the names are judged once a layout and not once a row.
    return tuple(name for name in names if is_dropped(name))


def scrub(row: Row) -> Row:
    """The row without forbidden fields, at any depth; changed in place, because it is ours and the path is hot."""
    for name in _to_drop(tuple(row)):
        del row[name]
    if _NESTED.isdisjoint(map(type, row.values())):
        return row
    for value in row.values():
        if value.__class__ is dict:
            scrub(value)
        elif value.__class__ is list:
            _scrub_list(value)
    return row


def _scrub_list(values: list[Any]) -> None:
    for value in values:
        if value.__class__ is dict:
            scrub(value)
        elif value.__class__ is list:
            _scrub_list(value)
