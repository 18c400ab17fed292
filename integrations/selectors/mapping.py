from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Sum

from access.models import Organisation
from accounting.models import Kind, Transaction
from integrations.models import Connection, PropertyMapping, ProviderRecord, Verdict
from integrations.records import Resource
from properties.models import Property, Unit

State = PropertyMapping.State
ACCEPT_AT = 90
NEEDS, SUGGESTED, MAPPED, IGNORED = "needs", "suggested", "mapped", "ignored"
LEDGER = (Resource.PAYMENT.value, Resource.BILL.value)


@dataclass(frozen=True, slots=True)
class TabCounts:
    """How many of theirs stand where. `acceptable` counts suggestions at 90 or above."""

    needs: int
    suggested: int
    mapped: int
    ignored: int
    acceptable: int

    @property
    def unmapped(self) -> int:
        return self.needs + self.suggested

    @property
    def total(self) -> int:
        return self.unmapped + self.mapped + self.ignored

    @property
    def first_tab(self) -> str:
        """Where work waits."""
        if self.suggested:
            return SUGGESTED
        return NEEDS if self.needs or not self.mapped else MAPPED


@dataclass(frozen=True, slots=True)
class Option:
    """One of our properties, or a unit of a property that has several."""

    home: Property
    unit: Unit | None
    taken_by: str

    @property
    def value(self) -> str:
        return f"{self.home.id}:{self.unit.id}" if self.unit else str(self.home.id)

    @property
    def name(self) -> str:
        return f"{self.home.name} · {self.unit.label}" if self.unit else self.home.name


@dataclass(frozen=True, slots=True)
class Imported:
    """What came in through one mapping: what unmapping it would reverse."""

    records: dict[str, int]
    transactions: int
    income: Decimal
    expense: Decimal


@dataclass(frozen=True, slots=True)
class Reasons:
    """Why a suggestion scores as it does: parts that agree in one phrase, the rest each in its words, the veto."""

    agree: str
    others: list[str]
    veto: str


def reasons_of(mapping: PropertyMapping) -> Reasons:
    """A suggestion's parts as a person reads them: "number, unit and street agree; suburbs differ"."""
    parts = mapping.suggestion_parts
    veto = next((str(part["veto"]) for part in parts if part.get("veto")), "")
    named = [part for part in parts if part.get("words")]
    agreed = [
        str(part["part"]) for part in named if part["points"] == part["of"] and str(part["words"]).endswith("agrees")
    ]
    rest = [str(part["words"]) for part in named if str(part.get("part")) not in agreed and part["words"] != veto]
    if len(agreed) == 1:
        phrase = f"{agreed[0]} agrees"
    else:
        phrase = f"{', '.join(agreed[:-1])} and {agreed[-1]} agree" if agreed else ""
    return Reasons(phrase, rest, veto)


def tab_counts(connection: Connection) -> TabCounts:
    has_suggestion = Q(suggested_property__isnull=False)
    counts = PropertyMapping.objects.filter(connection=connection).aggregate(
        needs=Count("id", filter=Q(state=State.UNMAPPED) & ~has_suggestion),
        suggested=Count("id", filter=Q(state=State.UNMAPPED) & has_suggestion),
        mapped=Count("id", filter=Q(state=State.MAPPED)),
        ignored=Count("id", filter=Q(state=State.IGNORED)),
        acceptable=Count("id", filter=Q(state=State.UNMAPPED, suggestion_score__gte=ACCEPT_AT) & has_suggestion),
    )
    return TabCounts(**counts)


def mappings_in(connection: Connection, *, tab: str, query: str = "") -> tuple[QuerySet[PropertyMapping], list[str]]:
    """A tab's rows and their order. `query` is part of an address or the provider's id."""
    rows = PropertyMapping.objects.filter(connection=connection).select_related(
        "property", "unit", "suggested_property"
    )
    if query:
        rows = rows.filter(Q(provider_property_address__icontains=query) | Q(provider_property_id__startswith=query))
    by_address = ["provider_property_address", "id"]
    if tab == SUGGESTED:
        rows = rows.filter(state=State.UNMAPPED, suggested_property__isnull=False, suggestion_score__isnull=False)
        return rows, ["-suggestion_score", "id"]
    if tab == MAPPED:
        return rows.filter(state=State.MAPPED), by_address
    if tab == IGNORED:
        return rows.filter(state=State.IGNORED), by_address
    return rows.filter(state=State.UNMAPPED, suggested_property__isnull=True), by_address


def find_mapping(*, organisation: Organisation, mapping_id: UUID) -> PropertyMapping | None:
    return (
        PropertyMapping.objects.filter(organisation=organisation, id=mapping_id)
        .select_related("connection", "property", "unit", "suggested_property")
        .first()
    )


def property_options(mapping: PropertyMapping, *, query: str, limit: int = 20) -> list[Option]:
    """Our managed properties that match every word of `query`, best guess first. Three queries."""
    found = Property.objects.filter(organisation_id=mapping.organisation_id, status=Property.Status.ACTIVE)
    for word in query.split()[:8]:
        found = found.filter(
            Q(name__icontains=word) | Q(suburb__icontains=word) | Q(postcode__startswith=word) | Q(state__iexact=word)
        )
    mapped = PropertyMapping.objects.filter(
        connection_id=mapping.connection_id, state=State.MAPPED, property=OuterRef("pk")
    ).exclude(id=mapping.id)
    # Those that nothing is mapped to yet are the likely ones.
    rows: list[Property] = list(found.annotate(is_taken=Exists(mapped)).order_by("is_taken", "name", "id")[:limit])
    guess = mapping.suggested_property
    if guess is not None and not query:
        rows = [guess, *(row for row in rows if row.id != guess.id)][:limit]
    units: dict[UUID, list[Unit]] = {}
    for unit in Unit.objects.filter(property__in=rows).order_by("label", "id"):
        units.setdefault(unit.property_id, []).append(unit)
    taken: dict[tuple[UUID | None, UUID | None], str] = {
        (row.property_id, row.unit_id): row.provider_property_address
        for row in PropertyMapping.objects.filter(
            connection_id=mapping.connection_id, state=State.MAPPED, property__in=rows
        ).exclude(id=mapping.id)
    }
    options = []
    for row in rows:
        several = units.get(row.id, [])
        choices: list[Unit | None] = [*several] if len(several) > 1 else [None]
        options += [Option(row, unit, taken.get((row.id, unit.id if unit else None), "")) for unit in choices]
    return options


def imported_through(mapping: PropertyMapping) -> Imported:
    """What a person is told before unmapping: live records by resource, and the money in the books."""
    records = ProviderRecord.objects.filter(
        connection_id=mapping.connection_id, property_ref=mapping.provider_property_id, verdict=Verdict.IMPORTED
    )
    by_resource: dict[str, int] = dict(records.values_list("resource").annotate(number=Count("id")).order_by())
    money = Transaction.objects.filter(
        organisation_id=mapping.organisation_id,
        id__in=records.filter(resource__in=LEDGER).values("target_id"),
        status=Transaction.Status.CONFIRMED,
    ).aggregate(
        number=Count("id"),
        income=Sum("amount", filter=Q(kind=Kind.INCOME), default=0),
        expense=Sum("amount", filter=Q(kind=Kind.EXPENSE), default=0),
    )
    return Imported(by_resource, money["number"], money["income"], money["expense"])
