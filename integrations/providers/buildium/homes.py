"""Buildium's rentals and units as homes: one a unit, and one more for a building of several."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from integrations.providers.buildium.edge import scrub
from integrations.providers.buildium.lists import Lists
from integrations.providers.buildium.values import names_of, text

Row = dict[str, Any]
RENTALS, UNITS, OWNERS, LEASES = "/v1/rentals", "/v1/rentals/units", "/v1/rentals/owners", "/v1/leases"
LISTS: tuple[tuple[str, dict[str, str]], ...] = (
    (RENTALS, {}), (UNITS, {}), (OWNERS, {}), (LEASES, {"leasestatuses": "Active"}),
)  # fmt: skip
_OF_RENTAL = ("Id", "Name", "IsActive", "RentalType", "RentalSubType", "Address", "RentalManager")


def building_id(rental: object) -> str:
    """The id of the home that stands for a whole rental."""
    return f"rental~{rental}"


class Homes:
    """Rentals and their units, read once a sync and only as far as somebody asks."""

    def __init__(self, lists: Lists) -> None:
        self._lists = lists
        self._rentals: dict[int, Row] = {}
        self._units: dict[int, list[Row]] = defaultdict(list)
        self._owners: dict[int, Row] = {}
        self._tenants: dict[int, str] = {}
        self._asked: set[int] = set()

    def load(self, rentals: Iterable[int]) -> None:
        """Make sure of these rentals, their units and their owners."""
        missing = {rental for rental in rentals if rental not in self._asked}
        if missing:
            self._asked |= missing
            self._keep(*(self._lists.rows_for(path, "propertyids", missing, params) for path, params in LISTS))

    def load_all(self) -> list[int]:
        """Make sure of every rental; answers their ids."""
        found = [self._lists.rows(path, params) for path, params in LISTS]
        for kept in (self._rentals, self._units, self._owners, self._tenants):
            kept.clear()
        self._keep(*found)
        self._asked |= self._rentals.keys()
        return sorted(self._rentals)

    def changed_since(self, moment: str) -> list[int]:
        """Rentals of which something changed: themselves, one of their units, or their owner."""
        rentals = {row["Id"] for row in self._lists.rows(RENTALS, {"lastupdatedfrom": moment})}
        rentals |= {row["PropertyId"] for row in self._lists.rows(UNITS, {"lastupdatedfrom": moment})}
        for owner in self._lists.rows(OWNERS, {"lastupdatedfrom": moment}):
            rentals |= set(owner.get("PropertyIds") or ())
        self.load(rentals)
        return sorted(rentals)

    def rows(self, rental_id: int) -> list[Row]:
        """The homes of a rental that was loaded, in the order of their ids."""
        rental = self._rentals.get(rental_id)
        if rental is None:
            return []
        owner = self._owners.get(rental_id)
        shared: Row = {"Rental": {name: rental[name] for name in _OF_RENTAL if name in rental}}
        if owner is not None:
            shared["Owner"] = {
                name: owner.get(name) for name in ("Id", "IsCompany", "CompanyName", "FirstName", "LastName")
            }
        units = sorted(self._units[rental_id], key=lambda unit: int(unit["Id"]))
        homes = [
            {**unit, "Id": str(unit["Id"]), "TenantName": self._tenants.get(unit["Id"], ""), **shared} for unit in units
        ]
        if len(units) != 1:
            ident = building_id(rental_id)
            homes.append({"Id": ident, "PropertyId": rental_id, "NumberUnits": len(units), **shared})
        return [scrub({**home, "LotId": home["Id"]}) for home in homes]

    def of(self, rental_id: Any, unit_id: Any) -> str:
        """The home that a record of this unit, or of the whole rental, belongs to; blank where there is none.

        A rental with one unit is that unit. The rental must have been loaded.
        """
        if unit_id:
            return text(unit_id)
        if rental_id not in self._rentals:
            return ""
        units = self._units[rental_id]
        return str(units[0]["Id"]) if len(units) == 1 else building_id(rental_id)

    def _keep(self, rentals: list[Row], units: list[Row], owners: list[Row], leases: list[Row]) -> None:
        self._rentals |= {row["Id"]: row for row in rentals}
        for unit in units:
            self._units[unit["PropertyId"]].append(unit)
        self._tenants |= {lease["UnitId"]: names_of(lease) for lease in leases if lease.get("UnitId")}
        # Of several owners the one who came first: the lowest id.
        for owner in sorted(owners, key=lambda row: int(row["Id"])):
            for rental in owner.get("PropertyIds") or ():
                self._owners.setdefault(rental, owner)
