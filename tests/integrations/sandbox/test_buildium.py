"""The sandbox Buildium: the same world for the same seed, a memory over a restart, controls and a page for people."""

from __future__ import annotations

from pathlib import Path

import pytest
import requests

from integrations.sandbox import SandboxServer
from integrations.sandbox.buildium import KEYS, BuildiumVendor
from integrations.sandbox.buildium.life import owed
from integrations.sandbox.server import FIXED_TODAY
from integrations.sandbox.wire import Request, SandboxError
from tests.integrations.providers.buildium.subject import HEADERS


def small() -> BuildiumVendor:
    return BuildiumVendor(rentals=5, years=0.6, seed=3, today=FIXED_TODAY)


def test_a_seed_makes_the_same_world() -> None:
    assert small().world.tables == small().world.tables
    assert small().worlds[0].tables != small().worlds[1].tables


def test_days_pass_alike_at_once_or_one_by_one() -> None:
    at_once, one_by_one = small(), small()
    at_once.edit("advance", days=30)
    for _ in range(30):
        one_by_one.edit("advance")
    ledgers = [vendor.world.rows("transactions") for vendor in (at_once, one_by_one)]
    assert ledgers[0] == ledgers[1]
    assert len(ledgers[0]) > len(small().world.rows("transactions"))


def test_a_payment_that_bounces_is_owed_again() -> None:
    vendor = small()
    lease = next(row for row in vendor.world.rows("leases") if row["LeaseStatus"] == "Active")
    before = owed(vendor.world, lease)
    paid = vendor.edit("pay_rent", record=lease["Id"], amount=100.0)
    assert owed(vendor.world, lease) == round(before - 100, 2)
    vendor.edit("reverse_payment", record=paid)
    assert owed(vendor.world, lease) == before


@pytest.mark.parametrize(
    ("operation", "arguments"),
    [
        ("fly", {}),
        ("pay_rent", {}),
        ("advance", {"days": 0}),
        ("end_lease", {"record": 1}),
        ("new_lease", {"unit": 20_002, "more": 1}),
    ],
)
def test_what_cannot_be_done_is_said(operation: str, arguments: dict[str, int]) -> None:
    with pytest.raises(SandboxError, match=r"\.$"):
        small().edit(operation, **arguments)


def test_the_stricter_reading_of_the_limit() -> None:
    vendor = small()
    vendor.per_second, vendor.clock = 10, lambda: 5.0
    ask = Request("GET", "/buildium/v1/rentals", headers=dict(HEADERS))
    statuses = [answer.status for answer in (vendor.handle(ask) for _ in range(12)) if answer is not None]
    assert statuses == [200] * 10 + [429] * 2
    vendor.clock = lambda: 6.0
    again = vendor.handle(ask)
    assert again is not None
    assert again.status == 200


def test_edits_and_days_survive_a_restart(tmp_path: Path) -> None:
    file = tmp_path / "sandbox.json"
    with SandboxServer(lots=8, years=0.5, seed=2, state=file) as server:
        ident = server.buildium.edit("pay_rent", amount=33.33)
        server.buildium.edit("advance", days=20)
        server.buildium.edit("end_lease")
        before = {
            kind: [row["Id"] for row in server.buildium.world.rows(kind)] for kind in server.buildium.world.tables
        }
        today = server.buildium.world.today
    with SandboxServer(lots=99, years=0.5, seed=77, state=file) as server:
        world = server.buildium.world
        assert {kind: [row["Id"] for row in world.rows(kind)][: len(ids)] for kind, ids in before.items()} == before
        assert world.get("transactions", ident)["TotalAmount"] == 33.33
        assert world.today >= today


def test_the_controls() -> None:
    with SandboxServer(lots=6, years=0.3, seed=2) as server:
        state = requests.get(f"{server.url}/_sandbox/buildium/state", timeout=10).json()
        assert [account["client_id"] for account in state["accounts"]] == [KEYS[0][0], KEYS[1][0]]
        url = f"{server.url}/_sandbox/buildium/edit"
        made = requests.post(url, json={"op": "advance", "days": 2, "account": 1}, timeout=10).json()
        assert made == {"op": "advance", "result": 2}
        assert "Unknown operation" in requests.post(url, json={"op": "fly"}, timeout=10).json()["error"]
        url = f"{server.url}/_sandbox/buildium/settings"
        assert requests.post(url, json={"at_once": 0}, timeout=10).json()["at_once"] == 0
        refused = requests.get(f"{server.buildium_url}/v1/rentals", headers=HEADERS, timeout=10)
        assert (refused.status_code, refused.json()["ErrorCode"]) == (429, "TooManyRequests")
        requests.post(url, json={"at_once": 10, "latency_ms": 1, "withdrawn": ["bills"]}, timeout=10)
        gone = requests.get(f"{server.buildium_url}/v1/bills", headers=HEADERS, timeout=10)
        assert gone.status_code == 410
        assert "Unknown setting" in requests.post(url, json={"speed": 1}, timeout=10).json()["error"]


def test_the_page_shows_the_keys_and_plays_the_agency() -> None:
    with SandboxServer(lots=6, years=0.3, seed=2) as server:
        page = requests.get(server.url, timeout=10).text
        assert KEYS[0][1] in page
        assert server.buildium_url in page
        done = requests.post(server.url, data={"action": "buildium", "op": "pay_rent", "amount": "50"}, timeout=10)
        assert "Buildium, pay rent:" in done.text
        assert (
            "Buildium, advance: 30"
            in requests.post(server.url, data={"action": "buildium", "op": "advance", "days": "30"}, timeout=10).text
        )


@pytest.mark.parametrize(
    ("query", "status", "word"),
    [
        ("limit=5000", 200, ""),
        ("Limit=5", 404, "not known"),
        ("limit=0", 400, "not valid"),
        ("offset=x", 400, "not valid"),
        ("orderby=Sorrow", 400, "cannot be ordered"),
        ("orderby=Id desc,Name", 200, ""),
    ],
)
def test_parameters_are_taken_as_published(query: str, status: int, word: str) -> None:
    with SandboxServer(lots=6, years=0.2, seed=2) as server:
        answer = requests.get(f"{server.buildium_url}/v1/rentals?{query}", headers=HEADERS, timeout=10)
        assert answer.status_code == status
        assert word in answer.text
        other = requests.post(f"{server.buildium_url}/v1/rentals", headers=HEADERS, timeout=10)
        assert other.status_code == 405
        assert requests.get(f"{server.buildium_url}/v2/rentals", headers=HEADERS, timeout=10).status_code == 404
        ledger = requests.get(f"{server.buildium_url}/v1/generalledger/transactions", headers=HEADERS, timeout=10)
        assert ledger.status_code == 400
