"""What other routing rules would have done with the jobs of the last 90 days."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models.functions import Coalesce

from access.models import Organisation
from maintenance.models import MaintenancePolicy, Vendor, WorkOrder
from maintenance.routing import JobFacts, Rules, VendorFacts, route
from maintenance.selectors.vendors import RATED_WITHIN, as_facts, rules_of

DAYS = 90
# A job whose end nobody wrote down keeps its vendor busy for so long.
USUAL_LENGTH = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Replayed:
    """One job: who has or had it, who gets it by the rules in use, and who by the changed ones ("" for nobody)."""

    order: WorkOrder
    actual: str
    by_current: str
    by_changed: str

    @property
    def differs(self) -> bool:
        return self.by_current != self.by_changed


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """`shares` are (vendor, jobs by the rules in use, jobs by the changed ones), the busiest first; "" is nobody."""

    rows: list[Replayed]
    shares: list[tuple[str, int, int]]

    @property
    def changed(self) -> int:
        return sum(row.differs for row in self.rows)


@dataclass(slots=True)
class _History:
    """What was known of each vendor at any moment, from jobs that were rated or done before it."""

    ratings: dict[UUID, list[tuple[datetime, int]]]
    places: dict[UUID, list[tuple[datetime, UUID]]]

    def at(self, vendor: Vendor, moment: datetime, busy: list[datetime]) -> VendorFacts:
        scores = [rating for when, rating in self.ratings[vendor.pk] if moment - RATED_WITHIN <= when < moment]
        return as_facts(
            vendor,
            open_jobs=sum(until > moment for until in busy),
            rating=sum(scores) / len(scores) if scores else None,
            rated_jobs=len(scores),
            known={place for when, place in self.places[vendor.pk] if when < moment},
        )


def rehearse(
    *, organisation: Organisation, current: MaintenancePolicy, changed: MaintenancePolicy, now: datetime
) -> Rehearsal:
    """Replays the jobs opened in the last 90 days, in their order, through both sets of rules. Three queries.

    Each replay fills its own vendors' capacity as it goes. Papers, hours, regions and rates are those on file today:
    what they were then is not kept. Nothing is written and nobody is told.
    """
    vendors = list(Vendor.objects.filter(organisation=organisation, is_active=True).order_by("name", "id"))
    opened = Coalesce("opened_at", "created_at")
    orders = list(
        WorkOrder.objects.filter(organisation=organisation)
        .annotate(opened=opened)
        .filter(opened__gte=now - timedelta(days=DAYS), opened__lte=now)
        .exclude(status=WorkOrder.Status.CANCELLED)
        .select_related("property", "vendor")
        .order_by("opened", "id")
    )
    history = _history(organisation)
    zone = ZoneInfo(organisation.time_zone)
    by_current = _replay(orders, vendors, history, current, zone)
    by_changed = _replay(orders, vendors, history, changed, zone)
    rows = [
        Replayed(order, order.vendor.name if order.vendor else order.supplier_name, *names)
        for order, *names in zip(orders, by_current, by_changed, strict=True)
    ]
    before, after = Counter(by_current), Counter(by_changed)
    names = sorted({*before, *after}, key=lambda name: (name == "", -after[name], -before[name], name))
    return Rehearsal(rows[::-1], [(name, before[name], after[name]) for name in names])


def _history(organisation: Organisation) -> _History:
    ratings: dict[UUID, list[tuple[datetime, int]]] = defaultdict(list)
    places: dict[UUID, list[tuple[datetime, UUID]]] = defaultdict(list)
    rows = WorkOrder.objects.filter(
        organisation=organisation, vendor__isnull=False, closed_at__isnull=False, status__in=("done", "billed")
    )
    for row in rows.only("vendor_id", "property_id", "closed_at", "rating"):
        vendor_id, property_id, closed_at, rating = row.vendor_id, row.property_id, row.closed_at, row.rating
        if vendor_id is None or closed_at is None:
            continue
        places[vendor_id].append((closed_at, property_id))
        if rating is not None:
            ratings[vendor_id].append((closed_at, rating))
    return _History(ratings, places)


def _replay(
    orders: Sequence[WorkOrder], vendors: list[Vendor], history: _History, policy: MaintenancePolicy, zone: ZoneInfo
) -> list[str]:
    rules: Rules = rules_of(policy)
    busy: dict[UUID, list[datetime]] = defaultdict(list)
    chosen = []
    for order in orders:
        moment = (order.opened_at or order.created_at).astimezone(zone)
        job = JobFacts(
            category=order.category,
            category_name=order.get_category_display(),
            suburb=order.property.suburb,
            postcode=order.property.postcode,
            property_id=order.property_id,
            now=moment,
            respond_by=moment + timedelta(minutes=policy.target_of(order.priority)),
        )
        facts = [history.at(vendor, moment, busy[vendor.pk]) for vendor in vendors]
        best = next((verdict for verdict in route(job=job, vendors=facts, rules=rules) if verdict.eligible), None)
        chosen.append(best.vendor.name if best else "")
        if best is not None:
            busy[best.vendor.id].append(order.closed_at or moment + USUAL_LENGTH)
    return chosen
