from __future__ import annotations

import pytest

from access.models import User
from accounting.models import Transaction
from integrations.models import Connection, PropertyMapping, ProviderRecord
from integrations.sandbox import SandboxServer
from integrations.services import mapping as mapping_services
from tests.integrations.sync.conftest import sync, work_waiting

pytestmark = pytest.mark.django_db(transaction=True)


def test_unmapped_records_are_kept_and_imported_without_a_new_request(
    source: Connection, vendor: SandboxServer, admin_user: User
) -> None:
    run = sync(source)
    assert (run.status, run.errors) == ("completed", [])
    assert Transaction.objects.count() == 0
    assert run.counts["payment"]["unmapped"] > 0
    vendor.requests.clear()
    ids = list(PropertyMapping.objects.filter(connection=source).values_list("id", flat=True))
    assert mapping_services.create_all_missing(connection=source, user=admin_user, ids=ids) == 8
    work_waiting(source)
    assert vendor.requests.counts == {}
    imported = ProviderRecord.objects.filter(connection=source, verdict="imported", resource__in=["payment", "bill"])
    assert imported.count() == Transaction.objects.count() > 0
    again = sync(source)
    assert again.transactions_created == 0
    assert again.counts["payment"]["unchanged"] == again.counts["payment"]["seen"]
