"""Properties and contacts: what the mapping page lists, and the people whom leases and bills name."""

from __future__ import annotations

from typing import Any

from integrations.models import Connection, PropertyMapping
from integrations.records import Resource
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


def adopt_owners(source: Connection, rows: list[Row]) -> None:
    """Names the owner of mapped properties that have none. An owner chosen by a person is left alone."""
    wanted = [
        row
        for row in rows
        if row.action == "same" and row.mapping and row.mapping.property and row.facts.get("owner_ref")
        and row.mapping.property.owner_id is None
    ]  # fmt: skip
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


def plan_contacts(cursor: Any, *, source: Connection, write: bool) -> list[Row]:
    """Keeps tenants and owners we have in step with their contact cards; others wait for their lease or property."""
    rows = read_rows(cursor, source=source, resource=Resource.CONTACT)
    refs = [row.provider_id for row in rows]
    tenants = {item.provider_id: item for item in Tenant.objects.filter(connection_id=source.id, provider_id__in=refs)}
    owners = {item.provider_id: item for item in Owner.objects.filter(connection_id=source.id, provider_id__in=refs)}
    for row in rows:
        facts = row.facts
        details = {"name": str(facts.get("name") or ""), "email": str(facts.get("email") or "")}
        details["phone"] = str(facts.get("phone") or "")
        tenant, owner = tenants.get(row.provider_id), owners.get(row.provider_id)
        row.action = "same"
        if row.reject:
            row.action, row.reason = "reject", row.reject
        elif tenant is not None:
            row.target_id = tenant.id
            if write and lease_imports.update_tenant(tenant=tenant, **details):
                row.action = "update"
        elif owner is not None:
            row.target_id = owner.id
            if write and _update_owner(owner, details):
                row.action = "update"
        elif facts.get("is_supplier"):
            row.reason = "A supplier: named on the bills and jobs that we import."
        elif facts.get("is_tenant"):
            row.action, row.reason = "unmapped", "Comes in with their lease, once its property is mapped."
        elif facts.get("is_owner"):
            row.action, row.reason = "unmapped", "Comes in with their property, once it is mapped."
        else:
            row.action, row.reason = "dismissed", "Neither a tenant, an owner nor a supplier."
    return rows


def _update_owner(owner: Owner, details: dict[str, str]) -> bool:
    changed = [name for name, value in details.items() if value and getattr(owner, name) != value]
    for name in changed:
        setattr(owner, name, details[name])
    if changed:
        owner.save(update_fields=[*changed, "updated_at"])
    return bool(changed)
