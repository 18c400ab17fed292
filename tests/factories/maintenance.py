from __future__ import annotations

from datetime import date, timedelta

import factory
from django.utils import timezone
from factory.django import DjangoModelFactory

from core.ids import uuid7
from maintenance import tokens
from maintenance.models import (
    Attachment,
    Category,
    MaintenancePolicy,
    MaintenanceRequest,
    Offer,
    OwnerApproval,
    Quote,
    Vendor,
    WorkOrder,
)
from tests.factories.access import OrganisationFactory
from tests.factories.properties import PropertyFactory

# The smallest valid picture: one grey pixel.
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010800000000"
    "3a7e9b550000000a49444154789c6378050000510050d3d2a4d90000000049454e44ae426082"
)


class WorkOrderFactory(DjangoModelFactory):
    """A new job."""

    class Meta:
        model = WorkOrder

    organisation = factory.SubFactory(OrganisationFactory)
    property = factory.SubFactory(PropertyFactory, organisation=factory.SelfAttribute("..organisation"))
    title = factory.Sequence(lambda n: f"Leaking tap {n}")


class VendorFactory(DjangoModelFactory):
    """A plumber who may do general work too, everywhere and at any time, with valid papers."""

    class Meta:
        model = Vendor

    organisation = factory.SubFactory(OrganisationFactory)
    name = factory.Sequence(lambda n: f"Plumber {n}")
    email = factory.Sequence(lambda n: f"plumber{n}@trades.example")
    trades = ["plumbing", "general"]
    insurance_expires_on = date(2099, 12, 31)
    licence_expires_on = date(2099, 12, 31)


class MaintenancePolicyFactory(DjangoModelFactory):
    """The rules of an organisation, all at their defaults."""

    class Meta:
        model = MaintenancePolicy

    organisation = factory.SubFactory(OrganisationFactory)


class MaintenanceCategoryFactory(DjangoModelFactory):
    """A category of the organisation's own."""

    class Meta:
        model = Category

    organisation = factory.SubFactory(OrganisationFactory)
    name = factory.Sequence(lambda n: f"Pools {n}")


class AttachmentFactory(DjangoModelFactory):
    """A photo of a job for the agency, kept below MEDIA_ROOT."""

    class Meta:
        model = Attachment

    work_order = factory.SubFactory(WorkOrderFactory)
    organisation = factory.SelfAttribute("work_order.organisation")
    file = factory.django.FileField(data=PNG, filename="tap.png")
    name = "tap.png"
    content_type = "image/png"
    size = len(PNG)
    author_name = "Tom Okafor"


class OfferFactory(DjangoModelFactory):
    """A job that a vendor was told of and has not answered."""

    class Meta:
        model = Offer

    id = factory.LazyFunction(uuid7)
    work_order = factory.SubFactory(WorkOrderFactory)
    organisation = factory.SelfAttribute("work_order.organisation")
    vendor = factory.SubFactory(VendorFactory, organisation=factory.SelfAttribute("..organisation"))
    state = "sent"
    token_hash = factory.LazyAttribute(lambda row: tokens.fingerprint(tokens.secret_of(tokens.OFFER, row.id)))
    token_expires_at = factory.LazyFunction(lambda: timezone.now() + timedelta(days=30))
    respond_by = factory.LazyFunction(lambda: timezone.now() + timedelta(days=1))
    due_at = factory.SelfAttribute("respond_by")


class QuoteFactory(DjangoModelFactory):
    """A price that nobody has decided on."""

    class Meta:
        model = Quote

    work_order = factory.SubFactory(WorkOrderFactory)
    organisation = factory.SelfAttribute("work_order.organisation")
    vendor = factory.SubFactory(VendorFactory, organisation=factory.SelfAttribute("..organisation"))
    amount = "220.00"
    currency = "AUD"


class OwnerApprovalFactory(DjangoModelFactory):
    """A quote that the owner has been asked about."""

    class Meta:
        model = OwnerApproval

    id = factory.LazyFunction(uuid7)
    quote = factory.SubFactory(QuoteFactory)
    organisation = factory.SelfAttribute("quote.organisation")
    owner_name = "Olga Owner"
    owner_email = "olga@owner.example"
    state = "sent"
    token_hash = factory.LazyAttribute(lambda row: tokens.fingerprint(tokens.secret_of(tokens.APPROVAL, row.id)))
    token_expires_at = factory.LazyFunction(lambda: timezone.now() + timedelta(days=14))


class MaintenanceRequestFactory(DjangoModelFactory):
    """A report that nobody has looked at."""

    class Meta:
        model = MaintenanceRequest

    organisation = factory.SubFactory(OrganisationFactory)
    property = factory.SubFactory(PropertyFactory, organisation=factory.SelfAttribute("..organisation"))
    title = factory.Sequence(lambda n: f"Water under the sink {n}")
