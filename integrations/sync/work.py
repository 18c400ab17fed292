"""The working table of a chunk: the records at hand, whether fresh from the provider or read back from the mirror.

Temporary tables live as long as the session and empty themselves at each commit, so a chunk that fails leaves nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from core.ids import uuid7_texts
from integrations.models import Connection
from integrations.records import Resource
from integrations.sync.lock import keep_mappings
from integrations.sync.stage import BODY_COLUMNS, NULL, Normalise, Prepared, body

_TABLES = """
CREATE TEMP TABLE IF NOT EXISTS pt_work (
  record_id uuid NOT NULL, resource varchar(20) NOT NULL, provider_id varchar(128) NOT NULL, content_hash uuid NOT NULL,
  payload jsonb NOT NULL, facts jsonb, property_ref varchar(128) NOT NULL, related_ref varchar(128) NOT NULL,
  label varchar(300) NOT NULL, amount numeric(14,2), occurred_on date, is_void boolean NOT NULL,
  reject varchar(300) NOT NULL, verdict varchar(10) NOT NULL, generation smallint NOT NULL, target_id uuid,
  is_new boolean NOT NULL, fresh_id uuid
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS pt_plan (
  record_id uuid NOT NULL, action varchar(10) NOT NULL, verdict varchar(10) NOT NULL, reason varchar(300) NOT NULL,
  generation smallint NOT NULL, transaction_id uuid, cause varchar(10) NOT NULL, property_id uuid, lease_id uuid,
  category_id uuid, category_reason varchar(300) NOT NULL, category_rule_id uuid, kind varchar(8) NOT NULL,
  occurred_on date, amount numeric(14,2), tax_amount numeric(14,2), description varchar(300) NOT NULL,
  counterparty varchar(200) NOT NULL, reference varchar(120) NOT NULL, is_derived boolean NOT NULL,
  job_ref varchar(128) NOT NULL, provider_transaction_id varchar(160) NOT NULL, changes jsonb NOT NULL
) ON COMMIT DELETE ROWS;
"""
# The chunk is small and every join has an index; on tables that were never analysed the planner would otherwise scan
# a million rows for each chunk.
_STEER = "SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off"
# A chunk that a crash of the server takes back took its cursor and its counts with it, and is read again: nobody needs
# to wait until it is on disk. The run's own last commit waits, and with it all that came before.
_LAZY = "SET LOCAL client_min_messages = warning; SET LOCAL synchronous_commit = off"
_BEGIN = f"{_LAZY};{_TABLES}{_STEER}"
_HASH_JOINS_ON, _HASH_JOINS_OFF = "SET LOCAL enable_hashjoin = on", "SET LOCAL enable_hashjoin = off"
_COPY = f"COPY pt_work (record_id, {BODY_COLUMNS}, verdict, generation, target_id, is_new, fresh_id) FROM STDIN"
# One walk of the unique index for the whole chunk, then a join in memory: as a nested loop the planner may, on a table
# without statistics, walk the connection's whole index for each row.
_LOOK_UP = """
WITH u AS MATERIALIZED (
  SELECT * FROM unnest(%(ids)s::varchar[], %(hashes)s::uuid[]) WITH ORDINALITY AS u(provider_id, content_hash, ord)
), known AS MATERIALIZED (
  SELECT provider_id, content_hash, missing_since, id, verdict, generation, target_id
  FROM integrations_providerrecord
  WHERE connection_id = %(connection)s AND resource = %(resource)s
    AND provider_id = ANY((SELECT array_agg(provider_id) FROM u)::varchar[])
)
SELECT u.ord::int - 1, k.id, k.verdict, k.generation, k.target_id, k.content_hash
FROM u LEFT JOIN known k ON k.provider_id = u.provider_id
WHERE k.content_hash IS DISTINCT FROM u.content_hash OR k.missing_since IS NOT NULL
"""
_LOAD = """
INSERT INTO pt_work
SELECT id, resource, provider_id, content_hash, payload, facts, property_ref, related_ref, label, amount, occurred_on,
       is_void, CASE WHEN facts IS NULL THEN coalesce(nullif(reason, ''), 'It could not be read.') ELSE '' END, verdict,
       generation, target_id, false, NULL
FROM integrations_providerrecord WHERE id = ANY(%s) AND connection_id = %s FOR UPDATE
"""


# What a person decided since the rows were looked up counts; what they decide from here on waits for the chunk.
_HOLD = """
UPDATE pt_work w SET verdict = k.verdict, generation = k.generation, target_id = k.target_id
FROM (SELECT id, verdict, generation, target_id FROM integrations_providerrecord
      WHERE id IN (SELECT record_id FROM pt_work WHERE NOT is_new) ORDER BY id FOR UPDATE) k
WHERE w.record_id = k.id
"""
_HOLD_ENTRIES = """
SELECT 1 FROM accounting_transaction WHERE id IN (SELECT target_id FROM pt_work WHERE target_id IS NOT NULL)
ORDER BY id FOR UPDATE
"""


@contextmanager
def chunk(connection_id: UUID) -> Iterator[Any]:
    """One short transaction with the working tables at hand; yields the cursor. No mapping changes meanwhile."""
    with transaction.atomic(), connection.cursor() as cursor:
        keep_mappings(connection_id)
        cursor.execute(_BEGIN)
        yield cursor


@dataclass(slots=True)
class Staged:
    """How many rows of a chunk are new or changed; only those are in pt_work. `replaced` are digests of before."""

    new: int
    changed: int
    replaced: list[UUID]


def stage_fresh(
    cursor: Any, *, source: Connection, resource: Resource, prepared: Prepared, normalise: Normalise
) -> Staged:
    """Puts the new and changed rows of a page into pt_work. An id that occurs twice counts once: the last one."""
    last = dict(zip(prepared.ids, range(len(prepared.ids)), strict=True))
    asked = [place for place in prepared.doubtful or () if last[prepared.ids[place]] == place]
    sure = prepared.doubtful is not None
    places = asked if sure else list(last.values())
    found = _look_up(cursor, source, resource, prepared, places)
    if sure and len(asked) < len(last):
        known = set(asked)
        found += [(place, None, None, None, None, None) for place in last.values() if place not in known]
    new = 0
    if found:
        lines = []
        # One for the record, one for what it may become: a key costs the database ten times what it costs here.
        keys = iter(uuid7_texts(2 * len(found)))
        for place, record_id, verdict, generation, target_id, _ in found:
            if record_id is None:
                new += 1
            text = prepared.bodies[place] if prepared.bodies else body(resource, prepared, place, normalise)
            lines.append(
                f"{record_id or next(keys)}\t{text}\t{verdict or 'pending'}\t{generation or 1}\t{target_id or NULL}\t"
                f"{'t' if record_id is None else 'f'}\t{next(keys)}\n"
            )
        with cursor.copy(_COPY) as copy:
            copy.write("".join(lines))
    return Staged(new=new, changed=len(found) - new, replaced=[row[5] for row in found if row[5] is not None])


def _look_up(
    cursor: Any, source: Connection, resource: Resource, prepared: Prepared, places: list[int]
) -> list[tuple[Any, ...]]:
    """Of the rows at these places those that the mirror does not hold as they are, with what it holds instead."""
    if not places:
        return []
    cursor.execute(_HASH_JOINS_ON)
    cursor.execute(
        _LOOK_UP,
        {
            "connection": source.id,
            "resource": resource.value,
            "ids": [prepared.ids[place] for place in places],
            "hashes": [prepared.digests[place].hex() for place in places],
        },
    )
    found = [(places[ordinal], *rest) for ordinal, *rest in cursor.fetchall()]
    cursor.execute(_HASH_JOINS_OFF)
    return found


def hold_known(cursor: Any) -> None:
    """Locks the chunk's records that were known before, and the entries they became, each in the order of its key."""
    cursor.execute(_HOLD)
    cursor.execute(_HOLD_ENTRIES)


def stage_stored(cursor: Any, *, source: Connection, record_ids: Sequence[UUID]) -> None:
    """Puts mirror rows back into pt_work, locked, so that two replays cannot work the same record."""
    cursor.execute(_LOAD, [list(record_ids), source.id])
