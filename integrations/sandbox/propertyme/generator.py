"""Make an agency from a seed: suppliers, owners, lots, and then their life up to today."""

from __future__ import annotations

import random

from . import life
from .model import Lot, mix
from .names import AGENCIES, BUILDINGS, LAND_TAX, MANAGERS, PLACES, STREETS, SUPPLIERS, WATER
from .people import add_contact, add_person
from .world import Agency


def build_agency(*, index: int, lots: int, years: float, seed: int, today: int) -> Agency:
    """Return the index-th agency of a seed; the same arguments give the same agency, ``years`` of history included."""
    name, code = AGENCIES[index % len(AGENCIES)]
    if index >= len(AGENCIES):
        name, code = f"{name} {index + 1}", f"{code}{index + 1}"
    agency = Agency(index=index, name=name, code=code, seed=seed, years=years, today=today)
    rng = random.Random(agency.seed)
    _suppliers(agency, rng, _places(index, lots))
    _lots(agency, rng, lots)
    receipts: list[int] = []
    bills: list[int] = []
    for lot in agency.lots:
        life.step(agency, lot, max(lot.created, agency.first_day), today, receipts, bills)
    agency.receipts.extend(receipts)
    agency.bills.extend(bills)
    return agency


def _places(index: int, lots: int) -> list[int]:
    """A small agency works in a few suburbs, a large one in all."""
    count = min(len(PLACES), 9 + lots // 40)
    return [(index * 5 + step * 3) % len(PLACES) for step in range(count)]


def _suppliers(agency: Agency, rng: random.Random, places: list[int]) -> None:
    day = agency.first_day - 30
    used = [PLACES[place] for place in places]
    agency.suppliers["agency"] = [
        add_contact(agency, "Supplier", day, company=agency.name, trade="Property management").index
    ]
    wanted: list[tuple[str, str, str]] = []
    wanted += [(f"council:{place.suburb}", place.council, "Local council") for place in used]
    wanted += [(f"water:{state}", WATER[state], "Water") for state in sorted({place.state for place in used})]
    wanted += [
        (f"land_tax:{state}", LAND_TAX[state], "State revenue") for state in sorted({place.state for place in used})
    ]
    wanted += [(role, name, role.capitalize()) for role, names in SUPPLIERS.items() for name in names]
    known: dict[str, int] = {}
    for role, name, trade in wanted:
        if name not in known:
            known[name] = add_contact(agency, "Supplier", day + rng.randrange(20), company=name, trade=trade).index
        agency.suppliers.setdefault(role, []).append(known[name])


def _lots(agency: Agency, rng: random.Random, count: int) -> None:
    places = _places(agency.index, count)
    taken: set[tuple[int, str, str, str]] = set()
    block: list[tuple[int, str, str, str, str]] = []
    owner = 0
    while len(agency.lots) < count:
        if not block:
            block = _block(rng, places)
        place, unit, number, street, building = block.pop(0)
        if (place, unit, number, street) in taken:
            # Large agencies use the streets up; a higher number on the same street is still a real address.
            number = str(10 + len(agency.lots))
        taken.add((place, unit, number, street))
        late = rng.random() < 0.1
        created = agency.first_day + rng.randrange(30, 300) if late else agency.first_day - rng.randrange(0, 400)
        created = min(created, agency.today - 1)
        if not agency.lots or rng.random() > 0.15:
            owner = add_person(agency, "Owner", created).index
        index = len(agency.lots)
        kind = (
            ("Unit" if building else rng.choice(("Unit", "Townhouse", "Apartment")))
            if unit
            else rng.choice(("House", "House", "Duplex"))
        )
        bedrooms = rng.randint(1, 3) if unit else rng.randint(2, 5)
        lot = Lot(
            index, place, unit, number, street, building, kind, bedrooms, max(1, bedrooms - 1), rng.randrange(3),
            rent_week=rng.randrange(340, 760, 5) * 100 + bedrooms * 6_000, created=created, owner=owner,
            manager=rng.randrange(len(MANAGERS)), stamp=agency.stamp_of(created, mix(agency.seed, 4, index)),
        )  # fmt: skip
        lot.next_let = max(created, agency.first_day) + rng.randrange(0, 40)
        agency.lots.append(lot)


def _block(rng: random.Random, places: list[int]) -> list[tuple[int, str, str, str, str]]:
    """Return one house, or neighbouring units of one building."""
    place, street = rng.choice(places), rng.choice(STREETS)
    number = rng.randrange(1, 240)
    roll = rng.random()
    if roll < 0.55:
        text = f"{number}A" if roll < 0.05 else f"{number}-{number + 2}" if roll < 0.09 else str(number)
        return [(place, "", text, street, "")]
    building = rng.choice(BUILDINGS) if roll > 0.9 else ""
    size = rng.randint(1, 4)
    first = rng.randrange(1, 30)
    return [(place, str(first + step), str(number), street, building) for step in range(size)]
