from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from django.db.models import Q, QuerySet

from access.models import Organisation
from accounting.models import Transaction, TransactionRevision
from integrations.models import (
    Conflict,
    Connection,
    PropertyMapping,
    ProviderRecord,
    SyncChange,
    SyncRun,
    Verdict,
)
from integrations.records import Resource

_AMOUNT = re.compile(r"[-−]?\s*\$?\s*(\d{1,3}(?:,\d{3})+|\d{1,10})(\.\d{1,2})?")
# An address that fits more properties than this is not a search yet.
MOST_PROPERTIES = 200
LEDGER = (Resource.PAYMENT.value, Resource.BILL.value)
KINDS = frozenset(item.value for item in Resource)


@dataclass(frozen=True, slots=True)
class Found:
    """The answer of a search. `by` is property, id, amount, address or blank (no search); `note` is a sentence."""

    records: QuerySet[ProviderRecord]
    by: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class History:
    """All that happened to one record, newest first in each list."""

    changes: list[SyncChange]
    conflicts: list[Conflict]
    revisions: list[TransactionRevision]
    runs: dict[UUID, SyncRun]


def search_records(connection: Connection, *, query: str = "", resource: str = "", verdict: str = "") -> Found:
    """Records of a connection by id, amount or address, each looked up in an index; the first that fits decides."""
    records = ProviderRecord.objects.filter(connection=connection)
    if resource in KINDS:
        records = records.filter(resource=resource)
    if verdict in Verdict.values:
        records = _with_verdict(records, verdict)
    text = query.strip()
    if not text:
        return Found(records)
    if PropertyMapping.objects.filter(connection=connection, provider_property_id=text).exists():
        return Found(records.filter(property_ref=text), "property", "Records of the property with this id.")
    by_id = _ids_of(connection, text)
    if by_id:
        return Found(records.filter(id__in=by_id), "id", "The record with this id.")
    amount = amount_in(text)
    if amount is not None:
        return Found(records.filter(amount=amount), "amount", "Records of exactly this amount.")
    refs = list(
        PropertyMapping.objects.filter(connection=connection, provider_property_address__icontains=text)
        .order_by("provider_property_address")
        .values_list("provider_property_id", flat=True)[: MOST_PROPERTIES + 1]
    )
    if len(refs) > MOST_PROPERTIES:
        note = f"More than {MOST_PROPERTIES} addresses have “{text}”: the first {MOST_PROPERTIES} are searched."
    else:
        note = f"Records of {len(refs)} {'property' if len(refs) == 1 else 'properties'} with “{text}” in the address."
    return Found(records.filter(property_ref__in=refs[:MOST_PROPERTIES]), "address", note)


def amount_in(text: str) -> Decimal | None:
    """The amount a person typed: `550`, `$1,234.50`, `-80`; None when it is not an amount."""
    if not _AMOUNT.fullmatch(text):
        return None
    value = Decimal(re.sub(r"[^\d.]", "", text))
    return -value if text[0] in "-−" else value


def _with_verdict(records: QuerySet[ProviderRecord], verdict: str) -> QuerySet[ProviderRecord]:
    if verdict == Verdict.IMPORTED:
        return records.filter(verdict=verdict)
    # Said twice so that the planner may use the small index of everything that is not imported.
    return records.filter(verdict=verdict).exclude(verdict=Verdict.IMPORTED)


def _ids_of(connection: Connection, text: str) -> list[UUID]:
    """Records that carry this id: the provider's own, or ours."""
    own = ProviderRecord.objects.filter(connection=connection)
    found = list(own.filter(resource__in=list(Resource), provider_id=text).values_list("id", flat=True)[:10])
    with suppress(ValueError):
        found += own.filter(id=UUID(text)).values_list("id", flat=True)
    return found


def find_record(*, organisation: Organisation, record_id: UUID) -> ProviderRecord | None:
    return (
        ProviderRecord.objects.filter(organisation=organisation, id=record_id)
        .select_related("connection", "decided_by")
        .first()
    )


def mappings_for(connection: Connection, property_refs: Iterable[str]) -> dict[str, PropertyMapping]:
    """Mappings by the provider's property id, for the rows of a page. One query."""
    return {
        mapping.provider_property_id: mapping
        for mapping in PropertyMapping.objects.filter(
            connection=connection, provider_property_id__in=[ref for ref in property_refs if ref]
        ).select_related("property", "unit")
    }


def open_conflicts_for(records: Iterable[ProviderRecord]) -> dict[UUID, Conflict]:
    """Open conflicts by record id. One query."""
    return {
        conflict.record_id: conflict
        for conflict in Conflict.objects.filter(
            record_id__in=[record.id for record in records], state=Conflict.State.OPEN
        )
    }


def transaction_of(record: ProviderRecord) -> Transaction | None:
    """The line of the books a ledger record became."""
    if record.resource not in LEDGER or record.target_id is None:
        return None
    return (
        Transaction.objects.filter(organisation_id=record.organisation_id, id=record.target_id)
        .select_related("category", "property", "reversed_by")
        .first()
    )


def history_of(record: ProviderRecord, *, limit: int = 50) -> History:
    """What runs and people did with a record and with what it became."""
    by_record = Q(record_id=record.id)
    if record.target_id is not None:
        by_record |= Q(target_id=record.target_id)
    changes = list(SyncChange.objects.filter(by_record, organisation_id=record.organisation_id).order_by("-id")[:limit])
    conflicts = list(Conflict.objects.filter(record=record).select_related("decided_by").order_by("-id")[:limit])
    revisions: list[TransactionRevision] = []
    if record.resource in LEDGER and record.target_id is not None:
        revisions = list(
            TransactionRevision.objects.filter(transaction_id=record.target_id).select_related("changed_by")[:limit]
        )
    ids = {change.run_id for change in changes} | {record.last_run_id}
    runs = SyncRun.objects.filter(connection_id=record.connection_id, id__in=[item for item in ids if item])
    return History(changes, conflicts, revisions, {run.id: run for run in runs})
