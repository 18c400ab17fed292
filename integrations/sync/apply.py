"""Carries out a chunk: plan, then the books, the leases or the work orders, then the mirror; all in one transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any
from uuid import UUID

import orjson

from accounting.services import imports as ledger_imports
from accounting.services import periods
from integrations.models import Connection, SyncPlan, SyncRun
from integrations.records import Resource
from integrations.specs import ProviderSpec
from integrations.sync import apply_entities, land, log, plan_listing
from integrations.sync.plan_entities import Row, mark_held, plan_jobs, plan_leases, put_plan, read_rows
from integrations.sync.plan_money import MoneyRules, plan_money
from integrations.sync.stage import MONEY
from integrations.sync.tally import Tally
from integrations.sync.work import hold_known

Agreed = tuple[str, UUID | None, dict[str, Any]]


@dataclass(slots=True)
class Job:
    """What a chunk is worked under. With a `preview`, lines are stored and nothing else changes."""

    source: Connection
    spec: ProviderSpec
    rules: MoneyRules
    today: date
    tally: Tally
    run: SyncRun | None = None
    preview: SyncPlan | None = None
    # While a stored plan is carried out: record -> action, property and changes that a person agreed to.
    agreed: Mapping[UUID, Agreed] | None = None
    # Mappings whose address changed or that are new: their suggestions are worked out after the run.
    touched_mappings: list[Any] = field(default_factory=list)

    @property
    def run_id(self) -> UUID:
        if self.run is None:
            raise LookupError("only a run writes")
        return self.run.id


def work_chunk(cursor: Any, job: Job, resource: Resource, *, fresh: bool, only_new: bool = False) -> None:
    """Plans and carries out what is in pt_work for one resource.

    `fresh` rows come from the provider and are written to the mirror whole; others only change their verdict.
    `only_new` says that the mirror knew none of them.
    """
    rows: list[Row] = []
    if not only_new:
        hold_known(cursor)
    if resource in MONEY:
        # A long run does not go by what was closed when it began.
        job.rules = replace(job.rules, closed_through=periods.closed_through(job.source.organisation))
        plan_money(cursor, source=job.source, spec=job.spec, resource=resource, rules=job.rules, only_new=only_new)
    else:
        rows = _plan_rows(cursor, job, resource)
        put_plan(cursor, rows)
    if job.preview is not None:
        log.keep_lines(cursor, plan=job.preview)
        return
    if job.agreed is not None:
        dropped = _drop_what_differs(cursor, job.agreed)
        rows = [row for row in rows if row.record_id not in dropped]
    if resource in MONEY:
        _apply_money(cursor, job, resource, only_new=only_new)
    else:
        _apply_rows(cursor, job, resource, rows)
    if fresh:
        land.write_mirror(cursor, source=job.source, run_id=job.run_id, only_new=only_new)
    else:
        land.write_verdicts(cursor, run_id=job.run_id)


def _apply_money(cursor: Any, job: Job, resource: Resource, *, only_new: bool) -> None:
    imported = ledger_imports.import_planned(
        cursor,
        organisation=job.source.organisation,
        provider=job.source.provider,
        connection_id=job.source.id,
        run_id=job.run_id,
        update_reason=f"Changed in {job.spec.label}.",
        only_new=only_new,
    )
    log.keep_conflicts(
        cursor,
        source=job.source,
        run_id=job.run_id,
        any_open="conflict" in imported.actions,
        only_fresh=only_new,
    )
    if not only_new:
        log.log_changes(
            cursor,
            source=job.source,
            run_id=job.run_id,
            target="transaction",
            actions=["update", "void", "unmap"],
        )
    job.tally.add_actions(resource.value, imported.actions)
    job.tally.created += imported.created
    job.tally.income += imported.income
    job.tally.expense += imported.expense


def _plan_rows(cursor: Any, job: Job, resource: Resource) -> list[Row]:
    if resource == Resource.PROPERTY:
        rows, touched = plan_listing.list_properties(cursor, source=job.source)
        job.touched_mappings.extend(touched)
        if job.run is not None and job.run.sync_type == SyncRun.Type.PREVIEW:
            plan_listing.postpone_owners(rows)
        return rows
    if resource == Resource.CONTACT:
        return plan_listing.plan_contacts(cursor, source=job.source)
    rows = read_rows(cursor, source=job.source, resource=resource)
    if resource == Resource.TENANCY:
        plan_leases(job.source, rows, manual=job.rules.manual, today=job.today)
    else:
        plan_jobs(job.source, rows, manual=job.rules.manual)
    mark_held(rows)
    return rows


def _drop_what_differs(cursor: Any, agreed: Mapping[UUID, Agreed]) -> set[UUID]:
    """Takes out of the plan what is no longer what the person agreed to: a decision was made or ours changed since."""
    cursor.execute("SELECT record_id, action, property_id, changes::text FROM pt_plan")
    differing = {
        record_id
        for record_id, action, property_id, changes in cursor.fetchall()
        if agreed.get(record_id) != (action, property_id, orjson.loads(changes))
    }
    cursor.execute("DELETE FROM pt_plan WHERE record_id = ANY(%s)", [list(differing)])
    return differing


def _apply_rows(cursor: Any, job: Job, resource: Resource, rows: list[Row]) -> None:
    match resource:
        case Resource.PROPERTY:
            plan_listing.adopt_owners(job.source, rows)
        case Resource.CONTACT:
            plan_listing.write_contacts(rows)
            apply_entities.log_people(job.source, job.run_id, rows)
        case Resource.TENANCY:
            apply_entities.apply_leases(job.source, rows)
            apply_entities.log_rows(job.source, job.run_id, "lease", rows)
        case _:
            apply_entities.apply_jobs(job.source, rows)
            apply_entities.log_rows(job.source, job.run_id, "work_order", rows)
    apply_entities.note_targets(cursor, rows)
    job.tally.add_actions(resource.value, Counter(row.action for row in rows))
