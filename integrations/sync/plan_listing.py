"""Properties and contacts: what the mapping page lists, and the people whom leases and bills name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from core.changes import differences
from integrations.models import Connection, PropertyMapping
from integrations.records import Resource
from integrations.sync.people import TENANT_WAITS
from integrations.sync.plan_entities import IGNORED, UNMAPPED, Row, read_rows
from properties.models import Owner
from tenancies.models import Tenant
from tenancies.services import imports as lease_imports

_MAPPINGS = """
INSERT INTO integrations_propertymapping AS m (id, created_at, updated_at, organisation_id, connection_id,
  provider_property_id, provider_property_address, facts, state, auto_sync, metadata, suggestion_parts)
SELECT pt_uuid7(), now(), now(), %(organisation)s, %(connection)s, w.provider_id, left(w.label, 400), w.facts,
  'unmapped', true, '{}', '[]'
FROM pt_work w WHERE w.resource = 'property' AND w.reject = ''
ON CONFLICT (connection_id, provider_property_id) DO UPDATE SET updated_at = now(), facts = EXCLUDED.facts,
  provider_property_address = EXCLUDED.provider_property_address
  WHERE (m.facts, m.provider_property_address) IS DISTINCT FROM (EXCLUDED.facts, EXCLUDED.provider_property_address)
RETURNING m.id
"""


def list_properties(cursor: Any, *, source: Connection) -> tuple[list[Row], list[Any]]:
    """Keeps the mapping page's list in step and answers the chunk's rows and the keys of mappings that changed."""
    cursor.execute(_MAPPINGS, {"organisation": source.organisation_id, "connection": source.id})
    touched = [row[0] for row in cursor.fetchall()]
    rows = read_rows(cursor, source=source, resource=Resource.PROPERTY)
    for row in rows:
        mapping = row.mapping
        if row.reject:
            row.action, row.reason = "reject", row.reject
        elif mapping is not None and mapping.state == PropertyMapping.State.MAPPED:
            row.action, row.target_id = "same", mapping.property_id
        else:
            ignored = mapping is not None and mapping.state == PropertyMapping.State.IGNORED
            row.action, row.reason, row.target_id = "unmapped", IGNORED if ignored else UNMAPPED, None
    return rows, touched


def _lacking_owners(rows: list[Row]) -> list[Row]:
    return [
        row
        for row in rows
        if row.action == "same" and row.mapping and row.mapping.property and row.facts.get("owner_ref")
        and row.mapping.property.owner_id is None
    ]  # fmt: skip


def postpone_owners(rows: list[Row]) -> None:
    """Leaves properties whose owner is not named yet to a later sync: a preview writes nothing."""
    for row in _lacking_owners(rows):
        row.action, row.reason = "wait", "Its owner is named with the next sync."


def adopt_owners(source: Connection, rows: list[Row]) -> None:
    """Names the owner of mapped properties that have none. An owner chosen by a person is left alone."""
    wanted = _lacking_owners(rows)
    if not wanted:
        return
    refs = {str(row.facts["owner_ref"]): str(row.facts.get("owner_name") or "Owner") for row in wanted}
    owners = {
        owner.provider_id: owner
        for owner in Owner.objects.filter(
            organisation=source.organisation, connection_id=source.id, provider_id__in=list(refs)
        )
    }
    created = [
        Owner(
            organisation=source.organisation,
            provider=source.provider,
            connection_id=source.id,
            provider_id=ref,
            name=name[:200],
        )
        for ref, name in refs.items()
        if ref not in owners
    ]
    Owner.objects.bulk_create(created)
    owners.update({owner.provider_id: owner for owner in created})
    for row in wanted:
        if row.mapping and row.mapping.property:
            row.mapping.property.owner = owners[str(row.facts["owner_ref"])]
            row.mapping.property.save(update_fields=["owner", "updated_at"])


def plan_contacts(cursor: Any, *, source: Connection) -> list[Row]:
    """What is to change in tenants and owners we have; other contacts wait for their lease or property."""
    rows = read_rows(cursor, source=source, resource=Resource.CONTACT)
    refs = [row.provider_id for row in rows]
    tenants = {item.provider_id: item for item in Tenant.objects.filter(connection_id=source.id, provider_id__in=refs)}
    owners = {item.provider_id: item for item in Owner.objects.filter(connection_id=source.id, provider_id__in=refs)}
    for row in rows:
        row.action = "same"
        person = tenants.get(row.provider_id) or owners.get(row.provider_id)
        row.target_id = person.pk if person is not None else None
        if row.reject:
            row.action, row.reason = "reject", row.reject
        elif person is not None:
            row.plan, row.changes = person, differences(person, _details(row))
            row.action = "update" if row.changes else "same"
        elif row.facts.get("is_supplier"):
            row.reason = "A supplier: named on the bills and jobs that we import."
        elif row.facts.get("is_tenant"):
            row.action, row.reason = "unmapped", TENANT_WAITS
        elif row.facts.get("is_owner"):
            row.action, row.reason = "unmapped", "Comes in with their property, once it is mapped."
        else:
            row.action, row.reason = "dismissed", "Neither a tenant, an owner nor a supplier."
    return rows


def _details(row: Row) -> dict[str, str]:
    """Name, e-mail and phone of a contact; blank ones at the provider never erase ours."""
    lengths = {"name": 200, "email": 254, "phone": 40}
    details = {name: str(row.facts.get(name) or "")[:length] for name, length in lengths.items()}
    return {name: value for name, value in details.items() if value}


def write_contacts(rows: Sequence[Row]) -> None:
    """Carries the planned changes out."""
    for row in rows:
        if row.action == "update" and isinstance(row.plan, Tenant):
            lease_imports.update_tenant(tenant=row.plan, **_details(row))
        elif row.action == "update" and isinstance(row.plan, Owner):
            for name, (_, value) in row.changes.items():
                setattr(row.plan, name, value)
            row.plan.save(update_fields=[*row.changes, "updated_at"])
