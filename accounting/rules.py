"""What makes a rule match, once, as SQL: the import, the rules preview and the test box all join this expression."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.db import connection

# strpos compares plain text, and the patterns are escaped (pt_word_patterns): "%" and "_" in a rule mean themselves.
_MATCH = """
LEFT JOIN LATERAL (
  SELECT rule_row.category_id,
         rule_row.id AS rule_id,
         left('Rule ' || rule_row.position || ': ' || coalesce(nullif(concat_ws(' and ',
           CASE WHEN rule_row.supplier <> '' THEN 'supplier has “' || rule_row.supplier || '”' END,
           CASE WHEN rule_row.words <> '[]'::jsonb THEN 'text has “' || (
             SELECT item.word FROM jsonb_array_elements_text(rule_row.words) WITH ORDINALITY AS item(word, place)
             WHERE strpos(bill.words_text, lower(item.word)) > 0 ORDER BY item.place LIMIT 1) || '”' END,
           CASE rule_row.job_link WHEN 'yes' THEN 'it bills a job' WHEN 'no' THEN 'it bills no job' END
         ), ''), 'everything else'), 300) AS reason
  FROM (
    -- OFFSET 0 keeps this from being folded into each comparison: the text is lowered once a bill, not once a rule.
    SELECT lower({counterparty}) AS supplier_text,
           lower({description} || ' ' || {reference}) AS words_text,
           ({job_ref}) <> '' AS has_job
    OFFSET 0
  ) AS bill
  JOIN accounting_categoryrule AS rule_row ON rule_row.organisation_id = {organisation_id}
  WHERE rule_row.is_enabled
    AND (rule_row.job_link = 'any' OR (rule_row.job_link = 'yes') = bill.has_job)
    AND (rule_row.supplier = '' OR strpos(bill.supplier_text, lower(rule_row.supplier)) > 0)
    AND (rule_row.patterns IS NULL OR bill.words_text LIKE ANY (rule_row.patterns))
  ORDER BY rule_row.position, rule_row.id
  LIMIT 1
) AS {alias} ON true
"""


def rule_match_sql(
    *,
    organisation_id: str,
    counterparty: str,
    description: str,
    reference: str,
    job_ref: str,
    alias: str = "rule",
) -> str:
    """A LEFT JOIN LATERAL whose `alias` has category_id, rule_id and reason of the first enabled rule that matches.

    Each argument is a SQL expression over what stands before the join ("b.counterparty", "%(job_ref)s::text"), text
    and never null; never a value from a person. All three columns are null where no rule matches. `supplier` is
    looked for in the counterparty; any one of `words` in description and reference; both without case.
    """
    return _MATCH.format(
        organisation_id=organisation_id,
        counterparty=counterparty,
        description=description,
        reference=reference,
        job_ref=job_ref,
        alias=alias,
    )


@dataclass(frozen=True, slots=True)
class RuleMatch:
    """The rule that a bill falls under, and why."""

    rule_id: UUID
    category_id: UUID
    reason: str


def match_bill(
    *, organisation_id: UUID, counterparty: str = "", description: str = "", reference: str = "", job_ref: str = ""
) -> RuleMatch | None:
    """The first enabled rule of the organisation that matches such a bill; None when none does."""
    join = rule_match_sql(
        organisation_id="bill_text.organisation_id",
        counterparty="bill_text.counterparty",
        description="bill_text.description",
        reference="bill_text.reference",
        job_ref="bill_text.job_ref",
    )
    statement = (
        "SELECT rule.rule_id, rule.category_id, rule.reason FROM (SELECT %s::uuid AS organisation_id,"  # noqa: S608
        " %s::text AS counterparty, %s::text AS description, %s::text AS reference, %s::text AS job_ref) AS bill_text"
        + join
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, [organisation_id, counterparty, description, reference, job_ref])
        row = cursor.fetchone()
    if row is None or row[0] is None:
        return None
    return RuleMatch(rule_id=row[0], category_id=row[1], reason=row[2])
