"""What never enters our database: identity numbers, dates of birth, bank details, and what opens a door."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

Row = dict[str, Any]

# Names as AppFolio's two APIs write them, in lower case and without underscores.
DROPPED = frozenset(
    {
        # identity; AppFolio sends the first two with each tenant
        "socialsecuritynumber", "birthdate", "ssn", "dateofbirth", "tenantbirthdate", "taxid", "taxpayerid", "tin",
        "ein", "federaltaxid", "driverslicense", "driverlicense", "driverslicensenumber", "passportnumber",
        "identificationnumber", "licenseplates",
        # bank accounts and cards
        "bankaccount", "bankaccounts", "bankaccountnumber", "accountnumber", "routingnumber", "bankroutingnumber",
        "cardnumber", "ddaaccountnumber",
        # ways into a home or an account, and staff's private notes about people
        "doorcode", "gatecode", "alarmcode", "lockboxcode", "accesscode", "entrycode", "keynumber", "notes",
        "tenantnotes", "tenantportallogin", "insurancepolicynumber", "password", "clientsecret", "accesstoken",
    }
)  # fmt: skip
DROPPED_PARTS = ("socialsecurity", "birthdate", "dateofbirth")


def is_dropped(name: str) -> bool:
    """Whether a field of this name is left out of what we keep."""
    lower = name.lower().replace("_", "").replace(" ", "")
    return lower in DROPPED or any(part in lower for part in DROPPED_PARTS)


@lru_cache(maxsize=1024)
def _to_drop(names: tuple[str, ...]) -> tuple[str, ...]:
    # Rows of a list share a handful of layouts, so the names are judged once a layout and not once a row.
    return tuple(name for name in names if is_dropped(name))


def scrub(row: Row) -> Row:
    """The row without forbidden fields, at any depth; changed in place, because it is ours and the path is hot."""
    for name in _to_drop(tuple(row)):
        del row[name]
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
