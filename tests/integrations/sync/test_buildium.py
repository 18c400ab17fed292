"""Buildium over real HTTP, through the whole engine: keys typed in, mapped, synced, changed, killed and resumed."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection as database
from django.test import Client
from pytest_django.fixtures import Settings

from access.models import Organisation, User
from accounting.models import Transaction
from integrations.models import Connection, PropertyMapping, ProviderRecord, SyncCursor
from integrations.sandbox import SandboxServer
from integrations.services import connections
from integrations.services import sync as sync_services
from integrations.sync.runner import run_sync
from maintenance.models import WorkOrder
from tenancies.models import Lease
from tests.integrations.providers.buildium.subject import SANDBOX_KEYS
from tests.integrations.sync.conftest import entry_of, found, live, map_all, sync, work_waiting
from tests.support.dying import dying_at

pytestmark = pytest.mark.django_db(transaction=True)
Line = tuple[str, Decimal, date]


@pytest.fixture
def server(settings: Settings) -> Iterator[SandboxServer]:
    with SandboxServer(lots=12, years=0.6, seed=4) as running:
        settings.BUILDIUM_API_URL = running.buildium_url
        yield running


@pytest.fixture
def source(server: SandboxServer, organisation: Organisation, admin_user: User) -> Connection:
    """Connected by typing the sandbox's keys; the first sync has run and every home is mapped."""
    made = connections.connect_with_keys(
        organisation=organisation, user=admin_user, session_key="s", provider="buildium", keys=SANDBOX_KEYS
    ).connection
    assert made is not None
    work_waiting(made)
    map_all(made, admin_user)
    return made


def owed(server: SandboxServer) -> dict[str, Line]:
    """What the books should hold, told from the sandbox's rows alone."""
    world = server.buildium.world
    lines: dict[str, Line] = {}
    for row in world.rows("transactions"):
        sign = {"Payment": 1, "ReversePayment": -1}.get(row["TransactionTypeEnum"], 0)
        rent = [line for line in row["Journal"]["Lines"] if line["GLAccount"]["Type"] == "Income"]
        cents = sum(round(line["Amount"] * 100) for line in rent)
        if sign * cents:
            lines[str(row["Id"])] = ("income", Decimal(sign * cents) / 100, date.fromisoformat(row["Date"]))
    units: dict[int, list[int]] = defaultdict(list)
    for unit in world.rows("units"):
        units[unit["PropertyId"]].append(unit["Id"])
    for row in world.rows("bills"):
        shares: dict[str, int] = defaultdict(int)
        for line in row["Lines"]:
            entity = line["AccountingEntity"]
            own = units[entity["Id"]]
            home = entity["Unit"]["Id"] if entity["Unit"] else own[0] if len(own) == 1 else f"rental~{entity['Id']}"
            shares[str(home)] += round(line["Amount"] * 100)
        for home, cents in shares.items():
            day = date.fromisoformat(row["PaidDate"] or row["DueDate"])
            lines[f"{row['Id']}~{home}"] = ("expense", Decimal(cents) / 100, day)
    return lines


def standing(source: Connection) -> dict[str, Line]:
    """What the books do hold: every line that stands."""
    rows = Transaction.objects.filter(connection_id=source.pk, status=Transaction.Status.CONFIRMED)
    lines = {
        record.provider_id: (row.kind, row.amount, row.occurred_on)
        for row in rows
        for record in ProviderRecord.objects.filter(connection=source, target_id=row.pk)
    }
    assert len(lines) == rows.count()
    return lines


def versions() -> list[tuple[str, str]]:
    """Each mirror row with the transaction that wrote it last."""
    with database.cursor() as cursor:
        cursor.execute("SELECT id::text, xmin::text FROM integrations_providerrecord ORDER BY id")
        return list(cursor.fetchall())


