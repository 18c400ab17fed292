from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

from asgiref.local import Local
from django.utils import timezone

UNKNOWN = "–"
MINUS = "\u2212"

# Sign at home, sign abroad. A currency that is not here is written with its code: "CHF 1,200.00".
_SIGNS = {
    "AUD": ("$", "A$"),
    "NZD": ("$", "NZ$"),
    "USD": ("$", "US$"),
    "CAD": ("$", "CA$"),
    "SGD": ("$", "S$"),
    "GBP": ("£", "£"),
    "EUR": ("€", "€"),
}
_MONTHS = (
    "Jan",
    "Feb",
    "Mar",
    "Apr",
    "May",
    "Jun",
    "Jul",
    "Aug",
    "Sep",
    "Oct",
    "Nov",
    "Dec",
)
_home = Local()


def activate_currency(currency: str) -> None:
    """Write `currency` (ISO 4217) with a bare sign in this thread, as timezone.activate does for zones."""
    _home.currency = currency


def deactivate_currency() -> None:
    """Forget the thread's home currency."""
    if hasattr(_home, "currency"):
        del _home.currency


@contextmanager
def home_currency(currency: str) -> Iterator[None]:
    """activate_currency for the length of a block."""
    before = getattr(_home, "currency", "")
    activate_currency(currency)
    try:
        yield
    finally:
        activate_currency(before)


def currency_sign(currency: str = "") -> str:
    """`$` for the home currency (or none given), `US$` for another; a code without a sign ends in a space."""
    home = getattr(_home, "currency", "")
    code = currency or home
    if not code:
        return "$"
    local, abroad = _SIGNS.get(code, (f"{code}\u00a0", f"{code}\u00a0"))
    return local if not home or code == home else abroad


def money_text(
    value: Decimal | int | None,
    currency: str = "",
    *,
    plus: bool = False,
    places: int = 2,
) -> str:
    """`$1,234.50`, `−$228.00`, or an en dash where the amount is unknown. Rounds halves away from zero."""
    if value is None:
        return UNKNOWN
    amount = Decimal(value).quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)
    sign = MINUS if amount < 0 else "+" if plus and amount > 0 else ""
    return f"{sign}{currency_sign(currency)}{abs(amount):,.{places}f}"


def number_text(value: Decimal | float | None) -> str:
    """`48,211`, a real minus sign, an en dash for None."""
    if value is None:
        return UNKNOWN
    return f"{value:,}".replace("-", MINUS)


def percent_text(value: Decimal | float | None, places: int = 1) -> str:
    """A share of one as `5.6 %` (no-break space), an en dash for None; a whole percentage has no decimals."""
    if value is None:
        return UNKNOWN
    amount = (Decimal(str(value)) * 100).quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)
    text = f"{amount:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return f"{text.replace('-', MINUS)}\u00a0%"


def local_time(value: datetime) -> datetime:
    """`value` in the active zone (the organisation's); a naive value is taken as already local."""
    return timezone.localtime(value) if timezone.is_aware(value) else value


def day_text(value: date | datetime | None) -> str:
    """`4 Dec 2026`, in the active zone where the value has a time."""
    if value is None:
        return UNKNOWN
    if isinstance(value, datetime):
        value = local_time(value)
    return f"{value.day}\u00a0{_MONTHS[value.month - 1]}\u00a0{value.year}"


def full_time_text(value: date | datetime) -> str:
    """What a pointer sees on a date: `Fri 4 Dec 2026, 14:02 AEST`, without the clock for a plain date."""
    if isinstance(value, datetime):
        local = local_time(value)
        return f"{local:%a} {day_text(local)}, {local:%H:%M %Z}".strip().replace("\u00a0", " ")
    return f"{value:%A} {day_text(value)}".replace("\u00a0", " ")


def age_text(value: datetime | None, now: datetime) -> str:
    """`3 min ago`, `in 2 h`, `yesterday`; beyond two weeks the date itself, because "97 days ago" helps nobody."""
    if value is None:
        return "never"
    gap = now - value
    ahead = gap < timedelta(0)
    seconds = int(abs(gap).total_seconds())
    if seconds < 60:
        return "in a moment" if ahead else "just now"
    if seconds < 3600:
        text = f"{seconds // 60}\u00a0min"
    elif seconds < 86_400:
        text = f"{seconds // 3600}\u00a0h"
    elif seconds < 14 * 86_400:
        days = seconds // 86_400
        if days == 1 and not ahead:
            return "yesterday"
        text = f"{days}\u00a0day{'s' if days > 1 else ''}"
    else:
        return day_text(value)
    return f"in {text}" if ahead else f"{text} ago"
