"""What needs a person, from every layer: each with its cause and the page that settles it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from uuid import UUID

from django.db.models import Count, Min, Q
from django.urls import reverse
from django.utils import timezone

from access.models import Organisation
from core.formatting import day_text, money_text
from core.templatetags.ui import sentence, sentence_start
from integrations.models import Conflict, Connection, PropertyMapping, ProviderRecord, Verdict
from integrations.selectors.connections import ConnectionRow
from reporting.selectors.portfolio import PortfolioSummary
from tenancies.selectors import ArrearsSummary, EndingCounts

# Rent that is a few days late settles itself more often than not; after a fortnight somebody has to ask.
ARREARS_DAYS = 14
ACCEPT_FROM = 90


@dataclass(frozen=True, slots=True)
class Need:
    """One thing to settle. `since` orders the list; `icon` stands in the tile unless `tile` has a text."""

    tone: str
    what: str
    why: str
    url: str
    action: str
    since: datetime
    tile: str = ""
    icon: str = ""
    is_first: bool = False


def needs_of(
    *,
    organisation: Organisation,
    sources: Iterable[ConnectionRow],
    summary: PortfolioSummary,
    late: ArrearsSummary,
    ending: EndingCounts,
    today: date,
) -> list[Need]:
    """Oldest first; the first that is bad carries the page's one primary button (`is_first`). Three queries.

    `late` is the arrears of more than ARREARS_DAYS days. Raises nothing.
    """
    live = [row for row in sources if row.connection.status != Connection.Status.DISCONNECTED]
    found = [
        *_of_connections(live),
        *_of_mappings(organisation, live),
        *_of_conflicts(organisation, live),
        *_of_records(organisation, live),
        *_of_tenancies(late, ending, today),
        *_of_work_orders(summary, today),
    ]
    found.sort(key=lambda need: need.since)
    first = next((index for index, need in enumerate(found) if need.tone == "bad"), 0)
    return [replace(need, is_first=index == first) for index, need in enumerate(found)]


def _of_connections(rows: Sequence[ConnectionRow]) -> Iterable[Need]:
    pages = {"reconnect": ("integrations:detail", "Reconnect"), "release": ("integrations:history", "Look at it")}
    for row in rows:
        remedy = row.health.remedy
        if not row.health.what or not remedy:
            continue
        page, action = pages.get(remedy, ("integrations:history", "See why"))
        yield Need(
            tone=row.health.tone,
            tile="!",
            what=f"{row.health.what}{_account(row, rows)}",
            why=row.health.why,
            url=_page(page, row),
            action=action,
            since=row.health.since or row.connection.status_since,
        )


def _of_mappings(organisation: Organisation, rows: Iterable[ConnectionRow]) -> Iterable[Need]:
    counts = {
        row["connection_id"]: row
        for row in PropertyMapping.objects.filter(organisation=organisation, state=PropertyMapping.State.UNMAPPED)
        .order_by()
        .values("connection_id")
        .annotate(
            unmapped=Count("pk"),
            likely=Count("pk", filter=Q(suggested_property__isnull=False, suggestion_score__gte=ACCEPT_FROM)),
            since=Min("created_at"),
        )
    }
    for row in rows:
        found = counts.get(row.connection.pk)
        if found is None:
            continue
        label = row.spec.label
        likely = sentence_start(found["likely"], "has a suggestion,have a suggestion")
        yield Need(
            tone="info",
            tile=str(found["unmapped"]) if found["unmapped"] < 1000 else "",
            icon="link",
            what=f"{sentence_start(found['unmapped'], f'{label} property is,{label} properties are')} not mapped",
            why=f"{likely} at {ACCEPT_FROM} or above. Records wait; mapping imports them with their history.",
            url=_page("integrations:mapping", row),
            action="Map",
            since=found["since"],
        )


def _of_conflicts(organisation: Organisation, rows: Iterable[ConnectionRow]) -> Iterable[Need]:
    counts = {
        row["connection_id"]: row
        for row in Conflict.objects.filter(organisation=organisation, state=Conflict.State.OPEN)
        .order_by()
        .values("connection_id")
        .annotate(number=Count("pk"), since=Min("created_at"))
    }
    for row in rows:
        found = counts.get(row.connection.pk)
        if found is None:
            continue
        yield Need(
            tone="warn",
            tile="≠",
            what=f"{sentence_start(found['number'], 'record differs,records differ')} from {row.spec.label}",
            why="The source changed, and ours may not be overwritten. Keep ours or take theirs, one by one.",
            url=_page("integrations:conflicts", row),
            action="Review",
            since=found["since"],
        )


def _of_records(organisation: Organisation, rows: Iterable[ConnectionRow]) -> Iterable[Need]:
    by_id = {row.connection.pk: row for row in rows}
    counts: dict[UUID, int] = dict(
        ProviderRecord.objects.filter(connection__in=by_id, verdict=Verdict.REJECTED)
        .order_by()
        .values_list("connection_id")
        .annotate(number=Count("pk"))
    )
    for key, number in counts.items():
        row = by_id[key]
        yield Need(
            tone="warn",
            icon="alert",
            what=f"{sentence_start(number, 'record')} from {row.spec.label} could not be imported",
            why="Each says what is wrong with it. The rest of the sync went on without them.",
            url=f"{_page('integrations:records', row)}&verdict={Verdict.REJECTED}",
            action="See them",
            since=row.connection.last_sync_at or row.connection.created_at,
        )


def _of_tenancies(late: ArrearsSummary, ending: EndingCounts, today: date) -> Iterable[Need]:
    if late.tenancies:
        owed = money_text(late.amount)
        owing = f"It owes {owed} and" if late.tenancies == 1 else f"They owe {owed} together; the oldest"
        yield Need(
            tone="warn",
            icon="cash",
            what=f"{sentence_start(late.tenancies, 'tenancy is,tenancies are')} more than {ARREARS_DAYS} days behind",
            why=f"{owing} is {sentence(late.oldest_days, 'day,days')} behind.",
            url=reverse("reporting:arrears"),
            action="See who",
            since=_start_of(today - timedelta(days=late.oldest_days)),
        )
    if ending.within_30:
        yield Need(
            tone="neutral",
            icon="calendar",
            what=f"{sentence_start(ending.within_30, 'lease ends,leases end')} within 30 days",
            why="Renew, agree on going on by the month, or find the next tenant.",
            url=f"{reverse('tenancies:leases')}?ending=30",
            action="Open",
            since=_start_of(today),
        )


def _of_work_orders(summary: PortfolioSummary, today: date) -> Iterable[Need]:
    if summary.work_orders_manual:
        count = summary.work_orders_manual
        yield Need(
            tone="warn",
            icon="wrench",
            what=f"{sentence_start(count, 'work order needs,work orders need')} a vendor",
            why="No vendor can take it, or those who were asked said no.",
            url=f"{reverse('maintenance:work_order_list')}?status=manual",
            action="Choose",
            since=summary.oldest_manual or _start_of(today),
        )
    if not summary.work_orders_past_target:
        return
    oldest = summary.oldest_target or today
    yield Need(
        tone="neutral",
        icon="wrench",
        what=f"{sentence_start(summary.work_orders_past_target, 'work order is,work orders are')} past target",
        why=f"The oldest was due on {day_text(oldest)}.",
        url=reverse("maintenance:work_order_list"),
        action="Open",
        since=_start_of(oldest),
    )


def _account(row: ConnectionRow, rows: Sequence[ConnectionRow]) -> str:
    """The account's name where the provider has several here, so that the sentence says which."""
    several = sum(other.spec.slug == row.spec.slug for other in rows) > 1
    return f" ({row.connection.account_name})" if several and row.connection.account_name else ""


def _page(name: str, row: ConnectionRow) -> str:
    return f"{reverse(name, args=[row.spec.slug])}?connection={row.connection.pk}"


def _start_of(day: date) -> datetime:
    return datetime.combine(day, time.min, tzinfo=timezone.get_current_timezone())
