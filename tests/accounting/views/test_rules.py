from __future__ import annotations

import pytest
from django.test import Client

from access.models import Organisation
from accounting.models import CategoryRule
from accounting.schedule import DEFAULT_RULES
from accounting.services import categories
from tests.factories.accounting import CategoryRuleFactory, TransactionFactory, category
from tests.query_counts import assert_query_count


@pytest.fixture
def rules(organisation: Organisation) -> list[CategoryRule]:
    categories.ensure_defaults(organisation=organisation)
    return list(CategoryRule.objects.filter(organisation=organisation).order_by("position"))


def test_first_visit_makes_the_schedule_and_its_rules(organisation: Organisation, client_agent: Client) -> None:
    page = client_agent.get("/accounting/rules/").content.decode()
    assert CategoryRule.objects.filter(organisation=organisation).count() == len(DEFAULT_RULES)
    assert "Everything else" in page
    assert "/settings/integrations/rules-preview/" in page


def test_the_box_says_which_rule_catches_a_bill(client_agent: Client, rules: list[CategoryRule]) -> None:
    water = next(rule for rule in rules if rule.supplier == "Water")
    url = "/accounting/rules/?supplier=Sydney+Water&text=Account+77"
    page = client_agent.get(url).content.decode()
    assert f"Rule {water.position}: supplier has “Water”" in page
    part = client_agent.get(url, headers={"HX-Request": "true"}).content.decode()
    assert part.strip().startswith('<div id="caught"')
    assert "<strong>Water charges</strong>" in part
    assert "Repairs and maintenance</strong>" in client_agent.get(f"{url}&job=on").content.decode()


def test_no_rule_no_category(client_agent: Client, rules: list[CategoryRule]) -> None:
    categories.delete_rule(rule=rules[-1])
    assert "No rule in use catches this bill" in client_agent.get("/accounting/rules/?text=zzz").content.decode()
    CategoryRule.objects.all().delete()
    assert "There are no rules." in client_agent.get("/accounting/rules/").content.decode()


def test_add_edit_switch_move_delete(
    organisation: Organisation, client_agent: Client, rules: list[CategoryRule]
) -> None:
    facts = {
        "supplier": "Hunter Water",
        "words": "usage\n\n levy ",
        "job_link": "no",
        "category": str(category(organisation, "water").pk),
        "is_enabled": "on",
    }
    assert client_agent.get("/accounting/rules/new/").status_code == 200
    response = client_agent.post("/accounting/rules/new/", facts)
    rule = CategoryRule.objects.get(organisation=organisation, supplier="Hunter Water")
    assert response.headers["Location"] == f"/accounting/rules/#rule-{rule.pk}"
    assert (rule.words, rule.job_link, rule.position) == (["usage", "levy"], "no", len(DEFAULT_RULES))
    url = f"/accounting/rules/{rule.pk}/"
    assert "usage\nlevy" in client_agent.get(url).content.decode()
    assert client_agent.post(url, {**facts, "words": "fixed charge"}).status_code == 302
    assert client_agent.post(f"{url}move/", {"to": "up"}).status_code == 302
    assert client_agent.post(f"{url}switch/", {"to": "off"}).status_code == 302
    rule.refresh_from_db()
    assert (rule.words, rule.position, rule.is_enabled) == (["fixed charge"], len(DEFAULT_RULES) - 1, False)
    client_agent.post(f"{url}move/", {"to": "down"})
    client_agent.post(f"{url}switch/", {"to": "on"})
    rule.refresh_from_db()
    assert (rule.position, rule.is_enabled) == (len(DEFAULT_RULES), True)
    TransactionFactory(organisation=organisation, code="water", category_rule_id=rule.pk)
    page = client_agent.get(f"{url}delete/").content.decode()
    assert "1 bill that it sorted keep their category" in page
    assert CategoryRule.objects.filter(pk=rule.pk).exists()
    assert client_agent.post(f"{url}delete/").headers["Location"] == "/accounting/rules/"
    assert not CategoryRule.objects.filter(pk=rule.pk).exists()


def test_bad_input_stands_beside_the_form(
    organisation: Organisation, other_organisation: Organisation, client_agent: Client, rules: list[CategoryRule]
) -> None:
    facts = {"job_link": "any", "category": str(category(organisation, "water").pk)}
    response = client_agent.post("/accounting/rules/new/", {**facts, "words": "x" * 61})
    assert response.status_code == 422
    assert "is longer than 60 characters" in response.content.decode()
    for wrong in (category(other_organisation, "water"), category(organisation, "rental_income")):
        assert client_agent.post("/accounting/rules/new/", {**facts, "category": str(wrong.pk)}).status_code == 422
    assert CategoryRule.objects.filter(organisation=organisation).count() == len(DEFAULT_RULES)


@pytest.mark.parametrize("tail", ["", "move/", "switch/", "delete/"])
def test_another_organisations_rule_is_not_found(
    other_organisation: Organisation, client_agent: Client, tail: str
) -> None:
    foreign = CategoryRuleFactory(organisation=other_organisation)
    assert client_agent.post(f"/accounting/rules/{foreign.pk}/{tail}").status_code == 404
    if tail not in ("move/", "switch/"):
        assert client_agent.get(f"/accounting/rules/{foreign.pk}/{tail}").status_code == 404
    assert CategoryRule.objects.filter(pk=foreign.pk, is_enabled=True).exists()


def test_changes_need_a_post(client_agent: Client, rules: list[CategoryRule]) -> None:
    for tail in ("move/", "switch/"):
        assert client_agent.get(f"/accounting/rules/{rules[0].pk}/{tail}").status_code == 405


def test_queries(client_agent: Client, rules: list[CategoryRule]) -> None:
    assert_query_count("rule_list", client_agent, "/accounting/rules/?supplier=Water")
    assert_query_count("rule_edit", client_agent, f"/accounting/rules/{rules[0].pk}/")
