"""What crosses the boundary between a provider's adapter and the engine: plain values, no Django.

Ids are the provider's own, as text. Money is Decimal in the connection's currency. Dates are the provider's local ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any


class Resource(StrEnum):
    """The kinds of remote record, in the order a sync reads them: later ones refer to earlier ones."""

    PROPERTY = "property"
    TENANCY = "tenancy"
    CONTACT = "contact"
    JOB = "job"
    PAYMENT = "payment"
    BILL = "bill"


@dataclass(frozen=True, slots=True)
class Address:
    """An address in parts; `text` is the provider's own one-line form."""

    text: str
    unit: str = ""
    number: str = ""
    street: str = ""
    suburb: str = ""
    state: str = ""
    postcode: str = ""
    country: str = "AU"
    latitude: Decimal | None = None
    longitude: Decimal | None = None


@dataclass(frozen=True, slots=True)
class PropertyRecord:
    provider_id: str
    address: Address
    kind: str = "house"
    bedrooms: int | None = None
    bathrooms: int | None = None
    car_spaces: int | None = None
    rent_amount: Decimal | None = None
    rent_period: str = "weekly"
    owner_ref: str = ""
    owner_name: str = ""
    tenant_name: str = ""
    manager_name: str = ""
    is_archived: bool = False


@dataclass(frozen=True, slots=True)
class ContactRecord:
    provider_id: str
    name: str
    email: str = ""
    phone: str = ""
    is_tenant: bool = False
    is_owner: bool = False
    is_supplier: bool = False


@dataclass(frozen=True, slots=True)
class TenancyRecord:
    """A lease at the provider. `arrears_amount` is what is owed as of the read, never negative."""

    provider_id: str
    property_ref: str
    name: str
    rent_amount: Decimal
    rent_period: str
    contact_ref: str = ""
    email: str = ""
    phone: str = ""
    starts_on: date | None = None
    ends_on: date | None = None
    vacates_on: date | None = None
    is_periodic: bool = False
    is_closed: bool = False
    bond_amount: Decimal | None = None
    bond_held: Decimal | None = None
    paid_to: date | None = None
    arrears_amount: Decimal = Decimal(0)
    arrears_days: int = 0


@dataclass(frozen=True, slots=True)
class JobRecord:
    """A maintenance job. `status` is one of new, quoted, approved, assigned, done, cancelled."""

    provider_id: str
    property_ref: str
    title: str
    status: str
    number: str = ""
    description: str = ""
    priority: str = "none"
    supplier_name: str = ""
    quoted_amount: Decimal | None = None
    opened_at: datetime | None = None
    due_on: date | None = None
    closed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PaymentRecord:
    """Rent received. `is_baseline` marks what was paid before a derived ledger began: never imported."""

    provider_id: str
    property_ref: str
    tenancy_ref: str
    amount: Decimal
    occurred_on: date
    description: str = ""
    counterparty: str = ""
    reference: str = ""
    is_void: bool = False
    is_derived: bool = False
    is_baseline: bool = False


@dataclass(frozen=True, slots=True)
class BillRecord:
    """A cost of a property. With a `job_ref` it is a maintenance invoice; else its category comes from the rules."""

    provider_id: str
    property_ref: str
    amount: Decimal
    occurred_on: date
    job_ref: str = ""
    tax_amount: Decimal | None = None
    description: str = ""
    counterparty: str = ""
    reference: str = ""
    is_void: bool = False
    is_derived: bool = False


AnyRecord = PropertyRecord | ContactRecord | TenancyRecord | JobRecord | PaymentRecord | BillRecord


@dataclass(frozen=True, slots=True)
class ReadRequest:
    """What the engine asks of a read.

    `cursor` is what an earlier page returned, blank for everything. `position` is how many rows of an interrupted
    offset-paged read have been kept. `full` asks for every record, whatever changed.
    """

    cursor: str = ""
    position: int = 0
    full: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """Raw rows as received (secrets and identity numbers already removed) and where to go on after them.

    `cursor` is stored once the whole read has ended well; `position` is stored with the page itself. `is_sweep` says
    that all pages together list every live record, so that a record not among them is missing at the provider.
    """

    rows: list[dict[str, Any]]
    cursor: str = ""
    position: int = 0
    is_sweep: bool = False
    expected: int | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """Who the provider says we are connected to."""

    account_id: str
    name: str


@dataclass(frozen=True, slots=True)
class Doorbell:
    """One event of a delivery: that something changed, not what.

    `topic` is the vendor's event name as its table of events has it. `stamp` is the time of the event as the vendor
    wrote it, `at` the same read. `ids` are the vendor's ids of what changed. `payload` is the event alone, where one
    delivery holds several.
    """

    topic: str
    ids: tuple[str, ...] = ()
    stamp: str = ""
    at: datetime | None = None
    event_id: str = ""
    payload: Any = None