def test_everything_arrives_exact_to_the_cent(source: Connection, server: SandboxServer) -> None:
    world = server.buildium.world
    run = source.runs.order_by("id")[0]
    assert (run.status, run.errors) == ("completed", [])
    assert standing(source) == owed(server)
    buildings = [row for row in world.rows("rentals") if row["NumberUnits"] > 1]
    assert buildings
    assert PropertyMapping.objects.filter(connection=source).count() == len(world.rows("units")) + len(buildings)
    assert Lease.objects.filter(connection_id=source.pk).count() == len(world.rows("leases"))
    assert WorkOrder.objects.filter(connection_id=source.pk).count() == len(world.rows("workorders"))
    job = ProviderRecord.objects.filter(connection=source, resource="bill").exclude(related_ref="")[0]
    assert found(source, "job", job.related_ref).verdict == "imported"
    # A deposit is set aside with its reason, and a charge as well.
    aside = ProviderRecord.objects.filter(connection=source, resource="payment", verdict="dismissed")
    assert aside.filter(reason__contains="deposit held for the tenant").exists()
    assert aside.filter(reason__startswith="This is a Charge").exists()
    assert not ProviderRecord.objects.filter(connection=source, verdict__in=["rejected", "pending"]).exists()


def test_an_unchanged_account_costs_no_write(source: Connection, server: SandboxServer) -> None:
    server.requests.clear()
    before = versions()
    run = sync(source)
    assert (run.status, run.errors) == ("completed", [])
    totals = {
        name: sum(kind.get(name, 0) for kind in run.counts.values()) for name in ("created", "updated", "missing")
    }
    assert totals == {"created": 0, "updated": 0, "missing": 0}
    assert versions() == before


def test_only_the_leases_that_moved_are_read_between_full_syncs(source: Connection, server: SandboxServer) -> None:
    # As if all this had been long ago: what the first sync read is outside the cursor's overlap.
    SyncCursor.objects.filter(connection=source, resource="payment").update(value="2030-01-01T00:00:00Z")
    world = server.buildium.world
    world._last = world._last.replace(year=2031)
    lease = next(row for row in world.rows("leases") if row["LeaseStatus"] == "Active")
    ident = server.buildium.edit("pay_rent", record=lease["Id"], amount=0.29, deposit=100)
    server.requests.clear()
    run = sync(source)
    assert (run.status, run.errors) == ("completed", [])
    read = [path for path in server.requests.counts if path.endswith(f"/{lease['Id']}/transactions")]
    assert [path for path in server.requests.counts if path.endswith("/transactions") and "leases" in path] == read
    assert entry_of(source, "payment", str(ident)).amount == Decimal("0.29")
    assert standing(source) == owed(server)


def test_what_happens_there_happens_here(source: Connection, server: SandboxServer) -> None:
    edit = server.buildium.edit
    paid = next(row["Id"] for row in server.buildium.world.rows("transactions") if _is_rent(row))
    edit("correct_payment", record=paid, amount=1234.56)
    reversal = edit("reverse_payment", record=paid)
    edit("pay_rent", amount=19.99, deposit=0.01)
    ended = edit("end_lease")
    order = edit("report_work")
    edit("finish_work", record=order)
    edit("rename_rental", line="77 Sunset Blvd")
    edit("advance", days=45)
    run = sync(source)
    assert (run.status, run.errors) == ("completed", [])
    assert standing(source) == owed(server)
    # The reversal is a row of its own, negative, and what it reverses stands.
    assert entry_of(source, "payment", str(paid)).amount == Decimal("1234.56")
    assert entry_of(source, "payment", str(reversal)).amount == Decimal("-1234.56")
    lease = Lease.objects.get(connection_id=source.pk, provider_id=str(ended))
    assert lease.status == "ended"
    assert WorkOrder.objects.get(connection_id=source.pk, provider_id=str(order)).status == "done"
    renamed = PropertyMapping.objects.filter(connection=source, provider_property_address__startswith="77 Sunset Blvd")
    assert renamed.exists()


def test_a_deleted_payment_is_missing_after_a_full_sync_and_never_before(
    source: Connection, server: SandboxServer
) -> None:
    gone = str(server.buildium.edit("delete_payment"))
    sync(source)
    assert found(source, "payment", gone).verdict != "missing"
    run = sync(source, full=True)
    assert (run.status, run.errors) == ("completed", [])
    assert found(source, "payment", gone).missing_since is not None


