from __future__ import annotations

from decimal import Decimal

import factory
from factory.django import DjangoModelFactory

from tenancies.models import Lease, LeaseTenant, Tenant
from tests.factories.access import OrganisationFactory
from tests.factories.properties import PropertyFactory, UnitFactory


class TenantFactory(DjangoModelFactory):
    """A person who rents."""

    class Meta:
        model = Tenant

    organisation = factory.SubFactory(OrganisationFactory)
    name = factory.Sequence(lambda n: f"Tenant {n}")


class LeaseFactory(DjangoModelFactory):
    """An active periodic lease at $640.00 a week of a unit in the same organisation."""

    class Meta:
        model = Lease

    organisation = factory.SubFactory(OrganisationFactory)
    property = factory.SubFactory(PropertyFactory, organisation=factory.SelfAttribute("..organisation"))
    unit = factory.SubFactory(
        UnitFactory,
        organisation=factory.SelfAttribute("..organisation"),
        property=factory.SelfAttribute("..property"),
    )
    tenant_names = factory.Sequence(lambda n: f"Tenant {n}")
    rent_amount = Decimal("640.00")


class LeaseTenantFactory(DjangoModelFactory):
    """Names a tenant on a lease."""

    class Meta:
        model = LeaseTenant

    lease = factory.SubFactory(LeaseFactory)
    tenant = factory.SubFactory(TenantFactory, organisation=factory.SelfAttribute("..lease.organisation"))
    is_primary = True
