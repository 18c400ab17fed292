"""Undoes a run: each row is reversed, kept because a person changed it, or blocked because it is exported or closed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.db import models
from django.utils import timezone

from accounting.models import Transaction, TransactionRevision
from accounting.services import reversals
from core.changes import as_text, column, from_text
from integrations.models import ProviderRecord, SyncChange, SyncRun
from integrations.sync.apply import Job
from integrations.sync.people import withdraw_leases
from integrations.sync.work import chunk
from maintenance.models import WorkOrder
from maintenance.services import imports as job_imports
from properties.models import Owner
from tenancies.models import Lease, Tenant
from tenancies.services import imports as lease_imports

_DISMISS = """
UPDATE integrations_providerrecord r SET verdict = 'dismissed', reason = %s, last_run_id = %s, decided_by_id = %s
FROM pt_reversed d WHERE r.connection_id = %s AND r.resource IN ('payment', 'bill') AND r.target_id = d.id
"""


_MODELS: dict[str, type[models.Model]] = {
    "transaction": Transaction,
    "lease": Lease,
    "work_order": WorkOrder,
    "tenant": Tenant,
    "owner": Owner,
}


def execute(job: Job, run: SyncRun) -> None:
    """Carries out an undo run, all of it or nothing. What it takes back stays dismissed until its mapping changes."""
    undone = run.undoes
    if undone is None:
        raise LookupError("an undo run names the run it undoes")
    reason = "Its import was undone."
    with chunk(job.source.id) as cursor:
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
        _carry_out(job, run, sort_changes(undone, closed_through=job.rules.closed_through, lock=True))
        SyncRun.objects.filter(pk=run.pk).update(heartbeat_at=timezone.now())


@dataclass(slots=True)
class Step:
    """A change of the undone run with what becomes of it. Of reversed ones `row` has the old values, not yet saved."""

    change: SyncChange
    bucket: str
    row: Any = None


def sort_changes(undone: SyncRun, *, closed_through: date | None, lock: bool = False) -> list[Step]:
    """What undoing would do with each logged change, newest first: the confirm page and the undo itself ask here."""
    changes = list(undone.changes.order_by("-id"))
    rows: dict[UUID, Any] = {}
    for target, model in _MODELS.items():
        found = model._default_manager.filter(pk__in=[c.target_id for c in changes if c.target == target])
        rows |= {row.pk: row for row in (found.select_for_update(of=("self",)) if lock else found)}
    leases = [c.target_id for c in changes if c.target == "lease" and c.action == "create"]
    in_use = _leases_in_use(undone, leases, rows, closed_through)
    live = set(
        ProviderRecord.objects.filter(pk__in=[c.record_id for c in changes if c.action == "void"]).values_list(
            "pk", "target_id"
        )
    )
    return [
        Step(
            change,
            _bucket(change, rows.get(change.target_id), closed_through, in_use, live),
            rows.get(change.target_id),
        )
        for change in changes
    ]


def _bucket(
    change: SyncChange,
    row: Any,
    closed_through: date | None,
    in_use: set[UUID],
    live: set[tuple[UUID, UUID | None]],
) -> str:
    if row is None:
        return reversals.KEPT
    if isinstance(row, Transaction):
        protected = is_protected(row, closed_through)
        if protected:
            return protected
        if change.action == "void":
            is_last = row.status == Transaction.Status.REVERSED and (change.record_id, row.pk) in live
            return reversals.REVERSED if is_last else reversals.KEPT
        if row.status != Transaction.Status.CONFIRMED:
            return reversals.KEPT
    elif getattr(row, "edited_fields", None) or row.pk in in_use:
        return reversals.KEPT
    if change.action == "create":
        return reversals.REVERSED
    return reversals.REVERSED if restore(row, change.changes) else reversals.KEPT


def _leases_in_use(
    undone: SyncRun, leases: list[UUID], rows: dict[UUID, Any], closed_through: date | None
) -> set[UUID]:
    """Created leases whose money stays: without them their rent would lose the agreement it was paid under."""
    if not leases:
        return set()
    going = reversals.sort_created(
        organisation=undone.organisation, run_id=undone.pk, closed_through=closed_through
    ).filter(bucket=reversals.REVERSED)
    homes = {rows[lease].property_id for lease in leases if lease in rows}
    staying = Transaction.objects.filter(
        property_id__in=homes, lease_id__in=leases, status=Transaction.Status.CONFIRMED
    ).exclude(pk__in=going.values("pk"))
    return set(staying.values_list("lease_id", flat=True).distinct())


def is_protected(row: Transaction, closed_through: Any) -> str:
    """Why a transaction may not be changed by an undo: blocked, kept, or blank when it may."""
    if row.exported_at or (closed_through and row.occurred_on <= closed_through):
        return reversals.BLOCKED
    return reversals.KEPT if row.edited_at else ""


def _carry_out(job: Job, run: SyncRun, steps: list[Step]) -> None:
    created: dict[str, list[UUID]] = {"lease": [], "work_order": []}
    # Units that leases leave as well as those they return to.
    units = {step.row.unit_id for step in steps if isinstance(step.row, Lease)}
    units |= {UUID(unit) for step in steps for unit in step.change.changes.get("unit_id", []) if unit}
    for step in steps:
        change = step.change
        done = step.bucket == reversals.REVERSED
        job.tally.add(change.target, "updated" if done else "skipped")
        if not done:
            continue
        if change.action == "void":
            _restore_voided(run, step)
        elif change.action == "create":
            created[change.target].append(step.row.pk)
            _dismiss(run, change, "Its import was undone.", target_id=None)
            continue
        else:
            step.row.save()
            if isinstance(step.row, Transaction):
                _note_revision(run, step)
        if change.target not in ("tenant", "owner"):
            _dismiss(run, change, "A change to it was undone; ours stays as it was.")
    withdraw_leases(source=job.source, lease_ids=created["lease"])
    lease_imports.refresh_unit_status(unit_ids=units)
    job_imports.withdraw_jobs(organisation=job.source.organisation, order_ids=created["work_order"])


def _restore_voided(run: SyncRun, step: Step) -> None:
    record = ProviderRecord.objects.select_for_update().get(pk=step.change.record_id)
    record.generation += 1
    record.target_id = reversals.restore_voided(
        transaction=step.row,
        provider_transaction_id=f"{record.provider_id}~{record.generation}",
        user=run.requested_by,
        reason="A sync run was undone.",
        sync_run_id=run.id,
    ).pk
    record.save(update_fields=["generation", "target_id"])


def _note_revision(run: SyncRun, step: Step) -> None:
    TransactionRevision.objects.create(
        organisation_id=step.row.organisation_id,
        transaction=step.row,
        changes={name: [new, old] for name, (old, new) in step.change.changes.items()},
        reason="A sync run was undone.",
        changed_by=run.requested_by,
        sync_run_id=run.id,
    )


def restore(row: models.Model, changes: dict[str, list[str]]) -> bool:
    """Sets the old values, unsaved, where the row still has the new ones. Answers whether it did."""
    fields = {name: column(row, name) for name in changes}
    for name, (_, new) in changes.items():
        if as_text(fields[name].value_from_object(row)) != new:
            return False
    for name, (old, _) in changes.items():
        setattr(row, fields[name].attname, from_text(fields[name], old))
    return True


def _dismiss(run: SyncRun, change: SyncChange, reason: str, **more: Any) -> None:
    ProviderRecord.objects.filter(pk=change.record_id).update(
        verdict="dismissed", reason=reason, decided_by_id=run.requested_by_id, last_run_id=run.id, **more
    )
