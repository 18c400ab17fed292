"""AppFolio through the whole engine: keys, mapping, sync, what changes afterwards, what is refused on the way."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
import redis
from django.conf import settings as django_settings
from django.db import connection as connection_to_database
from django.utils import timezone
from pytest_django.fixtures import Settings

from access.models import Organisation, User
from accounting.models import Transaction
from core.errors import DomainError
from integrations.adapters import open_adapter
from integrations.contracts import WorkOrderSink
from integrations.models import Connection, PropertyMapping, ProviderRecord, SyncRun, Verdict
from integrations.sandbox import SandboxServer
from integrations.services.connections import connect_with_keys
from maintenance.models import WorkOrder
from tenancies.models import Lease
from tests.integrations.providers.appfolio.subject import KEYS, REPORTS, appfolio_server
from tests.integrations.sync.conftest import entry_of, found, map_all, sync

pytestmark = pytest.mark.django_db(transaction=True)
Line = tuple[str, Decimal, date]


@pytest.fixture
def server(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[SandboxServer]:
    # Waits between attempts are drawn from nothing upwards.
    monkeypatch.setattr("integrations.http.random.uniform", lambda low, high: low)
    with appfolio_server(units=6) as opened:
        for name, value in opened.appfolio_settings.items():
            setattr(settings, name, value)
        yield opened


@pytest.fixture
def who(server: SandboxServer, organisation: Organisation, admin_user: User) -> dict[str, Any]:
    return {"organisation": organisation, "user": admin_user, "session_key": "s", "provider": "appfolio"}


def connect(who: dict[str, Any], keys: dict[str, str]) -> Connection:
    made = connect_with_keys(**who, keys=keys).connection
    assert made is not None
    return made


@pytest.fixture
def source(who: dict[str, Any], admin_user: User) -> Connection:
    """Connected with keys for both APIs, read once, and every unit mapped."""
    made = connect(who, KEYS | REPORTS)
    assert run_of(made).status == "completed"
    map_all(made, admin_user)
    return made


def run_of(source: Connection) -> SyncRun:
    """The run that connecting queued, carried out."""
    from integrations.sync.runner import run_sync

    run = run_sync(source.runs.get().pk)
    run.refresh_from_db()
    return run


def owed(server: SandboxServer) -> dict[str, Line]:
    """What the books should hold, told from the vendor's own books alone."""
    world = server.appfolio.world
    lines: dict[str, Line] = {}
    for occupancy, paid in world.payments.items():
        for line in paid:
            if "Deposit" not in line["description"]:
                amount = Decimal(line["cents"]) / 100
                key = f"{world.numbers[occupancy]}~{line['date']}~{amount:.2f}~1"
                lines[key.split("~")[0] + line["date"]] = ("income", amount, date.fromisoformat(line["date"]))
    for bill in world.tables["bills"].values():
        for item in bill["LineItems"]:
            if item["PropertyId"]:
                lines[f"{bill['Id']}{item['Id']}"] = (
                    "expense", Decimal(item["Amount"]), date.fromisoformat(bill["InvoiceDate"]),
                )  # fmt: skip
    return lines


def books(source: Connection) -> dict[str, Line]:
    """What the books do hold, by the parts of the remote id that tell records apart."""
    standing = Transaction.objects.filter(connection_id=source.pk, status=Transaction.Status.CONFIRMED)
    return {
        "".join(row.provider_transaction_id.split("~")[:2]): (row.kind, row.amount, row.occurred_on) for row in standing
    }


def test_a_first_sync_takes_everything_in(source: Connection, server: SandboxServer) -> None:
    assert (source.ledger_mode, source.account_name) == ("line", "sandbox.appfolio.com")
    assert books(source) == owed(server)
    assert Transaction.objects.filter(connection_id=source.pk).count() == len(owed(server))
    tables = server.appfolio.world.tables
    assert Lease.objects.filter(connection_id=source.pk).count() == len(
        {row["OccupancyId"] for row in tables["tenants"].values()}
    )
    assert WorkOrder.objects.filter(connection_id=source.pk).count() == len(tables["work_orders"])
    lease = Lease.objects.filter(connection_id=source.pk, status="active").order_by("provider_id")[0]
    tenants = [row for row in tables["tenants"].values() if row["OccupancyId"] == lease.provider_id]
    assert lease.rent_amount == Decimal(tenants[0]["CurrentRent"])
    assert lease.rent_period == "monthly"
    # Deposits are looked at and set aside; all else has found its place.
    verdicts = set(ProviderRecord.objects.filter(connection=source).values_list("resource", "verdict"))
    assert {verdict for resource, verdict in verdicts if resource in ("tenancy", "job", "bill")} == {Verdict.IMPORTED}
    assert (("payment", Verdict.REJECTED) in verdicts) is False


