"""The kinds of spreadsheet that can be uploaded and the fields of each: data for matching, checks and templates."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from integrations.records import Resource


class Type(StrEnum):
    """How a field's text is read."""

    TEXT = "text"
    MONEY = "money"
    DATE = "date"
    COUNT = "count"
    CHOICE = "choice"


@dataclass(frozen=True, slots=True)
class Field:
    """A field of ours that a column can be matched with.

    `aliases` are headings that other software uses. `choices` maps our word to the words people write for it. `example`
    is the template's first row.
    """

    name: str
    label: str
    type: Type = Type.TEXT
    required: bool = False
    aliases: tuple[str, ...] = ()
    example: str = ""
    help: str = ""
    most: int = 300
    choices: dict[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class KindOfFile:
    """A kind of spreadsheet. `one_of` names groups of fields of which each row must fill one."""

    slug: str
    label: str
    one: str
    icon: str
    about: str
    fields: tuple[Field, ...]
    one_of: tuple[tuple[str, ...], ...] = ()

    def field(self, name: str) -> Field:
        return next(item for item in self.fields if item.name == name)


_PERIODS = {
    "weekly": ("weekly", "week", "w", "per week", "pw"),
    "fortnightly": ("fortnightly", "fortnight", "f", "per fortnight", "biweekly", "2 weeks"),
    "monthly": ("monthly", "month", "m", "per month", "pcm", "pm", "calendar monthly"),
    "quarterly": ("quarterly", "quarter", "q"),
    "yearly": ("yearly", "year", "annual", "annually", "per annum", "pa"),
}
_ID_HELP = "The row's own number in your software. With it a corrected row updates what it became."
_PROPERTY = Field(
    "property", "Property", required=True, example="P-101",
    aliases=("property id", "property code", "property address", "address", "rental", "premises", "building"),
    help="The property's id or its address, as in the file of properties.",
)  # fmt: skip
_UNIT = Field("unit", "Unit", aliases=("unit number", "unit no", "apartment", "flat", "suite"), most=40)
_RENT_PERIOD = Field(
    "rent_period", "Rent period", Type.CHOICE, aliases=("frequency", "rent frequency", "payment frequency", "period"),
    choices=_PERIODS, example="weekly", help="Weekly where there is none.",
)  # fmt: skip
_DESCRIPTION = Field(
    "description", "Description", example="", aliases=("details", "memo", "narration", "particulars", "note", "comment")
)
_PARTY_ALIASES = ("payee", "supplier", "vendor", "creditor", "contractor", "paid to", "trade")
_REFERENCE = Field(
    "reference", "Reference", most=120, aliases=("ref", "receipt no", "receipt number", "invoice number", "invoice no")
)


def _id(example: str, *aliases: str) -> Field:
    return Field("id", "Id", aliases=("code", "key", "number", *aliases), example=example, help=_ID_HELP, most=100)


PROPERTIES = KindOfFile(
    "properties", "Properties", "property", "building", "Homes and buildings, one a row. Upload these first.",
    (
        _id("P-101", "property id", "property code", "property number"),
        Field("address", "Address in one line", aliases=("address", "property address", "full address", "property",
              "street address"), example="4/18 Acacia Avenue, Newtown NSW 2042", most=400),
        Field("unit", "Unit number", aliases=("unit", "unit no", "flat", "apartment"), most=40),
        Field("number", "Street number", aliases=("house number", "street no", "number"), most=40),
        Field("street", "Street", aliases=("street name", "road", "address line 1", "address 1"), most=200),
        Field("suburb", "Suburb or city", aliases=("suburb", "city", "town", "locality"), most=120),
        Field("state", "State", aliases=("state", "province", "region"), most=40),
        Field("postcode", "Postcode", aliases=("postcode", "post code", "zip", "zip code", "postal code"), most=12),
        Field("kind", "Kind", Type.CHOICE, aliases=("property type", "type", "dwelling type"), choices={
            "house": ("house", "duplex", "villa", "single family", "home"),
            "unit": ("unit", "apartment", "flat", "studio", "condo"),
            "townhouse": ("townhouse", "terrace", "town house"),
            "building": ("building", "block of units", "multi family", "multifamily"),
            "commercial": ("commercial", "office", "retail", "shop", "warehouse"),
            "other": ("other", "land", "car space", "garage"),
        }, example="unit"),
        Field("bedrooms", "Bedrooms", Type.COUNT, aliases=("beds", "bed", "br"), example="2"),
        Field("bathrooms", "Bathrooms", Type.COUNT, aliases=("baths", "bath"), example="1"),
        Field("car_spaces", "Car spaces", Type.COUNT, aliases=("parking", "cars", "garages"), example="1"),
        Field("rent", "Rent", Type.MONEY, aliases=("market rent", "rent amount", "weekly rent"), example="640.00"),
        _RENT_PERIOD,
        Field("owner", "Owner", aliases=("landlord", "owner name", "ownership", "lessor"), example="Anna Kowalska",
              most=200),
        Field("tenant", "Tenant", aliases=("tenant name", "current tenant"), example="Lan Nguyễn", most=200),
    ),
    one_of=(("address", "street"),),
)  # fmt: skip
UNITS = KindOfFile(
    "units", "Units", "unit", "home", "Units of a building that is let in parts; each can be mapped by itself.",
    (
        _id("U-7", "unit id", "unit code"),
        _PROPERTY,
        Field("unit", "Unit", required=True, aliases=("unit number", "unit no", "unit name", "label", "apartment",
              "flat"), example="7", most=40),
        Field("bedrooms", "Bedrooms", Type.COUNT, aliases=("beds", "bed", "br"), example="1"),
        Field("bathrooms", "Bathrooms", Type.COUNT, aliases=("baths", "bath"), example="1"),
        Field("car_spaces", "Car spaces", Type.COUNT, aliases=("parking", "cars"), example="0"),
        Field("rent", "Rent", Type.MONEY, aliases=("market rent", "rent amount"), example="410.00"),
        _RENT_PERIOD,
        Field("tenant", "Tenant", aliases=("tenant name", "current tenant"), most=200),
    ),
)  # fmt: skip
TENANTS = KindOfFile(
    "tenants", "Tenants", "tenant", "users", "People who rent, with their e-mail and telephone.",
    (
        _id("T-55", "tenant id", "tenant code", "contact id"),
        Field("name", "Name", required=True, aliases=("tenant", "tenant name", "full name", "contact"),
              example="Lan Nguyễn", most=200),
        Field("email", "E-mail", aliases=("email", "email address", "e-mail address"), example="lan@tenant.example",
              most=254),
        Field("phone", "Telephone", aliases=("phone", "mobile", "phone number", "cell", "mobile phone"),
              example="+61 400 000 000", most=40),
    ),
)  # fmt: skip
LEASES = KindOfFile(
    "leases", "Leases", "lease", "key", "Who rents what, for how much, from when to when.",
    (
        _id("L-9", "lease id", "tenancy id", "agreement", "lease number"),
        _PROPERTY,
        _UNIT,
        Field("tenant", "Tenant", required=True, aliases=("tenant name", "tenants", "lessee", "resident", "name"),
              example="Lan Nguyễn", help="The tenant's name, or their id in the file of tenants.", most=300),
        Field("email", "E-mail", aliases=("email", "tenant email"), most=254),
        Field("phone", "Telephone", aliases=("phone", "mobile", "tenant phone"), most=40),
        Field("rent", "Rent", Type.MONEY, required=True, aliases=("rent amount", "amount", "weekly rent",
              "monthly rent"), example="640.00"),
        _RENT_PERIOD,
        Field("starts_on", "Start", Type.DATE, aliases=("start date", "lease start", "from", "commencement",
              "move in", "lease from"), example="2026-01-05"),
        Field("ends_on", "End", Type.DATE, aliases=("end date", "lease end", "to", "expiry", "expires", "lease to"),
              example="2027-01-04"),
        Field("vacates_on", "Moves out", Type.DATE, aliases=("vacate date", "move out", "vacating", "move out date")),
        Field("bond", "Bond or deposit", Type.MONEY, aliases=("bond", "deposit", "security deposit", "bond amount"),
              example="2560.00"),
        Field("paid_to", "Paid to", Type.DATE, aliases=("rent paid to", "paid until", "paid through")),
        Field("arrears", "Arrears", Type.MONEY, aliases=("owing", "outstanding", "balance due", "overdue")),
        Field("state", "State of the lease", Type.CHOICE, aliases=("status", "lease status"), choices={
            "active": ("active", "current", "open", "notice", "pending", "future", "periodic"),
            "ended": ("ended", "closed", "past", "expired", "terminated", "vacated", "inactive"),
        }, example="active"),
    ),
)  # fmt: skip
JOBS = KindOfFile(
    "jobs", "Maintenance jobs", "job", "wrench", "Repairs that were asked for, and where they stand.",
    (
        _id("J-3", "job id", "work order id", "job number", "work order number"),
        _PROPERTY,
        _UNIT,
        Field("title", "Title", required=True, aliases=("summary", "subject", "issue", "job", "work required"),
              example="Kitchen tap leaks", most=200),
        _DESCRIPTION,
        Field("status", "Status", Type.CHOICE, aliases=("state", "job status"), example="new", choices={
            "new": ("new", "open", "reported", "pending", "requested"),
            "quoted": ("quoted", "quote", "quoting"),
            "approved": ("approved",),
            "assigned": ("assigned", "in progress", "scheduled", "work ordered"),
            "done": ("done", "completed", "complete", "finished", "closed", "resolved"),
            "cancelled": ("cancelled", "canceled", "rejected", "void"),
        }),
        Field("supplier", "Supplier", aliases=_PARTY_ALIASES, most=200),
        Field("quoted", "Quoted amount", Type.MONEY, aliases=("quote amount", "estimate", "quoted")),
        Field("opened_on", "Opened", Type.DATE, aliases=("reported on", "date", "created", "date reported"),
              example="2026-02-03"),
        Field("due_on", "Due", Type.DATE, aliases=("due date", "due by")),
        Field("closed_on", "Closed", Type.DATE, aliases=("completed on", "closed date", "date completed")),
    ),
)  # fmt: skip
TRANSACTIONS = KindOfFile(
    "transactions", "Transactions", "transaction", "cash",
    "Rent received, and costs where your list holds both.",
    (
        _id("R-1001", "transaction id", "receipt id", "entry"),
        Field("date", "Date", Type.DATE, required=True, aliases=("transaction date", "receipt date", "paid on",
              "payment date", "received", "posted"), example="2026-01-05"),
        _PROPERTY,
        _UNIT,
        Field("amount", "Amount", Type.MONEY, required=True, aliases=("total", "paid", "credit", "amount paid",
              "receipt amount", "value"), example="640.00"),
        Field("type", "Type", Type.CHOICE, aliases=("transaction type", "category", "account", "income or expense"),
              example="rent", help="Rent or cost. Without it a negative amount is a cost.", choices={
            "rent": ("rent", "income", "rental income", "rent receipt", "rent payment", "receipt", "credit", "payment",
                     "rent received"),
            "cost": ("cost", "expense", "bill", "debit", "invoice", "repairs", "maintenance"),
        }),
        Field("party", "Tenant or supplier", aliases=("tenant", "tenant name", "from", "payer", "name", "received from",
              *_PARTY_ALIASES), example="Lan Nguyễn", most=200),
        Field("lease", "Lease", aliases=("lease id", "tenancy id"), help="Its id. Else the tenant's name finds it.",
              most=100),
        _DESCRIPTION,
        _REFERENCE,
    ),
)  # fmt: skip
BILLS = KindOfFile(
    "bills", "Bills", "bill", "file", "Costs of a property: repairs, rates, insurance, fees.",
    (
        _id("B-77", "bill id", "invoice id"),
        Field("date", "Date", Type.DATE, required=True, aliases=("bill date", "invoice date", "paid on", "due date",
              "payment date", "due"), example="2026-02-10"),
        _PROPERTY,
        _UNIT,
        Field("amount", "Amount", Type.MONEY, required=True, aliases=("total", "bill amount", "invoice amount", "paid",
              "debit", "value"), example="187.00", help="Tax included."),
        Field("tax", "Tax in it", Type.MONEY, aliases=("gst", "vat", "tax", "tax amount", "gst amount"),
              example="17.00"),
        Field("party", "Supplier", aliases=_PARTY_ALIASES, example="Lee & Sons Plumbing", most=200),
        Field("job", "Job", aliases=("job id", "work order", "work order number", "job number"), most=100,
              help="The id of the job it is for; it is then a maintenance invoice."),
        _DESCRIPTION,
        _REFERENCE,
    ),
)  # fmt: skip
KINDS = {
    kind.slug: kind for kind in (PROPERTIES, UNITS, TENANTS, LEASES, JOBS, TRANSACTIONS, BILLS)
}  # fmt: skip

# Which kinds of file a resource is read from, in this order.
SOURCES: dict[Resource, tuple[str, ...]] = {
    Resource.PROPERTY: ("properties", "units"),
    Resource.CONTACT: ("tenants",),
    Resource.TENANCY: ("leases",),
    Resource.JOB: ("jobs",),
    Resource.PAYMENT: ("transactions",),
    Resource.BILL: ("bills", "transactions"),
}


def template_rows(kind: KindOfFile) -> Iterator[list[str]]:
    """The rows of the template: headings, and one example that is to be written over."""
    yield [item.label for item in kind.fields]
    yield [item.example for item in kind.fields]
