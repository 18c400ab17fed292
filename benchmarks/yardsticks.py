"""What we measure ourselves against, each as its makers or a first attempt would have it."""

from __future__ import annotations

import os
import tempfile
from datetime import date
from decimal import Decimal
from typing import Any

import orjson
import requests
from django.db import connection

PATH = "/api/v1/dashboards/transactions"
WINDOW = {"From": "2000-01-01", "To": "2100-01-01"}


class DltPipeline:
    """dlt's rest_api source into PostgreSQL, merged by key, kept across first, unchanged and changed loads."""

    def __init__(self, url: str, page_size: int) -> None:
        os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
        os.environ["RUNTIME__LOG_LEVEL"] = "CRITICAL"
        import dlt
        from dlt.destinations import postgres
        from dlt.sources.rest_api import rest_api_source

        self._source = rest_api_source
        self._url, self._page_size = url, page_size
        self._folder = tempfile.TemporaryDirectory(prefix="bench-dlt-")
        with connection.cursor() as cursor:
            cursor.execute("DROP SCHEMA IF EXISTS bench_dlt CASCADE; DROP SCHEMA IF EXISTS bench_dlt_staging CASCADE")
        self._pipeline = dlt.pipeline(
            "bench",
            destination=postgres(credentials=_address(), create_indexes=True),
            dataset_name="bench_dlt",
            pipelines_dir=self._folder.name,
            progress=None,
        )

    def load(self) -> int:
        """One load; answers the rows it read."""
        config: Any = {
            "client": {
                "base_url": self._url,
                "headers": {"User-Agent": "bench"},
                "paginator": {
                    "type": "offset",
                    "limit": self._page_size,
                    "offset_param": "Offset",
                    "limit_param": "Limit",
                    "total_path": None,
                    "stop_after_empty_page": True,
                },
            },
            "resources": [
                {
                    "name": "payments",
                    "primary_key": "Id",
                    "write_disposition": {"disposition": "merge", "strategy": "upsert"},
                    "endpoint": {"path": PATH, "params": dict(WINDOW), "data_selector": "$"},
                }
            ],
        }
        self._pipeline.run(self._source(config))
        counts = self._pipeline.last_trace.last_normalize_info.row_counts
        return int(counts["payments"])

    def close(self) -> None:
        self._folder.cleanup()


def _address() -> str:
    from urllib.parse import quote

    params = connection.get_connection_params()
    user = quote(params.get("user") or "postgres")
    host = quote(str(params.get("host") or "localhost"), safe="")
    # dlt reads the socket directory from the query part, as libpq does.
    return f"postgresql://{user}:x@localhost/{params['dbname']}?host={host}"


def update_or_create(url: str, page_size: int, rows: int, source_id: Any, defaults: dict[str, Any]) -> int:
    """A plain loop: a request a page, `update_or_create` a row into the ledger's own table. Answers the rows."""
    from accounting.models import Transaction

    done = 0
    with requests.Session() as session:
        while done < rows:
            params: dict[str, Any] = {**WINDOW, "Offset": done, "Limit": page_size}
            page = orjson.loads(session.get(url + PATH, params=params, timeout=60).content)
            for row in page:
                Transaction.objects.update_or_create(
                    organisation_id=defaults["organisation_id"],
                    provider="propertyme",
                    connection_id=source_id,
                    provider_transaction_id=row["Id"],
                    defaults={
                        **defaults,
                        "amount": Decimal(str(row["Amount"])),
                        "occurred_on": date.fromisoformat(row["TransactionDate"][:10]),
                        "reference": row["Reference"],
                    },
                )
            done += len(page)
            if len(page) < page_size:
                break
    return done
