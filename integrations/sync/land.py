"""Writes a chunk's records and their verdicts into the mirror, and marks what is gone."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from integrations.models import Connection
from integrations.records import Resource

MISSING = "The provider no longer lists it. What it became is kept."

# Both sides are the chunk's own temporary tables, which have no index: here a hash join is the right one.
_JOIN_BY_HASH = "SET LOCAL enable_hashjoin = on"
_MIRROR = """
INSERT INTO integrations_providerrecord AS r (id, organisation_id, connection_id, resource, provider_id, content_hash,
  payload, facts, property_ref, related_ref, label, amount, occurred_on, is_void, verdict, reason, generation,
  target_id, first_seen_at, changed_at, missing_since, last_run_id, decided_by_id)
SELECT w.record_id, %(organisation)s, %(connection)s, w.resource, w.provider_id, w.content_hash, w.payload, w.facts,
  w.property_ref, w.related_ref, w.label, w.amount, w.occurred_on, w.is_void, p.verdict, p.reason, p.generation,
  p.transaction_id, now(), now(), NULL, %(run)s, NULL
FROM pt_work w JOIN pt_plan p USING (record_id)
"""
_OR_UPDATE = """
ON CONFLICT (connection_id, resource, provider_id) DO UPDATE SET
  content_hash = EXCLUDED.content_hash, payload = EXCLUDED.payload, facts = EXCLUDED.facts,
  property_ref = EXCLUDED.property_ref, related_ref = EXCLUDED.related_ref, label = EXCLUDED.label,
  amount = EXCLUDED.amount, occurred_on = EXCLUDED.occurred_on, is_void = EXCLUDED.is_void,
  verdict = EXCLUDED.verdict, reason = EXCLUDED.reason, generation = EXCLUDED.generation,
  target_id = EXCLUDED.target_id, missing_since = NULL, last_run_id = EXCLUDED.last_run_id,
  decided_by_id = CASE WHEN r.verdict = 'dismissed' AND EXCLUDED.verdict = 'dismissed' THEN r.decided_by_id END,
  changed_at = CASE WHEN r.content_hash <> EXCLUDED.content_hash THEN now() ELSE r.changed_at END
"""
_VERDICTS = """
UPDATE integrations_providerrecord r SET verdict = v.verdict, reason = v.reason, generation = p.generation,
  target_id = p.transaction_id, last_run_id = %(run)s,
  decided_by_id = CASE WHEN o.verdict = 'dismissed' AND v.verdict = 'dismissed' THEN o.decided_by_id END
FROM pt_plan p
JOIN integrations_providerrecord o ON o.id = p.record_id
CROSS JOIN LATERAL (SELECT
  CASE WHEN p.verdict = 'imported' AND o.missing_since IS NOT NULL THEN 'missing' ELSE p.verdict END AS verdict,
  CASE WHEN p.verdict = 'imported' AND o.missing_since IS NOT NULL THEN %(missing)s ELSE p.reason END AS reason) v
WHERE r.id = p.record_id AND (r.verdict, r.reason, r.generation, r.target_id)
  IS DISTINCT FROM (v.verdict, v.reason, p.generation, p.transaction_id)
"""
_PLAN_NOTHING = """
INSERT INTO pt_plan
SELECT w.record_id, 'wait',
  CASE WHEN w.reject <> '' THEN 'rejected' WHEN w.verdict = 'dismissed' THEN 'dismissed' ELSE 'pending' END,
  CASE WHEN w.reject <> '' THEN w.reject WHEN w.verdict = 'dismissed' THEN coalesce(r.reason, '')
    ELSE 'Read from the provider; not applied yet.' END,
  w.generation, w.target_id, '', NULL, NULL, NULL, '', NULL, '', NULL, NULL, NULL, '', '', '', false, '', '', '{}'
FROM pt_work w LEFT JOIN integrations_providerrecord r ON r.id = w.record_id
WHERE NOT EXISTS (SELECT 1 FROM pt_plan p WHERE p.record_id = w.record_id)
"""
_UNSEEN = """
FROM integrations_providerrecord r
WHERE r.connection_id = %s AND r.resource = %s AND r.missing_since IS NULL
  AND ('x' || left(replace(r.content_hash::text, '-', ''), 16))::bit(64)::bigint = ANY(%s::bigint[])
"""
_MARK = f"""
UPDATE integrations_providerrecord SET missing_since = now(), last_run_id = %s,
  verdict = CASE WHEN verdict IN ('pending', 'dismissed', 'rejected', 'conflict') THEN verdict ELSE 'missing' END,
  reason = CASE WHEN verdict IN ('pending', 'dismissed', 'rejected', 'conflict') THEN reason ELSE %s END
WHERE id IN (SELECT r.id {_UNSEEN})
"""  # noqa: S608  # constants only


def write_mirror(cursor: Any, *, source: Connection, run_id: UUID, only_new: bool = False) -> None:
    """Inserts or updates the mirror rows of the chunk with what pt_plan decided about them.

    `only_new` says that the mirror knows none of them: nobody but the sync that holds the connection's lock adds any.
    """
    cursor.execute(_JOIN_BY_HASH)
    values = {"organisation": source.organisation_id, "connection": source.id, "run": run_id}
    cursor.execute(_MIRROR if only_new else _MIRROR + _OR_UPDATE, values)


def write_verdicts(cursor: Any, *, run_id: UUID) -> None:
    """Updates the verdicts alone, for records that were read back from the mirror."""
    cursor.execute(_VERDICTS, {"run": run_id, "missing": MISSING})


def leave_pending(cursor: Any) -> None:
    """Plans nothing for the chunk's records: they wait in the mirror for a preview or a later run."""
    cursor.execute(_PLAN_NOTHING)


def count_missing(cursor: Any, *, source: Connection, resource: Resource, unseen: list[int]) -> tuple[int, int]:
    """How many records were known before, and how many of them the listing did not contain.

    `unseen` are the digests that it did not show (Known.unseen).
    """
    cursor.execute(
        "SELECT count(*) FROM integrations_providerrecord WHERE connection_id = %s AND resource = %s"
        " AND missing_since IS NULL",
        [source.id, resource.value],
    )
    known = cursor.fetchone()[0]
    cursor.execute("SELECT count(*) " + _UNSEEN, [source.id, resource.value, unseen])
    return known, cursor.fetchone()[0]


def mark_missing(cursor: Any, *, source: Connection, resource: Resource, run_id: UUID, unseen: list[int]) -> int:
    """Flags what a complete listing did not contain. Nothing is deleted: what it became stays in the books.

    A dismissal, a rejection or an open conflict keeps its verdict, so that it is still there should the record return;
    what waits to be worked is still worked.
    """
    cursor.execute(_MARK, [run_id, MISSING, source.id, resource.value, unseen])
    return int(cursor.rowcount)
