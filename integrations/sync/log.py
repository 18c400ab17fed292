"""What a chunk leaves for people: conflict cards, the undo log, and the lines of a preview."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from integrations.models import Connection, SyncPlan

_BY_HASH = "SET LOCAL enable_hashjoin = on"
_CARDS = """
INSERT INTO integrations_conflict AS c (id, created_at, updated_at, organisation_id, connection_id, record_id, target,
  target_id, cause, changes, content_hash, state, sync_run_id)
SELECT pt_uuid7(), now(), now(), %(organisation)s, %(connection)s, p.record_id, %(target)s, p.transaction_id,
  CASE WHEN p.cause = '' THEN 'edited' ELSE p.cause END, p.changes, w.content_hash, 'open', %(run)s
FROM pt_plan p JOIN pt_work w USING (record_id)
WHERE p.verdict = 'conflict' AND p.transaction_id IS NOT NULL AND p.action <> 'closed'
ON CONFLICT (record_id, target_id) WHERE state = 'open' DO UPDATE SET changes = EXCLUDED.changes,
  content_hash = EXCLUDED.content_hash, cause = EXCLUDED.cause, updated_at = now(), sync_run_id = EXCLUDED.sync_run_id
"""
_SETTLED = """
UPDATE integrations_conflict c SET state = 'obsolete', decided_at = now(), updated_at = now()
FROM pt_plan p WHERE c.record_id = p.record_id AND c.state = 'open' AND p.verdict <> 'conflict'
"""
_CHANGES = """
INSERT INTO integrations_syncchange (id, organisation_id, run_id, record_id, action, target, target_id, changes, at)
SELECT pt_uuid7(), %(organisation)s, %(run)s, record_id,
  CASE action WHEN 'unmap' THEN 'void' WHEN 'update' THEN 'update' WHEN 'void' THEN 'void' ELSE 'create' END,
  %(target)s, transaction_id, changes, now()
FROM pt_plan WHERE action = ANY(%(actions)s) AND transaction_id IS NOT NULL
"""
_LINES = """
INSERT INTO integrations_syncplanline (id, organisation_id, plan_id, record_id, resource, action, verdict, reason,
  content_hash, target_id, property_id, label, kind, amount, changes, state)
SELECT pt_uuid7(), %(organisation)s, %(plan)s, p.record_id, w.resource, p.action, p.verdict, p.reason, w.content_hash,
  CASE WHEN p.action = 'create' THEN NULL ELSE p.transaction_id END, p.property_id, w.label, p.kind,
  coalesce(p.amount, w.amount), p.changes, 'planned'
FROM pt_plan p JOIN pt_work w USING (record_id)
WHERE p.action NOT IN ('same', 'dismissed', 'gone', 'baseline')
  AND NOT (w.resource = 'contact' AND p.action = 'unmapped')
"""


def keep_conflicts(cursor: Any, *, source: Connection, run_id: UUID, any_open: bool, only_fresh: bool) -> None:
    """Opens or refreshes a card for each money conflict of the chunk, and closes cards that no longer apply.

    `any_open` says that the plan has conflicts, `only_fresh` that every record of the chunk is new to the mirror, so
    that none can have a card.
    """
    cursor.execute(_BY_HASH)
    if any_open:
        cursor.execute(
            _CARDS,
            {"organisation": source.organisation_id, "connection": source.id, "run": run_id, "target": "transaction"},
        )
    if not only_fresh:
        cursor.execute(_SETTLED)


def log_changes(cursor: Any, *, source: Connection, run_id: UUID, target: str, actions: list[str]) -> None:
    """Notes for undo what the chunk changed."""
    cursor.execute(
        _CHANGES,
        {"organisation": source.organisation_id, "run": run_id, "target": target, "actions": actions},
    )


def keep_lines(cursor: Any, *, plan: SyncPlan) -> None:
    """Stores the chunk's plan as lines of a preview."""
    cursor.execute(_BY_HASH)
    cursor.execute(_LINES, {"organisation": plan.organisation_id, "plan": plan.id})
