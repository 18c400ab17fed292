"""Baselines of SQL queries a page: a page that costs more, or fewer, than written down fails its test.

`UPDATE_QUERY_COUNTS=1 make test` writes the numbers seen into query_counts.json; the diff shows what changed.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

BASELINES = Path(__file__).with_name("query_counts.json")


def count_queries(client: Client, url: str, **headers: Any) -> int:
    """Queries of a GET of `url` that answers 200, asked a second time so that caches of the process are filled."""
    client.get(url, **headers)
    with CaptureQueriesContext(connection) as queries:
        response = client.get(url, **headers)
    assert response.status_code == 200, f"{url} answered {response.status_code}"
    return len(queries)


def assert_query_count(name: str, client: Client, url: str, **headers: Any) -> None:
    """The page costs exactly the queries of its baseline, whatever the data: call it for small and for large data."""
    found = count_queries(client, url, **headers)
    baselines: dict[str, int] = json.loads(BASELINES.read_text()) if BASELINES.exists() else {}
    if os.environ.get("UPDATE_QUERY_COUNTS") == "1":
        baselines[name] = found
        BASELINES.write_text(json.dumps(dict(sorted(baselines.items())), indent=2) + "\n")
        return
    assert name in baselines, f"No baseline for {name}: run once with UPDATE_QUERY_COUNTS=1 ({found} queries seen)."
    assert found == baselines[name], f"{name} took {found} queries, its baseline is {baselines[name]}."
