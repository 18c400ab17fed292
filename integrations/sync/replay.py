"""Plans and applies what the mirror holds already: waiting records, a property just mapped, a preview, new rules."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from integrations.models import Connection, ProviderRecord, SyncPlan, SyncPlanLine
from integrations.records import Resource
from integrations.sync.apply import Job, work_chunk
from integrations.sync.pull import CHUNK_ROWS
from integrations.sync.work import chunk, stage_stored


def waiting(source: Connection) -> QuerySet[ProviderRecord]:
    """Records that no run has decided yet."""
    return ProviderRecord.objects.filter(connection=source, verdict="pending")


def of_properties(source: Connection, refs: Sequence[str]) -> QuerySet[ProviderRecord]:
    """Every record of these provider properties, and the contact cards of their owners and tenants."""
    records = ProviderRecord.objects.filter(connection=source, property_ref__in=refs)
    people = set(
        records.filter(resource=Resource.TENANCY.value).exclude(related_ref="").values_list("related_ref", flat=True)
    )
    for facts in records.filter(resource=Resource.PROPERTY.value).values_list("facts", flat=True):
        if facts and facts.get("owner_ref"):
            people.add(str(facts["owner_ref"]))
    return ProviderRecord.objects.filter(
        Q(property_ref__in=refs) | Q(resource=Resource.CONTACT.value, provider_id__in=people), connection=source
    )


def replay(job: Job, records: QuerySet[ProviderRecord], *, resources: Iterable[Resource] = Resource) -> None:
    """Works the records again, resource by resource, in chunks that each commit on their own."""
    for resource in resources:
        ids = list(records.filter(resource=resource.value).order_by("id").values_list("id", flat=True))
        for start in range(0, len(ids), CHUNK_ROWS):
            with chunk(job.source.id) as cursor:
                stage_stored(cursor, source=job.source, record_ids=ids[start : start + CHUNK_ROWS])
                job.tally.add(resource.value, "seen", len(ids[start : start + CHUNK_ROWS]))
                work_chunk(cursor, job, resource, fresh=False)


def apply_lines(job: Job, plan: SyncPlan) -> int:
    """Carries out exactly the lines of a preview. Answers how many were void, their record having changed meanwhile."""
    void = 0
    for resource in Resource:
        lines = list(
            plan.lines.filter(resource=resource.value, state=SyncPlanLine.State.PLANNED)
            .order_by("id")
            .values_list("id", "record_id", "content_hash", "action", "property_id", "changes")
        )
        for start in range(0, len(lines), CHUNK_ROWS):
            void += _apply_some(job, resource, lines[start : start + CHUNK_ROWS])
    return void


Line = tuple[UUID, UUID, UUID, str, UUID | None, dict[str, Any]]


def _apply_some(job: Job, resource: Resource, lines: Sequence[Line]) -> int:
    """One chunk of lines; in the same transaction each is marked as applied or void, so that a kill repeats none."""
    with chunk(job.source.id) as cursor:
        stage_stored(cursor, source=job.source, record_ids=[line[1] for line in lines])
        cursor.execute("SELECT record_id, content_hash FROM pt_work")
        current = dict(cursor.fetchall())
        job.agreed = {
            record: (action, home, changes)
            for _, record, digest, action, home, changes in lines
            if current.get(record) == digest
        }
        stale = [record for record in current if record not in job.agreed]
        cursor.execute("DELETE FROM pt_work WHERE record_id = ANY(%s)", [stale])
        try:
            work_chunk(cursor, job, resource, fresh=False)
        finally:
            job.agreed = None
        cursor.execute("SELECT record_id FROM pt_plan")
        done = {row[0] for row in cursor.fetchall()}
        job.tally.add(resource.value, "seen", len(done))
        applied = [line[0] for line in lines if line[1] in done]
        void = [line[0] for line in lines if line[1] not in done]
        SyncPlanLine.objects.filter(id__in=applied).update(state=SyncPlanLine.State.APPLIED)
        SyncPlanLine.objects.filter(id__in=void).update(state=SyncPlanLine.State.VOID)
    return len(void)
