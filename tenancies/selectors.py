from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

from django.db.models import (
    Case,
    CharField,
    Count,
    DateField,
    DecimalField,
    Exists,
    F,
    Max,
    OuterRef,
    Prefetch,
    Q,
    QuerySet,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Coalesce, Round

from access.models import Organisation
from tenancies.models import Lease, LeaseTenant, Tenant

ZERO = Decimal("0.00")
FAR = date(9999, 12, 31)
# Somebody lives there under it.
RUNNING = (Lease.Status.ACTIVE, Lease.Status.NOTICE)
IN_ARREARS = Q(arrears_amount__gt=0)
# How many of each period a year has; a week is a 52nd, as agents quote rents.
PERIODS_A_YEAR = {
    Lease.RentPeriod.WEEKLY: 52,
    Lease.RentPeriod.FORTNIGHTLY: 26,
    Lease.RentPeriod.MONTHLY: 12,
    Lease.RentPeriod.QUARTERLY: 4,
    Lease.RentPeriod.YEARLY: 1,
}
BUCKETS = (("0-30", "Up to 30 days", 0, 30), ("31-60", "31 to 60 days", 31, 60), ("61-90", "61 to 90 days", 61, 90))
LAST_BUCKET = ("90+", "More than 90 days", 91, None)


def weekly_rent(prefix: str = "") -> Round:
    """SQL for a lease's rent by the week, whatever its period, so that rents can be added and compared."""
    return Round(
        F(f"{prefix}rent_amount")
        * Case(
            *(When(**{f"{prefix}rent_period": period}, then=Value(count)) for period, count in PERIODS_A_YEAR.items()),
            default=Value(52),
        )
        / Value(52),
        precision=2,
        output_field=DecimalField(max_digits=14, decimal_places=2),
    )


def leases_of(*, organisation: Organisation) -> QuerySet[Lease]:
    """Leases with property and unit, `last_day` (moving out, else end of term) and columns to sort by."""
    return (
        Lease.objects.filter(organisation=organisation)
        .select_related("property", "unit")
        .annotate(
            last_day=Coalesce("vacates_on", "ends_on"),
            last_day_sort=Coalesce("vacates_on", "ends_on", Value(FAR), output_field=DateField()),
            rent_by_week=weekly_rent(),
        )
    )


def get_lease(*, organisation: Organisation, lease_id: UUID) -> Lease:
    """With tenants loaded. Raises Lease.DoesNotExist for one that is not the organisation's."""
    return leases_of(organisation=organisation).prefetch_related(_named()).get(pk=lease_id)


def _named() -> Prefetch[str, QuerySet[LeaseTenant], str]:
    return Prefetch(
        "lease_tenants", LeaseTenant.objects.select_related("tenant").order_by("-is_primary", "tenant__name")
    )


def ends_within(days: int, today: date) -> Q:
    """Running leases whose last day is in the next `days` days, today included; needs `last_day`."""
    return Q(status__in=RUNNING, last_day__gte=today, last_day__lte=today + timedelta(days=days))


def leases_ending(*, organisation: Organisation, today: date, within: int = 90) -> QuerySet[Lease]:
    """Leases ending soon, first to end first, each with `has_next`: whether a following lease is signed."""
    following = Lease.objects.filter(unit=OuterRef("unit"), status=Lease.Status.PENDING).exclude(pk=OuterRef("pk"))
    return (
        leases_of(organisation=organisation)
        .filter(ends_within(within, today))
        .annotate(has_next=Exists(following))
        .order_by(F("last_day"), "id")
    )


@dataclass(frozen=True, slots=True)
class EndingCounts:
    """Running leases whose last day is within 30, 60 and 90 days; each count holds the one before."""

    within_30: int
    within_60: int
    within_90: int


def ending_counts(*, organisation: Organisation, today: date) -> EndingCounts:
    running = Lease.objects.filter(organisation=organisation, status__in=RUNNING)
    return EndingCounts(
        **running.annotate(last_day=Coalesce("vacates_on", "ends_on")).aggregate(
            **{f"within_{days}": Count("pk", filter=ends_within(days, today)) for days in (30, 60, 90)}
        )
    )


@dataclass(frozen=True, slots=True)
class LeaseTotals:
    """Sums over leases: how many, their rent by the week, what is owed under them."""

    leases: int
    rent_by_week: Decimal
    arrears: Decimal


def lease_totals(leases: QuerySet[Lease]) -> LeaseTotals:
    """Totals of a filtered list; rent counts running leases only, for one that has ended earns nothing."""
    found = leases.order_by().aggregate(
        leases=Count("pk"),
        rent=Coalesce(Sum(weekly_rent(), filter=Q(status__in=RUNNING)), ZERO),
        arrears=Coalesce(Sum("arrears_amount", filter=IN_ARREARS), ZERO),
    )
    return LeaseTotals(leases=found["leases"], rent_by_week=found["rent"], arrears=found["arrears"])


def rent_by_property(*, organisation: Organisation, property_ids: Collection[UUID]) -> dict[UUID, Decimal]:
    """Rent by the week of running leases, summed for each property; properties without one are absent."""
    rows = (
        Lease.objects.filter(organisation=organisation, property_id__in=property_ids, status__in=RUNNING)
        .order_by()
        .values("property_id")
        .annotate(rent=Sum(weekly_rent()))
        .values_list("property_id", "rent")
    )
    return dict(rows)


@dataclass(frozen=True, slots=True)
class ArrearsSummary:
    """What tenancies owe: how many do, how much in all, and how many days the oldest is behind."""

    tenancies: int
    amount: Decimal
    oldest_days: int


@dataclass(frozen=True, slots=True)
class ArrearsBucket:
    """Tenancies whose arrears are of one age."""

    key: str
    label: str
    tenancies: int
    amount: Decimal


def arrears_of(*, organisation: Organisation) -> QuerySet[Lease]:
    """Leases under which something is owed, those that have ended too, annotated with the `bucket` of their age."""
    return (
        leases_of(organisation=organisation)
        .filter(IN_ARREARS)
        .annotate(
            bucket=Case(
                *(When(arrears_days__lte=upto, then=Value(key)) for key, _, _, upto in BUCKETS),
                default=Value(LAST_BUCKET[0]),
                output_field=CharField(),
            )
        )
    )


def arrears_buckets(*, organisation: Organisation) -> list[ArrearsBucket]:
    """Every bucket, the empty ones too, in one query."""
    found = {
        row["age"]: row
        for row in arrears_of(organisation=organisation)
        .order_by()
        .values(age=F("bucket"))
        .annotate(tenancies=Count("pk"), amount=Sum("arrears_amount"))
    }
    buckets = []
    for key, label, *_ in (*BUCKETS, LAST_BUCKET):
        row = found.get(key)
        buckets.append(ArrearsBucket(key, label, row["tenancies"] if row else 0, row["amount"] if row else ZERO))
    return buckets


def arrears_summary(*, organisation: Organisation, more_than_days: int = -1) -> ArrearsSummary:
    """Arrears of the organisation; with `more_than_days`, only of tenancies longer behind than that."""
    return ArrearsSummary(
        **Lease.objects.filter(IN_ARREARS, organisation=organisation, arrears_days__gt=more_than_days).aggregate(
            tenancies=Count("pk"),
            amount=Coalesce(Sum("arrears_amount"), ZERO),
            oldest_days=Coalesce(Max("arrears_days"), 0),
        )
    )


def tenants_of(*, organisation: Organisation) -> QuerySet[Tenant]:
    """Tenants with their leases loaded, newest first, in two more queries."""
    leases = LeaseTenant.objects.select_related("lease__property", "lease__unit").order_by("-lease__starts_on", "-id")
    return Tenant.objects.filter(organisation=organisation).prefetch_related(Prefetch("lease_tenants", leases))


def get_tenant(*, organisation: Organisation, tenant_id: UUID) -> Tenant:
    """Raises Tenant.DoesNotExist for one that is not the organisation's."""
    return tenants_of(organisation=organisation).get(pk=tenant_id)


def current_lease(tenant: Tenant) -> Lease | None:
    """The tenant's running lease, else the newest; reads what tenants_of loaded."""
    leases: Iterable[Lease] = [named.lease for named in tenant.lease_tenants.all()]
    return next((lease for lease in leases if lease.status in RUNNING), next(iter(leases), None))
