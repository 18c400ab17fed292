"""What stands where: units and their properties, and which of the two a bill or a job belongs to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

from integrations.providers.appfolio.pages import DatabaseApi

Row = dict[str, Any]


class Directory:
    """All properties and units of an account, read once.

    A record of ours is a unit. A property with several units, or none, is a record of its own as well: bills and jobs
    that name no unit belong to it. Where a property has one unit, that unit stands for both. Hidden units count, so
    that hiding one moves nothing.
    """

    def __init__(self, api: DatabaseApi) -> None:
        self._api = api

    @cached_property
    def _properties(self) -> dict[str, Row]:
        return {str(row["Id"]): row for row in self._api.all("/properties") if row.get("Id")}

    @cached_property
    def _units(self) -> dict[str, Row]:
        return {str(row["Id"]): row for row in self._api.all("/units") if row.get("Id")}

    @cached_property
    def _units_of(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = defaultdict(list)
        for ident, unit in self._units.items():
            found[str(unit.get("PropertyId") or "")].append(ident)
        return found

    def rows(self, tenants: Mapping[str, list[Row]]) -> Iterator[Row]:
        """A row for each unit with its property beside it, then one for each property that is a record of its own.

        `tenants` by occupancy give a unit the name of who lives there now.
        """
        for ident in sorted(self._units):
            unit = self._units[ident]
            row = {**unit, "Property": self._properties.get(str(unit.get("PropertyId") or ""))}
            if people := tenants.get(str(unit.get("CurrentOccupancyId") or "")):
                row["TenantName"] = party_name(next((one for one in people if one.get("PrimaryTenant")), people[0]))
            yield row
        for ident in sorted(self._properties):
            units = len(self._units_of.get(ident, ()))
            if units != 1:
                yield {**self._properties[ident], "Units": units}

    def lot(self, property_id: Any, unit_id: Any) -> str:
        """The record that something with this property and unit belongs to; blank where neither is listed."""
        if unit_id and str(unit_id) in self._units:
            return str(unit_id)
        if not property_id or str(property_id) not in self._properties:
            return ""
        units = self._units_of.get(str(property_id), [])
        return units[0] if len(units) == 1 else str(property_id)

    def address(self, lot: str) -> tuple[str, str]:
        """The property's name and the unit's name of a record, as the Reports API writes them; blank where unknown."""
        unit = self._units.get(lot)
        place = self._properties.get(str(unit.get("PropertyId")) if unit else lot, {})
        return str(place.get("Name") or ""), str(unit.get("Name") or "") if unit else ""


class Names:
    """Names of vendors, asked for by id as rows name them."""

    def __init__(self, api: DatabaseApi) -> None:
        self._api = api
        self._known: dict[str, str] = {}

    def add(self, rows: list[Row]) -> list[Row]:
        """The rows, each with `VendorName` where it names a vendor that is listed."""
        lacking = {str(row["VendorId"]) for row in rows if row.get("VendorId")} - self._known.keys()
        if lacking:
            found = {str(row.get("Id")): party_name(row) for row in self._api.by_ids("/vendors", lacking)}
            self._known.update({ident: found.get(ident, "") for ident in lacking})
        for row in rows:
            if name := self._known.get(str(row.get("VendorId") or "")):
                row["VendorName"] = name
        return rows


def party_name(row: Row) -> str:
    """The name of a tenant, owner or vendor: the company's, else the person's. Blank where there is none."""
    for field in ("CompanyName", "Name"):
        if row.get(field).__class__ is str and row[field].strip():
            return str(row[field].strip())
    parts = [row.get(field) for field in ("FirstName", "LastName")]
    return " ".join(part.strip() for part in parts if part.__class__ is str and part.strip())
