"""Our engine against dlt and a plain loop: first load, nothing changed, one per cent changed, and a slow provider."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from accounting.models import Category, Transaction
from benchmarks import setting
from benchmarks.report import middle, say, table
from benchmarks.yardsticks import DltPipeline, update_or_create
from integrations.models import Connection
from integrations.sandbox.bench import BenchProcess
from properties.models import Property

ROWS, PAGE, ROUNDS = 100_000, 500, 3
# The loop takes two minutes for the whole; its rate is steady, so a tenth of the rows is enough.
LOOP_ROWS = 10_000
SLOW_MS, SLOW_ROWS = 100, 20_000
_BOOKS = (
    "integrations_providerrecord", "accounting_transaction", "accounting_transactionrevision", "tenancies_lease",
    "tenancies_tenant", "tenancies_leasetenant", "maintenance_workorder", "properties_property", "properties_unit",
    "integrations_propertymapping", "integrations_conflict", "integrations_syncchange",
)  # fmt: skip


def measure_sync() -> dict[str, float]:
    """Three interleaved rounds; medians of rates and of the ratios within each round."""
    rates: dict[str, list[float]] = defaultdict(list)
    written: list[int] = []
    say(f"sync: {ROWS:,} payments in pages of {PAGE}, {ROUNDS} rounds")
    for number in range(ROUNDS):
        with BenchProcess(rows=ROWS, page_size=PAGE) as provider:
            _round(provider, rates, written)
        say(f"  round {number + 1}: " + ", ".join(f"{name} {values[-1]:,.0f}" for name, values in rates.items()))
    figures = {
        "sync_first_vs_dlt": _ratio(rates, "ours first", "dlt first"),
        "sync_first_vs_update_or_create": _ratio(rates, "ours first", "update_or_create"),
        "sync_noop_vs_dlt": _ratio(rates, "ours unchanged", "dlt unchanged"),
        "sync_noop_rows_written": float(max(written)),
        "sync_changed_vs_dlt": _ratio(rates, "ours 1 % changed", "dlt 1 % changed"),
        "sync_slow_provider_vs_sequential": _slow(),
    }
    table(
        "rows a second (median, lowest, highest)",
        ("way", "median", "lowest", "highest"),
        [(name, f"{middle(v):,.0f}", f"{min(v):,.0f}", f"{max(v):,.0f}") for name, v in rates.items()],
    )
    return figures


def _ratio(rates: dict[str, list[float]], ours: str, theirs: str) -> float:
    return middle([a / b for a, b in zip(rates[ours], rates[theirs], strict=True)])


def _rate(rows: int, work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return rows / (time.perf_counter() - start)


def _round(provider: BenchProcess, rates: dict[str, list[float]], written: list[int]) -> None:
    setting.clear()
    source = setting.connect(provider.url)
    dlt = DltPipeline(provider.url, PAGE)
    try:
        rates["ours first"].append(_rate(ROWS, lambda: _checked(source)))
        rates["dlt first"].append(_rate(ROWS, dlt.load))
        before = setting.rows_written(_BOOKS)
        rates["ours unchanged"].append(_rate(ROWS, lambda: setting.sync(source, full=True)))
        written.append(setting.rows_written(_BOOKS) - before)
        rates["dlt unchanged"].append(_rate(ROWS, dlt.load))
        provider.call("change", {"share": 0.01})
        rates["ours 1 % changed"].append(_rate(ROWS, lambda: setting.sync(source, full=True)))
        rates["dlt 1 % changed"].append(_rate(ROWS, dlt.load))
        rates["update_or_create"].append(_loop(provider, source))
    finally:
        dlt.close()


def _checked(source: Connection) -> None:
    run = setting.sync(source, full=True)
    if run.transactions_created != ROWS:
        raise RuntimeError(f"{run.transactions_created} transactions instead of {ROWS}")


def _loop(provider: BenchProcess, source: Connection) -> float:
    Transaction.objects.filter(connection_id=source.pk).delete()
    home = Property.objects.filter(organisation=source.organisation).first()
    category = Category.objects.get(organisation=source.organisation, code="rental_income")
    defaults = {
        "organisation_id": source.organisation_id,
        "property": home,
        "category": category,
        "kind": "income",
        "currency": "AUD",
    }
    return _rate(LOOP_ROWS, lambda: update_or_create(provider.url, PAGE, LOOP_ROWS, source.pk, defaults))


def _slow() -> float:
    """How much faster than page after page we read a provider that takes 100 ms a page and sets no limit."""
    ratios = []
    for _ in range(ROUNDS):
        with BenchProcess(rows=SLOW_ROWS, page_size=PAGE, delay_ms=SLOW_MS) as provider:
            setting.clear()
            source = setting.connect(provider.url)
            ours = _rate(SLOW_ROWS, lambda source=source: setting.sync(source, full=True))
            sequential = SLOW_ROWS / (SLOW_ROWS / PAGE * SLOW_MS / 1000)
            ratios.append(ours / sequential)
    return middle(ratios)
