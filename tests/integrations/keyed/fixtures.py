from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_django.fixtures import Settings

from integrations import registry
from tests.integrations.keyed import SPEC
from tests.integrations.keyed.upstream import BoathouseServer

HARBOUR = {"client_id": "harbour", "client_secret": "secret-of-harbour"}
LAKE = {"client_id": "lake", "client_secret": "secret-of-lake"}


@pytest.fixture
def boathouse(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[BoathouseServer]:
    """Boathouse Keeper in the catalogue, with an address and nothing else in the settings."""
    monkeypatch.setitem(registry.PROVIDERS, SPEC.slug, SPEC)
    with BoathouseServer() as server:
        settings.BOATHOUSE_API_URL = settings.BOATHOUSE_REPORTS_URL = server.url
        yield server
