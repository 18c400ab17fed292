from __future__ import annotations

import io
import uuid
from datetime import UTC, datetime, timedelta

import factory
from factory.django import DjangoModelFactory

from integrations.files import store
from integrations.models import (
    CallPart,
    Conflict,
    Connection,
    FileLayout,
    FileUpload,
    InboxEvent,
    PropertyMapping,
    ProviderRecord,
    SyncChange,
    SyncCursor,
    SyncPlan,
    SyncPlanLine,
    SyncRun,
    WebhookEndpoint,
)
from tests.factories.access import OrganisationFactory

SEEN = datetime(2025, 12, 4, 3, 0, tzinfo=UTC)
_OF_CONNECTION = factory.SelfAttribute("..organisation")


class ConnectionFactory(DjangoModelFactory):
    """A PropertyMe agency, connected; its tokens are telling words, so that a test can look for them."""

    class Meta:
        model = Connection

    organisation = factory.SubFactory(OrganisationFactory)
    provider = "propertyme"
    account_id = factory.Sequence(lambda n: f"agency-{n}")
    account_name = factory.Sequence(lambda n: f"Agency {n} at PropertyMe")
    status_since = SEEN
    access_token = "secret-access-token"
    refresh_token = "secret-refresh-token"


class PropertyMappingFactory(DjangoModelFactory):
    """A remote property that nobody has mapped yet."""

    class Meta:
        model = PropertyMapping

    organisation = factory.SubFactory(OrganisationFactory)
    connection = factory.SubFactory(ConnectionFactory, organisation=_OF_CONNECTION)
    provider_property_id = factory.Sequence(lambda n: f"lot-{n}")
    provider_property_address = factory.Sequence(lambda n: f"{n} Acacia Ave, Newtown NSW 2042")


class ProviderRecordFactory(DjangoModelFactory):
    """A rent payment that waits for its property to be mapped."""

    class Meta:
        model = ProviderRecord

    organisation = factory.SubFactory(OrganisationFactory)
    connection = factory.SubFactory(ConnectionFactory, organisation=_OF_CONNECTION)
    resource = "payment"
    provider_id = factory.Sequence(lambda n: f"payment-{n}")
    content_hash = factory.LazyFunction(uuid.uuid4)
    payload = factory.LazyAttribute(lambda record: {"Id": record.provider_id, "Amount": 640})
    label = factory.Sequence(lambda n: f"Rent {n}")
    amount = "640.00"
    verdict = "unmapped"
    reason = "Its property is not mapped."
    first_seen_at = SEEN
    changed_at = SEEN


class SyncRunFactory(DjangoModelFactory):
    """A finished sync of changes."""

    class Meta:
        model = SyncRun

    organisation = factory.SubFactory(OrganisationFactory)
    connection = factory.SubFactory(ConnectionFactory, organisation=_OF_CONNECTION)
    sync_type = SyncRun.Type.INCREMENTAL
    status = SyncRun.Status.COMPLETED
    started_at = SEEN
    finished_at = SEEN


class SyncCursorFactory(DjangoModelFactory):
    class Meta:
        model = SyncCursor

    connection = factory.SubFactory(ConnectionFactory)
    resource = factory.Sequence(lambda n: f"resource-{n}")


class SyncPlanFactory(DjangoModelFactory):
    """A preview that can be applied."""

    class Meta:
        model = SyncPlan

    organisation = factory.SubFactory(OrganisationFactory)
    connection = factory.SubFactory(ConnectionFactory, organisation=_OF_CONNECTION)
    status = SyncPlan.Status.READY


class SyncPlanLineFactory(DjangoModelFactory):
    class Meta:
        model = SyncPlanLine

    organisation = factory.SubFactory(OrganisationFactory)
    plan = factory.SubFactory(SyncPlanFactory, organisation=_OF_CONNECTION)
    record_id = factory.LazyFunction(uuid.uuid4)
    resource = "payment"
    action = "create"
    verdict = "imported"
    content_hash = factory.LazyFunction(uuid.uuid4)
    label = "Rent"


class SyncChangeFactory(DjangoModelFactory):
    class Meta:
        model = SyncChange

    organisation = factory.SubFactory(OrganisationFactory)
    run = factory.SubFactory(SyncRunFactory, organisation=_OF_CONNECTION)
    record_id = factory.LazyFunction(uuid.uuid4)
    action = "update"
    target = "transaction"
    target_id = factory.LazyFunction(uuid.uuid4)


