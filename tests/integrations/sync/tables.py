"""Checks over whole tables: every record has its entry, every entry its record, every reversal its original."""

from __future__ import annotations

from collections import Counter
from uuid import UUID

from accounting.models import Category, Transaction
from integrations.models import Conflict, Connection, PropertyMapping, ProviderRecord
from maintenance.models import WorkOrder
from properties.models import Owner, Property, Unit
from tenancies.models import Lease, LeaseTenant, Tenant

MONEY = ("payment", "bill")


def check_tables(source: Connection) -> None:
    """Everything that must hold whatever happened, between any two transactions of anyone."""
    entries = {row.pk: row for row in Transaction.objects.filter(connection_id=source.pk)}
    records = list(ProviderRecord.objects.filter(connection=source).defer("payload", "facts"))
    _check_keys(entries)
    _check_money_records(entries, [record for record in records if record.resource in MONEY])
    _check_reversals(entries)
    _check_orphans(source, entries, records)
    _check_units(source)


def _check_keys(entries: dict[UUID, Transaction]) -> None:
    keys = Counter(entry.provider_transaction_id for entry in entries.values())
    assert {key: number for key, number in keys.items() if number > 1 or not key} == {}


def _check_money_records(entries: dict[UUID, Transaction], records: list[ProviderRecord]) -> None:
    reversing = {entry.reverses_id: entry for entry in entries.values() if entry.reverses_id}
    owners = Counter(record.target_id for record in records if record.target_id)
    assert {target: number for target, number in owners.items() if number > 1} == {}
    live = {pk for pk, entry in entries.items() if entry.status == "confirmed"}
    assert live - owners.keys() == set(), "a live entry belongs to no record"
    for record in records:
        entry = entries.get(record.target_id) if record.target_id else None
        name = (record.resource, record.provider_id, record.verdict, record.reason)
        if record.target_id:
            assert entry is not None, name
            assert entry.provider_transaction_id.split("~")[0] == record.provider_id, name
        if record.verdict == "imported":
            assert entry is not None, name
            # Voided at the provider, or reversed by a person since: the entry is there and cancelled.
            reversal = reversing.get(entry.pk)
            assert entry.status == "confirmed" or record.is_void or (reversal and not reversal.sync_run_id), name
        if record.verdict == "unmapped":
            assert entry is None or entry.status == "reversed", name
        assert record.verdict != "duplicate", name


def _check_reversals(entries: dict[UUID, Transaction]) -> None:
    reversing = Counter(entry.reverses_id for entry in entries.values() if entry.reverses_id)
    reversed_ones = {pk for pk, entry in entries.items() if entry.status == "reversed"}
    assert reversing == Counter(dict.fromkeys(reversed_ones, 1))
    for entry in entries.values():
        assert (entry.status == "reversal") == (entry.reverses_id is not None)
        if entry.reverses_id:
            old = entries[entry.reverses_id]
            assert (entry.amount, entry.tax_amount) == (
                -old.amount,
                None if old.tax_amount is None else -old.tax_amount,
            )
            assert (entry.property_id, entry.kind, entry.category_id) == (old.property_id, old.kind, old.category_id)


def _check_orphans(source: Connection, entries: dict[UUID, Transaction], records: list[ProviderRecord]) -> None:
    organisation = source.organisation_id
    homes = set(Property.objects.filter(organisation_id=organisation).values_list("id", flat=True))
    codes = set(Category.objects.filter(organisation_id=organisation).values_list("id", flat=True))
    leases = {lease.pk: lease for lease in Lease.objects.filter(connection_id=source.pk)}
    orders = set(WorkOrder.objects.filter(connection_id=source.pk).values_list("id", flat=True))
    people = set(Tenant.objects.filter(connection_id=source.pk).values_list("id", flat=True))
    owners = set(Owner.objects.filter(connection_id=source.pk).values_list("id", flat=True))
    for entry in entries.values():
        assert entry.property_id in homes
        assert entry.category_id in codes
        assert entry.lease_id is None or entry.lease_id in leases
    # Each of ours, by the kind of record it comes from, and each record's own.
    ours = {"tenancy": set(leases), "job": orders, "contact": people | owners, "property": homes}
    for resource, rows in ours.items():
        mine = [record for record in records if record.resource == resource]
        lost = {(record.provider_id, record.verdict) for record in mine if record.target_id} - {
            (record.provider_id, record.verdict) for record in mine if record.target_id in rows
        }
        assert lost == set(), f"{resource} records that point at nothing"
        if resource in ("tenancy", "job"):
            pointed = {record.target_id for record in mine}
            edited = set(Lease.objects.exclude(edited_fields=[]).values_list("id", flat=True))
            edited |= set(WorkOrder.objects.exclude(edited_fields=[]).values_list("id", flat=True))
            assert rows - pointed - edited == set(), f"{resource}: imported rows without a record"
            assert all(record.target_id for record in mine if record.verdict == "imported"), resource
    named = set(LeaseTenant.objects.filter(tenant__in=people).values_list("tenant_id", flat=True))
    assert people - named == set(), "tenants without a lease"
    mapped = dict(
        PropertyMapping.objects.filter(connection=source, state="mapped").values_list(
            "provider_property_id", "property_id"
        )
    )
    for record in records:
        if record.resource == "tenancy" and record.verdict == "imported" and record.property_ref in mapped:
            assert leases[record.target_id].property_id == mapped[record.property_ref]  # type: ignore[index]
    open_cards = Conflict.objects.filter(connection=source, state="open", target="transaction")
    by_id = {record.pk: record for record in records}
    for card in open_cards:
        # A person may have reversed it since; no sync may.
        reversal = next((entry for entry in entries.values() if entry.reverses_id == card.target_id), None)
        assert reversal is None or reversal.sync_run_id is None
        assert by_id[card.record_id].target_id == card.target_id


def _check_units(source: Connection) -> None:
    """A unit is let while a lease on it runs, and vacant otherwise."""
    found: dict[UUID, set[str]] = {}
    for unit, status in Lease.objects.filter(organisation_id=source.organisation_id).values_list("unit_id", "status"):
        found.setdefault(unit, set()).add(status)
    for unit in Unit.objects.filter(organisation_id=source.organisation_id).exclude(status="offline"):
        statuses = found.get(unit.pk, set())
        wanted = "occupied" if "active" in statuses else "notice" if "notice" in statuses else "vacant"
        assert unit.status == wanted, (unit.pk, statuses)
