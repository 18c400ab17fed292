"""What the connection pages read, and that none of it crosses an organisation or grows with the data."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.cache import cache
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from access.models import Organisation, User
from integrations.models import Connection, PropertyMapping, SyncPlan, SyncRun, Verdict
from integrations.selectors import connections, mapping, plans, records, runs
from integrations.selectors.disconnecting import what_disconnecting_does
from integrations.selectors.health import health_of
from tests.factories.accounting import TransactionFactory
from tests.factories.integrations import (
    ConflictFactory,
    ConnectionFactory,
    PropertyMappingFactory,
    ProviderRecordFactory,
    SyncPlanFactory,
    SyncPlanLineFactory,
    SyncRunFactory,
)
from tests.factories.properties import PropertyFactory, UnitFactory

NOW = timezone.now()


@pytest.fixture
def source(organisation: Organisation) -> Connection:
    return ConnectionFactory(organisation=organisation, last_sync_at=timezone.now())


def queries_of(work: Callable[[], object]) -> int:
    with CaptureQueriesContext(database) as queries:
        work()
    return len(queries)


@pytest.mark.parametrize(
    ("fields", "word", "remedy"),
    [
        ({}, "In step", ""),
        ({"last_sync_at": None}, "Not synced yet", ""),
        ({"last_sync_at": NOW - timedelta(days=3)}, "Out of date", ""),
        ({"failing_since": NOW}, "Failing", "history"),
        ({"status": "expired"}, "Sign in again", "reconnect"),
        ({"status": "revoked", "failing_since": NOW}, "Access withdrawn", "reconnect"),
        ({"status": "disconnected", "failing_since": NOW}, "Disconnected", ""),
    ],
)
def test_a_connection_has_one_word_and_one_way_out(fields: dict[str, object], word: str, remedy: str) -> None:
    source = ConnectionFactory.build(**{"last_sync_at": NOW, "status_since": NOW, **fields})
    health = health_of(source, label="PropertyMe", latest=None, mapped=12, conflicts=0, now=NOW)
    assert (health.word, health.remedy, health.needs_attention) == (word, remedy, bool(remedy))
    assert ("12 properties" in health.why) is (remedy in ("reconnect", "history"))


@pytest.mark.parametrize(
    ("status", "conflicts", "word"),
    [("running", 3, "Syncing"), ("queued", 0, "Syncing"), ("held", 3, "Held for you"), ("completed", 3, "3 to decide")],
)
def test_runs_and_conflicts_speak_when_the_connection_is_well(status: str, conflicts: int, word: str) -> None:
    source = ConnectionFactory.build(last_sync_at=NOW)
    latest = SyncRunFactory.build(status=status, held_reason="Half is gone.")
    health = health_of(source, label="PropertyMe", latest=latest, mapped=1, conflicts=conflicts, now=NOW)
    assert health.word == word


def test_rows_put_problems_first_and_cost_the_same_however_many(organisation: Organisation) -> None:
    well = ConnectionFactory(organisation=organisation, last_sync_at=timezone.now())
    PropertyMappingFactory(organisation=organisation, connection=well)
    few = queries_of(lambda: connections.describe(connections.connections_of(organisation)))
    ill = ConnectionFactory(organisation=organisation, status="expired")
    ConflictFactory(organisation=organisation, connection=ConnectionFactory(organisation=organisation))
    SyncRunFactory(organisation=organisation, connection=well, status=SyncRun.Status.RUNNING)
    many = queries_of(lambda: connections.describe(connections.connections_of(organisation)))
    assert few == many == 4
    rows = connections.describe(connections.connections_of(organisation))
    assert [row.health.word for row in rows] == ["Sign in again", "1 to decide", "Syncing"]
    strip = connections.strip_of(rows)
    assert (strip.connected, strip.attention, strip.syncing) == (2, 2, 1)
    assert rows[0].connection == ill
    assert (rows[2].mapped, rows[2].found) == (0, 1)


def test_the_connection_of_a_page_is_the_chosen_one_else_the_newest_live_one(
    organisation: Organisation, other_organisation: Organisation
) -> None:
    old, new = ConnectionFactory(organisation=organisation), ConnectionFactory(organisation=organisation)
    gone = ConnectionFactory(organisation=organisation, status="disconnected")
    rival = ConnectionFactory(organisation=other_organisation)

    def find(chosen: str = "") -> Connection | None:
        return connections.find_connection(organisation=organisation, slug="propertyme", chosen=chosen)

    assert find() == new
    assert find(str(old.id)) == old
    assert find(str(gone.id)) == gone
    assert find(str(rival.id)) is None
    assert find("nonsense") is None
    Connection.objects.exclude(id=gone.id).delete()
    assert find() == gone


def test_counts_of_verdicts_are_exact_and_kept_only_for_many_records(
    source: Connection, organisation: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    of = {"organisation": organisation, "connection": source}
    ProviderRecordFactory.create_batch(3, **of)
    ProviderRecordFactory(**of, verdict=Verdict.IMPORTED)
    ProviderRecordFactory()
    cache.clear()
    assert connections.verdict_counts(source) == {"unmapped": 3, "imported": 1}
    ProviderRecordFactory(**of)
    assert connections.verdict_counts(source)["unmapped"] == 4
    monkeypatch.setattr(connections, "EXACT_UP_TO", 4)
    connections.verdict_counts(source)
    ProviderRecordFactory(**of)
    assert connections.verdict_counts(source)["unmapped"] == 4
    cache.clear()
    assert connections.verdict_counts(source)["unmapped"] == 5


def test_mappings_stand_under_one_tab_each(source: Connection, organisation: Organisation) -> None:
    of = {"organisation": organisation, "connection": source}
    home = PropertyFactory(organisation=organisation)
    low = PropertyMappingFactory(**of, suggested_property=home, suggestion_score=71)
    high = PropertyMappingFactory(**of, suggested_property=home, suggestion_score=96)
    needs = PropertyMappingFactory(**of, provider_property_address="21 O'Brien Lane", provider_property_id="0c3d5e")
    mapped = PropertyMappingFactory(**of, property=home, state="mapped")
    ignored = PropertyMappingFactory(**of, state="ignored")
    counts = mapping.tab_counts(source)
    assert (counts.needs, counts.suggested, counts.mapped, counts.ignored, counts.acceptable) == (1, 2, 1, 1, 1)
    assert (counts.total, counts.unmapped, counts.first_tab) == (5, 3, "suggested")

    def rows(tab: str, query: str = "") -> list[PropertyMapping]:
        found, order = mapping.mappings_in(source, tab=tab, query=query)
        return list(found.order_by(*order))

    assert rows("suggested") == [high, low]
    assert rows("needs") == rows("needs", "o'brien") == rows("needs", "0c3d") == [needs]
    assert rows("needs", "nowhere") == []
    assert (rows("mapped"), rows("ignored")) == ([mapped], [ignored])


@pytest.mark.parametrize(
    ("needs", "suggested", "mapped", "first"),
    [(1, 0, 5, "needs"), (0, 0, 5, "mapped"), (0, 0, 0, "needs"), (3, 1, 5, "suggested")],
)
def test_the_mapping_page_opens_where_work_waits(needs: int, suggested: int, mapped: int, first: str) -> None:
    assert mapping.TabCounts(needs, suggested, mapped, 0, 0).first_tab == first


def test_reasons_of_a_suggestion_read_as_a_sentence() -> None:
    row = PropertyMappingFactory.build(
        suggestion_parts=[
            {"part": "number", "points": 0, "of": 25, "words": "building numbers differ: 21 there, 21a here"},
            {"part": "street", "points": 25, "of": 25, "words": "street agrees"},
            {"part": "postcode", "points": 15, "of": 15, "words": "postcode agrees"},
            {"part": "distance", "points": 5, "of": 5, "words": "12 m apart"},
            {"veto": "building numbers differ: 21 there, 21a here"},
        ]
    )
    reasons = mapping.reasons_of(row)
    assert reasons.agree == "street and postcode agree"
    assert reasons.others == ["12 m apart"]
    assert reasons.veto == "building numbers differ: 21 there, 21a here"


def test_choices_are_ours_by_every_word_with_free_ones_first(
    source: Connection, organisation: Organisation, other_organisation: Organisation
) -> None:
    taken = PropertyFactory(organisation=organisation, name="1 Acacia Avenue")
    free = PropertyFactory(organisation=organisation, name="2 Acacia Avenue", suburb="Newtown")
    PropertyFactory(organisation=organisation, name="3 Acacia Avenue", status="archived")
    PropertyFactory(organisation=other_organisation, name="4 Acacia Avenue")
    block = PropertyFactory(organisation=organisation, name="5 Acacia Avenue")
    upper = UnitFactory(organisation=organisation, property=block, label="2")
    lower = UnitFactory(organisation=organisation, property=block, label="1")
    PropertyMappingFactory(
        organisation=organisation, connection=source, property=taken, state="mapped",
        provider_property_address="1 Acacia Ave",
    )  # fmt: skip
    row = PropertyMappingFactory(organisation=organisation, connection=source)
    options = mapping.property_options(row, query="acacia newt")
    assert [(item.home, item.unit, item.taken_by) for item in options] == [
        (free, None, ""),
        (block, lower, ""),
        (block, upper, ""),
        (taken, None, "1 Acacia Ave"),
    ]
    assert options[1].value == f"{block.id}:{lower.id}"
    assert options[1].name == "5 Acacia Avenue · 1"
    assert mapping.property_options(row, query="acacia hobart") == []
    row.suggested_property = taken
    assert mapping.property_options(row, query="")[0].home == taken
    assert queries_of(lambda: mapping.property_options(row, query="acacia")) == 3


def test_what_came_in_through_a_mapping(source: Connection, organisation: Organisation) -> None:
    of = {"organisation": organisation, "connection": source}
    row = PropertyMappingFactory(**of, provider_property_id="lot", state="unmapped")
    rent = TransactionFactory(organisation=organisation, amount=Decimal("640.00"))
    bill = TransactionFactory(organisation=organisation, amount=Decimal("99.10"), code="water")
    gone = TransactionFactory(organisation=organisation, status="reversed")
    for resource, entry in (("payment", rent), ("bill", bill), ("bill", gone)):
        ProviderRecordFactory(**of, resource=resource, property_ref="lot", verdict="imported", target_id=entry.id)
    ProviderRecordFactory(**of, property_ref="another lot", verdict="imported")
    ProviderRecordFactory(**of, property_ref="lot")
    imported = mapping.imported_through(row)
    assert imported.records == {"payment": 1, "bill": 2}
    assert (imported.transactions, imported.income, imported.expense) == (2, Decimal("640.00"), Decimal("99.10"))


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("550", "550"),
        ("$1,234.50", "1234.50"),
        ("-80.1", "-80.1"),
        ("−80", "-80"),
        ("12 Queen", None),
        ("1.234", None),
        ("", None),
    ],
)
def test_amounts_as_people_type_them(text: str, amount: str | None) -> None:
    assert records.amount_in(text) == (None if amount is None else Decimal(amount))


def test_records_are_found_by_id_amount_and_address(source: Connection, organisation: Organisation) -> None:
    of = {"organisation": organisation, "connection": source}
    PropertyMappingFactory(**of, provider_property_id="lot", provider_property_address="12 Queen Street, New Farm")
    rent = ProviderRecordFactory(**of, provider_id="77b0", amount="640.00", property_ref="lot")
    bill = ProviderRecordFactory(**of, provider_id="5150", amount="99.10", resource="bill", verdict="imported")
    ProviderRecordFactory(provider_id="77b0", amount="640.00")

    def find(query: str, **filters: str) -> tuple[str, list[object]]:
        found = records.search_records(source, query=query, **filters)
        return found.by, list(found.records.order_by("-id"))

    assert find("") == ("", [bill, rent])
    assert find("77b0") == find(str(rent.id)) == ("id", [rent])
    assert find("lot") == ("property", [rent])
    # An id made of figures is an id before it is an amount.
    assert find("5150") == ("id", [bill])
    assert find("$640") == ("amount", [rent])
    assert find("queen st") == ("address", [rent])
    assert find("nowhere") == ("address", [])
    assert find("", resource="bill") == ("", [bill])
    assert find("", verdict="unmapped") == ("", [rent])
    assert find("", verdict="imported") == ("", [bill])
    assert find("77b0", verdict="imported") == ("id", [])
    assert find("", resource="nonsense", verdict="nonsense") == ("", [bill, rent])


def test_an_address_that_fits_too_many_is_said(
    source: Connection, organisation: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "MOST_PROPERTIES", 2)
    PropertyMappingFactory.create_batch(3, organisation=organisation, connection=source)
    assert "More than 2 addresses" in records.search_records(source, query="acacia").note


def test_the_history_of_a_record_is_its_own(source: Connection, organisation: Organisation, admin_user: User) -> None:
    of = {"organisation": organisation, "connection": source}
    entry = TransactionFactory(organisation=organisation)
    run = SyncRunFactory(**of)
    record = ProviderRecordFactory(**of, target_id=entry.id, last_run_id=run.id, verdict="imported")
    changed = {"organisation": organisation, "action": "update"}
    change = run.changes.create(**changed, target="transaction", target_id=entry.id, record_id=record.id)
    run.changes.create(**changed, target="lease", target_id=organisation.id, record_id=organisation.id)
    conflict = ConflictFactory(**of, record=record, target_id=entry.id)
    revision = entry.revisions.create(organisation=organisation, reason="Checked", changed_by=admin_user)
    history = records.history_of(record)
    assert (history.changes, history.conflicts, history.revisions) == ([change], [conflict], [revision])
    assert history.runs == {run.id: run}
    assert records.transaction_of(record) == entry
    record.resource = "tenancy"
    assert records.transaction_of(record) is None


@pytest.mark.parametrize(
    ("done", "expected", "seconds", "rate", "left", "text"),
    [
        (0, 100, 5, None, None, ""),
        (31_400, 48_200, 5, 6280, 3, "6,280 a second · 3 s left"),
        (100, None, 10, 10, None, "10 a second"),
        (100, 100, 10, 10, None, "10 a second"),
        (100, 20_100, 10, 10, 2000, "10 a second · 33 min left"),
    ],
)
def test_progress_tells_rate_and_rest(
    done: int, expected: int | None, seconds: int, rate: int | None, left: int | None, text: str
) -> None:
    run = SyncRunFactory.build(
        status="running", done=done, expected=expected, started_at=NOW, finished_at=None,
        heartbeat_at=NOW + timedelta(seconds=seconds),
    )  # fmt: skip
    progress = runs.progress_of(run)
    assert (progress.rate, progress.left, progress.text) == (rate, left, text)


def test_counts_of_a_run_are_summed_and_kept_in_reading_order() -> None:
    counts = {"bill": {"seen": 2, "failed": 1}, "property": {"seen": 3, "unmapped": 2}}
    assert runs.totals_of(counts) == {"seen": 5, "failed": 1, "unmapped": 2}
    assert [(resource.value, numbers["seen"]) for resource, numbers in runs.by_resource(counts)] == [
        ("property", 3),
        ("bill", 2),
    ]


def test_the_working_run_is_the_newest_that_is_not_finished(source: Connection, organisation: Organisation) -> None:
    of = {"organisation": organisation, "connection": source}
    assert runs.working_run(source) is None
    SyncRunFactory(**of, status="queued")
    newest = SyncRunFactory(**of, status="running")
    SyncRunFactory(**of, status="held")
    assert runs.working_run(source) == newest


def test_money_of_a_plan_by_property(source: Connection, organisation: Organisation) -> None:
    plan = SyncPlanFactory(organisation=organisation, connection=source)
    large, small = PropertyFactory.create_batch(2, organisation=organisation)
    lines = {"organisation": organisation, "plan": plan}
    SyncPlanLineFactory(**lines, property_id=small.id, kind="income", amount="10.00")
    SyncPlanLineFactory(**lines, property_id=large.id, kind="income", amount="640.00")
    SyncPlanLineFactory(**lines, property_id=large.id, kind="expense", amount="99.10")
    SyncPlanLineFactory(**lines, property_id=large.id, action="update", kind="income", amount="5.00")
    totals = plans.totals_of(plan)
    assert [(row.property, row.lines, row.income, row.expense) for row in totals.rows] == [
        (large, 2, Decimal("640.00"), Decimal("99.10")),
        (small, 1, Decimal("10.00"), Decimal(0)),
    ]
    assert (totals.properties, totals.lines, totals.others) == (2, 3, 0)
    assert (totals.income, totals.expense) == (Decimal("650.00"), Decimal("99.10"))


def test_lines_that_were_not_carried_out_are_counted_once_applied(organisation: Organisation) -> None:
    plan = SyncPlanFactory(organisation=organisation)
    SyncPlanLineFactory(organisation=organisation, plan=plan, state="void")
    assert plans.void_count(plan) == 0
    plan.status = SyncPlan.Status.APPLIED
    assert plans.void_count(plan) == 1


def test_the_numbers_of_disconnecting(source: Connection, organisation: Organisation) -> None:
    of = {"organisation": organisation, "connection_id": source.id}
    TransactionFactory(**of, amount=Decimal("640.00"))
    TransactionFactory(**of, amount=Decimal("99.10"), code="water", exported_at=NOW)
    TransactionFactory(**of, status="reversed")
    TransactionFactory(organisation=organisation)
    PropertyMappingFactory(
        organisation=organisation,
        connection=source,
        state="mapped",
        property=PropertyFactory(organisation=organisation),
    )
    numbers = what_disconnecting_does(source)
    assert (numbers.mapped, numbers.transactions, numbers.kept) == (1, 2, 1)
    assert (numbers.income, numbers.expense) == (Decimal("640.00"), Decimal("99.10"))
