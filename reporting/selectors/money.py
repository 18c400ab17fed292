from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from django.core.cache import cache
from django.db.models import Count, Q, Sum
from django.db.models.functions import TruncMonth

from access.models import Organisation
from accounting.models import Category, Kind, Transaction

ZERO = Decimal("0.00")
RENT = "rental_income"
# Adding up half a million lines costs a page its budget; above this many the sums may be a minute old.
EXACT_UP_TO = 20_000
SUMS_AGE = 60


@dataclass(frozen=True, slots=True)
class MonthMoney:
    """What the books hold for a month, net of reversing entries: income, the rent within it, and expense."""

    month: date
    income: Decimal = ZERO
    rent: Decimal = ZERO
    expense: Decimal = ZERO

    @property
    def net(self) -> Decimal:
        return self.income - self.expense

    @property
    def name(self) -> str:
        return f"{self.month:%b %Y}"


def money_by_month(
    *, organisation: Organisation, today: date, months: int = 12, property_id: UUID | None = None
) -> list[MonthMoney]:
    """The last `months` calendar months, this one last; a month without entries is there with zeros.

    Entries in another currency than the organisation's are left out: they cannot be added. Exact for one property and
    for an organisation of up to 20,000 entries in the period, else at most a minute old.
    """
    first = month_before(today, months - 1)
    key = f"reporting:months:{organisation.pk}:{first}:{months}"
    kept: dict[date, MonthMoney] | None = cache.get(key) if property_id is None else None
    if kept is None:
        kept, lines = _add_up(organisation, first, month_before(today, -1), property_id)
        if property_id is None and lines > EXACT_UP_TO:
            cache.set(key, kept, SUMS_AGE)
    wanted = [month_before(today, back) for back in range(months - 1, -1, -1)]
    return [kept.get(month, MonthMoney(month)) for month in wanted]


def month_before(day: date, months: int) -> date:
    """The first of the month that lies so many months before that of `day`; negative: after."""
    count = day.year * 12 + day.month - 1 - months
    return date(count // 12, count % 12 + 1, 1)


def _add_up(
    organisation: Organisation, first: date, end: date, property_id: UUID | None
) -> tuple[dict[date, MonthMoney], int]:
    rent = Category.objects.filter(organisation=organisation, code=RENT).values("pk")[:1]
    entries = Transaction.objects.filter(
        organisation=organisation, currency=organisation.currency, occurred_on__gte=first, occurred_on__lt=end
    )
    if property_id is not None:
        entries = entries.filter(property_id=property_id)
    rows = (
        entries.order_by()
        .values(month=TruncMonth("occurred_on"))
        .annotate(
            income=Sum("amount", filter=Q(kind=Kind.INCOME), default=ZERO),
            rent=Sum("amount", filter=Q(kind=Kind.INCOME, category_id=rent), default=ZERO),
            expense=Sum("amount", filter=Q(kind=Kind.EXPENSE), default=ZERO),
            lines=Count("pk"),
        )
    )
    found = {
        row["month"]: MonthMoney(row["month"], income=row["income"], rent=row["rent"], expense=row["expense"])
        for row in rows
    }
    return found, sum(row["lines"] for row in rows)
