"""Rent where no payments are listed: how much of what was charged is no longer owed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from integrations.contracts import Received
from integrations.errors import NotAllowed, RecordRejected
from integrations.providers.appfolio.pages import DatabaseApi
from integrations.providers.appfolio.tenancies import Tenancies
from integrations.providers.appfolio.values import day, money
from integrations.records import Page

Row = dict[str, Any]
CHUNK = 500


class DerivedLedger:
    """Rent charges less what of them is overdue; the rise of that sum is rent received (NOTES.md, "Rent")."""

    def __init__(
        self,
        api: DatabaseApi,
        tenancies: Tenancies,
        received: Callable[[], Mapping[str, Received]],
        zone: str,
        today: date,
    ) -> None:
        self._api = api
        self._tenancies = tenancies
        self._received = received
        self._zone = zone
        self._today = today

    def payments(self) -> Iterator[Page]:
        """One row for each tenancy whose settled sum has moved since what we have recorded.

        The first sight of a tenancy is its baseline: all that was settled before we began. The id carries how many rows
        the tenancy had before, so that a read that is repeated after a crash makes the very same rows. Nothing at all
        where AppFolio does not let us read charges.
        """
        settled = self._settled()
        today = self._today.isoformat()
        rows: list[Row] = []
        if settled is not None:
            known = self._received()
            found = (self._rise(occupancy, settled[occupancy], known, today) for occupancy in sorted(settled))
            rows = [row for row in found if row is not None]
        for start in range(0, max(len(rows), 1), CHUNK):
            yield Page(rows[start : start + CHUNK], cursor=today)

    def _rise(self, occupancy: str, total: Decimal, known: Mapping[str, Received], today: str) -> Row | None:
        before = known.get(occupancy)
        if before is not None and before.total == total:
            return None
        return {
            "Id": f"{occupancy}~{total}~{before.rows if before else 0}",
            "TenancyId": occupancy,
            "LotId": self._tenancies.lot(occupancy),
            "Amount": str(total - (before.total if before else Decimal(0))),
            "SettledTotal": str(total),
            "Date": today,
            "Derived": True,
            "Baseline": before is None,
        }

    def _settled(self) -> dict[str, Decimal] | None:
        """What of its rent each tenancy has settled; None where it cannot be told."""
        owed = self._tenancies.owed
        if owed is None:
            return None
        still_open: dict[str, Decimal] = {}
        for charge in owed:
            amount = _amount(charge)
            if amount is not None:
                still_open[str(charge.get("Id"))] = amount
        sums: dict[str, Decimal] = defaultdict(Decimal)
        for occupancy in self._tenancies.tenants:
            sums[occupancy] = Decimal("0.00")
        try:
            accounts = self._rent_accounts()
            for page in self._api.changed("/charges"):
                for charge in page:
                    if str(charge.get("GlAccountId")) in accounts and self._is_due(charge):
                        amount = _amount(charge) or Decimal(0)
                        occupancy = str(charge.get("OccupancyId") or "")
                        if occupancy in sums:
                            sums[occupancy] += amount - min(amount, still_open.get(str(charge.get("Id")), Decimal(0)))
        except NotAllowed:
            return None
        return sums

    def _rent_accounts(self) -> set[str]:
        return {
            str(row.get("Id"))
            for row in self._api.whole("/gl_accounts")
            if str(row.get("AccountType") or "").strip().lower().endswith("income")
            and "rent" in str(row.get("Name") or row.get("AccountName") or "").lower()
        }

    def _is_due(self, charge: Row) -> bool:
        # A charge of today is not overdue yet, whether or not it is paid.
        try:
            return day(charge.get("ChargedOn"), self._zone) < self._today
        except RecordRejected:
            return False


def _amount(charge: Row) -> Decimal | None:
    try:
        return money(charge.get("AmountDue"))
    except RecordRejected:
        return None
