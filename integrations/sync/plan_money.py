"""What should become of rent payments and bills: pt_work in, pt_plan out, one statement for the whole chunk.

Every rule of importing money is in this expression, in the order in which it is decided:
rejected · set aside, as a derived ledger's baseline is · dismissed · property not mapped · automatic sync off ·
voided · books closed · create · conflict with a person's edit, closed books or an export · update · nothing to do.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from accounting.rules import rule_match_sql
from integrations.models import Connection
from integrations.records import Resource
from integrations.specs import ProviderSpec

_TEXT = "coalesce(w.facts->>'{0}', '')"


@dataclass(frozen=True, slots=True)
class MoneyRules:
    """What a chunk is planned under.

    `manual` lets records of properties with automatic sync off through. `closed_through` is the last closed day.
    `categories` maps our category codes to keys. `recategorise` compares categories too (a rule was changed).
    """

    manual: bool
    closed_through: date | None
    categories: dict[str, Any]
    recategorise: bool = False


# OFFSET 0 keeps the inner selects from being folded into every use of their columns: the action is worked out once.
_PLAN = """
INSERT INTO pt_plan
SELECT d.record_id, d.action,
  CASE d.action
    WHEN 'reject' THEN 'rejected' WHEN 'baseline' THEN 'dismissed' WHEN 'dismissed' THEN 'dismissed'
    WHEN 'unmapped' THEN 'unmapped' WHEN 'kept' THEN 'imported' WHEN 'unmap' THEN 'unmapped' WHEN 'wait' THEN 'pending'
    WHEN 'skipvoid' THEN 'dismissed' WHEN 'gone' THEN 'dismissed' WHEN 'closed' THEN 'conflict'
    WHEN 'conflict' THEN 'conflict' ELSE 'imported' END,
  left(CASE d.action
    WHEN 'reject' THEN d.reject
    WHEN 'baseline' THEN coalesce(d.facts->>'aside',
      'Paid before PropertyTracker was connected: where the derived ledger starts.')
    WHEN 'dismissed' THEN d.old_reason
    WHEN 'gone' THEN 'You reversed it, so it stays reversed.'
    WHEN 'unmapped' THEN CASE WHEN d.map_state = 'ignored' THEN 'You chose to ignore this property.'
       WHEN d.map_state IS NULL THEN 'It names a property that the provider has not listed.'
       ELSE 'Its property is not mapped yet.' END
    WHEN 'unmap' THEN 'Its property is no longer mapped: the entry was reversed.'
    WHEN 'kept' THEN 'Its property is no longer mapped, but the entry was ' || CASE d.cause
       WHEN 'exported' THEN 'exported' WHEN 'closed' THEN 'closed' ELSE 'edited by a person' END || ', so it stays.'
    WHEN 'wait' THEN 'Automatic sync is off for its property.'
    WHEN 'skipvoid' THEN 'Voided at the provider before it was imported.'
    WHEN 'closed' THEN 'The books are closed through ' || to_char(%(closed)s::date, 'FMDD Mon YYYY')
       || '. Reopen them and try again, or dismiss it.'
    WHEN 'conflict' THEN CASE d.cause WHEN 'exported' THEN 'It changed at the provider after we exported it.'
       WHEN 'closed' THEN 'It changed at the provider, but the books are closed for its date.'
       ELSE 'It changed at the provider, and a person changed ours.' END
    WHEN 'void' THEN coalesce(d.facts->>'aside', 'Voided at the provider: reversed.')
    ELSE '' END, 300),
  CASE WHEN d.action = 'create' AND d.t_id IS NOT NULL THEN d.generation + 1 ELSE d.generation END,
  CASE WHEN d.action = 'create' THEN coalesce(d.fresh_id, pt_uuid7()) ELSE d.t_id END,
  d.cause, d.property_id, d.lease_id,
  coalesce(d.category_id, %(fallback)s), coalesce(d.category_reason, %(fallback_reason)s), d.rule_id,
  %(kind)s, d.occurred_on, d.amount, d.tax_amount, d.description, d.counterparty, d.reference, d.is_derived, d.job_ref,
  CASE WHEN d.action = 'create' THEN d.provider_id || CASE
      WHEN d.t_id IS NOT NULL THEN '~' || (d.generation + 1) WHEN d.generation > 1 THEN '~' || d.generation ELSE '' END
    ELSE '' END,
  CASE WHEN d.action IN ('update', 'conflict') AND NOT d.is_void THEN d.changes
    WHEN d.action IN ('void', 'conflict', 'unmap')
      THEN jsonb_build_object('status', jsonb_build_array('confirmed', 'void'))
    ELSE '{{}}'::jsonb END
