"""Every list at 2,000 properties, 1,000,000 transactions and as many remote records: queries and times, first and deep.

A page is measured whole, from request to rendered answer, inside this process.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from django.db import connection
from django.db.models import QuerySet
from django.http import QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext

from access.models import Membership, Organisation, User
from accounting.models import Transaction
from accounting.services import categories
from benchmarks import setting
from benchmarks.fill import fill
from benchmarks.report import middle, say, table
from core.pagination import keyset_page
from integrations.models import Connection, ProviderRecord

PROPERTIES, TRANSACTIONS, TIMES = 2_000, 1_000_000, 15


def measure_pages() -> dict[str, float]:
    """Medians of TIMES requests each; the slowest of them, and deep pages against first ones."""
    say(f"pages: {PROPERTIES:,} properties, {TRANSACTIONS:,} transactions")
    setting.clear()
    organisation = Organisation.objects.create(name="Benchmark")
    user = User.objects.create_user(email="bench@propertytracker.example", password=None, full_name="Bench Mark")
    Membership.objects.create(organisation=organisation, user=user, role=Membership.Role.ADMIN)
    categories.ensure_defaults(organisation=organisation)
    source = fill(organisation, user, properties=PROPERTIES, transactions=TRANSACTIONS)
    client = Client()
    client.force_login(user)
    first = {name: _measure(client, url) for name, url in _addresses(organisation, source).items()}
    deep_urls = {
        "transactions": _deep("/transactions/?period=all", Transaction.objects.filter(organisation=organisation),
                              ("-occurred_on",)),
        "records": _deep("/settings/integrations/propertyme/records/",
                         ProviderRecord.objects.filter(connection=source), ("-id",)),
    }  # fmt: skip
    deep = {name: _measure(client, url) for name, url in deep_urls.items()}
    rows = [(name, f"{queries}", f"{ms:.1f}") for name, (ms, queries) in first.items()]
    rows += [(f"{name}, last page", f"{queries}", f"{ms:.1f}") for name, (ms, queries) in deep.items()]
    table("pages", ("page", "queries", "median ms"), rows)
    return {
        "page_slowest_median_ms": max(ms for ms, _ in [*first.values(), *deep.values()]),
        "page_deep_vs_first": max(deep[name][0] / first[name][0] for name in deep),
    }


def _addresses(organisation: Organisation, source: Connection) -> dict[str, str]:
    here = "/settings/integrations/propertyme/"
    home = source.mappings.filter(state="mapped").values_list("property_id", flat=True)[0]
    return {
        "today": "/",
        "properties": "/properties/",
        "property": f"/properties/{home}/",
        "leases": "/leases/",
        "tenants": "/tenants/",
        "arrears": "/arrears/",
        "transactions": "/transactions/?period=all",
        "transactions of 12 months": "/transactions/",
        "transactions of a property": f"/transactions/?property={home}",
        "work orders": "/work-orders/",
        "integrations": "/settings/integrations/",
        "connection": here,
        "mapping": here + "mapping/",
        "records": here + "records/",
        "records by address": here + "records/?q=Measure+St",
        "records by amount": here + "records/?q=512.00",
        "history": here + "history/",
    }


def _measure(client: Client, url: str) -> tuple[float, int]:
    """Median milliseconds and number of queries. Raises RuntimeError for a page that does not answer 200."""
    with CaptureQueriesContext(connection) as queries:
        answer = client.get(url)
    if answer.status_code != 200:
        raise RuntimeError(f"{url} answered {answer.status_code}")
    # Now: the next request forgets them.
    number = len(queries)
    return middle([_timed(lambda: client.get(url)) for _ in range(TIMES)]), number


def _timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1000


def _deep(url: str, rows: QuerySet[Transaction] | QuerySet[ProviderRecord], order: tuple[str, ...]) -> str:
    """The address of the list's last page, as its own links would name it."""
    backwards = [name.removeprefix("-") for name in (*order, "-id")]
    oldest = list(rows.order_by(*backwards).values_list("pk", flat=True)[:60])
    path, _, query = url.partition("?")
    page = keyset_page(rows.filter(pk__in=oldest), order=order, params=QueryDict(query), size=20)
    return path + page.older_url
