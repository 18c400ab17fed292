"""A new provider is one folder and one registry line: it conforms, connects, syncs and shows with no other change."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from access.models import Organisation, User
from integrations import registry
from integrations.http import HttpClient
from integrations.models import PropertyMapping, ProviderRecord
from integrations.services import connections
from integrations.sync.runner import run_sync
from tests.integrations.conformance import Conformance, Subject
from tests.integrations.consent import press
from tests.integrations.throwaway import SPEC
from tests.integrations.throwaway.upstream import CottageServer


@pytest.fixture
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry.PROVIDERS, SPEC.slug, SPEC)  # the one line


@pytest.fixture
def upstream(registered: None, settings: Settings) -> Iterator[CottageServer]:
    with CottageServer() as server:
        settings.COTTAGE_API_URL = settings.COTTAGE_AUTH_URL = server.url
        settings.COTTAGE_CLIENT_ID, settings.COTTAGE_CLIENT_SECRET = "cottage-id", "cottage-secret"
        settings.COTTAGE_CLIENT_AUTH = "post"
        yield server


@pytest.fixture
def subject(upstream: CottageServer) -> Iterator[Subject]:
    token = str(upstream.oauth.grant_directly("7")["access_token"])
    with HttpClient(upstream.url, token=lambda rejected: token) as http:
        yield Subject(SPEC, http)


class TestThrowaway(Conformance):
    """The shared suite, unchanged."""


@pytest.mark.django_db(transaction=True)
def test_it_connects_and_syncs_with_no_other_change(
    upstream: CottageServer, organisation: Organisation, admin_user: User
) -> None:
    common = {"organisation": organisation, "user": admin_user, "session_key": "s", "provider": SPEC.slug}
    address = connections.begin_connect(**common)
    answer = press(address, account="7", provider=SPEC.slug)
    connection = connections.finish_connect(**common, state=answer["state"], code=answer["code"]).connection
    assert connection is not None
    assert (connection.account_name, connection.ledger_mode) == ("By the Sea", "line")
    run = run_sync(connection.runs.get().pk)
    run.refresh_from_db()
    assert (run.status, run.errors) == ("completed", [])
    seen = ProviderRecord.objects.filter(connection=connection).values_list("resource", "provider_id")
    assert set(seen) == {
        ("property", "1"), ("property", "2"), ("tenancy", "10"), ("job", "20"), ("payment", "30"), ("payment", "31"),
        ("bill", "40"),
    }  # fmt: skip
    assert set(PropertyMapping.objects.values_list("provider_property_address", flat=True)) == {
        "1 Cliff Rd, Beach Town NSW 2999",
        "2 Cliff Rd, Beach Town NSW 2999",
    }


@pytest.mark.django_db
def test_it_shows_on_the_screens_with_no_other_change(upstream: CottageServer, client_admin: Client) -> None:
    overview = client_admin.get("/settings/integrations/").content.decode()
    assert "Cottage Keeper" in overview
    assert "A handful of cottages by the sea." in overview
    page = client_admin.get("/settings/integrations/cottage/")
    assert page.status_code == 200
    assert "Cottage Keeper" in page.content.decode()
    assert (
        client_admin.post("/settings/integrations/cottage/connect/")
        .headers["Location"]
        .startswith(f"{upstream.url}/connect/authorize?")
    )


@pytest.mark.django_db
def test_without_the_line_it_is_nowhere(client_admin: Client) -> None:
    assert "Cottage Keeper" not in client_admin.get("/settings/integrations/").content.decode()
    assert client_admin.get("/settings/integrations/cottage/").status_code == 404
