"""How the adapter asks: pages, queries that fit, homes, and what a withdrawn or broken list does."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlencode

import pytest

from core.ids import uuid7
from integrations.contracts import AdapterContext
from integrations.errors import ContractChanged, ReauthRequired, TransientError
from integrations.gate import CallGate, GatedPropertyCalls
from integrations.http import HttpClient
from integrations.providers.buildium.client import BuildiumAdapter
from integrations.providers.buildium.lists import Lists, in_queries
from integrations.records import ReadRequest, Resource
from integrations.sandbox import SandboxServer
from integrations.shared import shared
from tests.integrations.conformance import Subject
from tests.integrations.providers.buildium.subject import HEADERS, SANDBOX_KEYS, subject_on


@pytest.fixture(scope="module")
def running() -> Iterator[SandboxServer]:
    with SandboxServer(lots=24, years=0.5, seed=6) as server:
        yield server


@pytest.fixture
def server(running: SandboxServer) -> Iterator[SandboxServer]:
    running.requests.clear()
    yield running
    running.faults.clear()
    running.buildium.withdrawn = set()
    running.buildium.latency_ms = 0


@pytest.fixture
def subject(server: SandboxServer) -> Iterator[Subject]:
    with subject_on(server) as opened:
        yield opened


def test_the_account_is_named(subject: Subject) -> None:
    account = subject.adapter().account()
    assert (account.account_id, account.name) == ("70001", "Lone Oak Property Management")


def test_pages_are_walked_in_the_order_of_ids_and_tell_the_total(
    server: SandboxServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("integrations.providers.buildium.lists.PAGE", 7)
    with HttpClient(server.buildium_url, headers=HEADERS) as http:
        lists = Lists(http)
        found = [row["Id"] for rows, _ in lists.pages("/v1/leases") for row in rows]
    total = len(server.buildium.world.tables["leases"])
    assert found == sorted(server.buildium.world.tables["leases"])
    assert (len(found), lists.total) == (total, total)
    assert {"orderby=Id+asc" in entry.query for entry in server.requests.entries} == {True}


def test_ids_are_asked_for_in_queries_that_fit() -> None:
    ids = range(1_000_000, 1_003_000)
    chunks = list(in_queries("propertyids", ids, {"lastupdatedfrom": "2026-01-01T00:00:00Z"}))
    assert [ident for some in chunks for ident in some] == [str(ident) for ident in ids]
    shared = {
        "orderby": "PropertyId asc",
        "offset": 1_000_000,
        "limit": 1000,
        "lastupdatedfrom": "2026-01-01T00:00:00Z",
    }
    lengths = [len(urlencode(shared | {"propertyids": some}, doseq=True)) for some in chunks]
    assert max(lengths) <= 4096
    # And no more requests than that takes.
    assert min(lengths[:-1]) > 3900
    assert list(in_queries("propertyids", [], {})) == []


def test_a_query_that_would_not_fit_is_refused_by_the_vendor(server: SandboxServer) -> None:
    """What the chunks above are for."""
    with HttpClient(server.buildium_url, headers=HEADERS, attempts=1) as http, pytest.raises(TransientError):
        http.get_json("/v1/rentals", {"propertyids": [str(ident) for ident in range(1_000_000, 1_000_300)]})


def test_a_read_may_begin_in_the_middle(subject: Subject, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("integrations.providers.buildium.lists.PAGE", 5)
    for resource in (Resource.TENANCY, Resource.BILL):
        first, *rest = subject.pages(resource)
        resumed = list(subject.pages(resource, ReadRequest(position=first.position)))
        assert [page.rows for page in resumed] == [page.rows for page in rest]
        assert [page.position for page in resumed] == [page.position for page in rest]


def test_a_changed_rental_brings_its_units(server: SandboxServer, subject: Subject) -> None:
    world = server.buildium.world
    building = next(row for row in world.rows("rentals") if row["NumberUnits"] > 1)
    server.buildium.edit("rename_rental", record=building["Id"])
    since = max(world.touched.values()).strftime("%Y-%m-%dT%H:%M:%SZ")
    rows = subject.rows(Resource.PROPERTY, ReadRequest(cursor=since))
    units = [str(unit["Id"]) for unit in world.rows("units") if unit["PropertyId"] == building["Id"]]
    assert [row["Id"] for row in rows] == [*units, f"rental~{building['Id']}"]
    assert {row["Id"]: row for row in subject.rows(Resource.PROPERTY)} | {row["Id"]: row for row in rows} == {
        row["Id"]: row for row in subject.rows(Resource.PROPERTY)
    }


def test_a_moved_task_brings_its_work_order(server: SandboxServer, subject: Subject) -> None:
    """A day is read twice, and a work order that moved is shown with a task that did not."""
    world = server.buildium.world
    server.buildium.edit("report_work")
    order = world.rows("workorders")[-1]
    world.touched["tasks", order["Task"]["Id"]] = world.touched["tasks", order["Task"]["Id"]].replace(year=2001)
    cursor = f"{world.touched['workorders', order['Id']].date()}"
    rows = subject.rows(Resource.JOB, ReadRequest(cursor=cursor))
    full = {row["Id"]: row for row in subject.rows(Resource.JOB)}
    assert str(order["Id"]) in {row["Id"] for row in rows}
    assert all(full[row["Id"]] == row for row in rows)
    assert server.requests.count(f"/buildium/v1/tasks/{order['Task']['Id']}") == 1


@pytest.mark.parametrize("status", [410, 404])
def test_a_withdrawn_list_is_no_reason_to_try_again(server: SandboxServer, subject: Subject, status: int) -> None:
    server.faults.add("server_error", path="/buildium/v1/bills", status=status)
    with pytest.raises(ContractChanged, match="no longer offers"):
        subject.rows(Resource.BILL)
    assert server.requests.count("/buildium/v1/bills") == 1


def test_a_ledger_that_cannot_be_read_at_once_is_read_with_patience(
    server: SandboxServer, subject: Subject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("integrations.http.BACKOFF_BASE", 0.001)
    before = subject.rows(Resource.PAYMENT)
    server.faults.add("rate_limited", path="/buildium/v1/leases/*/transactions", times=4)
    assert subject.rows(Resource.PAYMENT) == before


def test_a_ledger_longer_than_a_page_is_read_whole(subject: Subject, monkeypatch: pytest.MonkeyPatch) -> None:
    before = subject.rows(Resource.PAYMENT)
    monkeypatch.setattr("integrations.providers.buildium.ledger.PAGE", 3)
    monkeypatch.setattr("integrations.providers.buildium.lists.PAGE", 3)
    assert subject.rows(Resource.PAYMENT) == before


def test_a_lease_that_is_deleted_meanwhile_has_no_lines(server: SandboxServer, subject: Subject) -> None:
    lease = server.buildium.world.rows("leases")[0]["Id"]
    server.faults.add("server_error", path=f"/buildium/v1/leases/{lease}/transactions", status=404)
    assert lease not in {row["LeaseId"] for row in subject.rows(Resource.PAYMENT)}


def test_never_more_at_once_than_allowed(server: SandboxServer, subject: Subject) -> None:
    server.buildium.latency_ms, server.buildium.most_at_once = 3, 0
    for resource in Resource:
        subject.rows(resource)
    assert 1 < server.buildium.most_at_once <= server.buildium.at_once
    assert {entry.status for entry in server.requests.entries} == {200}


def test_wrong_keys_are_refused_and_not_repeated_in_the_error(server: SandboxServer) -> None:
    headers = BuildiumAdapter.sign_in(SANDBOX_KEYS | {"client_secret": "wrong-secret"}).headers
    with HttpClient(server.buildium_url, headers=headers) as http, pytest.raises(ReauthRequired) as refused:
        http.get_json("/v1/rentals")
    assert "wrong-secret" not in repr(refused.value)


def test_a_home_whose_ledger_fails_is_left_out_of_a_read_that_ends_where_it_began(server: SandboxServer) -> None:
    leases = server.buildium.world.rows("leases")
    bad = leases[0]
    server.faults.add("server_error", path=f"/buildium/v1/leases/{bad['Id']}/transactions", status=500)
    gate = CallGate(shared(), connection_id=str(uuid7()))
    with HttpClient(server.buildium_url, headers=HEADERS, gate=gate, attempts=1) as http:
        context = AdapterContext(
            http=http, base_url=http.base_url, time_zone="America/Chicago", ledger_mode="line", received=dict,
            property_calls=GatedPropertyCalls(gate),
        )  # fmt: skip
        adapter = BuildiumAdapter(context)
        pages = list(adapter.rent_payments(ReadRequest(full=True)))
        assert not pages[-1].is_sweep
        assert pages[-1].cursor == "2000-01-01T00:00:00Z"
        assert str(bad["Id"]) not in {str(row["LeaseId"]) for page in pages for row in page.rows}
        server.faults.clear()
        whole = list(adapter.rent_payments(ReadRequest(full=True)))
    assert whole[-1].is_sweep
    assert {row["Id"] for page in pages for row in page.rows} < {row["Id"] for page in whole for row in page.rows}
