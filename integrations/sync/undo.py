"""Undoes a run: each row is reversed, kept because a person changed it, or blocked because it is exported or closed."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils import timezone

from accounting.models import Transaction, TransactionRevision
from accounting.services import reversals
from core.changes import as_text, column, from_text
from integrations.models import ProviderRecord, SyncChange, SyncRun
from integrations.sync.apply import Job
from integrations.sync.work import chunk
from maintenance.models import WorkOrder
from maintenance.services import imports as job_imports
from tenancies.models import Lease
from tenancies.services import imports as lease_imports

_DISMISS = """
UPDATE integrations_providerrecord r SET verdict = 'dismissed', reason = %s, last_run_id = %s, decided_by_id = %s
FROM pt_reversed d WHERE r.connection_id = %s AND r.resource IN ('payment', 'bill') AND r.target_id = d.id
"""


def execute(job: Job, run: SyncRun) -> None:
    """Carries out an undo run, all of it or nothing. What it takes back stays dismissed until its mapping changes."""
    undone = run.undoes
    if undone is None:
        raise LookupError("an undo run names the run it undoes")
    reason = "Its import was undone."
    with chunk() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = on; SET LOCAL enable_hashjoin = on")
        number = reversals.reverse_created(
            cursor,
            organisation=job.source.organisation,
            undone_run_id=undone.id,
            run_id=run.id,
            closed_through=job.rules.closed_through,
        )
        cursor.execute(_DISMISS, [reason, run.id, run.requested_by_id, job.source.id])
        job.tally.add("transaction", "updated", number)
        for change in undone.changes.filter(target="transaction").order_by("-id"):
            _undo_transaction(job, run, change)
        _undo_rows(job, run, undone, Lease, "lease")
        _undo_rows(job, run, undone, WorkOrder, "work_order")


def is_protected(row: Transaction, closed_through: Any) -> str:
    """Why a transaction may not be changed by an undo: blocked, kept, or blank when it may."""
    if row.exported_at or (closed_through and row.occurred_on <= closed_through):
        return reversals.BLOCKED
    return reversals.KEPT if row.edited_at else ""


def _undo_transaction(job: Job, run: SyncRun, change: SyncChange) -> None:
    row = Transaction.objects.select_for_update(of=("self",)).filter(pk=change.target_id).first()
    if row is None or is_protected(row, job.rules.closed_through):
        job.tally.add("transaction", "skipped")
        return
    if change.action == "void":
        record = ProviderRecord.objects.select_for_update().filter(pk=change.record_id, target_id=row.pk).first()
        if record is not None and row.status == Transaction.Status.REVERSED:
            record.generation += 1
            record.target_id = reversals.restore_voided(
                transaction=row,
                provider_transaction_id=f"{record.provider_id}~{record.generation}",
                user=run.requested_by,
                reason="A sync run was undone.",
                sync_run_id=run.id,
            ).pk
            record.save(update_fields=["generation", "target_id"])
            _dismiss(run, change)
            job.tally.add("transaction", "updated")
        return
    if row.status != Transaction.Status.CONFIRMED:
        return
    if restore(row, change.changes):
        TransactionRevision.objects.create(
            organisation_id=row.organisation_id,
            transaction=row,
            changes={name: [new, old] for name, (old, new) in change.changes.items()},
            reason="A sync run was undone.",
            changed_by=run.requested_by,
            sync_run_id=run.id,
        )
        _dismiss(run, change)
        job.tally.add("transaction", "updated")
    else:
        job.tally.add("transaction", "skipped")


def restore(row: models.Model, changes: dict[str, list[str]]) -> bool:
    """Puts the old values back where the row still has the new ones. Answers whether it did."""
    fields = {name: column(row, name) for name in changes}
    for name, (_, new) in changes.items():
        if as_text(fields[name].value_from_object(row)) != new:
            return False
    for name, (old, _) in changes.items():
        setattr(row, fields[name].attname, from_text(fields[name], old))
    row.save()
    return True


def _dismiss(run: SyncRun, change: SyncChange) -> None:
    ProviderRecord.objects.filter(pk=change.record_id).update(
        verdict="dismissed",
        reason="A change to it was undone; ours stays as it was.",
        decided_by_id=run.requested_by_id,
        last_run_id=run.id,
    )


def _undo_rows(job: Job, run: SyncRun, undone: SyncRun, model: type[Lease] | type[WorkOrder], target: str) -> None:
    changes = list(undone.changes.filter(target=target).order_by("-id"))
    rows = {row.pk: row for row in model.objects.filter(pk__in=[change.target_id for change in changes])}
    created, records = [], []
    for change in changes:
        row = rows.get(change.target_id)
        if row is None or row.edited_fields or (change.action == "create" and _in_use(row)):
            job.tally.add(target, "skipped")
        elif change.action == "create":
            created.append(row.pk)
            records.append(change.record_id)
        elif restore(row, change.changes):
            records.append(change.record_id)
            job.tally.add(target, "updated")
        else:
            job.tally.add(target, "skipped")
    organisation = job.source.organisation
    if target == "lease":
        restored = {row.unit_id for row in rows.values() if isinstance(row, Lease) and row.pk not in created}
        lease_imports.withdraw_leases(organisation=organisation, lease_ids=created)
        lease_imports.refresh_unit_status(unit_ids=restored)
    else:
        job_imports.withdraw_jobs(organisation=organisation, order_ids=created)
    job.tally.add(target, "updated", len(created))
    ProviderRecord.objects.filter(pk__in=records).update(
        verdict="dismissed", reason="Its import was undone.", decided_by_id=run.requested_by_id, last_run_id=run.id
    )
    ProviderRecord.objects.filter(pk__in=records, target_id__in=created).update(target_id=None)
    SyncRun.objects.filter(pk=run.pk).update(heartbeat_at=timezone.now())


def _in_use(row: Lease | WorkOrder) -> bool:
    """A lease with live money stays: its rent would lose the agreement it was paid under."""
    return (
        isinstance(row, Lease)
        and Transaction.objects.filter(
            property_id=row.property_id, lease_id=row.pk, status=Transaction.Status.CONFIRMED
        ).exists()
    )
