from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Avg, Count, Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from access.models import Organisation
from core.errors import DomainError
from maintenance import ports
from maintenance.models import Category, MaintenancePolicy, Offer, Vendor, WorkOrder
from maintenance.routing import JobFacts, Rules, VendorFacts

# A rating tells of how somebody works now: older ones no longer count.
RATED_WITHIN = timedelta(days=730)
_RATED = Q(work_orders__rating__isnull=False)
_OPEN = Q(work_orders__status__in=WorkOrder.WITH_VENDOR)


def vendors_of(*, organisation: Organisation) -> QuerySet[Vendor]:
    """Vendors with `open_jobs`, `mean_rating` and `rated_jobs`."""
    recent = _RATED & Q(work_orders__closed_at__gte=timezone.now() - RATED_WITHIN)
    return Vendor.objects.filter(organisation=organisation).annotate(
        open_jobs=Count("work_orders", filter=_OPEN),
        mean_rating=Avg("work_orders__rating", filter=recent),
        rated_jobs=Count("work_orders", filter=recent),
    )


def get_vendor(*, organisation: Organisation, vendor_id: UUID) -> Vendor:
    """Raises Vendor.DoesNotExist for one that is not the organisation's."""
    return vendors_of(organisation=organisation).select_related("organisation").get(pk=vendor_id)


def jobs_of(vendor: Vendor) -> QuerySet[WorkOrder]:
    """The vendor's jobs, the latest first."""
    return WorkOrder.objects.filter(vendor=vendor).select_related("property", "unit").order_by("-id")


def categories_of(*, organisation: Organisation, retired: bool = False) -> list[tuple[str, str]]:
    """(code, name) of the built-in categories and the organisation's own; `retired` adds those out of use."""
    own = Category.objects.filter(organisation=organisation).order_by("name")
    names = (own if retired else own.filter(is_active=True)).values_list("name", flat=True)
    return [*WorkOrder.Category.choices, *((name, name) for name in names)]


def policy_of(*, organisation: Organisation) -> MaintenancePolicy:
    """The organisation's rules; the defaults, unsaved, until somebody changes them."""
    found = MaintenancePolicy.objects.filter(organisation=organisation).first()
    return found or MaintenancePolicy(organisation=organisation)


def rules_of(policy: MaintenancePolicy) -> Rules:
    return Rules(
        weights={name: int(value) for name, value in policy.weights.items()},
        require_insurance=policy.require_insurance,
        licensed_trades=tuple(policy.licensed_trades),
        require_hours=policy.require_hours,
    )


def job_facts(*, order: WorkOrder, policy: MaintenancePolicy, now: datetime) -> JobFacts:
    """The job for routing now; those who were asked before, and lost or gave it back, are left out."""
    local = now.astimezone(ZoneInfo(order.organisation.time_zone))
    asked = Offer.objects.filter(work_order=order, kind=Offer.Kind.JOB, state__in=Offer.LOST)
    return JobFacts(
        category=order.category,
        category_name=order.get_category_display(),
        suburb=order.property.suburb,
        postcode=order.property.postcode,
        property_id=order.property_id,
        now=local,
        respond_by=local + timedelta(minutes=policy.target_of(order.priority)),
        asked_before=set(asked.values_list("vendor_id", flat=True)),
    )


def vendor_facts(*, organisation: Organisation, property_id: UUID | None = None) -> list[VendorFacts]:
    """Every vendor of the organisation for routing; three queries. An offer without an answer counts as a job."""
    known = set()
    rows = list(vendors_of(organisation=organisation))
    waiting = Counter(
        Offer.objects.filter(
            organisation=organisation, kind=Offer.Kind.JOB, state__in=(Offer.State.QUEUED, Offer.State.SENT)
        ).values_list("vendor_id", flat=True)
    )
    if property_id is not None:
        done = WorkOrder.objects.filter(vendor=OuterRef("pk"), property_id=property_id, status__in=("done", "billed"))
        ids = Vendor.objects.filter(Exists(done), organisation=organisation).values_list("pk", flat=True)
        known = set(ids)
    return [
        as_facts(
            vendor,
            open_jobs=getattr(vendor, "open_jobs", 0) + waiting[vendor.pk],
            rating=_mean(vendor),
            rated_jobs=getattr(vendor, "rated_jobs", 0),
            known={property_id} if property_id and vendor.pk in known else set(),
        )
        for vendor in rows
    ]


def _mean(vendor: Vendor) -> float | None:
    mean = getattr(vendor, "mean_rating", None)
    return None if mean is None else float(mean)


def as_facts(
    vendor: Vendor, *, open_jobs: int, rating: float | None, rated_jobs: int, known: Iterable[UUID]
) -> VendorFacts:
    return VendorFacts(
        id=vendor.pk,
        name=vendor.name,
        trades=vendor.trades,
        regions=vendor.regions,
        hours=vendor.hours,
        insurance_expires_on=vendor.insurance_expires_on,
        licence_expires_on=vendor.licence_expires_on,
        capacity=vendor.capacity,
        open_jobs=open_jobs,
        rating=rating,
        rated_jobs=rated_jobs,
        hourly_rate=vendor.hourly_rate,
        call_out_fee=vendor.call_out_fee,
        currency=vendor.currency,
        known_properties=frozenset(known),
        is_active=vendor.is_active,
        unreachable=unreachable(vendor),
    )


def unreachable(vendor: Vendor) -> str:
    """Why the vendor's channel cannot reach them, as a sentence; "" when it can."""
    try:
        return ports.channel(vendor.channel).problem_with(email=vendor.email, provider_id=vendor.provider_id)
    except DomainError as error:
        return error.message


def paper_notes(vendor: Vendor) -> list[tuple[str, str]]:
    """(tone, words) for insurance and licence: missing, expired, or soon to expire."""
    today = timezone.localdate()
    found = []
    for name, expires in (("Insurance", vendor.insurance_expires_on), ("Licence", vendor.licence_expires_on)):
        if expires is None:
            found.append(("neutral", f"{name} not on file"))
        elif expires < today:
            found.append(("bad", f"{name} expired"))
        elif expires <= today + timedelta(days=30):
            found.append(("warn", f"{name} ends soon"))
        else:
            found.append(("good", f"{name} valid"))
    return found
