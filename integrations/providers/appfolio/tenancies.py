"""Occupancies: the tenants and leases of the database API folded into one row each, with what they owe."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any

from integrations.errors import RecordRejected
from integrations.providers.appfolio.directory import Directory
from integrations.providers.appfolio.pages import DatabaseApi
from integrations.providers.appfolio.values import day, money

Row = dict[str, Any]


class Tenancies:
    """A tenancy's identity is its OccupancyId: tenants are persons, and leases are the papers they sign one by one."""

    def __init__(self, api: DatabaseApi, directory: Directory, zone: str, today: date) -> None:
        self._api = api
        self._directory = directory
        self._zone = zone
        self._today = today

    @cached_property
    def tenants(self) -> dict[str, list[Row]]:
        """Tenants by occupancy, in the order of their ids."""
        return _by_occupancy(self._api.all("/tenants"))

    @cached_property
    def leases(self) -> dict[str, list[Row]]:
        """Leases by occupancy. AppFolio gives this list to some credentials only; tenants carry their terms, too."""
        return _by_occupancy(self._api.all_allowed("/leases") or [])

    @cached_property
    def owed(self) -> list[Row] | None:
        """Charges that are overdue; None where AppFolio does not let us read them."""
        return self._api.all_allowed("/delinquent_charges")

    def lot(self, occupancy: str) -> str:
        """The record of ours that an occupancy is in; blank where it is not known."""
        for tenant in self.tenants.get(occupancy, ()):
            if found := self._directory.lot(tenant.get("PropertyId"), tenant.get("UnitId")):
                return found
        return ""

    def rows(self) -> Iterator[Row]:
        """A row for each occupancy."""
        balances = self._balances(self.owed or [])
        for occupancy in sorted(self.tenants):
            row: Row = {
                "Id": occupancy,
                "LotId": self.lot(occupancy),
                "Tenants": self.tenants[occupancy],
                "Leases": self.leases.get(occupancy, []),
            }
            if occupancy in balances:
                row["Balance"] = balances[occupancy]
            yield row

    def _balances(self, owed: Iterable[Row]) -> dict[str, Row]:
        sums: dict[str, Decimal] = defaultdict(Decimal)
        oldest: dict[str, date] = {}
        for charge in owed:
            occupancy = str(charge.get("OccupancyId") or "")
            try:
                amount = money(charge.get("AmountDue"))
                on = day(charge.get("ChargedOn"), self._zone)
            except RecordRejected:
                continue
            sums[occupancy] += amount
            oldest[occupancy] = min(on, oldest.get(occupancy, on))
        return {
            occupancy: {"Outstanding": str(total), "Days": max(0, (self._today - oldest[occupancy]).days)}
            for occupancy, total in sums.items()
            if total > 0
        }


def _by_occupancy(rows: Iterable[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = defaultdict(list)
    for row in sorted(rows, key=lambda item: str(item.get("Id") or "")):
        if row.get("OccupancyId"):
            found[str(row["OccupancyId"])].append(row)
    return found
