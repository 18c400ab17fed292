from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import factory
from factory.django import DjangoModelFactory

from access.models import Organisation
from accounting.models import Category, CategoryRule, Kind, Transaction
from accounting.services import categories
from tests.factories.access import OrganisationFactory
from tests.factories.properties import PropertyFactory


def category(organisation: Organisation, code: str) -> Category:
    """A category of the organisation's rental schedule, which is made when it is not there yet."""
    categories.ensure_defaults(organisation=organisation)
    return Category.objects.get(organisation=organisation, code=code)


class CategoryRuleFactory(DjangoModelFactory):
    """A rule without conditions, into sundry."""

    class Meta:
        model = CategoryRule

    organisation = factory.SubFactory(OrganisationFactory)
    position = factory.Sequence(lambda n: 1000 + n)
    category = factory.LazyAttribute(lambda rule: category(rule.organisation, "sundry"))


class TransactionFactory(DjangoModelFactory):
    """Rent of $640.00 on 4 December 2025; `code="water"` makes it another line of the schedule, with its kind."""

    class Meta:
        model = Transaction

    class Params:
        code = "rental_income"

    organisation = factory.SubFactory(OrganisationFactory)
    property = factory.SubFactory(PropertyFactory, organisation=factory.SelfAttribute("..organisation"))
    category = factory.LazyAttribute(lambda entry: category(entry.organisation, entry.code))
    kind = factory.LazyAttribute(lambda entry: entry.category.kind)
    occurred_on = date(2025, 12, 4)
    amount = Decimal("640.00")
    currency = "AUD"
    description = factory.LazyAttribute(lambda entry: "Rent" if entry.kind == Kind.INCOME else "Bill")

    @classmethod
    def _create(cls, model_class: type[Transaction], *args: Any, **kwargs: Any) -> Transaction:
        kwargs.pop("code", None)
        return super()._create(model_class, *args, **kwargs)
