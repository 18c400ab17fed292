from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from access.models import Organisation
from accounting.models import Category, CategoryRule
from accounting.schedule import DEFAULT_RULES, SCHEDULE
from accounting.services import categories
from core.errors import DomainError
from tests.factories.accounting import category


def _rules(organisation: Organisation) -> list[CategoryRule]:
    return list(CategoryRule.objects.filter(organisation=organisation).order_by("position", "id"))


def test_defaults_are_made_once_and_then_cost_one_query(organisation: Organisation) -> None:
    categories.ensure_defaults(organisation=organisation)
    with CaptureQueriesContext(connection) as queries:
        categories.ensure_defaults(organisation=organisation)
    assert len(queries) == 1
    lines = Category.objects.filter(organisation=organisation).order_by("position")
    assert [(line.code, line.name, line.kind, line.position) for line in lines] == [
        (line.code, line.name, line.kind, place) for place, line in enumerate(SCHEDULE, start=1)
    ]
    assert [(rule.position, rule.category.code) for rule in _rules(organisation)] == [
        (place, rule.category) for place, rule in enumerate(DEFAULT_RULES, start=1)
    ]


def test_a_missing_line_comes_back_but_deleted_rules_do_not(organisation: Organisation) -> None:
    categories.ensure_defaults(organisation=organisation)
    CategoryRule.objects.filter(organisation=organisation).delete()
    Category.objects.filter(organisation=organisation, code="travel").delete()
    categories.ensure_defaults(organisation=organisation)
    assert Category.objects.filter(organisation=organisation, code="travel").exists()
    assert _rules(organisation) == []


def test_a_new_rule_stands_above_the_one_that_catches_everything(organisation: Organisation) -> None:
    water = category(organisation, "water")
    saved = categories.save_rule(
        organisation=organisation, category=water, supplier="  Hunter \t Water ", words=[" usage ", "Usage", "", "levy"]
    )
    rules = _rules(organisation)
    assert (rules[-2].pk, rules[-1].category.code) == (saved.pk, "sundry")
    assert [rule.position for rule in rules] == list(range(1, len(DEFAULT_RULES) + 2))
    saved.refresh_from_db()
    assert (saved.supplier, saved.words, saved.job_link, saved.category) == (
        "Hunter Water", ["usage", "levy"], "any", water,
    )  # fmt: skip


def test_without_a_last_rule_a_new_one_goes_to_the_end(organisation: Organisation) -> None:
    sundry = category(organisation, "sundry")
    CategoryRule.objects.filter(organisation=organisation).delete()
    first = categories.save_rule(organisation=organisation, category=sundry, supplier="A")
    second = categories.save_rule(organisation=organisation, category=sundry, supplier="B")
    assert [(rule.pk, rule.position) for rule in _rules(organisation)] == [(first.pk, 1), (second.pk, 2)]


def test_saving_a_rule_keeps_its_place(organisation: Organisation) -> None:
    categories.ensure_defaults(organisation=organisation)
    third = _rules(organisation)[2]
    travel = category(organisation, "travel")
    categories.save_rule(
        organisation=organisation, rule=third, category=travel, words=["taxi"], job_link="no", is_enabled=False
    )
    third.refresh_from_db()
    assert (third.position, third.supplier, third.words, third.job_link, third.is_enabled, third.category) == (
        3, "", ["taxi"], "no", False, travel,
    )  # fmt: skip


def test_moving_swaps_neighbours_and_stops_at_the_ends(organisation: Organisation) -> None:
    categories.ensure_defaults(organisation=organisation)
    before = [rule.pk for rule in _rules(organisation)]
    first, second = _rules(organisation)[:2]
    categories.move_rule(rule=first, up=True)
    assert [rule.pk for rule in _rules(organisation)] == before
    categories.move_rule(rule=second, up=True)
    assert [rule.pk for rule in _rules(organisation)] == [before[1], before[0], *before[2:]]
    last = _rules(organisation)[-1]
    categories.move_rule(rule=last, up=False)
    assert _rules(organisation)[-1].pk == last.pk
    categories.move_rule(rule=second, up=False)
    assert [rule.pk for rule in _rules(organisation)] == before


def test_deleting_closes_the_gap_and_a_gone_rule_says_so(organisation: Organisation) -> None:
    categories.ensure_defaults(organisation=organisation)
    second = _rules(organisation)[1]
    categories.delete_rule(rule=second)
    assert [rule.position for rule in _rules(organisation)] == list(range(1, len(DEFAULT_RULES)))
    for work in (
        lambda: categories.delete_rule(rule=second),
        lambda: categories.move_rule(rule=second, up=True),
        lambda: categories.set_rule_enabled(rule=second, is_enabled=True),
    ):
        with pytest.raises(DomainError) as refused:
            work()
        assert refused.value.code == "rule_gone"


def test_switching_off_and_on(organisation: Organisation) -> None:
    categories.ensure_defaults(organisation=organisation)
    rule = _rules(organisation)[0]
    for wanted in (False, True):
        categories.set_rule_enabled(rule=rule, is_enabled=wanted)
        rule.refresh_from_db()
        assert rule.is_enabled is wanted


def test_refusals(organisation: Organisation, other_organisation: Organisation) -> None:
    for wrong in (category(other_organisation, "water"), category(organisation, "rental_income")):
        with pytest.raises(DomainError) as refused:
            categories.save_rule(organisation=organisation, category=wrong, supplier="x")
        assert refused.value.code == "rule_category"
    with pytest.raises(DomainError) as refused:
        categories.save_rule(organisation=organisation, category=category(organisation, "water"), words=["x" * 61])
    assert refused.value.code == "rule_word"
    assert len(_rules(organisation)) == len(DEFAULT_RULES)
