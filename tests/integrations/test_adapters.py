from __future__ import annotations

from decimal import Decimal

import pytest

from integrations.adapters import received
from integrations.contracts import Received
from integrations.models import Connection
from tests.factories.integrations import ConnectionFactory, ProviderRecordFactory


@pytest.mark.django_db
def test_received_sums_each_tenancys_payments_and_leaves_out_what_was_rejected() -> None:
    source: Connection = ConnectionFactory()
    common = {"connection": source, "organisation": source.organisation}
    for amount, verdict, extra in (
        ("1000.00", "dismissed", {}),
        ("250.50", "imported", {}),
        ("-50.25", "unmapped", {}),
        ("9.99", "rejected", {}),
        (None, "pending", {}),
        ("7.00", "imported", {"resource": "bill"}),
        ("8.00", "imported", {"connection": ConnectionFactory(organisation=source.organisation)}),
    ):
        ProviderRecordFactory(**(common | {"related_ref": "lease-1", "amount": amount, "verdict": verdict} | extra))
    ProviderRecordFactory(**common, related_ref="lease-2", amount="0.00")
    ProviderRecordFactory(**common, related_ref="", amount="5.00")
    assert received(source) == {
        "lease-1": Received(total=Decimal("1200.25"), rows=3),
        "lease-2": Received(total=Decimal("0.00"), rows=1),
    }
