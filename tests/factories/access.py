from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import factory
from factory.django import DjangoModelFactory

from access.models import AuditEntry, Membership, Organisation, User

PASSWORD = "correct-horse-battery"


class OrganisationFactory(DjangoModelFactory):
    """A property-management business in Sydney."""

    class Meta:
        model = Organisation

    name = factory.Sequence(lambda n: f"Agency {n}")
    currency = "AUD"
    time_zone = "Australia/Sydney"
    region = "AU"


class UserFactory(DjangoModelFactory):
    """A person who can sign in with PASSWORD."""

    class Meta:
        model = User

    email = factory.Sequence(lambda n: f"person{n}@agency.example")
    full_name = factory.Sequence(lambda n: f"Person {n}")

    @classmethod
    def _create(cls, model_class: type[User], *args: Any, **kwargs: Any) -> User:
        password = kwargs.pop("password", PASSWORD)
        return model_class.objects.create_user(*args, password=password, **kwargs)


class MembershipFactory(DjangoModelFactory):
    """A person's role; admin unless told."""

    class Meta:
        model = Membership

    organisation = factory.SubFactory(OrganisationFactory)
    user = factory.SubFactory(UserFactory)
    role = Membership.Role.ADMIN


class AuditEntryFactory(DjangoModelFactory):
    """A breaker that opened."""

    class Meta:
        model = AuditEntry

    organisation = factory.SubFactory(OrganisationFactory)
    at = datetime(2025, 12, 4, 3, 0, tzinfo=UTC)
    action = "breaker.opened"
    summary = "Calls to PropertyMe stopped."