FROM (
  SELECT c.*,
    CASE
      WHEN c.reject <> '' THEN 'reject'
      WHEN c.is_baseline AND c.t_status IS DISTINCT FROM 'confirmed' THEN 'baseline'
      WHEN c.is_set_aside THEN 'dismissed'
      WHEN c.map_state IS DISTINCT FROM 'mapped' THEN CASE
        WHEN c.t_status IS DISTINCT FROM 'confirmed' THEN 'unmapped' WHEN c.cause <> '' THEN 'kept' ELSE 'unmap' END
      WHEN c.t_status = 'reversed' AND c.reversed_by_person THEN 'gone'
      WHEN c.t_status IS DISTINCT FROM 'confirmed' THEN CASE
        WHEN c.is_void THEN CASE WHEN c.t_id IS NULL THEN 'skipvoid' ELSE 'same' END
        WHEN NOT c.auto_sync AND NOT %(manual)s THEN 'wait'
        WHEN c.occurred_on <= %(closed)s THEN 'closed'
        ELSE 'create' END
      WHEN c.changes = '{{}}'::jsonb AND NOT c.is_void THEN 'same'
      WHEN c.cause <> '' THEN CASE
        WHEN EXISTS (SELECT 1 FROM integrations_conflict k WHERE k.record_id = c.record_id
          AND k.content_hash = c.content_hash AND k.state = 'ours') THEN 'same' ELSE 'conflict' END
      WHEN c.is_void THEN 'void'
      ELSE 'update'
    END AS action
  FROM (
    SELECT w.*, m.state AS map_state, m.auto_sync, m.property_id, {lease} AS lease_id,
      coalesce(w.facts ?| ARRAY['baseline', 'aside'], false) AS is_baseline,
      coalesce(w.facts ? 'derived', false) AS is_derived,
      r.reason AS old_reason,
      -- One that was merely void, or not for the books, is nobody's decision: it may be un-voided.
      (w.verdict = 'dismissed' AND NOT (r.is_void AND r.decided_by_id IS NULL)) AS is_set_aside,
      left({description}, 300) AS description, left({counterparty}, 200) AS counterparty,
      left({reference}, 120) AS reference, (w.facts->>'tax')::numeric(14,2) AS tax_amount,
      {job_ref} AS job_ref, {category} AS category_id, {reason} AS category_reason, {rule} AS rule_id,
      t.id AS t_id, t.status AS t_status,
      (t.status = 'reversed' AND v.sync_run_id IS NULL) AS reversed_by_person,
      CASE WHEN t.exported_at IS NOT NULL THEN 'exported'
           -- A reversal is dated as the entry; only an update writes the day that the provider says now.
           WHEN least(t.occurred_on, CASE WHEN m.state = 'mapped' AND NOT w.is_void THEN w.occurred_on END)
             <= %(closed)s THEN 'closed'
           WHEN t.edited_at IS NOT NULL THEN 'edited' ELSE '' END AS cause,
      CASE WHEN t.id IS NULL THEN '{{}}'::jsonb ELSE jsonb_strip_nulls(jsonb_build_object(
        'amount', CASE WHEN t.amount <> w.amount THEN jsonb_build_array(t.amount::text, w.amount::text) END,
        'occurred_on', CASE WHEN t.occurred_on <> w.occurred_on
          THEN jsonb_build_array(t.occurred_on::text, w.occurred_on::text) END,
        'property', CASE WHEN t.property_id <> m.property_id
          THEN jsonb_build_array(t.property_id::text, m.property_id::text) END,
        'description', CASE WHEN t.description <> left({description}, 300)
          THEN jsonb_build_array(t.description, left({description}, 300)) END,
        'counterparty', CASE WHEN t.counterparty <> left({counterparty}, 200)
          THEN jsonb_build_array(t.counterparty, left({counterparty}, 200)) END,
        'reference', CASE WHEN t.reference <> left({reference}, 120)
          THEN jsonb_build_array(t.reference, left({reference}, 120)) END,
        'tax_amount', CASE WHEN t.tax_amount IS DISTINCT FROM (w.facts->>'tax')::numeric(14,2)
          THEN jsonb_build_array(coalesce(t.tax_amount::text, ''), coalesce(w.facts->>'tax', '')) END,
        'category', CASE WHEN t.edited_at IS NULL AND t.category_id <> coalesce({category}, %(fallback)s) AND (
            %(recategorise)s OR t.description <> left({description}, 300)
            OR t.counterparty <> left({counterparty}, 200) OR t.reference <> left({reference}, 120))
          THEN jsonb_build_array(t.category_id::text, coalesce({category}, %(fallback)s)::text) END
      )) END AS changes
    FROM pt_work w
    LEFT JOIN integrations_providerrecord r ON {before}
    LEFT JOIN integrations_propertymapping m
      ON m.connection_id = %(connection)s AND m.provider_property_id = w.property_ref
    {lease_join}
    LEFT JOIN accounting_transaction t ON {ours}
    LEFT JOIN accounting_transaction v ON {theirs}
    {rule_join}
    OFFSET 0
  ) c
  OFFSET 0
) d
"""

_LEASE_JOIN = """LEFT JOIN tenancies_lease l ON l.organisation_id = %(organisation)s
      AND l.connection_id = %(connection)s AND l.provider_id = w.related_ref AND l.provider_id <> ''"""


def _statement(resource: Resource, *, only_new: bool) -> str:
    columns = {name: _TEXT.format(name) for name in ("description", "counterparty", "reference")}
    # Records that are new to the mirror have no entry of ours: a join on false costs the planner nothing at all.
    columns["before"] = "false" if only_new else "r.id = w.record_id AND w.verdict = 'dismissed'"
    columns["ours"] = "false" if only_new else "t.id = w.target_id"
    columns["theirs"] = "false" if only_new else "v.reverses_id = t.id AND t.status = 'reversed'"
    if resource == Resource.PAYMENT:
        return _PLAN.format(
            lease="l.id",
            lease_join=_LEASE_JOIN,
            job_ref="''",
            category="NULL::uuid",
            reason="NULL::text",
            rule="NULL::uuid",
            rule_join="",
            **columns,
        )
    join = rule_match_sql(
        organisation_id="%(organisation)s::uuid",
        job_ref="w.related_ref",
        alias="rule",
        counterparty=columns["counterparty"],
        description=columns["description"],
        reference=columns["reference"],
    )
    return _PLAN.format(
        lease="NULL::uuid",
        lease_join="",
        job_ref="w.related_ref",
        category="rule.category_id",
        reason="rule.reason",
        rule="rule.rule_id",
        rule_join=join,
        **columns,
    )


_STATEMENTS = {
    (resource, only_new): _statement(resource, only_new=only_new)
    for resource in (Resource.PAYMENT, Resource.BILL)
    for only_new in (False, True)
}


def plan_money(
    cursor: Any,
    *,
    source: Connection,
    spec: ProviderSpec,
    resource: Resource,
    rules: MoneyRules,
    only_new: bool = False,
) -> None:
    """Fills pt_plan for the chunk's records of one money resource. `only_new`: the mirror knew none of them."""
    is_rent = resource == Resource.PAYMENT
    if only_new:
        # What it joins then, mappings and leases, is small and has statistics.
        cursor.execute("SET LOCAL enable_hashjoin = on; SET LOCAL enable_seqscan = on")
    cursor.execute(
        _STATEMENTS[resource, only_new],
        {
            "connection": source.id,
            "organisation": source.organisation_id,
            "manual": rules.manual,
            "closed": rules.closed_through,
            "recategorise": rules.recategorise and not is_rent,
            "fallback": rules.categories["rental_income" if is_rent else "sundry"],
            "fallback_reason": f"Rent received, as {spec.label} records it." if is_rent else "No rule matched.",
            "kind": "income" if is_rent else "expense",
        },
    )
