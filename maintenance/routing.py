"""Who should get a job: leave out those who cannot take it, score the rest, and say why for each.

Pure functions over plain facts, so that the screen, the assignment and the rehearsal decide alike.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from uuid import UUID

from core.formatting import day_text, money_text

# A vendor nobody has rated yet counts as this: above a bad one, below a good one.
UNRATED = 3.5
WEIGHT_LABELS = {
    "rating": "Rating from past jobs",
    "load": "Free capacity",
    "price": "Low rates",
    "near": "Names the place itself",
    "knows": "Has worked at the property",
}
_POSTCODES = re.compile(r"^(\d{3,6})\s*-\s*(\d{3,6})$")


@dataclass(frozen=True, slots=True)
class VendorFacts:
    """What routing needs to know of a vendor at the moment of the decision."""

    id: UUID
    name: str
    trades: Collection[str]
    regions: Sequence[str] = ()
    hours: dict[str, list[str]] = field(default_factory=dict)
    insurance_expires_on: date | None = None
    licence_expires_on: date | None = None
    capacity: int = 5
    open_jobs: int = 0
    rating: float | None = None
    rated_jobs: int = 0
    hourly_rate: Decimal | None = None
    call_out_fee: Decimal | None = None
    currency: str = "AUD"
    known_properties: Collection[UUID] = ()
    is_active: bool = True
    unreachable: str = ""


@dataclass(frozen=True, slots=True)
class JobFacts:
    """What routing needs to know of a job. `now` and `respond_by` are in the organisation's zone."""

    category: str
    category_name: str
    suburb: str
    postcode: str
    property_id: UUID
    now: datetime
    respond_by: datetime
    asked_before: Collection[UUID] = ()


@dataclass(frozen=True, slots=True)
class Rules:
    """The organisation's rules; weights are shares of their sum."""

    weights: dict[str, int]
    require_insurance: bool
    licensed_trades: Collection[str]
    require_hours: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """One vendor's standing: `reasons` are (tone, sentence), those against it first; score 0 to 100."""

    vendor: VendorFacts
    eligible: bool
    score: int
    reasons: list[tuple[str, str]]


def route(*, job: JobFacts, vendors: Sequence[VendorFacts], rules: Rules) -> list[Verdict]:
    """A verdict for every vendor: those who can take the job by score, then those who cannot, by name."""
    against = {vendor.id: _against(job, vendor, rules) for vendor in vendors}
    able = [vendor for vendor in vendors if not against[vendor.id]]
    rates = [rate for vendor in able if (rate := _rate(vendor)) is not None]
    verdicts = [_scored(job, vendor, rules, min(rates, default=None)) for vendor in able]
    verdicts.sort(
        key=lambda verdict: (-verdict.score, verdict.vendor.open_jobs, verdict.vendor.name, verdict.vendor.id)
    )
    left_out = sorted((vendor for vendor in vendors if against[vendor.id]), key=lambda item: (item.name, item.id))
    return [
        *verdicts,
        *(Verdict(vendor, False, 0, [("bad", text) for text in against[vendor.id]]) for vendor in left_out),
    ]


def region_match(regions: Sequence[str], *, suburb: str, postcode: str) -> tuple[float, str] | None:
    """How closely a vendor's regions name the place (1 names it, 0.4 works everywhere), in words; None when not."""
    if not regions:
        return 0.4, "works everywhere"
    place = suburb.strip().casefold()
    best: tuple[float, str] | None = None
    for region in regions:
        text = region.strip().casefold()
        span = _POSTCODES.match(text)
        if text and text in (place, postcode):
            return 1.0, f"works in {suburb if text == place else postcode}"
        if span and postcode.isdigit() and int(span[1]) <= int(postcode) <= int(span[2]):
            best = best or (0.8, f"works in {span[1]}–{span[2]}")
    return best


