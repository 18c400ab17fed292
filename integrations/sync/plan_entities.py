"""What should become of properties, leases, contacts and jobs: pt_work in, pt_plan and row plans out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

import orjson

from core.changes import Changes
from integrations.models import Conflict, Connection, PropertyMapping
from integrations.records import Resource
from maintenance.services import imports as job_imports
from properties.models import Property, Unit
from tenancies.services import imports as lease_imports

_WORK = """
SELECT w.record_id, w.provider_id, w.content_hash, w.facts::text, w.property_ref, w.related_ref, w.reject, w.verdict,
  w.generation, w.target_id, coalesce(r.reason, '')
FROM pt_work w LEFT JOIN integrations_providerrecord r ON r.id = w.record_id
WHERE w.resource = %s ORDER BY w.record_id
"""
_PUT = """
INSERT INTO pt_plan VALUES (%s, %s, %s, %s, %s, %s, '', %s, NULL, NULL, '', NULL, '', NULL, NULL, NULL, '', '', '',
  false, '', '', %s::jsonb)
"""
UNMAPPED = "Its property is not mapped yet."
IGNORED = "You chose to ignore this property."
UNLISTED = "It names a property that the provider has not listed."
PAUSED = "Automatic sync is off for its property."


@dataclass(slots=True)
class Row:
    """A record of the chunk while it is planned, and the verdict it gets."""

    record_id: UUID
    provider_id: str
    content_hash: UUID
    facts: dict[str, Any]
    property_ref: str
    related_ref: str
    reject: str
    verdict: str
    generation: int
    target_id: UUID | None
    old_reason: str
    mapping: PropertyMapping | None = None
    action: str = ""
    reason: str = ""
    changes: Changes = field(default_factory=dict)
    held: Changes = field(default_factory=dict)
    plan: Any = None


VERDICT_OF = {
    "reject": "rejected",
    "dismissed": "dismissed",
    "unmapped": "unmapped",
    "unmap": "unmapped",
    "wait": "pending",
    "conflict": "conflict",
}


def read_rows(cursor: Any, *, source: Connection, resource: Resource) -> list[Row]:
    """The chunk's records of one resource with their mappings. Two queries."""
    cursor.execute(_WORK, [resource.value])
    rows = [
        Row(rid, pid, digest, orjson.loads(facts) if facts else {}, ref, related, reject, verdict, gen, target, why)
        for rid, pid, digest, facts, ref, related, reject, verdict, gen, target, why in cursor.fetchall()
    ]
    mappings = {
        mapping.provider_property_id: mapping
        for mapping in PropertyMapping.objects.filter(
            connection=source, provider_property_id__in={row.property_ref for row in rows}
        ).select_related("property", "unit")
    }
    for row in rows:
        row.mapping = mappings.get(row.property_ref)
    return rows


def settle_early(row: Row, *, manual: bool, exists: bool) -> bool:
    """Decides records that cannot be imported. Answers whether the record is settled."""
    mapping = row.mapping
    if row.reject:
        row.action, row.reason = "reject", row.reject
    elif row.verdict == "dismissed":
        row.action, row.reason = "dismissed", row.old_reason
    elif mapping is None or mapping.state != PropertyMapping.State.MAPPED or mapping.property is None:
        row.action = "unmap" if exists else "unmapped"
        row.reason = (
            UNLISTED if mapping is None else IGNORED if mapping.state == PropertyMapping.State.IGNORED else UNMAPPED
        )
    elif not mapping.auto_sync and not manual and not exists:
        row.action, row.reason = "wait", PAUSED
    return bool(row.action)


