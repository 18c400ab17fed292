from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from access.models import Organisation
from integrations.models import Connection, PropertyMapping, SyncRun
from integrations.selectors.connections import connections_of, describe
from reporting.selectors.needs import ARREARS_DAYS, Need, needs_of
from reporting.selectors.portfolio import portfolio_summary
from tenancies import selectors as tenancy_selectors
from tests.factories.integrations import (
    ConflictFactory,
    ConnectionFactory,
    PropertyMappingFactory,
    ProviderRecordFactory,
    SyncRunFactory,
)
from tests.factories.maintenance import WorkOrderFactory
from tests.factories.properties import PropertyFactory
from tests.factories.tenancies import LeaseFactory

TODAY = date(2026, 11, 21)


def needs(organisation: Organisation) -> list[Need]:
    return needs_of(
        organisation=organisation,
        sources=describe(connections_of(organisation)),
        summary=portfolio_summary(organisation=organisation, today=TODAY),
        late=tenancy_selectors.arrears_summary(organisation=organisation, more_than_days=ARREARS_DAYS),
        ending=tenancy_selectors.ending_counts(organisation=organisation, today=TODAY),
        today=TODAY,
    )


@pytest.fixture
def connection(organisation: Organisation) -> Connection:
    """Synced a moment ago, nothing wrong."""
    return ConnectionFactory(organisation=organisation, last_sync_at=timezone.now())


def only(organisation: Organisation) -> Need:
    found = needs(organisation)
    assert len(found) == 1
    return found[0]


def test_nothing_wrong_needs_nobody(organisation: Organisation, connection: Connection) -> None:
    assert needs(organisation) == []


def test_a_withdrawn_sign_in(organisation: Organisation, connection: Connection) -> None:
    Connection.objects.update(status=Connection.Status.EXPIRED, status_since=datetime(2026, 11, 18, 10, tzinfo=UTC))
    need = only(organisation)
    assert (need.what, need.tone, need.action) == ("PropertyMe asks you to sign in again", "bad", "Reconnect")
    assert need.url == f"/settings/integrations/propertyme/?connection={connection.pk}"
    assert need.since == datetime(2026, 11, 18, 10, tzinfo=UTC)


def test_two_accounts_at_one_provider_are_told_apart(organisation: Organisation, connection: Connection) -> None:
    ConnectionFactory(organisation=organisation, status=Connection.Status.REVOKED, account_name="Seaside Office")
    assert only(organisation).what == "PropertyMe withdrew our access (Seaside Office)"


def test_a_disconnected_source_needs_nobody(organisation: Organisation, connection: Connection) -> None:
    ConflictFactory(organisation=organisation, connection=connection)
    Connection.objects.update(status=Connection.Status.DISCONNECTED)
    assert needs(organisation) == []


def test_a_held_run(organisation: Organisation, connection: Connection) -> None:
    SyncRunFactory(
        organisation=organisation, connection=connection, status=SyncRun.Status.HELD, held_reason="Half is gone."
    )
    need = only(organisation)
    assert (need.what, need.tone, need.action) == ("A sync is held until you look at it", "warn", "Look at it")
    assert need.why == "Half is gone. Nothing was changed."
    assert need.url.startswith("/settings/integrations/propertyme/history/")


def test_failing_syncs(organisation: Organisation, connection: Connection) -> None:
    Connection.objects.update(failing_since=datetime(2026, 11, 20, tzinfo=UTC))
    need = only(organisation)
    assert (need.what, need.tone, need.action) == ("Syncs with PropertyMe fail", "bad", "See why")


def test_unmapped_properties_count_their_suggestions(organisation: Organisation, connection: Connection) -> None:
    home = PropertyFactory(organisation=organisation)
    for score in (None, 89, 90, 100):
        PropertyMappingFactory(
            organisation=organisation,
            connection=connection,
            suggestion_score=score,
            suggested_property=home if score else None,
        )
    PropertyMappingFactory(organisation=organisation, connection=connection, state=PropertyMapping.State.IGNORED)
    need = only(organisation)
    assert need.what == "Four PropertyMe properties are not mapped"
    assert need.why.startswith("Two have a suggestion at 90 or above.")
    assert (need.tile, need.tone, need.action) == ("4", "info", "Map")
    assert need.url == f"/settings/integrations/propertyme/mapping/?connection={connection.pk}"