class ConflictFactory(DjangoModelFactory):
    """Theirs changed after a person edited ours."""

    class Meta:
        model = Conflict

    organisation = factory.SubFactory(OrganisationFactory)
    connection = factory.SubFactory(ConnectionFactory, organisation=_OF_CONNECTION)
    record = factory.SubFactory(
        ProviderRecordFactory, organisation=_OF_CONNECTION, connection=factory.SelfAttribute("..connection")
    )
    target_id = factory.LazyFunction(uuid.uuid4)
    cause = Conflict.Cause.EDITED
    changes = {"amount": ["640.00", "650.00"]}
    content_hash = factory.LazyFunction(uuid.uuid4)


class FileUploadFactory(DjangoModelFactory):
    """A file of leases that was checked: one good row, one with an error, both files in the storage."""

    class Meta:
        model = FileUpload

    organisation = factory.SubFactory(OrganisationFactory)
    connection = factory.SubFactory(ConnectionFactory, organisation=_OF_CONNECTION, provider="files")
    kind = "leases"
    name = factory.LazyAttribute(lambda upload: f"leases of {upload.organisation.name}.csv")
    size = 120
    digest = "0" * 64
    status = FileUpload.Status.CHECKED
    stored_as = factory.LazyFunction(lambda: store.save("tests/source.csv", io.BytesIO(b"Id,Property,Tenant,Rent\n")))
    errors_as = factory.LazyFunction(lambda: store.save("tests/errors.csv", io.BytesIO(b"Row,What to do\n")))
    columns = {"property": "Property", "tenant": "Tenant", "rent": "Rent", "starts_on": "Start"}
    profile = {
        "layout": {"shape": "csv", "encoding": "utf-8-sig", "delimiter": ",", "sheet": "", "sheets": []},
        "headings": ["Property", "Tenant", "Rent", "Start", "Agent"],
        "rows": 2,
        "orders": [{}, {}, {}, {"either": 2}, {}],
        "marks": [{}, {}, {}, {}, {}],
        "examples": [["P1", "P9"], ["Lan Nguyễn"], ["640"], ["03/04/2026"], ["Tom"]],
    }
    samples = [
        {
            "row": 2,
            "resource": "tenancy",
            "values": {
                "Id": "L1",
                "property": "P1",
                "tenant": "Lan Nguyễn",
                "rent": "640.00",
                "starts_on": "2026-04-03",
            },
        }
    ]
    problems = [[3, "Property", "P9", "is the id or address of no property of this source. Correct it."]]
    good = 1
    bad = 1
    done = 2


class FileLayoutFactory(DjangoModelFactory):
    """How a source's files of leases are laid out."""

    class Meta:
        model = FileLayout

    organisation = factory.SubFactory(OrganisationFactory)
    connection = factory.SubFactory(ConnectionFactory, organisation=_OF_CONNECTION, provider="files")
    kind = "leases"
    columns = {"property": "Property", "tenant": "Tenant", "rent": "Rent"}


class CallPartFactory(DjangoModelFactory):
    """Five minutes of calls that all went well."""

    class Meta:
        model = CallPart

    organisation = factory.SubFactory(OrganisationFactory)
    connection = factory.SubFactory(ConnectionFactory, organisation=_OF_CONNECTION)
    begins_at = factory.Sequence(lambda n: SEEN + timedelta(minutes=5 * n))
    calls = 12
    latency = factory.LazyFunction(lambda: [12, *[0] * 11])


class WebhookEndpointFactory(DjangoModelFactory):
    class Meta:
        model = WebhookEndpoint

    organisation = factory.SubFactory(OrganisationFactory)
    connection = factory.SubFactory(ConnectionFactory, organisation=_OF_CONNECTION)
    token = factory.Sequence(lambda n: f"token-of-an-endpoint-{n:04}")
    secret = "secret-signing-secret"


class InboxEventFactory(DjangoModelFactory):
    """An event that was worked."""

    class Meta:
        model = InboxEvent

    organisation = factory.SubFactory(OrganisationFactory)
    connection = factory.SubFactory(ConnectionFactory, organisation=_OF_CONNECTION)
    key = factory.Sequence(lambda n: f"lease:{n}")
    event_id = factory.Sequence(lambda n: f"event-{n}")
    topic = "Lease.Updated"
    name = "lease.changed"
    resource = "tenancy"
    resource_ref = factory.Sequence(lambda n: f"lease-{n}")
    fetch_ids = factory.LazyAttribute(lambda event: [event.resource_ref])
    event_at = SEEN
    body = '{"EventName":"Lease.Updated","Note":"<script>alert(1)</script>"}'
    headers = {"content-type": "application/json"}
    state = InboxEvent.State.DONE
    attempts = 1
    worked_at = SEEN
    outcome = "Fetched again: it had changed."
