"""What the pages cost in queries does not grow with the data."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from access.models import Organisation
from integrations.models import PropertyMapping
from tests.factories.integrations import (
    InboxEventFactory,
    PropertyMappingFactory,
    ProviderRecordFactory,
    SyncRunFactory,
)
from tests.integrations.views.conftest import Scene
from tests.integrations.views.helpers import url
from tests.query_counts import assert_query_count, count_queries

COUNTED = ["index", "detail", "mapping", "records", "history", "conflicts", "settings", "disconnect", "events"]


@pytest.mark.parametrize("name", COUNTED)
def test_pages_cost_the_same_whatever_they_show(
    scene: Scene, organisation: Organisation, client_admin: Client, name: str
) -> None:
    page = reverse("integrations:index") if name == "index" else url(name)
    assert_query_count(f"integrations:{name}", client_admin, page)
    of = {"organisation": organisation, "connection": scene.connection}
    for number in range(8):
        PropertyMappingFactory(**of, suggested_property=scene.home, suggestion_score=80 + number)
        ProviderRecordFactory(**of, property_ref=scene.needs.provider_property_id)
        SyncRunFactory(**of, requested_by=scene.connection.connected_by)
        InboxEventFactory(**of, state="person" if number else "done")
    SyncRunFactory(**of, status="held")
    assert_query_count(f"integrations:{name}", client_admin, page)


@pytest.mark.parametrize("tab", ["needs", "suggested", "mapped", "ignored"])
def test_every_mapping_tab_costs_the_same(
    scene: Scene, organisation: Organisation, client_agent: Client, tab: str
) -> None:
    page = f"{url('mapping')}?tab={tab}"
    before = count_queries(client_agent, page)
    for row in (scene.needs, scene.suggested, scene.mapped, scene.ignored):
        for number in range(3):
            PropertyMappingFactory(
                organisation=organisation, connection=scene.connection, state=row.state, property=row.property,
                suggested_property=row.suggested_property, suggestion_score=row.suggestion_score,
                provider_property_address=f"{number} Same Street",
            )  # fmt: skip
    assert count_queries(client_agent, page) == before


def test_two_thousand_properties_come_in_pages(scene: Scene, organisation: Organisation, client_agent: Client) -> None:
    PropertyMapping.objects.bulk_create(
        PropertyMappingFactory.build(
            organisation=organisation, connection=scene.connection, provider_property_address=f"{number:04} Long Road"
        )
        for number in range(2000)
    )
    first = client_agent.get(f"{url('mapping')}?tab=needs")
    assert first.content.decode().count('name="ids"') == 40
    assert "Needs mapping 2,001" in first.content.decode()
    seen, pages, older = 40, 1, first.context["page"].older_url
    while older:
        answer = client_agent.get(url("mapping") + older)
        seen, pages, older = seen + len(answer.context["page"].items), pages + 1, answer.context["page"].older_url
    assert (seen, pages) == (2001, 51)