def test_identity_numbers_reach_neither_database_nor_log_nor_cache(
    server: SandboxServer, organisation: Organisation, admin_user: User, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    cache.clear()
    made = connections.connect_with_keys(
        organisation=organisation, user=admin_user, session_key="s", provider="buildium", keys=SANDBOX_KEYS
    ).connection
    assert made is not None
    work_waiting(made)
    assert ProviderRecord.objects.filter(connection=made, resource="contact").count() > 10
    with database.cursor() as cursor:
        cursor.execute("SELECT string_agg(r::text, ' ') FROM integrations_providerrecord r")
        stored = cursor.fetchone()[0]
    hidden = ["219-09-9999", "078-05-1120", "12-3456789", "1985-07-14", "POL-778899", "Gate code", "TaxId", "Pat Doe"]
    redis = cache.client.get_client()  # type: ignore[attr-defined]
    kept = b" ".join(redis.get(key) or b"" for key in redis.scan_iter("*") if redis.type(key) == b"string").decode(
        "latin-1"
    )
    for secret in [*hidden, SANDBOX_KEYS["client_secret"]]:
        assert secret not in stored
        assert secret not in caplog.text
        assert secret not in kept


@pytest.mark.parametrize("statement", [12, 40, 90, 140])
def test_a_sync_that_dies_goes_on_where_it_was(
    source: Connection, server: SandboxServer, monkeypatch: pytest.MonkeyPatch, statement: int
) -> None:
    monkeypatch.setattr("integrations.providers.buildium.lists.PAGE", 5)
    monkeypatch.setattr("integrations.sync.pull.CHUNK_ROWS", 5)
    server.buildium.edit("advance", days=62)
    run = sync_services.queue_sync(connection=source)
    with dying_at(statement):
        run_sync(run.pk)
    source.runs.filter(pk=run.pk).update(status="lost")
    again = sync(source)
    assert (again.status, again.errors) == ("completed", [])
    assert standing(source) == owed(server)


def test_a_limit_that_is_hit_is_waited_for(
    source: Connection, server: SandboxServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("integrations.http.BACKOFF_BASE", 0.001)
    server.faults.add("rate_limited", path="/buildium/v1/leases*", times=5)
    server.buildium.edit("advance", days=31)
    run = sync(source)
    assert (run.status, run.errors) == ("completed", [])
    assert standing(source) == owed(server)


def test_a_withdrawn_list_stops_the_run_with_words(source: Connection, server: SandboxServer) -> None:
    server.buildium.withdrawn = {"workorders"}
    server.requests.clear()
    run = sync(source)
    assert run.status == "failed"
    assert "no longer offers one of the lists" in run.errors[0]["message"]
    assert server.requests.count("/buildium/v1/workorders") == 1
    source.refresh_from_db()
    assert source.status == "active"


def test_keys_that_were_taken_back_ask_for_new_ones(source: Connection, server: SandboxServer) -> None:
    server.faults.add("unauthorized", path="/buildium/*", expire=False)
    assert sync(source).status == "failed"
    source.refresh_from_db()
    assert source.status == "expired"
    assert "does not accept the keys" in source.status_reason


def test_it_connects_on_the_pages(server: SandboxServer, client_admin: Client) -> None:
    home = "/settings/integrations/buildium/"
    assert "Client secret" in client_admin.get(home).content.decode()
    tested = client_admin.post(f"{home}connect/", SANDBOX_KEYS | {"do": "test"})
    page = client_admin.get(tested.headers["Location"]).content.decode()
    assert "Lone Oak Property Management" in page
    assert SANDBOX_KEYS["client_secret"] not in page


def _is_rent(row: dict[str, Any]) -> bool:
    lines = row["Journal"]["Lines"]
    return bool(row["TransactionTypeEnum"] == "Payment" and lines[0]["GLAccount"]["Type"] == "Income")


def test_the_oracle_is_not_empty(source: Connection, server: SandboxServer) -> None:
    assert {kind for kind, _, _ in owed(server).values()} == {"income", "expense"}
    assert len(live(source)) > 50
