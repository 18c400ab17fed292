"""Which provider a figure is from, and how old it is."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from access.models import Organisation
from core.ports import sources
from integrations.models import Connection, PropertyMapping
from integrations.sources import Directory
from tests.factories.integrations import ConnectionFactory, PropertyMappingFactory, ProviderRecordFactory
from tests.factories.properties import PropertyFactory

MAPPED = PropertyMapping.State.MAPPED


def connected(organisation: Organisation, **fields: object) -> Connection:
    return ConnectionFactory(
        organisation=organisation, **{"last_sync_at": timezone.now() - timedelta(minutes=3), **fields}
    )


def test_the_settings_name_this_directory() -> None:
    assert isinstance(sources(), Directory)


def test_a_recent_sync_is_fresh(organisation: Organisation) -> None:
    one = connected(organisation)
    (badge,) = Directory().for_organisation(organisation.id)
    assert (badge.label, badge.state, badge.reason, badge.as_of) == ("PropertyMe", "fresh", "", one.last_sync_at)
    assert badge.url == f"/settings/integrations/propertyme/?connection={one.id}"


@pytest.mark.parametrize(
    ("fields", "state", "reason"),
    [
        ({"status": "expired"}, "stale", "asks you to sign in again"),
        ({"status": "revoked"}, "stale", "withdrew our access"),
        ({"last_sync_at": None}, "stale", "Not synced yet."),
        ({"auto_sync": False, "sync_every_minutes": 1}, "stale", "automatic sync is off"),
        ({"sync_every_minutes": 1}, "stale", "the next sync is late"),
        ({"sync_every_minutes": 3}, "fresh", ""),
    ],
)
def test_what_is_not_fresh_says_why(
    organisation: Organisation, fields: dict[str, object], state: str, reason: str
) -> None:
    connected(organisation, **fields)
    (badge,) = Directory().for_organisation(organisation.id)
    assert badge.state == state
    assert reason in badge.reason


def test_a_failing_source_is_down_and_comes_first(organisation: Organisation) -> None:
    connected(organisation, account_name="North")
    connected(organisation, account_name="South", failing_since=timezone.now())
    badges = Directory().for_organisation(organisation.id)
    assert [(badge.label, badge.state) for badge in badges] == [
        ("PropertyMe · South", "down"),
        ("PropertyMe · North", "fresh"),
    ]


def test_a_disconnected_source_leaves_the_frame_but_still_explains_its_figures(organisation: Organisation) -> None:
    one = connected(organisation, status="disconnected")
    assert Directory().for_organisation(organisation.id) == []
    badge = Directory().for_connections(organisation.id, [one.id])[one.id]
    assert badge.state == "stale"
    assert badge.reason.startswith("Disconnected on")


def test_another_organisations_sources_are_unknown(
    organisation: Organisation, other_organisation: Organisation
) -> None:
    theirs = connected(other_organisation)
    home = PropertyFactory(organisation=other_organisation)
    PropertyMappingFactory(organisation=other_organisation, connection=theirs, property=home, state=MAPPED)
    record = ProviderRecordFactory(organisation=other_organisation, connection=theirs)
    directory = Directory()
    assert directory.for_organisation(organisation.id) == []
    assert directory.for_connections(organisation.id, [theirs.id]) == {}
    assert directory.for_properties(organisation.id, [home.id]) == {}
    assert directory.record_url(organisation.id, theirs.id, record.provider_id) == ""


def test_each_mapped_property_has_the_badge_of_its_worst_source(organisation: Organisation) -> None:
    good, bad = connected(organisation), connected(organisation, failing_since=timezone.now())
    both, one, none = PropertyFactory.create_batch(3, organisation=organisation)
    for source, home in ((good, both), (bad, both), (good, one)):
        PropertyMappingFactory(organisation=organisation, connection=source, property=home, state=MAPPED)
    PropertyMappingFactory(organisation=organisation, connection=good, property=none)
    with CaptureQueriesContext(database) as queries:
        badges = Directory().for_properties(organisation.id, [both.id, one.id, none.id])
    assert {key: badge.state for key, badge in badges.items()} == {both.id: "down", one.id: "fresh"}
    assert len(queries) == 1


def test_a_line_of_the_books_leads_to_its_record(organisation: Organisation) -> None:
    source = connected(organisation)
    record = ProviderRecordFactory(organisation=organisation, connection=source, provider_id="77b0")
    directory = Directory()
    url = f"/settings/integrations/propertyme/records/{record.id}/"
    assert directory.record_url(organisation.id, source.id, "77b0") == url
    # The second import of the same record, and the entry that reversed it.
    assert directory.record_url(organisation.id, source.id, "77b0~2") == url
    assert directory.record_url(organisation.id, source.id, "77b0~2~void") == url
    assert directory.record_url(organisation.id, uuid.uuid4(), "77b0") == ""