def mirror(source: Connection) -> dict[Any, tuple[Any, ...]]:
    """What would differ in the mirror's rows had one been written."""
    rows = ProviderRecord.objects.filter(connection=source)
    return {row.pk: (row.content_hash, row.changed_at, row.generation, row.last_run_id, row.verdict) for row in rows}


def test_an_unchanged_provider_costs_no_write(source: Connection) -> None:
    before = mirror(source)
    for full in (False, True):
        run = sync(source, full=full)
        assert run.status == "completed"
        assert run.transactions_created == 0
        assert all(counts["seen"] == counts["unchanged"] for counts in run.counts.values())
        assert mirror(source) == before


def test_what_changes_at_appfolio_changes_here(source: Connection, server: SandboxServer) -> None:
    vendor = server.appfolio
    unit = next(row for row in vendor.rows("units") if row["CurrentOccupancyId"])
    bill = vendor.edit("add_bill", unit=unit["Id"], amount="120.00")
    order = vendor.edit("report_job", unit=unit["Id"], issue="Heater rattles")
    occupancy = vendor.edit("pay", occupancy=unit["CurrentOccupancyId"], amount="15.25", on="2026-06-29")
    run = sync(source)
    assert (run.status, run.transactions_created) == ("completed", 2)
    assert books(source) == owed(server)
    line = f"{bill}~{vendor.row('bills', bill)['LineItems'][0]['Id']}"
    assert entry_of(source, "bill", line).amount == Decimal("120.00")
    assert WorkOrder.objects.get(provider_id=order).title == "Heater rattles"

    items = vendor.row("bills", bill)["LineItems"]
    vendor.edit("change", table="bills", record=bill, LineItems=[{**items[0], "Amount": "99.95"}, items[1]])
    vendor.edit("complete_job", record=order)
    vendor.edit("end_lease", occupancy=occupancy, on="2026-06-30")
    assert sync(source).transactions_created == 0
    assert entry_of(source, "bill", line).amount == Decimal("99.95")
    assert WorkOrder.objects.get(provider_id=order).status == "done"
    lease = Lease.objects.get(provider_id=occupancy)
    assert (lease.status, lease.vacates_on) == ("ended", date(2026, 6, 30))


def test_what_is_hidden_there_is_archived_here_and_what_vanishes_is_missing(
    source: Connection, server: SandboxServer
) -> None:
    vendor = server.appfolio
    unit = next(row for row in vendor.rows("units") if not row["CurrentOccupancyId"])
    vendor.edit("hide", table="units", record=unit["Id"])
    sync(source)
    record = found(source, "property", unit["Id"])
    assert (record.facts["is_archived"], record.missing_since) == (True, None)

    order = vendor.rows("work_orders")[0]["Id"]
    vendor.edit("remove", table="work_orders", record=order)
    sync(source)
    assert found(source, "job", order).missing_since is None
    sync(source, full=True)
    assert found(source, "job", order).missing_since is not None
    assert WorkOrder.objects.filter(provider_id=order).exists()


def test_without_reports_keys_rent_is_derived_and_says_so(
    who: dict[str, Any], server: SandboxServer, admin_user: User
) -> None:
    source = connect(who, KEYS)
    assert (run_of(source).status, source.ledger_mode) == ("completed", "derived")
    map_all(source, admin_user)
    # All that was paid before is a baseline and no income of ours.
    assert {kind for kind, _, _ in books(source).values()} == {"expense"}
    owing = server.appfolio.world.delinquent()[0]
    server.appfolio.edit("pay", occupancy=owing["OccupancyId"], amount="250")
    assert sync(source).transactions_created == 1
    entry = Transaction.objects.get(connection_id=source.pk, kind="income")
    assert entry.amount == Decimal("250.00")
    assert ProviderRecord.objects.get(target_id=entry.pk).facts["derived"] == "1"
    lease = Lease.objects.get(provider_id=owing["OccupancyId"])
    left = [charge for charge in server.appfolio.world.delinquent() if charge["OccupancyId"] == owing["OccupancyId"]]
    assert lease.arrears_amount == sum(Decimal(charge["AmountDue"]) for charge in left)
    assert sync(source).transactions_created == 0


def test_maintenance_puts_the_next_sync_after_its_end(source: Connection, server: SandboxServer) -> None:
    server.appfolio.maintenance = True
    run = sync(source)
    assert run.status == "failed"
    assert [error["code"] for error in run.errors] == ["provider_paused"]
    assert run.errors[0]["message"].startswith("AppFolio")
    source.refresh_from_db()
    assert source.status == "active"
    assert source.next_sync_at is not None
    assert timedelta(0) < source.next_sync_at - timezone.now() <= timedelta(hours=7)
    server.appfolio.maintenance = False
    assert sync(source).status == "completed"


