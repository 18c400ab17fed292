"""Every fault switch of the sandbox: a named outcome, nothing lost and nothing doubled."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from integrations.models import Connection
from integrations.paging import OffsetList
from integrations.sandbox import SandboxServer
from integrations.sandbox.faults import KINDS, TOKEN_KINDS
from integrations.sandbox.mutations import LIST_MUTATIONS, MUTATIONS
from integrations.sync import waiting
from integrations.wire import Limits
from tests.integrations.sync.conftest import live, owed, sync

pytestmark = pytest.mark.django_db(transaction=True)
RECEIPTS = "/api/v1/dashboards/transactions"

# Kind -> (how it is switched on, the run's status, the error's code) while the fault lasts.
LASTING: dict[str, tuple[dict[str, Any], str, str]] = {
    "rate_limited": ({"retry_after": 1}, "failed", "rate_limited"),
    "server_error": ({"status": 502}, "failed", "transient"),
    "html_error": ({}, "failed", "transient"),
    "timeout": ({"seconds": 2}, "failed", "transient"),
    "slow_body": ({"chunk": 16, "seconds": 0.05}, "failed", "transient"),
    "reset_mid_body": ({}, "failed", "transient"),
    "truncated_body": ({}, "failed", "transient"),
    "truncated_json": ({}, "failed", "transient"),
    "not_json": ({}, "failed", "transient"),
    "empty_body": ({}, "failed", "transient"),
    "empty_list": ({}, "held", ""),
    "oversized": ({"megabytes": 2, "declared": False}, "failed", "contract_changed"),
    "unauthorized": ({}, "failed", "reauth_required"),
    "revoked_grant": ({}, "failed", "reauth_required"),
    "invalid_client": ({}, "failed", "misconfigured"),
    "no_refresh_token": ({}, "completed", ""),
    "repeat_page": ({}, "failed", "contract_changed"),
    "overlap_pages": ({"rows": 3}, "completed", ""),
    "stuck_page": ({}, "failed", "contract_changed"),
    "latency": ({"ms": 5}, "completed", ""),
    "mutate_rows": ({"mutation": "unknown_fields"}, "completed", ""),
}
# Faults that one more try overcomes without anybody noticing.
PASSING = sorted(
    set(KINDS) - TOKEN_KINDS - {"empty_list", "oversized", "mutate_rows", "latency", "unauthorized", "overlap_pages"}
)


@pytest.fixture
def vendor(settings: Settings) -> Iterator[SandboxServer]:
    """A small agency: every switch is tried on it, and each costs several syncs."""
    with SandboxServer(lots=3, years=0.3, seed=3, agencies=1) as server:
        settings.PROPERTYME_API_URL = server.api_url
        settings.PROPERTYME_AUTH_URL = server.url
        yield server


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Short pages and short bounds, and no wait is waited."""
    monkeypatch.setattr(waiting, "sleep", lambda seconds: None)
    monkeypatch.setattr("integrations.providers.propertyme.ledger.OffsetList", partial(OffsetList, limit=10))
    bounds = partial(Limits, connect=1, read=0.3, total=0.4, max_body=1024 * 1024)
    monkeypatch.setattr("integrations.http.Limits", bounds)


def test_the_table_names_every_switch() -> None:
    assert set(LASTING) == set(KINDS)


def _settle(source: Connection, vendor: SandboxServer) -> None:
    """The fault is over, a person has signed in again where that was needed, and one full sync has run."""
    vendor.faults.clear()
    source.refresh_from_db()
    if source.status != "active":
        tokens = vendor.grant()
        source.access_token, source.refresh_token = tokens["access_token"], tokens["refresh_token"]
        source.status = "active"
        source.save()
    run = sync(source, full=True)
    assert (run.status, run.errors) == ("completed", [])
    assert live(source) == owed(vendor)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_lasting_fault_ends_as_named_and_one_clean_sync_makes_good(
    synced: Connection, vendor: SandboxServer, kind: str
) -> None:
    before = live(synced)
    vendor.vendor.advance(days=15)
    expected = owed(vendor)
    if kind in TOKEN_KINDS:
        vendor.expire_access_tokens()
    params, status, code = LASTING[kind]
    fault = vendor.faults.add(kind, path="" if kind in TOKEN_KINDS else RECEIPTS, **params)
    run = sync(synced, full=True)
    assert fault.hits > 0
    assert (run.status, ", ".join(problem["code"] for problem in run.errors)) == (status, code)
    # Whatever came in is right, and what was there still is.
    now = live(synced)
    assert now.items() <= expected.items() | before.items()
    assert now.keys() >= before.keys()
    _settle(synced, vendor)


def test_a_fault_that_passes_is_not_noticed(synced: Connection, vendor: SandboxServer) -> None:
    for kind in PASSING:
        vendor.vendor.advance(days=8)
        fault = vendor.faults.add(kind, path=RECEIPTS, times=1, **LASTING[kind][0])
        run = sync(synced, full=True)
        assert (kind, run.status, run.errors, fault.hits) == (kind, "completed", [], 1)
        assert live(synced) == owed(vendor)


def test_odd_rows_cost_no_other_row_and_are_right_once_they_are_well(synced: Connection, vendor: SandboxServer) -> None:
    before = live(synced)
    for mutation in sorted([*MUTATIONS, *LIST_MUTATIONS]):
        # The one job there is, and the rest of a list after a page that is too short, may not vanish unasked: that is
        # for the guards.
        more = () if mutation == "drop_rows" else ("/api/v1/jobtasks", RECEIPTS)
        for path in ("/api/v1/bills", "/api/v1/tenancies", "/api/v1/contacts", *more):
            vendor.faults.add("mutate_rows", path=path, mutation=mutation, count=1, times=1)
        run = sync(synced, full=True)
        assert (mutation, run.status, run.errors) == (mutation, "completed", [])
        now = live(synced)
        assert now.keys() == before.keys()
        assert sum(now[name] != before[name] for name in now) <= 2
        vendor.faults.clear()
        assert sync(synced, full=True).status == "completed"
        assert (mutation, live(synced)) == (mutation, owed(vendor))
