"""Leases and jobs follow the provider, but for what a person has edited."""

from __future__ import annotations

from decimal import Decimal

import pytest

from access.models import User
from integrations.models import Conflict, Connection
from integrations.sandbox import SandboxServer
from integrations.services.conflicts import resolve_conflict
from maintenance.models import WorkOrder
from maintenance.services import work_orders
from tenancies.models import Lease
from tenancies.services import leases
from tests.integrations.sync.conftest import found, mapping_of, sync

pytestmark = pytest.mark.django_db(transaction=True)


def _card(source: Connection) -> Conflict:
    return Conflict.objects.get(connection=source, state="open")


def test_a_lease_follows_the_provider_but_for_what_a_person_edited(
    synced: Connection, vendor: SandboxServer, admin_user: User
) -> None:
    tenancy = next(row["Id"] for row in vendor.vendor.records("tenancies") if not row["IsClosed"])
    lease = Lease.objects.get(provider_id=tenancy)
    leases.edit_lease(lease=lease, user=admin_user, tenant_names="The Ngs")
    vendor.vendor.edit("change_rent", record=tenancy, amount="999")
    sync(synced)
    lease.refresh_from_db()
    assert (lease.rent_amount, lease.tenant_names) == (Decimal("999.00"), "The Ngs")
    card = _card(synced)
    theirs = card.changes["tenant_names"][1]
    assert (card.target, list(card.changes)) == ("lease", ["tenant_names"])
    resolve_conflict(conflict=card, user=admin_user, take_theirs=False)
    # Rent, arrears and days paid change every week: what was decided about the names stays decided.
    vendor.vendor.edit("change_rent", record=tenancy, amount="1001")
    sync(synced)
    lease.refresh_from_db()
    assert (lease.rent_amount, lease.tenant_names) == (Decimal("1001.00"), "The Ngs")
    assert not Conflict.objects.filter(state="open").exists()
    vendor.vendor.edit("patch", resource="tenancies", record=tenancy, fields={"Name": "Ng & Okafor"})
    sync(synced)
    card = _card(synced)
    assert card.changes == {"tenant_names": ["The Ngs", "Ng & Okafor"]}
    assert theirs != "Ng & Okafor"
    resolve_conflict(conflict=card, user=admin_user, take_theirs=True)
    lease.refresh_from_db()
    assert (lease.tenant_names, lease.edited_fields) == ("Ng & Okafor", [])
    mapping = mapping_of(synced, found(synced, "tenancy", tenancy).property_ref)
    assert mapping.metadata["lease"]["rent_amount"] == "1001.00"


def test_a_job_follows_the_provider_but_for_what_a_person_edited(synced: Connection, vendor: SandboxServer) -> None:
    job = vendor.vendor.edit("report_job")
    sync(synced)
    order = WorkOrder.objects.get(provider_id=job)
    assert order.status == "new"
    work_orders.edit_work_order(work_order=order, title="Leaking tap, upstairs")
    vendor.vendor.edit("set_job_status", record=job, status="Approved")
    run = sync(synced)
    order.refresh_from_db()
    assert (order.status, order.title, run.counts["job"]["updated"]) == ("approved", "Leaking tap, upstairs", 1)
    assert order.quoted_amount is not None
    assert list(_card(synced).changes) == ["title"]
