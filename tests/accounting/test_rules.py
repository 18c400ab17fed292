from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from access.models import Organisation
from accounting.models import CategoryRule
from accounting.rules import match_bill
from tests.factories.access import OrganisationFactory
from tests.factories.accounting import CategoryRuleFactory, category

# Few letters, so that texts do match; with capitals, LIKE wildcards, quotes, accents, other scripts.
_TEXT = st.text(alphabet="abAB %_'\\“”éÉđĐ水ن-9", max_size=12)
_WORD = st.text(alphabet="abAB%_'\\éÉđĐ水ن9", min_size=1, max_size=3)
_RULE = st.fixed_dictionaries(
    {
        "supplier": st.one_of(st.just(""), _WORD),
        "words": st.lists(_WORD, max_size=3),
        "job_link": st.sampled_from(CategoryRule.JobLink.values),
        "is_enabled": st.booleans(),
        "position": st.integers(1, 4),
    }
)
_BILL = st.fixed_dictionaries(
    {"counterparty": _TEXT, "description": _TEXT, "reference": _TEXT, "job_ref": st.sampled_from(["", "job-1"])}
)


def oracle(rules: list[CategoryRule], bill: dict[str, str]) -> tuple[CategoryRule, str] | None:
    """What the table means, in plain Python."""
    text = f"{bill['description']} {bill['reference']}".lower()
    for rule in sorted(rules, key=lambda item: (item.position, item.pk)):
        hit = next((word for word in rule.words if word.lower() in text), None)
        if (
            not rule.is_enabled
            or (rule.supplier and rule.supplier.lower() not in bill["counterparty"].lower())
            or (rule.words and hit is None)
            or (rule.job_link == "yes" and not bill["job_ref"])
            or (rule.job_link == "no" and bill["job_ref"])
        ):
            continue
        parts = []
        if rule.supplier:
            parts.append(f"supplier has “{rule.supplier}”")
        if hit is not None:
            parts.append(f"text has “{hit}”")
        if rule.job_link != "any":
            parts.append({"yes": "it bills a job", "no": "it bills no job"}[rule.job_link])
        return rule, f"Rule {rule.position}: {' and '.join(parts) or 'everything else'}"
    return None


@pytest.mark.django_db
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(facts=st.lists(_RULE, max_size=5), bills=st.lists(_BILL, min_size=1, max_size=4))
def test_sql_decides_as_a_plain_reading_does(facts: list[dict[str, object]], bills: list[dict[str, str]]) -> None:
    organisation = OrganisationFactory()
    sundry = category(organisation, "sundry")
    CategoryRule.objects.filter(organisation=organisation).delete()
    rules = [CategoryRuleFactory(organisation=organisation, category=sundry, **fact) for fact in facts]
    for bill in bills:
        found = match_bill(organisation_id=organisation.pk, **bill)
        wanted = oracle(rules, bill)
        assert (None if found is None else (found.rule_id, found.category_id, found.reason)) == (
            None if wanted is None else (wanted[0].pk, sundry.pk, wanted[1])
        )


def test_rules_of_another_organisation_decide_nothing(
    organisation: Organisation, other_organisation: Organisation
) -> None:
    CategoryRuleFactory(organisation=other_organisation, supplier="Water")
    assert match_bill(organisation_id=organisation.pk, counterparty="Sydney Water") is None


def test_reason_fits_its_column(organisation: Organisation) -> None:
    rule = CategoryRuleFactory(
        organisation=organisation, position=1, supplier="w" * 120, words=["x" * 400], job_link="yes"
    )
    CategoryRule.objects.filter(organisation=organisation).exclude(pk=rule.pk).delete()
    match = match_bill(organisation_id=organisation.pk, counterparty="W" * 120, description="X" * 400, job_ref="1")
    assert match is not None
    assert len(match.reason) == 300
