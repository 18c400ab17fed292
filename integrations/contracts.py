"""Protocols a provider's adapter satisfies, one a capability. Adapters read neither settings nor the database."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, runtime_checkable

from integrations.errors import IntegrationError
from integrations.http import HttpClient
from integrations.records import Account, AnyRecord, Doorbell, Page, ReadRequest, Resource

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

T = TypeVar("T")


class PropertyCalls(Protocol):
    """Calls that are about one property of the provider, so that one that keeps failing cannot hold up the others.

    An adapter makes each call that names a property (or a lease or job of one) through this, leaves out what it raises
    PropertySetAside for, and ends such a read with the cursor it began with and without `is_sweep`: what was left out
    is then neither taken for read nor for missing.
    """

    def call(self, property_ref: str, work: Callable[[], T]) -> T:
        """What `work` answers. Raises PropertySetAside when it fails for good, or when the property is set aside."""

    def attempt(self, property_ref: str, work: Callable[[], T]) -> T | None:
        """What `work` (with `try_json`) answers, for helper threads; None when the reader must ask through `call`."""


class DirectCalls:
    """PropertyCalls of an adapter that belongs to no connection: nothing is remembered."""

    def call(self, property_ref: str, work: Callable[[], T]) -> T:
        return work()

    def attempt(self, property_ref: str, work: Callable[[], T]) -> T | None:
        try:
            return work()
        except IntegrationError:
            return None


@dataclass(frozen=True, slots=True)
class Received:
    """Rent recorded so far for one tenancy: the sum of its rows, and how many rows there are."""

    total: Decimal
    rows: int


class FileSource(Protocol):
    """Rows of uploaded spreadsheets, checked and in our own words: what a provider without an API is read from."""

    def pages(self, resource: Resource, request: ReadRequest) -> Iterator[Page]:
        """Rows that were taken over since the request's cursor; all that stand for a full request."""
        ...

    def account(self) -> Account:
        """The source as the person named it."""
        ...


@dataclass(frozen=True, slots=True)
class AdapterContext:
    """All that an adapter is given.

    `http` carries authorisation, time-outs and retries. `ledger_mode` is line, derived or unknown. `received` answers
    how much rent has been recorded so far for each tenancy, which a derived ledger needs. `keys` are what the
    organisation typed in where the provider works with keys. `open_client` opens a client at a further address, named
    by its setting ("REPORTS_URL"), with the same waits; None where the adapter belongs to no connection. `files` is
    there for providers with Auth.FILE alone. `property_calls` makes calls that are about one property.
    """

    http: HttpClient
    base_url: str
    time_zone: str
    ledger_mode: str
    received: Callable[[], Mapping[str, Received]]
    keys: Mapping[str, str] = field(default_factory=dict, repr=False)
    open_client: Callable[[str], HttpClient] | None = None
    files: FileSource | None = None
    property_calls: PropertyCalls = field(default_factory=DirectCalls)


@runtime_checkable
class PropertyManagerProvider(Protocol):
    """A property-management system read by the sync engine: five reads, page by page."""

    def account(self) -> Account:
        """Who this grant belongs to. Raises the taxonomy of errors.py, as every method here does."""
        ...

    def probe_ledger_mode(self) -> str:
        """Asks the API once whether it lists ledger lines: answers 'line' or 'derived'."""
        ...

    def properties(self, request: ReadRequest) -> Iterator[Page]: ...

    def tenancies(self, request: ReadRequest) -> Iterator[Page]: ...

    def rent_payments(self, request: ReadRequest) -> Iterator[Page]: ...

    def maintenance_jobs(self, request: ReadRequest) -> Iterator[Page]: ...

    def bills(self, request: ReadRequest) -> Iterator[Page]: ...

    def normalise(self, resource: Resource, row: Mapping[str, Any]) -> AnyRecord:
        """The row as a record. Raises RecordRejected with the reason a person reads."""
        ...


@runtime_checkable
class RecordSource(Protocol):
    """An adapter that can fetch single records again: what an event asks for."""

    def fetch(self, resource: Resource, ids: Sequence[str]) -> Iterator[Page]:
        """The records with these ids, in rows as the reads give them. An id without a row is gone at the provider."""
        ...


@dataclass(frozen=True, slots=True)
class WebhookKeys:
    """What a delivery's signature is checked with: a shared secret, or the vendor's public keys by their id.

    `public_key` answers None for an id that the vendor does not list, and raises TransientError when the vendor's list
    cannot be read.
    """

    secret: str = ""
    public_key: Callable[[str], RSAPublicKey | None] = lambda kid: None


class WebhookSource(Protocol):
    """Reads a vendor's deliveries. Header names are lower case."""

    def verify(self, body: bytes, headers: Mapping[str, str], *, now: datetime) -> None:
        """Raises SignatureRefused for a delivery that the vendor did not sign, or signed too long ago."""
        ...

    def doorbells(self, payload: Any) -> list[Doorbell]:
        """The events of a delivery. Raises ContractChanged for a payload of another shape."""
        ...


@runtime_checkable
class ContactSource(Protocol):
    """A provider that lists people beside its five main reads."""

    def contacts(self, request: ReadRequest) -> Iterator[Page]: ...


@dataclass(frozen=True, slots=True)
class CreatedWorkOrder:
    """A work order as the provider made it: its id there, and the page on which people see it (may be blank)."""

    provider_id: str
    link: str = ""


@runtime_checkable
class WorkOrderSink(Protocol):
    """A provider that takes work orders from us."""

    def create_work_order(
        self,
        *,
        property_ref: str,
        description: str,
        priority: str = "normal",
        vendor_ref: str = "",
        instructions: str = "",
        idempotency_key: str,
    ) -> CreatedWorkOrder:
        """Creates it once for each key, however often it is called: a call that timed out is made again with its key.

        `property_ref` and `vendor_ref` are the provider's ids of the property and the supplier; `priority` is low,
        normal, high or urgent. Raises RemoteGone when the property is not there any more, RequestRefused when the
        provider will not take it as it is, TransientError when it may work later.
        """
        ...
