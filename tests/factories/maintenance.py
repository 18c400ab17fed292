from __future__ import annotations

import factory
from factory.django import DjangoModelFactory

from maintenance.models import WorkOrder
from tests.factories.access import OrganisationFactory
from tests.factories.properties import PropertyFactory


class WorkOrderFactory(DjangoModelFactory):
    """A new job."""

    class Meta:
        model = WorkOrder

    organisation = factory.SubFactory(OrganisationFactory)
    property = factory.SubFactory(PropertyFactory, organisation=factory.SelfAttribute("..organisation"))
    title = factory.Sequence(lambda n: f"Leaking tap {n}")
