"""Writes the changes that a pull found as events, for providers that send none: readers of events see no difference."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from integrations.models import Connection
from integrations.records import Resource

_NOTE = """
INSERT INTO integrations_inboxevent (id, organisation_id, connection_id, received_at, source, key, event_id, topic,
  name, resource, resource_ref, fetch_ids, event_at, body, headers, state, attempts, due_at, worked_at, cause, outcome,
  runs, records, replays)
SELECT pt_uuid7(), %(organisation)s, %(connection)s, now(), 'pull',
  'pull:' || w.resource || ':' || w.provider_id || ':' || w.content_hash, '', 'found by a sync',
  w.resource || CASE WHEN w.is_new THEN '.created' ELSE '.changed' END, w.resource, w.provider_id,
  jsonb_build_array(w.provider_id), NULL, NULL, '{}', 'done', 0, NULL, now(), '', 'A sync found the change.',
  jsonb_build_array(%(run)s::text), jsonb_build_array(w.record_id::text), 0
FROM pt_work w JOIN pt_plan p USING (record_id)
WHERE w.resource = %(resource)s AND w.reject = ''
ON CONFLICT (connection_id, key) DO NOTHING
"""


def note_changes(cursor: Any, *, source: Connection, resource: Resource, run_id: UUID) -> int:
    """One statement in the chunk's own transaction, after the chunk was worked; answers how many events there are.

    Only new and changed rows are in the working table, so an unchanged pull has nothing to call this for. The first
    sync of a connection brings everything and is no event: nothing is written before one has ended well.
    """
    if source.last_sync_at is None:
        return 0
    # Both sides are the chunk's own temporary tables, which have no index.
    cursor.execute("SET LOCAL enable_hashjoin = on")
    cursor.execute(
        _NOTE,
        {
            "organisation": source.organisation_id,
            "connection": source.id,
            "run": str(run_id),
            "resource": resource.value,
        },
    )
    return int(cursor.rowcount)