def plan_leases(source: Connection, rows: Sequence[Row], *, manual: bool, today: date) -> None:
    """Sets action and plan of each tenancy."""
    open_rows = [row for row in rows if not settle_early(row, manual=manual, exists=row.target_id is not None)]
    units = _units(open_rows)
    inputs = [
        lease_imports.LeaseInput(
            provider_id=row.provider_id,
            property=_property(row),
            unit=units[row.record_id],
            tenant_name=str(row.facts.get("name") or "Tenant"),
            tenant_ref=row.related_ref,
            tenant_email=str(row.facts.get("email") or ""),
            tenant_phone=str(row.facts.get("phone") or ""),
            values=lease_imports.lease_values(row.facts, today=today),
        )
        for row in open_rows
    ]
    plans = lease_imports.plan_leases(organisation=source.organisation, connection_id=source.id, inputs=inputs)
    for row, plan in zip(open_rows, plans, strict=True):
        row.plan, row.action, row.changes, row.held = plan, plan.action, plan.changes, plan.held
        row.target_id = plan.lease.id if plan.lease else None


def plan_jobs(source: Connection, rows: Sequence[Row], *, manual: bool) -> None:
    """Sets action and plan of each job."""
    open_rows = [row for row in rows if not settle_early(row, manual=manual, exists=row.target_id is not None)]
    inputs = [
        job_imports.JobInput(
            provider_id=row.provider_id,
            property=_property(row),
            unit=row.mapping.unit if row.mapping else None,
            values=job_imports.job_values(row.facts),
        )
        for row in open_rows
    ]
    plans = job_imports.plan_jobs(organisation=source.organisation, connection_id=source.id, inputs=inputs)
    for row, plan in zip(open_rows, plans, strict=True):
        row.plan, row.action, row.changes, row.held = plan, plan.action, plan.changes, plan.held
        row.target_id = plan.order.id if plan.order else None


def mark_held(rows: Sequence[Row]) -> None:
    """Turns changes of fields that a person edited into conflicts, unless they already chose ours over that value.

    Decided by value and not by content: arrears and days paid change with each payment, and must not ask anew.
    """
    held = [row for row in rows if row.held]
    decided: set[tuple[UUID, str, str]] = set()
    for record_id, changes in Conflict.objects.filter(
        record_id__in=[row.record_id for row in held], state=Conflict.State.KEPT_OURS
    ).values_list("record_id", "changes"):
        decided.update((record_id, name, theirs) for name, (_, theirs) in changes.items())
    for row in held:
        row.held = {
            name: change for name, change in row.held.items() if (row.record_id, name, change[1]) not in decided
        }
        if row.action != "update":
            row.action = "conflict" if row.held else "same"


def put_plan(cursor: Any, rows: Sequence[Row]) -> None:
    """Writes the decisions into pt_plan, where the mirror takes verdicts from."""
    cursor.executemany(
        _PUT,
        [
            (
                row.record_id,
                row.action,
                "conflict" if row.held else VERDICT_OF.get(row.action, "imported"),
                (row.reason or ("It changed at the provider, and a person changed ours." if row.held else ""))[:300],
                row.generation,
                row.target_id,
                row.mapping.property_id if row.mapping else None,
                orjson.dumps(row.changes or row.held).decode(),
            )
            for row in rows
        ],
    )


def _property(row: Row) -> Property:
    if row.mapping is None or row.mapping.property is None:
        raise LookupError("a record without a mapped property reached the import")
    return row.mapping.property


def _units(rows: Sequence[Row]) -> dict[UUID, Unit]:
    """The unit of each record: the mapping's own, else the property's only or first one."""
    wanted = {_property(row).id for row in rows if row.mapping and not row.mapping.unit_id}
    first: dict[UUID, Unit] = {}
    for item in Unit.objects.filter(property_id__in=wanted).order_by("-label", "-id"):
        first[item.property_id] = item
    found: dict[UUID, Unit] = {}
    for row in rows:
        home = _property(row)
        unit = (row.mapping.unit if row.mapping else None) or first.get(home.id)
        if unit is None:
            # Saved with the lease, and never by a preview.
            unit = first[home.id] = Unit(organisation_id=home.organisation_id, property=home)
        found[row.record_id] = unit
    return found
