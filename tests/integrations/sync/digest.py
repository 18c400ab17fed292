"""Everything a sync leaves behind, without what differs from run to run: keys and times."""

from __future__ import annotations

from typing import Any

from accounting.models import Transaction, TransactionRevision
from integrations.models import Conflict, Connection, PropertyMapping, ProviderRecord, SyncCursor
from maintenance.models import WorkOrder
from properties.models import Owner, Unit
from tenancies.models import Lease, Tenant

Digest = dict[str, list[Any]]


def digest(source: Connection) -> Digest:
    """The books with their history, the mirror with its verdicts, and what else came in, as sorted lists."""
    entries = Transaction.objects.filter(connection_id=source.pk).select_related("category", "lease", "reverses")
    leases = Lease.objects.filter(connection_id=source.pk)
    orders = WorkOrder.objects.filter(connection_id=source.pk)
    tenants = Tenant.objects.filter(connection_id=source.pk)
    names = {row.pk: row.provider_transaction_id for row in entries}
    owners = Owner.objects.filter(connection_id=source.pk)
    names |= {row.pk: row.provider_id for rows in (leases, orders, tenants, owners) for row in rows}
    records = ProviderRecord.objects.filter(connection=source)
    ids = dict(records.values_list("id", "provider_id"))
    found: Digest = {
        "entries": [
            (
                row.provider_transaction_id, row.status, str(row.property_id), row.kind, row.category.code,
                row.category_reason, str(row.occurred_on), str(row.amount), str(row.tax_amount), row.description,
                row.counterparty, row.reference, row.job_ref, row.lease.provider_id if row.lease else "",
                row.reverses.provider_transaction_id if row.reverses else "",
            )
            for row in entries
        ],
        "history": [
            (names[row.transaction_id], row.reason, sorted(row.changes.items()))
            for row in TransactionRevision.objects.filter(transaction__connection_id=source.pk)
        ],
        "mirror": [
            (
                row.resource, row.provider_id, str(row.content_hash), row.verdict, row.reason, row.generation,
                row.missing_since is not None, names.get(row.target_id, str(row.target_id)),
            )
            for row in records
        ],
        "cards": [
            (ids[row.record_id], row.cause, row.state, sorted(row.changes.items()))
            for row in Conflict.objects.filter(connection=source)
        ],
        "leases": [
            (
                row.provider_id, str(row.unit_id), row.status, str(row.rent_amount), str(row.arrears_amount),
                row.tenant_names,
            )
            for row in leases
        ],
        "orders": [(row.provider_id, str(row.property_id), row.status, str(row.quoted_amount)) for row in orders],
        "owners": [(row.provider_id, row.name) for row in owners],
        "tenants": [(row.provider_id, row.name, row.email, row.phone) for row in tenants],
        "units": [
            (str(row.pk), row.status) for row in Unit.objects.filter(organisation_id=source.organisation_id)
        ],
        "mappings": [
            (row.provider_property_id, row.state, str(row.property_id), sorted(row.metadata.items()))
            for row in PropertyMapping.objects.filter(connection=source)
        ],
        "cursors": [
            (row.resource, row.value, row.position) for row in SyncCursor.objects.filter(connection=source)
        ],
    }  # fmt: skip
    return {name: sorted(rows, key=repr) for name, rows in found.items()}


def differences(found: Digest, wanted: Digest) -> dict[str, object]:
    """What is in one and not in the other, by list."""
    return {
        name: ([row for row in found[name] if row not in rows], [row for row in rows if row not in found[name]])
        for name, rows in wanted.items()
        if found[name] != rows
    }
