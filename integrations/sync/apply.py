"""Carries out a chunk: plan, then the books, the leases or the work orders, then the mirror; all in one transaction."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from django.utils import timezone

from accounting.services import imports as ledger_imports
from integrations.models import Conflict, Connection, PropertyMapping, ProviderRecord, SyncChange, SyncPlan, SyncRun
from integrations.records import Resource
from integrations.specs import ProviderSpec
from integrations.sync import land, log, plan_listing
from integrations.sync.plan_entities import Row, mark_held, plan_jobs, plan_leases, put_plan, read_rows
from integrations.sync.plan_money import MoneyRules, plan_money
from integrations.sync.stage import MONEY
from integrations.sync.tally import Tally
from maintenance.services import imports as job_imports
from tenancies.models import Tenant
from tenancies.services import imports as lease_imports


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
    if resource in MONEY:
        plan_money(cursor, source=job.source, spec=job.spec, resource=resource, rules=job.rules, only_new=only_new)
        if job.preview is not None:
            log.keep_lines(cursor, plan=job.preview)
            return
        _apply_money(cursor, job, resource, only_new=only_new)
    else:
        rows = _plan_rows(cursor, job, resource)
        put_plan(cursor, rows)
        if job.preview is not None:
            log.keep_lines(cursor, plan=job.preview)
            return
        _log_rows(job, resource, rows)
        job.tally.add_actions(resource.value, Counter(row.action for row in rows))
    if fresh:
        land.write_mirror(cursor, source=job.source, run_id=job.run_id)
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
    )
    log.keep_conflicts(cursor, source=job.source, run_id=job.run_id, only_fresh=only_new)
    if not only_new:
        log.log_changes(
            cursor,
            source=job.source,
            run_id=job.run_id,
            target="transaction",
            actions=["update", "void", "unmap"],
        )
    job.tally.add_actions(resource.value, log.count_actions(cursor))
    job.tally.created += imported.created
    job.tally.income += imported.income
    job.tally.expense += imported.expense


def _plan_rows(cursor: Any, job: Job, resource: Resource) -> list[Row]:
    write = job.preview is None
    if resource == Resource.PROPERTY:
        rows, touched = plan_listing.list_properties(cursor, source=job.source)
        job.touched_mappings.extend(touched)
        if write:
            plan_listing.adopt_owners(job.source, rows)
        return rows
    if resource == Resource.CONTACT:
        return plan_listing.plan_contacts(cursor, source=job.source, write=write)
    rows = read_rows(cursor, source=job.source, resource=resource)
    if resource == Resource.TENANCY:
        plan_leases(job.source, rows, manual=job.rules.manual, today=job.today)
    else:
        plan_jobs(job.source, rows, manual=job.rules.manual)
    mark_held(rows)
    if write:
        _apply_leases(job, rows) if resource == Resource.TENANCY else _apply_jobs(job, rows)
    return rows


def _apply_leases(job: Job, rows: list[Row]) -> None:
    planned = [row for row in rows if row.plan is not None]
    tenants = lease_imports.apply_leases(
        organisation=job.source.organisation,
        provider=job.source.provider,
        connection_id=job.source.id,
        plans=[row.plan for row in planned],
    )
    for row in planned:
        row.target_id = row.plan.lease.id
    _withdraw(job, rows, lease_imports.withdraw_leases, "lease_ids")
    _note_in_mappings(planned)
    _claim_contacts(job.source, tenants)


def _apply_jobs(job: Job, rows: list[Row]) -> None:
    planned = [row for row in rows if row.plan is not None]
    job_imports.apply_jobs(
        organisation=job.source.organisation,
        provider=job.source.provider,
        connection_id=job.source.id,
        plans=[row.plan for row in planned],
    )
    for row in planned:
        row.target_id = row.plan.order.id
    _withdraw(job, rows, job_imports.withdraw_jobs, "order_ids")


def _withdraw(job: Job, rows: list[Row], service: Any, argument: str) -> None:
    """Takes back what records of no longer mapped properties had become."""
    leaving = [row for row in rows if row.action == "unmap"]
    if leaving:
        service(organisation=job.source.organisation, **{argument: [row.target_id for row in leaving]})
    for row in leaving:
        row.target_id = None


def _note_in_mappings(rows: list[Row]) -> None:
    """Lease and tenant details into the mapping's metadata; an ended lease never hides the current one."""
    changed: dict[UUID, PropertyMapping] = {}
    for row in rows:
        mapping = row.mapping
        if mapping is None:
            continue
        current = mapping.metadata.get("lease", {}).get("id")
        if row.plan.lease.status == "ended" and current not in (None, row.provider_id):
            continue
        facts = row.facts
        details = {
            "lease": {
                "id": row.provider_id,
                "status": row.plan.lease.status,
                **{
                    name: facts.get(name)
                    for name in ("starts_on", "ends_on", "vacates_on", "rent_amount", "rent_period", "paid_to",
                                 "bond_amount", "arrears_amount", "arrears_days")
                },
            },
            "tenant": {name: facts.get(name) for name in ("name", "email", "phone")},
        }  # fmt: skip
        if mapping.metadata != details:
            mapping.metadata = details
            changed[mapping.id] = mapping
    PropertyMapping.objects.bulk_update(changed.values(), ["metadata"], batch_size=500)


def _claim_contacts(source: Connection, tenants: list[Tenant]) -> None:
    """Contacts that waited for their lease now point at the tenant they became."""
    keys = {tenant.provider_id: tenant.id for tenant in tenants}
    waiting = ProviderRecord.objects.filter(
        connection=source, resource=Resource.CONTACT.value, provider_id__in=list(keys), target_id__isnull=True
    )
    for record in waiting:
        record.target_id, record.verdict, record.reason = keys[record.provider_id], "imported", ""
        record.save(update_fields=["target_id", "verdict", "reason"])


_TARGETS = {Resource.TENANCY: "lease", Resource.JOB: "work_order", Resource.CONTACT: "contact"}


def _log_rows(job: Job, resource: Resource, rows: list[Row]) -> None:
    if resource not in (Resource.TENANCY, Resource.JOB):
        return
    target = _TARGETS[resource]
    SyncChange.objects.bulk_create(
        [
            SyncChange(
                organisation_id=job.source.organisation_id,
                run=job.run,
                record_id=row.record_id,
                action=row.action,
                target=target,
                target_id=row.target_id,
                changes=row.changes,
            )
            for row in rows
            if row.action in ("create", "update") and row.target_id
        ],
        batch_size=500,
    )
    open_cards = [(row, row.target_id) for row in rows if row.held and row.target_id]
    settled = [row.record_id for row in rows if not row.held]
    Conflict.objects.filter(record_id__in=settled, state=Conflict.State.OPEN).update(
        state=Conflict.State.OBSOLETE, decided_at=timezone.now()
    )
    for row, target_id in open_cards:
        Conflict.objects.update_or_create(
            record_id=row.record_id,
            target_id=target_id,
            state=Conflict.State.OPEN,
            defaults={
                "organisation_id": job.source.organisation_id,
                "connection": job.source,
                "target": target,
                "cause": Conflict.Cause.EDITED,
                "changes": row.held,
                "content_hash": row.content_hash,
                "sync_run_id": job.run_id,
            },
        )
