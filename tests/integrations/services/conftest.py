from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core.cache import cache
from pytest_django.fixtures import Settings

from integrations.sandbox import SandboxServer


@pytest.fixture
def vendor(settings: Settings) -> Iterator[SandboxServer]:
    """A sandbox vendor with two small agencies, which the settings name as PropertyMe."""
    with SandboxServer(lots=4, years=0.2, seed=5) as server:
        settings.PROPERTYME_API_URL = server.api_url
        settings.PROPERTYME_AUTH_URL = server.url
        settings.PUBLIC_URL = "http://localhost:8000"
        cache.delete("misconfigured:propertyme")
        yield server
