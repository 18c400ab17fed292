from __future__ import annotations

import factory
from factory.django import DjangoModelFactory

from properties.models import Owner, Property, Unit
from tests.factories.access import OrganisationFactory


class OwnerFactory(DjangoModelFactory):
    """A landlord."""

    class Meta:
        model = Owner

    organisation = factory.SubFactory(OrganisationFactory)
    name = factory.Sequence(lambda n: f"Owner {n}")


class PropertyFactory(DjangoModelFactory):
    """A house in Newtown, without units."""

    class Meta:
        model = Property

    organisation = factory.SubFactory(OrganisationFactory)
    name = factory.Sequence(lambda n: f"{n} Acacia Avenue")
    suburb = "Newtown"
    state = "NSW"
    postcode = "2042"


class UnitFactory(DjangoModelFactory):
    """A vacant unit of a property in the same organisation."""

    class Meta:
        model = Unit

    organisation = factory.SubFactory(OrganisationFactory)
    property = factory.SubFactory(PropertyFactory, organisation=factory.SelfAttribute("..organisation"))
    label = ""
