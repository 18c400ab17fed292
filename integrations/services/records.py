"""A person's decisions about single remote records."""

from __future__ import annotations

from django.db import transaction

from access.models import User
from core.errors import DomainError
from integrations.models import ProviderRecord, Verdict
from integrations.services.sync import request_apply


@transaction.atomic
def dismiss_record(*, record: ProviderRecord, user: User, reason: str = "") -> ProviderRecord:
    """Sets a record aside: no sync imports it until it is restored or its mapping changes.

    Raises DomainError `imported` for a record in the books: undo its run or reverse the entry instead.
    """
    locked = ProviderRecord.objects.select_for_update(of=("self",)).get(pk=record.pk)
    if locked.verdict == Verdict.IMPORTED:
        raise DomainError("imported", "This record is in the books. Reverse its entry, or undo the run that imported it.")
    locked.verdict, locked.decided_by = Verdict.DISMISSED, user
    locked.reason = (reason.strip() or f"Dismissed by {user}.")[:300]
    locked.save(update_fields=["verdict", "reason", "decided_by"])
    locked.conflicts.filter(state="open").update(state="ours", decided_by=user)
    return locked


def restore_record(*, record: ProviderRecord, user: User) -> ProviderRecord:
    """Takes a dismissal back; the record is worked again at once."""
    return _work_again(record, user)


def retry_record(*, record: ProviderRecord, user: User) -> ProviderRecord:
    """Works a record again: after a mapping, reopened books or a corrected mapping rule."""
    return _work_again(record, user)


@transaction.atomic
def _work_again(record: ProviderRecord, user: User) -> ProviderRecord:
    locked = ProviderRecord.objects.select_for_update(of=("self",)).select_related("connection").get(pk=record.pk)
    if locked.verdict == Verdict.IMPORTED:
        raise DomainError("imported", "This record is in the books already.")
    locked.verdict, locked.reason, locked.decided_by = Verdict.PENDING, "Waits to be worked again.", user
    locked.save(update_fields=["verdict", "reason", "decided_by"])
    request_apply(connection=locked.connection, user=user, trigger="person")
    return locked
