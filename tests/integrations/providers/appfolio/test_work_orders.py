"""POST /work_orders: once for each key, whatever happens on the way."""

from __future__ import annotations

from typing import Any

import pytest

from integrations.errors import ProviderPaused, RateLimited, RemoteGone, RequestRefused, TransientError
from integrations.sandbox.wire import SandboxError
from tests.integrations.providers.appfolio.database import API, Database
from tests.integrations.providers.appfolio.subject import open_http

ORDERS = f"{API}/work_orders"


@pytest.fixture
def impatient(database: Database) -> Database:
    """Waits a fifth of a second for an answer."""
    database.http.close()
    database.http = open_http(database.server, read=0.2, connect=2)
    return database


def order(database: Database, key: str = "job-1", **changes: Any) -> Any:
    unit = next(row for row in database.vendor.rows("units") if row["CurrentOccupancyId"])
    sent = {"property_ref": unit["Id"], "description": "Tap leaks", "priority": "high", "idempotency_key": key}
    return database.adapter().create_work_order(**{**sent, **changes})


def made(database: Database) -> list[dict[str, Any]]:
    return [
        row
        for row in database.vendor.rows("work_orders")
        if row["JobDescription"] == "Tap leaks" and row["Priority"] == "Urgent"
    ]


def posts(database: Database) -> list[int]:
    return [entry.status for entry in database.server.requests.entries if entry.method == "POST"]


def test_a_work_order_is_made_with_all_that_was_said(database: Database) -> None:
    vendor = database.vendor.rows("vendors")[0]["Id"]
    found = order(database, vendor_ref=vendor, instructions="Ring first")
    row = database.vendor.row("work_orders", found.provider_id)
    assert found.link == row["Link"]
    assert {name: row[name] for name in ("VendorId", "Priority", "Status", "JobDescription", "VendorInstructions")} == {
        "VendorId": vendor, "Priority": "Urgent", "Status": "Assigned", "JobDescription": "Tap leaks",
        "VendorInstructions": "Ring first",
    }  # fmt: skip
    unit = database.vendor.row("units", row["UnitId"])
    assert row["PropertyId"] == unit["PropertyId"]


def test_a_building_takes_work_orders_without_a_unit(database: Database) -> None:
    building = database.vendor.rows("properties")[0]["Id"]
    row = database.vendor.row("work_orders", order(database, property_ref=building).provider_id)
    assert (row["PropertyId"], row["UnitId"]) == (building, None)


def test_the_same_key_gives_the_same_work_order(database: Database) -> None:
    first = order(database)
    assert order(database) == first
    assert order(database, "job-2") != first
    assert len(made(database)) == 2


def test_a_key_with_other_content_is_refused(database: Database) -> None:
    order(database)
    with pytest.raises(RequestRefused, match="another request body"):
        order(database, instructions="Another matter")
    assert len(made(database)) == 1


def test_commit_and_then_time_out_makes_one_work_order(impatient: Database) -> None:
    impatient.vendor.misbehave("commit_then_hang", times=1, seconds=5)
    found = order(impatient)
    assert [row["Id"] for row in made(impatient)] == [found.provider_id]
    assert posts(impatient) == [200, 201]


def test_a_vendor_that_always_times_out_after_committing_still_has_one(impatient: Database) -> None:
    impatient.vendor.misbehave("commit_then_hang", times=1, seconds=5)
    impatient.server.faults.add("timeout", path=ORDERS, method="POST", skip=1, times=2, seconds=5)
    with pytest.raises(TransientError):
        order(impatient)
    # Hours later, with the same key.
    found = order(impatient)
    assert [row["Id"] for row in made(impatient)] == [found.provider_id]


def test_a_vendor_that_hangs_is_given_up_and_nothing_is_made(impatient: Database) -> None:
    impatient.vendor.misbehave("hang", times=3, seconds=5)
    with pytest.raises(TransientError):
        order(impatient)
    assert made(impatient) == []
    order(impatient)
    assert len(made(impatient)) == 1


def test_one_that_is_still_running_is_waited_for(impatient: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr("integrations.http.random.uniform", lambda low, high: low)
    monkeypatch.setattr(impatient.http, "_sleep", waits.append)
    impatient.vendor.misbehave("running", times=2, seconds=5)
    found = order(impatient)
    assert [row["Id"] for row in made(impatient)] == [found.provider_id]
    assert posts(impatient) == [200, 409, 409, 201]
    # After the time-out back-off; after each 409 as long as told.
    assert waits == [0, 1, 1]


def test_one_that_never_ends_is_a_matter_for_later(impatient: Database) -> None:
    impatient.vendor.misbehave("running", times=50, seconds=5)
    with pytest.raises(RateLimited):
        order(impatient)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"property_ref": "gone"}, RemoteGone),
        ({"vendor_ref": "gone"}, RequestRefused),
        ({"description": ""}, RequestRefused),
        ({"idempotency_key": ""}, ValueError),
        ({"idempotency_key": "k" * 257}, ValueError),
        ({"idempotency_key": "kéy"}, ValueError),
    ],
)
def test_what_appfolio_will_not_take(database: Database, changes: dict[str, str], error: type[Exception]) -> None:
    with pytest.raises(error):
        order(database, **changes)
    assert made(database) == []
    order(database, (changes.get("idempotency_key") and "job-3") or "job-1")


def test_a_refusal_does_not_use_the_key_up(database: Database) -> None:
    with pytest.raises(RequestRefused):
        order(database, vendor_ref="gone")
    order(database)
    assert len(made(database)) == 1


def test_maintenance_is_said_in_words(database: Database) -> None:
    unit = database.vendor.rows("units")[0]["Id"]
    database.server.faults.add("server_error", path=ORDERS, times=1, status=533)
    with pytest.raises(ProviderPaused, match="AppFolio"):
        order(database, property_ref=unit)


def test_the_sandbox_knows_its_troubles(database: Database) -> None:
    with pytest.raises(SandboxError, match="Unknown trouble"):
        database.vendor.misbehave("sulk")