def works_before(hours: dict[str, list[str]], *, now: datetime, until: datetime) -> bool:
    """Whether a vendor with these hours works at any time between the two; no hours at all means any time."""
    if not hours:
        return True
    day = now.date()
    while day <= until.date():
        span = hours.get(str(day.weekday()))
        if span:
            opens, closes = (datetime.combine(day, time.fromisoformat(part), now.tzinfo) for part in span)
            if opens <= until and closes > now:
                return True
        day += timedelta(days=1)
    return False


def _against(job: JobFacts, vendor: VendorFacts, rules: Rules) -> list[str]:
    """Why the vendor cannot take the job, as sentences; empty when they can."""
    on = job.now.date()
    found = []
    if not vendor.is_active:
        found.append("Set to inactive.")
    if vendor.unreachable:
        found.append(f"Cannot be reached: {vendor.unreachable[0].lower()}{vendor.unreachable[1:]}")
    if job.category not in vendor.trades:
        found.append(f"{job.category_name} is not among their trades.")
    if region_match(vendor.regions, suburb=job.suburb, postcode=job.postcode) is None:
        found.append(f"Does not work in {job.suburb or job.postcode or 'this place'}.")
    if rules.require_insurance:
        found += _paper("Insurance", vendor.insurance_expires_on, on)
    if job.category in rules.licensed_trades:
        found += _paper("Licence", vendor.licence_expires_on, on)
    if vendor.open_jobs >= vendor.capacity:
        found.append(f"Full: {vendor.open_jobs} of {vendor.capacity} jobs at once.")
    if rules.require_hours and not works_before(vendor.hours, now=job.now, until=job.respond_by):
        found.append("Does not work before the response target.")
    if vendor.id in job.asked_before:
        found.append("Was asked already for this job.")
    return found


def _paper(name: str, expires_on: date | None, on: date) -> list[str]:
    if expires_on is None:
        return [f"{name} is not on file."]
    return [f"{name} expired on {day_text(expires_on)}."] if expires_on < on else []


def _scored(job: JobFacts, vendor: VendorFacts, rules: Rules, cheapest: Decimal | None) -> Verdict:
    rate = _rate(vendor)
    near, place = region_match(vendor.regions, suburb=job.suburb, postcode=job.postcode) or (0.0, "")
    rating = UNRATED if vendor.rating is None else vendor.rating
    parts: dict[str, tuple[float, str]] = {
        "rating": (
            (rating - 1) / 4,
            "not rated yet" if vendor.rating is None else f"rated {vendor.rating:.1f} over {_jobs(vendor.rated_jobs)}",
        ),
        "load": (1 - vendor.open_jobs / vendor.capacity, f"{vendor.open_jobs} of {vendor.capacity} jobs at once"),
        "price": (
            0.5 if rate is None or cheapest is None else float(cheapest / rate) if rate else 1.0,
            "rates not on file" if rate is None else f"{money_text(rate, vendor.currency)} for a first hour",
        ),
        "near": (near, place),
        "knows": (
            (1.0, "has worked at this property")
            if job.property_id in vendor.known_properties
            else (0.0, "has not worked at this property")
        ),
    }
    total = sum(rules.weights.get(name, 0) for name in parts) or 1
    score = sum(rules.weights.get(name, 0) * share for name, (share, _) in parts.items()) / total
    reasons = [
        (
            "good" if share >= 0.75 else "neutral" if share >= 0.4 or name == "knows" else "warn",
            f"{text[0].upper()}{text[1:]}.",
        )
        for name, (share, text) in parts.items()
        if rules.weights.get(name, 0)
    ]
    return Verdict(vendor, True, round(100 * score), reasons)


def _rate(vendor: VendorFacts) -> Decimal | None:
    """What a first hour costs: call-out and one hour."""
    if vendor.hourly_rate is None and vendor.call_out_fee is None:
        return None
    return (vendor.hourly_rate or Decimal(0)) + (vendor.call_out_fee or Decimal(0))


def _jobs(count: int) -> str:
    return "1 job" if count == 1 else f"{count} jobs"
