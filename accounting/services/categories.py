"""Categories of the rental schedule, and the ordered rules that give a bill its category."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction

from access.models import Organisation
from accounting.models import Category, CategoryRule, Kind
from accounting.schedule import DEFAULT_RULES, SCHEDULE
from core.errors import DomainError

WORD_LENGTH = 60


def ensure_defaults(*, organisation: Organisation) -> None:
    """Give the organisation the whole rental schedule and, the first time only, the default rules.

    One query when nothing is missing. Rules that a person deleted stay deleted.
    """
    wanted = {line.code for line in SCHEDULE}
    if wanted <= set(Category.objects.filter(organisation=organisation).values_list("code", flat=True)):
        return
    with transaction.atomic():
        # Two syncs of one organisation may both be its first.
        Organisation.objects.select_for_update(no_key=True).get(pk=organisation.pk)
        known = {category.code: category for category in Category.objects.filter(organisation=organisation)}
        is_first = not known
        for position, line in enumerate(SCHEDULE, start=1):
            if line.code not in known:
                known[line.code] = Category(
                    organisation=organisation, code=line.code, name=line.name, kind=line.kind, position=position
                )
        Category.objects.bulk_create(
            [category for category in known.values() if category._state.adding], ignore_conflicts=True
        )
        if is_first:
            CategoryRule.objects.bulk_create(
                CategoryRule(
                    organisation=organisation,
                    position=position,
                    supplier=rule.supplier,
                    words=list(rule.words),
                    job_link=rule.job_link,
                    category=known[rule.category],
                )
                for position, rule in enumerate(DEFAULT_RULES, start=1)
            )


def save_rule(
    *,
    organisation: Organisation,
    category: Category,
    rule: CategoryRule | None = None,
    supplier: str = "",
    words: Iterable[str] = (),
    job_link: str = CategoryRule.JobLink.ANY,
    is_enabled: bool = True,
) -> CategoryRule:
    """Change a rule, or add one above the first rule that catches everything (below it none could ever match).

    Raises DomainError `rule_category` for another organisation's or an income category: bills are expenses.
    """
    if category.organisation_id != organisation.pk or category.kind != Kind.EXPENSE:
        raise DomainError("rule_category", "Rules sort bills, so choose one of your expense categories.")
    with transaction.atomic():
        rules = _locked_rules(organisation)
        if rule is None:
            place = next((index for index, item in enumerate(rules) if _catches_all(item)), len(rules))
            saved = CategoryRule(organisation=organisation, position=place + 1)
            rules.insert(place, saved)
        else:
            saved = _own(rules, rule)
        saved.supplier = " ".join(supplier.split())
        saved.words = _clean_words(words)
        saved.job_link = job_link
        saved.category = category
        saved.is_enabled = is_enabled
        saved.save()
        _number(rules)
    return saved


def move_rule(*, rule: CategoryRule, up: bool) -> None:
    """Swap a rule with its neighbour; nothing happens at either end of the table."""
    with transaction.atomic():
        rules = _locked_rules(rule.organisation)
        place = rules.index(_own(rules, rule))
        other = place - 1 if up else place + 1
        if 0 <= other < len(rules):
            rules[place], rules[other] = rules[other], rules[place]
        _number(rules)


def set_rule_enabled(*, rule: CategoryRule, is_enabled: bool) -> None:
    """Switch a rule off without losing it, or on again."""
    with transaction.atomic():
        own = _own(_locked_rules(rule.organisation), rule)
        own.is_enabled = is_enabled
        own.save(update_fields=["is_enabled", "updated_at"])


def delete_rule(*, rule: CategoryRule) -> None:
    """Remove a rule. Transactions that it sorted keep their category and the sentence that says why."""
    with transaction.atomic():
        rules = _locked_rules(rule.organisation)
        own = _own(rules, rule)
        rules.remove(own)
        own.delete()
        _number(rules)


def _locked_rules(organisation: Organisation) -> list[CategoryRule]:
    """The organisation's rules in order; the lock makes one change of the order wait for another."""
    Organisation.objects.select_for_update(no_key=True).get(pk=organisation.pk)
    return list(CategoryRule.objects.filter(organisation=organisation).order_by("position", "id"))


def _own(rules: list[CategoryRule], rule: CategoryRule) -> CategoryRule:
    for item in rules:
        if item.pk == rule.pk:
            return item
    raise DomainError("rule_gone", "This rule was deleted meanwhile. Look at the table again.")


def _number(rules: list[CategoryRule]) -> None:
    """Positions 1, 2, 3 …: people read them as "Rule 4"."""
    moved = []
    for position, rule in enumerate(rules, start=1):
        if rule.position != position:
            rule.position = position
            moved.append(rule)
    CategoryRule.objects.bulk_update(moved, ["position"])


def _catches_all(rule: CategoryRule) -> bool:
    return rule.is_enabled and not rule.supplier and not rule.words and rule.job_link == CategoryRule.JobLink.ANY


def _clean_words(words: Iterable[str]) -> list[str]:
    """Trimmed, without blanks and repeats; raises DomainError `rule_word` for one that is too long to be a word."""
    cleaned: dict[str, str] = {}
    for word in words:
        text = " ".join(word.split())
        if len(text) > WORD_LENGTH:
            raise DomainError(
                "rule_word", f"“{text[:20]}…” is longer than {WORD_LENGTH} characters. Use a shorter part."
            )
        if text:
            cleaned.setdefault(text.lower(), text)
    return list(cleaned.values())
