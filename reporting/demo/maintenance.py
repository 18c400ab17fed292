"""The demo's vendors, a few reports, and jobs at every stage: asked, scheduled, quoted, done, and without anybody."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils import timezone

from access.models import Organisation, User
from maintenance.models import Vendor, WorkOrder
from maintenance.services import answers, offers, work_orders
from maintenance.services.requests import create_request
from maintenance.services.vendors import save_vendor
from properties.models import Property

_WORKDAYS = {str(day): ["07:00", "17:00"] for day in range(5)}
_ALWAYS = {str(day): ["00:00", "23:59"] for day in range(7)}
# Jobs are put at so many different properties.
_HOMES = 8


@transaction.atomic
def prepare_maintenance(*, organisation: Organisation, user: User) -> None:
    """Makes vendors, reports and jobs once; nothing where vendors are there already, or no property is."""
    homes = list(Property.objects.filter(organisation=organisation).order_by("name", "id")[:_HOMES])
    if not homes or Vendor.objects.filter(organisation=organisation).exists():
        return
    vendors = _vendors(organisation, homes)
    _jobs(organisation, user, homes, vendors)
    _reports(organisation, user, homes)


def _vendors(organisation: Organisation, homes: list[Property]) -> dict[str, Vendor]:
    today = timezone.localdate()
    year, month = today + timedelta(days=365), today + timedelta(days=20)
    past = today - timedelta(days=25)
    suburbs = sorted({home.suburb for home in homes if home.suburb})
    rows: dict[str, dict[str, Any]] = {
        "Tideline Plumbing": {
            "contact_name": "Amelia Tran", "trades": ["plumbing"], "hours": _ALWAYS, "regions": suburbs,
            "insurance_expires_on": year, "licence_expires_on": year, "licence_number": "PL-20417",
            "call_out_fee": Decimal("95"), "hourly_rate": Decimal("120"),
        },
        "Rapid Drains & Gas": {
            "contact_name": "Piotr Zieliński", "trades": ["plumbing", "hvac"], "hours": _ALWAYS,
            "insurance_expires_on": year, "licence_expires_on": month, "licence_number": "PL-18822",
            "call_out_fee": Decimal("60"), "hourly_rate": Decimal("105"),
        },
        "Bright Spark Electrical": {
            "contact_name": "Noor Haddad", "trades": ["electrical"], "hours": _ALWAYS,
            "insurance_expires_on": year, "licence_expires_on": year, "licence_number": "EL-77310",
            "call_out_fee": Decimal("110"), "hourly_rate": Decimal("130"),
        },
        "Allround Handyman": {
            "contact_name": "Jack Doyle", "trades": ["general"], "hours": _WORKDAYS, "capacity": 3,
            "insurance_expires_on": past, "hourly_rate": Decimal("75"),
        },
        "Fresh Coat Painters": {
            "contact_name": "Lucía Ferrer", "trades": ["general"], "hours": _WORKDAYS, "capacity": 4,
            "insurance_expires_on": year, "hourly_rate": Decimal("85"),
        },
        "Polar Air": {
            "contact_name": "Minh Nguyễn", "trades": ["hvac"], "hours": _WORKDAYS, "regions": ["Kirribilli"],
            "insurance_expires_on": year, "licence_expires_on": year, "hourly_rate": Decimal("125"),
        },
    }  # fmt: skip
    return {
        name: save_vendor(
            organisation=organisation, name=name, email=f"{name.split()[0].lower()}@vendors.example",
            phone="+61 2 5550 0100", **facts,
        )
        for name, facts in rows.items()
    }  # fmt: skip


def _job(
    organisation: Organisation, user: User, home: Property, title: str, due: date | None = None, **facts: Any
) -> WorkOrder:
    return work_orders.create_work_order(
        organisation=organisation, user=user, property=home, title=title, due_on=due, status="triaged", **facts
    )


def _jobs(organisation: Organisation, user: User, homes: list[Property], vendors: dict[str, Vendor]) -> None:
    today, now = timezone.localdate(), timezone.now()
    at = [homes[place % len(homes)] for place in range(_HOMES)]
    for home, title, name, rating in (
        (at[0], "Kitchen mixer leaked", "Tideline Plumbing", 5),
        (at[1], "Blocked shower drain", "Rapid Drains & Gas", 3),
        (at[2], "Smoke alarms replaced", "Bright Spark Electrical", 4),
    ):
        done = _job(organisation, user, home, title, category=vendors[name].trades[0], priority="normal")
        offer = offers.offer_job(work_order=done, vendor=vendors[name], user=user)
        answers.accept(offer=offer)
        answers.complete(offer=offer, note="All working again.")
        work_orders.rate_work_order(work_order=done, rating=rating, user=user)
    hot = _job(
        organisation, user, at[3], "Hot water runs cold", category="plumbing", priority="high",
        description="Since this morning, in kitchen and bathroom.",
    )  # fmt: skip
    offers.route_job(work_order=hot, user=user)
    board = _job(
        organisation, user, at[4], "Switchboard trips at night", category="electrical", priority="high",
        due=today + timedelta(days=4),
    )  # fmt: skip
    offer = offers.offer_job(work_order=board, vendor=vendors["Bright Spark Electrical"], user=user)
    answers.accept(offer=offer)
    morning = (now + timedelta(days=2)).replace(minute=0, second=0, microsecond=0)
    answers.schedule(offer=offer, when=morning)
    paint = _job(organisation, user, at[5], "Repaint hallway and stairs", category="general", priority="low")
    for name, price, words in (
        ("Fresh Coat Painters", "1840.00", "Two coats, washable. Furniture moved and floors covered."),
        ("Allround Handyman", "1250.00", "One coat, paint not included."),
    ):
        (asked,) = offers.ask_for_quotes(work_order=paint, vendors=[vendors[name]], user=user)
        answers.quote(offer=asked, amount=Decimal(price), description=words, can_start_on=today + timedelta(days=7))
    fence = _job(organisation, user, at[6], "Side gate does not close", category="general", priority="normal")
    offer = offers.offer_job(work_order=fence, vendor=vendors["Allround Handyman"], user=user)
    answers.decline(offer=offer, reason="Booked out until next month")


def _reports(organisation: Organisation, user: User, homes: list[Property]) -> None:
    for home, title, words, who, category, priority in (
        (homes[0], "Air conditioner drips on the carpet", "It started two days ago; a bucket stands under it.",
         "Lan Nguyễn", "hvac", "high"),
        (homes[-1], "Bathroom light flickers", "", "Samuel Okoye", "electrical", "normal"),
        (homes[len(homes) // 2], "Ants in the pantry", "Could somebody have a look?", "Grace Park", "general", "low"),
    ):  # fmt: skip
        create_request(
            organisation=organisation, property=home, title=title, description=words, category=category,
            priority=priority, reporter_name=who, user=user, access_notes="Any weekday after 4 pm",
        )  # fmt: skip
