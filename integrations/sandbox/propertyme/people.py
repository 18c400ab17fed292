"""Owners, tenants and suppliers of an agency."""

from __future__ import annotations

from .model import Contact, mix
from .names import ARABIC, COMPANIES, FIRST, LAST
from .world import Agency


def add_contact(
    agency: Agency, role: str, day: int, *, first: str = "", last: str = "", company: str = "", trade: str = ""
) -> Contact:
    """Add a contact that exists since a day."""
    number = len(agency.contacts)
    stamp = agency.stamp_of(day, mix(agency.seed, 3, number))
    contact = Contact(number, role, first, last, company, day, stamp, trade)
    agency.contacts.append(contact)
    return contact


def add_person(agency: Agency, role: str, day: int) -> Contact:
    """Add a person named from one of the country's communities; some own through a company, some live as a couple."""
    roll = mix(agency.seed, 21, len(agency.contacts), day)
    if role == "Owner" and roll % 9 == 0:
        return add_contact(agency, role, day, company=COMPANIES[roll // 9 % len(COMPANIES)])
    if roll % 41 == 0:
        first, last = ARABIC[roll // 41 % len(ARABIC)]
    else:
        first, last = FIRST[roll // 41 % len(FIRST)], LAST[roll // 2048 % len(LAST)]
    contact = add_contact(agency, role, day, first=first, last=last)
    if roll % 5 == 0:
        contact.partner = FIRST[roll // 65_536 % len(FIRST)]
    return contact
