from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from integrations.sandbox.bench import BenchProcess, BenchProvider

AGENT = {"User-Agent": "sandbox-tests/1"}


@pytest.fixture
def provider() -> Iterator[BenchProvider]:
    with BenchProvider(rows=2300, page_size=500) as running:
        yield running


def get(url: str, path: str, **query: Any) -> Any:
    response = requests.get(f"{url}/api/v1/{path}", params=query, headers=AGENT, timeout=20)
    assert response.status_code == 200
    return response.json()


def sweep(url: str, page: int = 500, **query: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    while True:
        found = get(url, "dashboards/transactions", Offset=len(rows), Limit=page, **query)
        rows += found
        if len(found) < page:
            return rows


def test_pages_add_up_whatever_their_size(provider: BenchProvider) -> None:
    rows = sweep(provider.url)
    assert len({row["Id"] for row in rows}) == len(rows) == 2300
    assert sweep(provider.url, page=333) == rows
    assert len({row["TenancyId"] for row in rows}) == len({row["LotId"] for row in rows}) == 200
    days = [row["TransactionDate"] for row in rows]
    assert days == sorted(days)
    assert provider.state()["pages_served"] == 5 + 7
    assert set(rows[0]) == {
        "Id", "LotId", "TenancyId", "Type", "Amount", "TransactionDate", "PaidFrom", "PaidTo", "Reference", "IsVoid",
        "Timestamp",
    }  # fmt: skip


def test_from_and_to(provider: BenchProvider) -> None:
    rows = sweep(provider.url)
    span = sweep(provider.url, page=50, From="2025-01-10", To="2025-02-20")
    assert span == [row for row in rows if "2025-01-10" <= row["TransactionDate"][:10] <= "2025-02-20"]
    assert sweep(provider.url, From="2031-01-01") == []
    assert sweep(provider.url, From="2020-01-01", To="2031-01-01") == rows


def test_change_gives_a_share_of_rows_another_amount_and_timestamp(provider: BenchProvider) -> None:
    before = {row["Id"]: row for row in sweep(provider.url)}
    assert provider.change(0.01) == 23
    after = {row["Id"]: row for row in sweep(provider.url)}
    changed = [key for key, row in after.items() if row != before[key]]
    assert len(changed) == 23
    for key in changed:
        assert after[key]["Timestamp"] > before[key]["Timestamp"]
        assert after[key]["Amount"] != before[key]["Amount"]
        assert after[key]["TenancyId"] == before[key]["TenancyId"]
    assert provider.change(0.01) == 23
    assert sum(row != after[row["Id"]] for row in sweep(provider.url)) == 23


def test_small_lists_belong_together(provider: BenchProvider) -> None:
    lots = {row["Id"]: row for row in get(provider.url, "lots", Timestamp=0)}
    tenancies = {row["Id"]: row for row in get(provider.url, "tenancies")}
    contacts = {row["Id"] for row in get(provider.url, "contacts", Timestamp=0)}
    assert len(lots) == len(tenancies) == len(contacts) == 200
    for row in sweep(provider.url)[:300]:
        assert tenancies[row["TenancyId"]]["LotId"] == row["LotId"]
        assert lots[row["LotId"]]["ActiveTenancyId"] == row["TenancyId"]
    assert {row["ContactId"] for row in tenancies.values()} == contacts
    assert {row["Id"] for row in get(provider.url, "tenancies/balances")} == set(tenancies)
    assert len(get(provider.url, "contacts/tenants", Offset=190, Limit=50)) == 10
    last = max(row["Timestamp"] for row in lots.values())
    assert get(provider.url, "lots", Timestamp=last) == []
    assert get(provider.url, "tenancies/balances", LastUpdated="2026-01-01T00:00:00Z") == []
    for path in ("jobtasks", "bills", "lots/archived"):
        assert get(provider.url, path, Timestamp=0) == []
    assert get(provider.url, "contacts/agency")["Name"] == "Benchmark Agency"


def test_anybody_is_let_in(provider: BenchProvider) -> None:
    token = requests.post(f"{provider.url}/connect/token", data={"grant_type": "refresh_token"}, timeout=5).json()
    assert token["access_token"]
    assert token["refresh_token"]
    back = requests.get(
        f"{provider.url}/connect/authorize",
        params={"redirect_uri": "http://127.0.0.1:9/cb", "state": "s"},
        allow_redirects=False,
        timeout=5,
    )
    assert back.headers["Location"] == "http://127.0.0.1:9/cb?code=bench&state=s"
    assert requests.post(f"{provider.url}/connect/revocation", timeout=5).status_code == 200
    assert requests.get(f"{provider.url}/nowhere", timeout=5).status_code == 404


def test_as_a_process() -> None:
    with BenchProcess(rows=1200, page_size=500) as process:
        assert len(sweep(process.url)) == 1200
        assert process.call("change", {"share": 0.5}) == {"changed": 600}
        state = process.call("delay", {"ms": 1})
        assert (state["rows"], state["changed"], state["delay_ms"]) == (1200, 600, 1.0)
        assert len(sweep(process.url)) == 1200
        assert process.call("state")["pages_served"] == 6
