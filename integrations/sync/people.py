"""Takes imported leases back together with what named their tenants."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from integrations.models import Connection, ProviderRecord, Verdict
from integrations.records import Resource
from tenancies.models import Tenant
from tenancies.services import imports as lease_imports

TENANT_WAITS = "Comes in with their lease, once its property is mapped."


def withdraw_leases(*, source: Connection, lease_ids: Iterable[UUID]) -> None:
    """Takes back leases of an import. The contact cards of tenants who go with them wait for the next lease again."""
    leases = list(lease_ids)
    if not leases:
        return
    tenants = set(Tenant.objects.filter(leases__in=leases).values_list("id", flat=True))
    lease_imports.withdraw_leases(organisation=source.organisation, lease_ids=leases)
    gone = tenants - set(Tenant.objects.filter(id__in=tenants).values_list("id", flat=True))
    cards = ProviderRecord.objects.filter(connection=source, resource=Resource.CONTACT.value, target_id__in=gone)
    # What else waits or was set aside keeps its verdict; only what it pointed at is gone.
    ids = list(cards.values_list("id", flat=True))
    ProviderRecord.objects.filter(id__in=ids).update(target_id=None)
    ProviderRecord.objects.filter(id__in=ids, verdict=Verdict.IMPORTED).update(
        verdict=Verdict.UNMAPPED, reason=TENANT_WAITS
    )
