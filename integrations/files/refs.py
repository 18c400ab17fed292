"""What rows of one file may refer to in another: properties, units, tenants, leases and jobs by id or by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from integrations.files.values import comparable


class Unknown(LookupError):
    """Nothing, or more than one thing, is called that; the message says what to do."""


@dataclass(slots=True)
class Refs:
    """Ids by what people write for them. A name that two rows have means none of them: only an id tells them apart."""

    properties: dict[str, str] = field(default_factory=dict)
    units: dict[tuple[str, str], str] = field(default_factory=dict)
    tenants: dict[str, str] = field(default_factory=dict)
    tenant_names: dict[str, str] = field(default_factory=dict)
    leases: dict[str, str] = field(default_factory=dict)
    leases_of: dict[tuple[str, str], str] = field(default_factory=dict)
    jobs: dict[str, str] = field(default_factory=dict)
    with_units: set[str] = field(default_factory=set)
    # {property: its address in parts, and as one line}, from which a unit's own address is made.
    address_of: dict[str, dict[str, str]] = field(default_factory=dict)

    def add(self, kind: str, row: Mapping[str, Any]) -> None:
        """Takes a checked row of another file into the directory."""
        key, key_text = str(row["Id"]), comparable(str(row.get("own_id") or ""))
        match kind:
            case "properties":
                _name(self.properties, key_text, key)
                _name(self.properties, comparable(str(row.get("address") or "")), key)
                _name(self.properties, comparable(str(row.get("short") or "")), key)
                parts = ("unit", "number", "street", "suburb", "state", "postcode")
                self.address_of[key] = {name: str(row.get(name) or "") for name in parts}
                self.address_of[key]["line"] = str(row.get("address") or "")
            case "units":
                home = str(row["of"])
                self.with_units.add(home)
                _name(self.properties, key_text, key)
                _name(self.properties, comparable(str(row.get("address") or "")), key)
                _name(self.units, (home, comparable(str(row.get("unit") or ""))), key)
                if key_text:
                    _name(self.units, (home, key_text), key)
            case "tenants":
                _name(self.tenants, key_text, key)
                _name(self.tenants, comparable(str(row.get("name") or "")), key)
                self.tenant_names[key] = str(row.get("name") or "")
            case "leases":
                _name(self.leases, key_text, key)
                _name(self.leases_of, (str(row["property"]), comparable(str(row.get("tenant") or ""))), key)
            case "jobs":
                _name(self.jobs, key_text, key)

    def home(self, text: str, unit: str) -> str:
        """The id of the property, or of its unit where one is named. Raises Unknown."""
        found = self.properties.get(comparable(text))
        if found is None:
            raise Unknown(
                "is the id or address of no property of this source. Import a file of properties that has it first, or "
                "correct it."
            )
        if not found:
            raise Unknown("is what several properties are called. Write the property's id.")
        if not unit or found not in self.with_units:
            return found
        inside = self.units.get((found, comparable(unit)))
        if inside is None:
            raise Unknown("has no such unit. Import a file of units that has it first, or correct it.")
        return inside or found

    def tenant(self, text: str) -> tuple[str, str]:
        """(id, name) of a tenant; the text itself is the name of one who is in no file."""
        found = self.tenants.get(comparable(text), "")
        return (found, self.tenant_names[found]) if found else ("", text)

    def lease(self, home: str, text: str, party: str) -> str:
        """The id of the lease a payment is for, by its own id or by the tenant's name; blank where neither is known.

        Raises Unknown for an id that no lease has.
        """
        if text:
            found = self.leases.get(comparable(text), "")
            if not found:
                raise Unknown("is the id of no lease of this source. Import a file of leases that has it, or clear it.")
            return found
        return self.leases_of.get((home, comparable(party)), "") if party else ""

    def job(self, text: str) -> str:
        """The id of a job. Raises Unknown."""
        found = self.jobs.get(comparable(text), "")
        if text and not found:
            raise Unknown("is the id of no job of this source. Import a file of jobs that has it, or clear it.")
        return found


def _name(names: dict[Any, str], text: Any, key: str) -> None:
    if not text or text == ("", ""):
        return
    # A second owner of a name leaves it to nobody.
    names[text] = key if names.get(text, key) == key else ""
