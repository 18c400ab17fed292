"""Who may not act at the same time.

One sync a connection at a time, on a database session of its own: a killed worker's lock goes with its session. And no
chunk while a mapping changes: either the chunk sees the new mapping, or the change finds all that the chunk wrote.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any
from uuid import UUID

import psycopg
from django.db import connection

# Keeps our advisory locks apart from others' in the same database.
_NAMESPACE, _MAPPINGS = 0x5079, 0x507A


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
        names = [_NAMESPACE, _key(connection_id)]
        taken = bool(session.execute("SELECT pg_try_advisory_lock(%s, %s)", names).fetchone()[0])
        try:
            yield taken
        finally:
            # The server ends a closed session in its own time: until then the next run would find the lock taken.
            # Where the session is gone already, so is the lock.
            with suppress(psycopg.OperationalError):
                if taken:
                    session.execute("SELECT pg_advisory_unlock(%s, %s)", names)
    finally:
        session.close()


def keep_mappings(connection_id: UUID) -> None:
    """Until the transaction ends, lets nobody change the connection's mappings. Taken before any row is locked."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s, %s)", [_MAPPINGS, _key(connection_id)])


def change_mappings(connection_id: UUID) -> None:
    """Waits for the chunk at work, and until the transaction ends lets no other begin. Before any row is locked."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_MAPPINGS, _key(connection_id)])