def test_open_conflicts_and_rejected_records(organisation: Organisation, connection: Connection) -> None:
    record = ProviderRecordFactory(organisation=organisation, connection=connection, verdict="conflict")
    ConflictFactory(organisation=organisation, connection=connection, record=record)
    ConflictFactory(organisation=organisation, connection=connection, state="ours")
    ProviderRecordFactory(organisation=organisation, connection=connection, verdict="rejected")
    ProviderRecordFactory(organisation=organisation, connection=connection, verdict="imported")
    found = {need.what: need.url for need in needs(organisation)}
    base, which = "/settings/integrations/propertyme", f"?connection={connection.pk}"
    assert found == {
        "One record differs from PropertyMe": f"{base}/conflicts/{which}",
        "One record from PropertyMe could not be imported": f"{base}/records/{which}&verdict=rejected",
    }


def test_a_job_that_no_vendor_took(organisation: Organisation, connection: Connection) -> None:
    since = datetime(2026, 11, 20, 10, tzinfo=UTC)
    WorkOrderFactory(organisation=organisation, manual_since=since)
    need = only(organisation)
    assert (need.what, need.action, need.since) == ("One work order needs a vendor", "Choose", since)
    assert need.url == "/work-orders/?status=manual"


def test_late_rent_leases_and_work_orders(organisation: Organisation) -> None:
    LeaseFactory(organisation=organisation, arrears_amount=Decimal("100.00"), arrears_days=14)
    LeaseFactory(organisation=organisation, arrears_amount=Decimal("2200.50"), arrears_days=34)
    LeaseFactory(organisation=organisation, ends_on=TODAY + timedelta(days=30))
    WorkOrderFactory(
        organisation=organisation, property=PropertyFactory(organisation=organisation), due_on=TODAY - timedelta(days=2)
    )
    found = needs(organisation)
    assert [(need.what, need.url) for need in found] == [
        ("One tenancy is more than 14 days behind", "/arrears/"),
        ("One work order is past target", "/work-orders/"),
        ("One lease ends within 30 days", "/leases/?ending=30"),
    ]
    assert found[0].why == "It owes $2,200.50 and is 34 days behind."
    assert found[1].why == "The oldest was due on 19\u00a0Nov\u00a02026."


def test_oldest_first_and_the_first_bad_one_carries_the_primary_button(
    organisation: Organisation, connection: Connection
) -> None:
    LeaseFactory(organisation=organisation, arrears_amount=Decimal("1.00"), arrears_days=400)
    Connection.objects.update(status=Connection.Status.EXPIRED, status_since=datetime(2026, 11, 1, tzinfo=UTC))
    LeaseFactory(organisation=organisation, ends_on=TODAY)
    found = needs(organisation)
    assert [need.since for need in found] == sorted(need.since for need in found)
    assert [need.is_first for need in found] == [False, True, False]


def test_three_queries_whatever_there_is(
    organisation: Organisation, connection: Connection, django_assert_num_queries: Any
) -> None:
    second = ConnectionFactory(organisation=organisation, last_sync_at=timezone.now())
    for source in (connection, second):
        PropertyMappingFactory(organisation=organisation, connection=source)
        ConflictFactory(organisation=organisation, connection=source)
    rows = describe(connections_of(organisation))
    summary = portfolio_summary(organisation=organisation, today=TODAY)
    late = tenancy_selectors.arrears_summary(organisation=organisation)
    ending = tenancy_selectors.ending_counts(organisation=organisation, today=TODAY)
    with django_assert_num_queries(3):
        needs_of(organisation=organisation, sources=rows, summary=summary, late=late, ending=ending, today=TODAY)


def test_another_organisation_is_not_told(other_organisation: Organisation, connection: Connection) -> None:
    Connection.objects.update(status=Connection.Status.EXPIRED)
    assert needs(other_organisation) == []
