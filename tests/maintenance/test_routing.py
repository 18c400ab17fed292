from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from maintenance.routing import JobFacts, Rules, VendorFacts, region_match, route, works_before

SYDNEY = ZoneInfo("Australia/Sydney")
HOME = UUID(int=9)
# A Monday, half past eight in the morning.
JOB = JobFacts(
    category="plumbing",
    category_name="Plumbing",
    suburb="Newtown",
    postcode="2042",
    property_id=HOME,
    now=datetime(2026, 3, 2, 8, 30, tzinfo=SYDNEY),
    respond_by=datetime(2026, 3, 2, 12, 30, tzinfo=SYDNEY),
)
RULES = Rules({"rating": 35, "load": 25, "price": 15, "near": 15, "knows": 10}, True, ("plumbing",), True)
GOOD = VendorFacts(
    id=UUID(int=1), name="Flow", trades=("plumbing",), insurance_expires_on=date(2026, 12, 1),
    licence_expires_on=date(2026, 12, 1),
)  # fmt: skip


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"is_active": False}, "Set to inactive."),
        ({"trades": ("electrical",)}, "Plumbing is not among their trades."),
        ({"regions": ("2000", "glebe")}, "Does not work in Newtown."),
        ({"insurance_expires_on": date(2026, 3, 1)}, "Insurance expired on 1\u00a0Mar\u00a02026."),
        ({"insurance_expires_on": None}, "Insurance is not on file."),
        ({"licence_expires_on": None}, "Licence is not on file."),
        ({"open_jobs": 5}, "Full: 5 of 5 jobs at once."),
        ({"hours": {"1": ["07:00", "17:00"]}}, "Does not work before the response target."),
        ({"unreachable": "There is no e-mail address."}, "Cannot be reached: there is no e-mail address."),
    ],
)
def test_who_is_left_out_and_why(change: dict[str, Any], reason: str) -> None:
    (verdict,) = route(job=JOB, vendors=[replace(GOOD, **change)], rules=RULES)
    assert (verdict.eligible, verdict.score, verdict.reasons) == (False, 0, [("bad", reason)])


def test_papers_are_valid_through_their_last_day_and_rules_may_ask_for_none() -> None:
    last = replace(GOOD, insurance_expires_on=date(2026, 3, 2), licence_expires_on=date(2026, 3, 2))
    assert route(job=JOB, vendors=[last], rules=RULES)[0].eligible
    bare = replace(GOOD, insurance_expires_on=None, licence_expires_on=None)
    lax = replace(RULES, require_insurance=False, licensed_trades=())
    assert route(job=JOB, vendors=[bare], rules=lax)[0].eligible


def test_one_who_was_asked_is_not_asked_again() -> None:
    (verdict,) = route(job=replace(JOB, asked_before={GOOD.id}), vendors=[GOOD], rules=RULES)
    assert verdict.reasons == [("bad", "Was asked already for this job.")]


def test_score_and_its_reasons() -> None:
    known = replace(
        GOOD, regions=("newtown",), rating=5.0, rated_jobs=4, open_jobs=0, hourly_rate=Decimal("100"),
        known_properties={HOME},
    )  # fmt: skip
    plain = replace(
        GOOD, id=UUID(int=2), name="Drip", open_jobs=4, hourly_rate=Decimal("200"), rating=1.0, rated_jobs=1
    )
    first, second = route(job=JOB, vendors=[plain, known], rules=RULES)
    assert (first.vendor.name, first.score) == ("Flow", 100)
    assert first.reasons == [
        ("good", "Rated 5.0 over 4 jobs."),
        ("good", "0 of 5 jobs at once."),
        ("good", "$100.00 for a first hour."),
        ("good", "Works in Newtown."),
        ("good", "Has worked at this property."),
    ]
    # load 0.2 x 25, price 0.5 x 15, near 0.4 x 15
    assert (second.vendor.name, second.score) == ("Drip", 18)


def test_weights_decide() -> None:
    cheap = replace(GOOD, name="Cheap", hourly_rate=Decimal("50"), rating=2.0, rated_jobs=3)
    loved = replace(GOOD, id=UUID(int=2), name="Loved", hourly_rate=Decimal("150"), rating=5.0, rated_jobs=3)
    by = {
        name: route(job=JOB, vendors=[cheap, loved], rules=replace(RULES, weights={name: 100}))[0].vendor.name
        for name in ("price", "rating")
    }
    assert by == {"price": "Cheap", "rating": "Loved"}


@pytest.mark.parametrize(
    ("regions", "share"),
    [
        ((), 0.4),
        (("newtown",), 1.0),
        (("2042",), 1.0),
        (("2000-2050",), 0.8),
        (("2043-2050",), None),
        (("glebe",), None),
    ],
)
def test_regions(regions: tuple[str, ...], share: float | None) -> None:
    found = region_match(regions, suburb="Newtown", postcode="2042")
    assert (found and found[0]) == share


@pytest.mark.parametrize(
    ("hours", "works"),
    [
        ({}, True),
        ({"0": ["12:30", "17:00"]}, True),
        ({"0": ["12:31", "17:00"]}, False),
        ({"0": ["06:00", "08:30"]}, False),
        ({"1": ["00:00", "23:59"]}, False),
    ],
)
def test_hours(hours: dict[str, list[str]], works: bool) -> None:
    assert works_before(hours, now=JOB.now, until=JOB.respond_by) is works
