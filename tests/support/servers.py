"""The private servers for the length of a test session, and the environment that child processes need."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
import redis
from django.conf import settings
from django.db import connection

from config import embedded

_session = pytest.StashKey[embedded.Session]()


def pytest_configure(config: pytest.Config) -> None:
    session = embedded.session()
    session.__enter__()
    config.stash[_session] = session


def pytest_unconfigure(config: pytest.Config) -> None:
    session = config.stash.get(_session, None)
    if session is not None:
        session.leave()


@pytest.fixture(autouse=True)
def no_calls_remembered() -> Iterator[None]:
    """Limits, breakers and counts of calls are shared in Redis: what one test did must not slow the next."""
    yield
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        keys = [key for kind in ("limit", "breaker", "calls") for key in client.keys(f"pt:{kind}:*")]
        if keys:
            client.delete(*keys)


@pytest.fixture
def process_environment(transactional_db: None) -> dict[str, str]:
    """Environment for a worker, command or server started by a test: it sees the test's database and Redis."""
    database = connection.settings_dict
    password = f":{database['PASSWORD']}" if database["PASSWORD"] else ""
    port = f"&port={database['PORT']}" if database["PORT"] else ""
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "config.settings.test",
        "DATABASE_URL": f"postgresql://{database['USER']}{password}@/{database['NAME']}?host={database['HOST']}{port}",
        "REDIS_URL": settings.REDIS_URL,
    }
