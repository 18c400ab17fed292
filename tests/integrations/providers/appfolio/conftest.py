from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integrations.providers.appfolio.database import Database
from tests.integrations.providers.appfolio.subject import appfolio_server


@pytest.fixture
def database() -> Iterator[Database]:
    with appfolio_server() as server:
        opened = Database(server)
        yield opened
        opened.close()
