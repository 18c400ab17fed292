"""A person's decisions about single remote records."""

from __future__ import annotations

from datetime import date

import orjson
from django.db import transaction
from django.utils import timezone

from access.models import User
from core.errors import DomainError
from integrations.adapters import normaliser
from integrations.models import ProviderRecord, Verdict
from integrations.records import Resource
from integrations.services.sync import request_apply
from integrations.sync.stage import columns


@transaction.atomic
def dismiss_record(*, record: ProviderRecord, user: User, reason: str = "") -> ProviderRecord:
    """Sets a record aside: no sync imports it until it is restored or its mapping changes.

    Raises DomainError `imported` for a record in the books: undo its run or reverse the entry instead.
    """
    locked = ProviderRecord.objects.select_for_update(of=("self",)).get(pk=record.pk)
    if locked.verdict == Verdict.IMPORTED:
        raise DomainError(
            "imported", "This record is in the books. Reverse its entry, or undo the run that imported it."
        )
    locked.verdict, locked.decided_by = Verdict.DISMISSED, user
    locked.reason = (reason.strip() or f"Dismissed by {user}.")[:300]
    locked.save(update_fields=["verdict", "reason", "decided_by"])
    locked.conflicts.filter(state="open").update(state="ours", decided_by=user, decided_at=timezone.now())
    return locked


def restore_record(*, record: ProviderRecord, user: User) -> ProviderRecord:
    """Takes a dismissal back; the record is worked again at once."""
    return _work_again(record, user)


def retry_record(*, record: ProviderRecord, user: User) -> ProviderRecord:
    """Works a record again: after a mapping, reopened books or a corrected mapping rule."""
    return _work_again(record, user)


@transaction.atomic
def _work_again(record: ProviderRecord, user: User) -> ProviderRecord:
    locked = (
        ProviderRecord.objects.select_for_update(of=("self",))
        .select_related("connection__organisation")
        .get(pk=record.pk)
    )
    if locked.verdict == Verdict.IMPORTED:
        raise DomainError("imported", "This record is in the books already.")
    reject = _read_anew(locked) if locked.facts is None else ""
    locked.verdict, locked.reason, locked.decided_by = Verdict.PENDING, "Waits to be worked again.", user
    if reject:
        locked.verdict, locked.reason = Verdict.REJECTED, reject
    locked.save()
    if reject:
        return locked
    request_apply(connection=locked.connection, user=user, trigger="person")
    return locked


def _read_anew(record: ProviderRecord) -> str:
    """Reads a payload that could not be read before with the mapping as it is now. Answers why not, or blank."""
    found = columns(Resource(record.resource), record.payload, normaliser(record.connection))
    if found.reject:
        return found.reject
    record.property_ref, record.related_ref, record.label = found.property_ref, found.related_ref, found.label
    record.amount, record.is_void = found.amount, found.is_void
    record.occurred_on = date.fromisoformat(found.occurred_on) if found.occurred_on else None
    record.facts = orjson.loads(found.facts or "{}")
    return ""
