"""What the customer database holds: rows as the API shows them, what is open of each charge, and what was paid."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID, uuid5

import orjson

from integrations.sandbox.wire import SandboxError

Row = dict[str, Any]
SPACE = UUID("6f1d3c52-0f58-4a6f-9a63-6a1b6cf0d9a1")
TABLES = (
    "properties", "units", "tenants", "leases", "owners", "vendors", "work_orders", "bills", "charges", "gl_accounts",
)  # fmt: skip

KEPT = ("tables", "open", "payments", "numbers", "made", "ticks", "webhook_url")


def dollars(cents: int) -> str:
    """Money as the vendor writes it."""
    return f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02d}"


def cents(value: object) -> int:
    """Cents of an amount in dollars."""
    try:
        return round(float(str(value)) * 100)
    except ValueError:
        raise SandboxError(f"{value!r} is no amount.") from None


class World:
    """All rows by table and id. `stamp` gives each change a later moment; with a file, all of it survives a restart."""

    def __init__(self, *, seed: int, today: date, state: Path | None = None) -> None:
        self.seed = seed
        self.lock = threading.RLock()
        self.today = today
        self.tables: dict[str, dict[str, Row]] = {name: {} for name in TABLES}
        self.open: dict[str, int] = {}
        # date, payer, description, cents (below zero for a payment taken back) of each occupancy
        self.payments: dict[str, list[Row]] = {}
        self.numbers: dict[str, int] = {}
        self.made = 0
        self.ticks = 0
        self.webhook_url = ""
        # Told the table, the id, what happened (create, update, destroy) and the moment.
        self.changed: Callable[[str, str, str, str], None] = lambda table, ident, action, stamp: None
        self._state = state

    # --- keeping --------------------------------------------------------------------------------------------------
    def load(self) -> bool:
        """Take up what the file holds; False where there is none that can be read."""
        if self._state is None or not self._state.exists():
            return False
        try:
            saved = orjson.loads(self._state.read_bytes())
            self.today = date.fromisoformat(saved["today"])
            for name in KEPT:
                setattr(self, name, saved[name])
        except (orjson.JSONDecodeError, KeyError, ValueError):
            return False
        return True

    def save(self) -> None:
        """Write the file anew, where there is one."""
        if self._state is None:
            return
        self._state.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._state.with_suffix(".new")
        kept = {name: getattr(self, name) for name in KEPT}
        fresh.write_bytes(orjson.dumps({**kept, "today": self.today.isoformat()}))
        fresh.chmod(0o600)
        os.replace(fresh, self._state)

    # --- rows -----------------------------------------------------------------------------------------------------
    def new_id(self) -> str:
        """A UUID that depends on the seed and on how many were made before."""
        self.made += 1
        return str(uuid5(SPACE, f"{self.seed}:{self.made}"))

    def random(self) -> Random:
        """Chance that depends on the seed and on how much has happened."""
        return Random(f"{self.seed}:{self.made}:{self.ticks}")

    def stamp(self) -> str:
        """A moment later than all before it, on the world's today where that is later."""
        self.ticks += 1
        moment = datetime.combine(self.today, time(8), UTC) + timedelta(seconds=self.ticks)
        return moment.strftime("%Y-%m-%dT%H:%M:%SZ")

    def add(self, table: str, **fields: Any) -> Row:
        """A new row with an id of its own."""
        row = {"Id": self.new_id(), **fields, "LastUpdatedAt": self.stamp()}
        self.tables[table][row["Id"]] = row
        self.changed(table, row["Id"], "create", row["LastUpdatedAt"])
        return row

    def row(self, table: str, ident: str) -> Row:
        """A row. Raises SandboxError when there is none."""
        try:
            return self.tables[table][ident]
        except KeyError:
            raise SandboxError(f"No {ident!r} in {table!r}.") from None

    def change(self, table: str, ident: str, **fields: Any) -> Row:
        """Change fields of a row and its moment of change."""
        row = self.row(table, ident)
        row.update(fields)
        row["LastUpdatedAt"] = self.stamp()
        self.changed(table, ident, "update", row["LastUpdatedAt"])
        return row

    def remove(self, table: str, ident: str) -> None:
        """Let a row vanish."""
        self.row(table, ident)
        del self.tables[table][ident]
        self.changed(table, ident, "destroy", self.stamp())

    def number(self, ident: str) -> int:
        """The number that the Reports API has for something: another id space."""
        return self.numbers.setdefault(ident, 1001 + len(self.numbers))

    # --- money ----------------------------------------------------------------------------------------------------
    def charge(self, occupancy: str, amount: int, on: date, *, account: str = "Rent Income", told: str = "Rent") -> Row:
        """Charge a tenancy."""
        ledger = next(row["Id"] for row in self.tables["gl_accounts"].values() if row["Name"] == account)
        row = self.add(
            "charges",
            OccupancyId=occupancy,
            AmountDue=dollars(amount),
            ChargedOn=on.isoformat(),
            Description=told,
            GlAccountId=ledger,
        )
        self.open[row["Id"]] = amount
        return row

    def pay(self, occupancy: str, amount: int, on: date, *, payer: str, told: str = "Payment") -> None:
        """Receive money and settle the oldest charges with it."""
        lines = self.payments.setdefault(occupancy, [])
        lines.append({"date": on.isoformat(), "payer": payer, "description": told, "cents": amount})
        owed = [row for row in self.tables["charges"].values() if row["OccupancyId"] == occupancy]
        rest = amount
        for row in sorted(owed, key=lambda item: item["ChargedOn"]):
            part = min(rest, self.open.get(row["Id"], 0))
            self.open[row["Id"]] = self.open.get(row["Id"], 0) - part
            rest -= part

    def delinquent(self) -> list[Row]:
        """Charges that are overdue, with what is still open of them."""
        today = self.today.isoformat()
        return [
            {name: row[name] for name in ("Id", "ChargedOn", "Description", "OccupancyId", "LastUpdatedAt")}
            | {"AmountDue": dollars(self.open[row["Id"]])}
            for row in self.tables["charges"].values()
            if self.open.get(row["Id"], 0) > 0 and row["ChargedOn"] < today
        ]
