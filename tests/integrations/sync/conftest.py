"""A sandbox agency over real HTTP, connected to the organisation; and a plain recomputation of the books."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from access.models import Organisation, User
from accounting.models import Transaction
from integrations.models import Connection, PropertyMapping, ProviderRecord, SyncRun
from integrations.sandbox import SandboxServer
from integrations.services import mapping as mapping_services
from integrations.services import sync as sync_services
from integrations.sync.runner import run_sync


@pytest.fixture
def vendor(settings: Settings) -> Iterator[SandboxServer]:
    with SandboxServer(lots=8, years=0.5, seed=3, agencies=1) as server:
        settings.PROPERTYME_API_URL = server.api_url
        settings.PROPERTYME_AUTH_URL = server.url
        yield server


@pytest.fixture
def source(vendor: SandboxServer, organisation: Organisation, admin_user: User) -> Connection:
    """A connected agency, read line by line."""
    return connect(vendor, organisation, admin_user)


def connect(
    vendor: SandboxServer, organisation: Organisation, user: User, *, mode: str = "line", account: str = "agency-1"
) -> Connection:
    vendor.vendor.ledger = mode
    tokens = vendor.grant()
    return Connection.objects.create(
        organisation=organisation,
        provider="propertyme",
        account_id=account,
        account_name="Harbour & Co",
        status_since=timezone.now(),
        access_token=tokens["access_token"],
        refresh_token=tokens["refresh_token"],
        token_expires_at=timezone.now() + timedelta(minutes=30),
        ledger_mode=mode,
        connected_by=user,
    )


def sync(source: Connection, **options: Any) -> SyncRun:
    """One sync carried out here and now."""
    source.refresh_from_db()
    run = run_sync(sync_services.queue_sync(connection=source, **options).pk)
    run.refresh_from_db()
    return run


def work_waiting(source: Connection) -> None:
    """Carries out what mapping changes queued."""
    for run in SyncRun.objects.filter(connection=source, status="queued").order_by("id"):
        run_sync(run.pk)


def map_all(source: Connection, user: User) -> None:
    """Every listed property becomes one of ours, and what waited for it is worked."""
    ids = list(PropertyMapping.objects.filter(connection=source).values_list("id", flat=True))
    mapping_services.create_all_missing(connection=source, user=user, ids=ids)
    work_waiting(source)


@pytest.fixture
def synced(source: Connection, admin_user: User) -> Connection:
    """The agency, read once, with every property mapped and its history imported."""
    sync(source)
    map_all(source, admin_user)
    return source


def mapping_of(source: Connection, lot: str) -> PropertyMapping:
    return PropertyMapping.objects.get(connection=source, provider_property_id=lot)


def found(source: Connection, resource: str, provider_id: str) -> ProviderRecord:
    """The mirror's row of a remote record."""
    return ProviderRecord.objects.get(connection=source, resource=resource, provider_id=provider_id)


def entry_of(source: Connection, resource: str, provider_id: str) -> Transaction:
    """What a remote record became."""
    return Transaction.objects.get(pk=found(source, resource, provider_id).target_id)


def rent_of(vendor: SandboxServer, place: int = 0, **wanted: Any) -> dict[str, Any]:
    """A rent receipt that stands, the newest first; `wanted` names values that its fields must have."""
    rows = [row for row in vendor.vendor.records("receipts", limit=10_000) if row["Type"] == "Rent"]
    rows = [row for row in rows if not row["IsVoid"] and all(row[name] == value for name, value in wanted.items())]
    return rows[-1 - place]


def bill_of(vendor: SandboxServer, place: int = 0, *, of_job: bool = False) -> dict[str, Any]:
    """A paid bill, the newest first."""
    rows = [row for row in vendor.vendor.records("bills", limit=10_000) if row["Status"] == "Paid"]
    return [row for row in rows if bool(row.get("JobTaskId")) == of_job][-1 - place]


Line = tuple[str, Decimal, date]


def owed(vendor: SandboxServer) -> dict[str, Line]:
    """What the books should hold, told from the vendor's rows alone: kind, amount and day of each remote id."""
    lines: dict[str, Line] = {}
    for row in vendor.vendor.records("receipts", limit=100_000):
        if row["Type"] == "Rent" and not row["IsVoid"] and row.get("Amount") is not None:
            lines[row["Id"]] = ("income", Decimal(str(row["Amount"])), date.fromisoformat(row["TransactionDate"][:10]))
    for row in vendor.vendor.records("bills", limit=100_000):
        if row["Status"] != "Cancelled":
            day = row.get("PaidOn") or row["DueDate"]
            lines[row["Id"]] = ("expense", Decimal(str(row["Amount"])), date.fromisoformat(day[:10]))
    return lines


def live(source: Connection) -> dict[str, Line]:
    """What the books do hold: every line that stands. An id that stands twice fails the test at once."""
    standing = Transaction.objects.filter(connection_id=source.pk, status=Transaction.Status.CONFIRMED)
    lines = {row.provider_transaction_id.split("~")[0]: (row.kind, row.amount, row.occurred_on) for row in standing}
    assert len(lines) == standing.count()
    return lines


def balance(source: Connection) -> dict[str, Decimal]:
    """The sum of all lines of each kind, reversed ones and their reversing entries included."""
    sums: dict[str, Decimal] = {"income": Decimal(0), "expense": Decimal(0)}
    for kind, amount in Transaction.objects.filter(connection_id=source.pk).values_list("kind", "amount"):
        sums[kind] += amount
    return sums