def test_a_secret_that_was_renewed_asks_for_new_keys(source: Connection, server: SandboxServer) -> None:
    server.appfolio.secret = "another"
    assert sync(source).status == "failed"
    source.refresh_from_db()
    assert (source.status, "does not accept the keys" in source.status_reason) == ("expired", True)
    assert PropertyMapping.objects.filter(connection=source, state="mapped").count() > 0


def test_limits_are_waited_for_and_the_sync_goes_on(source: Connection, server: SandboxServer) -> None:
    path = "/appfolio/api/v0/tenants"
    server.faults.add("rate_limited", path=path, times=1, retry_after=0)
    assert sync(source).status == "completed"
    assert [entry.status for entry in server.requests.entries if entry.path == path].count(429) == 1


@pytest.mark.parametrize(
    ("keys", "code", "words"),
    [
        (KEYS | {"client_secret": "old"}, "keys_refused", "AppFolio does not accept these keys"),
        (KEYS | REPORTS | {"reports_secret": "old"}, "keys_refused", "AppFolio does not accept these keys"),
        (KEYS | {"reports_id": "only"}, "missing_key", "Reports: database name is missing"),
        (KEYS | {"host": "evil.example/"}, "bad_key", "only the part of the address before its first dot"),
        (KEYS | {"host": "sandbox@evil"}, "bad_key", "only the part of the address before its first dot"),
        (KEYS | REPORTS | {"reports_host": "sandbox.appfolio.com"}, "bad_key", "before its first dot"),
        ({"client_id": "x", "client_secret": "y"}, "missing_key", "Developer ID is missing"),
    ],
)
def test_keys_that_cannot_work_are_refused_with_what_to_do(
    who: dict[str, Any], keys: dict[str, str], code: str, words: str
) -> None:
    with pytest.raises(DomainError, match=words) as refused:
        connect(who, keys)
    assert (refused.value.code, Connection.objects.count()) == (code, 0)


def test_connecting_during_maintenance_says_so(who: dict[str, Any], server: SandboxServer) -> None:
    server.appfolio.maintenance = True
    with pytest.raises(DomainError, match="because of its maintenance") as refused:
        connect(who, KEYS)
    assert refused.value.code == "provider_down"


def test_a_host_of_ones_own_is_asked_instead(who: dict[str, Any], server: SandboxServer) -> None:
    source = connect(who, KEYS | {"host": "Sandbox"})
    assert run_of(source).status == "completed"
    assert {entry.path.rpartition("/")[0] for entry in server.requests.entries} == {"/appfolio/hosts/sandbox/api/v0"}


def test_a_work_order_goes_out_once_and_comes_back_as_ours(source: Connection, server: SandboxServer) -> None:
    unit = server.appfolio.rows("units")[0]["Id"]
    with open_adapter(source) as adapter:
        assert isinstance(adapter, WorkOrderSink)
        sent = {"property_ref": unit, "description": "Lock sticks", "idempotency_key": "order-1"}
        made = [adapter.create_work_order(**sent) for _ in range(2)]
    assert made[0] == made[1]
    sync(source)
    assert WorkOrder.objects.get(provider_id=made[0].provider_id).title == "Lock sticks"


def stored_text() -> Iterator[tuple[str, str]]:
    """Every row of every table as text."""
    with connection_to_database.cursor() as cursor:
        for table in connection_to_database.introspection.table_names(cursor):
            cursor.execute(f'SELECT t::text FROM "{table}" t')  # noqa: S608  # names from the catalogue
            for (row,) in cursor.fetchall():
                yield table, row


def cached_text() -> Iterator[str]:
    """Every value that Redis holds, whatever its kind."""
    with redis.from_url(django_settings.REDIS_URL) as server:
        for key in server.scan_iter():
            value = server.dump(key)
            yield repr(key) + repr(value)


def test_social_security_numbers_and_dates_of_birth_reach_neither_database_nor_log_nor_cache(
    who: dict[str, Any], server: SandboxServer, admin_user: User, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    people = server.appfolio.rows("tenants")
    secrets = {row[name] for row in people for name in ("SocialSecurityNumber", "BirthDate")}
    assert len(secrets) > len(people)
    source = connect(who, KEYS | REPORTS)
    run_of(source)
    map_all(source, admin_user)
    # Answers that are cut short, of another shape or refused end in errors, which are stored and logged as well.
    for kind, more in (("truncated_json", {}), ("not_json", {"body": f"tenant {people[0]['SocialSecurityNumber']}"})):
        server.faults.add(kind, path="/appfolio/api/v0/tenants", **more)
        assert sync(source).status == "failed"
        server.faults.clear()
    assert sync(source, full=True).status == "completed"
    assert ProviderRecord.objects.filter(connection=source, payload__icontains=people[0]["LastName"]).exists()

    def leaked(text: str) -> bool:
        return any(secret in text for secret in secrets)

    assert [table for table, row in stored_text() if leaked(row)] == []
    assert [text for text in cached_text() if leaked(text)] == []
    assert not leaked(caplog.text)
