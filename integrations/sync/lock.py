"""One sync a connection at a time, on a database session of its own: a killed worker's lock goes with its session."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import psycopg
from django.db import connection

_NAMESPACE = 0x5079  # keeps our advisory locks apart from others' in the same database


def _key(connection_id: UUID) -> int:
    return int.from_bytes(connection_id.bytes[-4:], "big", signed=True)


def _session() -> Any:
    # What Django adds for its own cursors is left out; addresses, credentials and TLS options are kept.
    params = connection.get_connection_params()
    wanted = {key: value for key, value in params.items() if key not in ("context", "cursor_factory")}
    return psycopg.connect(**wanted, autocommit=True)


@contextmanager
def sync_lock(connection_id: UUID) -> Iterator[bool]:
    """Holds the connection's sync lock; yields whether it was free."""
    session = _session()
    try:
        taken = session.execute("SELECT pg_try_advisory_lock(%s, %s)", [_NAMESPACE, _key(connection_id)]).fetchone()[0]
        yield bool(taken)
    finally:
        session.close()
