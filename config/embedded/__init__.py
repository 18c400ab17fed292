"""Private PostgreSQL and Redis for development and tests, below `.local` of the checkout.

Settings call `database_url()` and `redis_url()` when DATABASE_URL and REDIS_URL are unset. Both start the server if
need be, and cost about a millisecond when it runs. `python -m config.embedded start|stop|status|reset` does it by hand.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

from . import session as _session
from .layout import CHECKOUT, EmbeddedError, Layout
from .postgres import DEFAULT_DATABASE
from .services import Services
from .session import Session

__all__ = [
    "CHECKOUT",
    "DEFAULT_DATABASE",
    "EmbeddedError",
    "Services",
    "Session",
    "claim_test_slot",
    "database_url",
    "ensure",
    "local_dir",
    "redis_url",
    "services",
    "session",
    "stop",
]


def local_dir() -> Path:
    """Where this checkout keeps what is private to the machine: PROPERTYTRACKER_LOCAL, else `.local`."""
    override = os.environ.get("PROPERTYTRACKER_LOCAL")
    return Path(override).resolve() if override else CHECKOUT / ".local"


@cache
def _services(base: Path) -> Services:
    return Services(Layout(base))


def services() -> Services:
    """This checkout's servers."""
    return _services(local_dir())


def database_url(name: str = DEFAULT_DATABASE) -> str:
    """The address of database `name`, with the server up and the database made. Raises EmbeddedError."""
    postgres = services().postgres
    postgres.ensure()
    postgres.ensure_database(name)
    return postgres.url(name)


def redis_url(db: int = 0) -> str:
    """The address of Redis database number `db` (0 to 255), with the server up. Raises EmbeddedError."""
    redis = services().redis
    redis.ensure()
    return redis.url(db)


def ensure() -> list[str]:
    """Start both servers; the names of those that did not run."""
    return services().ensure()


def stop() -> list[str]:
    """Stop both servers, whoever started them; the names of those that ran."""
    return services().stop()


def session() -> Session:
    """A use of the servers that stops, at its end, what it started: `with embedded.session(): ...`."""
    return Session(services())


def claim_test_slot() -> int:
    """A number of this test session's own; see `session.claim_test_slot`."""
    return _session.claim_test_slot(local_dir())
