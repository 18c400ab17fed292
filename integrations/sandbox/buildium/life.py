"""How an agency begins, and what happens in it on a day: rent is charged and paid, things break, people move."""

from __future__ import annotations

from datetime import timedelta

from . import rows
from .world import Row, World

PLACES = (("Austin", "TX", "78704"), ("Round Rock", "TX", "78664"), ("Denver", "CO", "80203"), ("Tampa", "FL", "33602"))
STREETS = ("Oak St", "Elm Ave", "Congress Ave", "W 6th St", "Juniper Ln", "Barton Springs Rd", "Lamar Blvd")
FIRST = ("Jordan", "Alexis", "Marcus", "Priya", "Diego", "Hannah", "Kwame", "Mei", "Liam", "Sofia", "Noah", "Zoë")
LAST = ("Walker", "Nguyen", "García", "O'Neill", "Johnson", "Patel", "Okafor", "Schmidt", "Rivera", "Chen", "Brooks")
TROUBLES = (
    "Kitchen sink is leaking", "Heater does not start", "No power in the bedroom", "Garage door is stuck",
    "Water heater drips", "Smoke alarm beeps",
)  # fmt: skip
VENDORS = (
    ("Lonestar Plumbing", "Plumbing"), ("Hill Country Electric", "Electrical"), ("Mesa Air and Heat", "HVAC"),
    ("Handy Ann", "General"), ("County Assessor", "Taxes"), ("Alamo Mutual", "Insurance"),
)  # fmt: skip


def begin(world: World, *, rentals: int) -> None:
    """Accounts, vendors, rentals with their units and owners; every home is let within its first weeks."""
    for number, name in enumerate(rows.ACCOUNTS):
        world.add("glaccounts", rows.account(number, name))
    for name, trade in VENDORS:
        world.add("vendors", rows.vendor(name, trade, PLACES[0]))
    boss = rows.manager("Dana", "Whitfield")
    for number in range(rentals):
        chance = world.random("rental", number)
        place = PLACES[number % len(PLACES)]
        line = f"{chance.randrange(100, 9000)} {STREETS[number % len(STREETS)]}"
        is_house = number % 3 != 0
        count = 1 if is_house else chance.randrange(2, 5)
        kind = "SingleFamily" if is_house else "MultiFamily"
        name = line if is_house else f"{line.split(' ', 1)[1]} Apartments"
        home = world.add("rentals", rows.rental(name, line, place, units=count, kind=kind, manager=boss))
        for one in range(1, count + 1):
            rent = chance.randrange(1100, 3400, 25) + 0.5 * (number % 2)
            beds = chance.choice(("Studio", "OneBed", "TwoBed", "ThreeBed"))
            unit = world.add(
                "units", rows.unit(home, str(one), rent, beds, chance.choice(("OneBath", "OnePointFiveBath")))
            )
            world.next_let[unit["Id"]] = world.first_day + timedelta(days=chance.randrange(1, 25))
        if number % 2 == 0:
            mine = [home["Id"]]
            last = LAST[number % len(LAST)]
            world.add("owners", rows.owner(FIRST[-1 - number % len(FIRST)], last, mine, place))
        else:
            last_owner = world.rows("owners")[-1]
            last_owner["PropertyIds"].append(home["Id"])


def live(world: World) -> None:
    """One day."""
    for _, what, ident in [plan for plan in world.plans if plan[0] <= world.today]:
        _PLANNED[what](world, ident)
    world.plans = [plan for plan in world.plans if plan[0] > world.today]
    for unit in world.rows("units"):
        lease = world.tables["leases"].get(world.current.get(unit["Id"], 0))
        if lease is not None and world.today.isoformat() >= lease["LeaseToDate"]:
            end_lease(world, lease)
        elif lease is not None:
            _day_of_lease(world, unit, lease)
        elif world.tables["rentals"][unit["PropertyId"]]["IsActive"] and world.today >= world.next_let[unit["Id"]]:
            open_lease(world, unit)
    if world.today.month in (1, 7) and world.today.day == 15:
        for home in world.rows("rentals"):
            _building_bill(world, home)


def open_lease(world: World, unit: Row) -> Row:
    """Somebody moves in: a lease with its deposit, paid on the first day, and the rest of the month's rent."""
    chance = world.random("lease", unit["Id"], world.today)
    number = len(world.tables["tenants"])
    people = [
        world.add("tenants", rows.tenant(world, chance.choice(FIRST), chance.choice(LAST), unit, number + one))
        for one in range(chance.choice((1, 1, 2)))
    ]
    until = world.today + timedelta(days=365)
    rent = unit["MarketRent"]
    lease = world.add("leases", rows.lease(world, unit, people, until=until, rent=rent, deposit=rent))
    world.add("rents", rows.rent(world, lease, account(world, "rent")["Id"]))
    world.current[unit["Id"]] = lease["Id"]
    world.habits[lease["Id"]] = {"pays_on": chance.choice((1, 1, 2, 3, 5)), "halted": False}
    unit["IsUnitOccupied"] = True
    world.touch("units", unit)
    book(world, lease, "Charge", [("deposit", rent)], "Security deposit")
    book(world, lease, "Payment", [("deposit", rent)], "Security deposit")
    share = round(rent * (31 - min(world.today.day, 30)) / 30, 2)
    book(world, lease, "Charge", [("rent", share)], "Rent for the first days")
    book(world, lease, "Payment", [("rent", share)], "Rent for the first days")
    return lease


def end_lease(world: World, lease: Row) -> None:
    """Everybody moves out; the home is let again some weeks later."""
    today = world.today.isoformat()
    lease.update(LeaseStatus="Past", LeaseToDate=today, CurrentTenants=[], CurrentNumberOfOccupants=0)
    lease["MoveOutData"] = [
        {"TenantId": person["Id"], "MoveOutDate": today, "NoticeGivenDate": None} for person in lease["Tenants"]
    ]
    for person in lease["Tenants"]:
        person["Status"] = "MovedOut"
    world.touch("leases", lease)
    unit = world.tables["units"][lease["UnitId"]]
    unit["IsUnitOccupied"] = False
    world.touch("units", unit)
    world.current.pop(unit["Id"], None)
    world.next_let[unit["Id"]] = world.today + timedelta(days=21)


def account(world: World, name: str) -> Row:
    """One of the accounts that every agency has."""
    return world.rows("glaccounts")[list(rows.ACCOUNTS).index(name)]


def book(world: World, lease: Row, kind: str, lines: list[tuple[str, float]], memo: str) -> Row:
    """Book a transaction into a lease's ledger."""
    found = [(account(world, name), amount) for name, amount in lines]
    return world.add("transactions", rows.transaction(world, lease, kind, found, memo))


def owed(world: World, lease: Row) -> float:
    """What is charged and not paid; negative for a credit."""
    signs = {"Charge": 1, "ReversePayment": 1, "Refund": 1, "Payment": -1, "Credit": -1, "UnreversedPayment": -1}
    mine = world.of_lease[lease["Id"]]
    total: float = sum(signs.get(row["TransactionTypeEnum"], 0) * row["TotalAmount"] for row in mine)
    return round(total, 2)


def _day_of_lease(world: World, unit: Row, lease: Row) -> None:
    chance = world.random("day", lease["Id"], world.today)
    habit, rent = world.habits[lease["Id"]], lease["AccountDetails"]["Rent"]
    month = f"{world.today:%B %Y}"
    if world.today.day == 1:
        book(world, lease, "Charge", [("rent", rent)], f"Rent {month}")
    if world.today.day == habit["pays_on"] and not habit["halted"] and chance.random() > 0.04:
        paid = book(world, lease, "Payment", [("rent", rent)], f"Rent {month}")
        if chance.random() < 0.02:
            world.plans.append((world.today + timedelta(days=3), "bounce", paid["Id"]))
    if world.today.day == 12 and chance.random() < 0.5 and (late := owed(world, lease)) > 0 and not habit["halted"]:
        book(world, lease, "Payment", [("rent", late)], "Rent, late")
    if chance.random() < 0.004:
        report(world, unit, lease)


def report(world: World, unit: Row, lease: Row | None) -> Row:
    """Something broke: a task, at once with a work order, that is done within weeks."""
    chance = world.random("trouble", unit["Id"], world.today)
    trouble = chance.randrange(len(TROUBLES))
    task = world.add("tasks", rows.task(world, unit, lease, TROUBLES[trouble]))
    vendor = world.rows("vendors")[trouble % 4]
    order = world.add("workorders", rows.work_order(task, vendor["Id"], chance.randrange(8000, 90_000) / 100))
    world.plans.append((world.today + timedelta(days=2), "start", order["Id"]))
    world.plans.append((world.today + timedelta(days=chance.randrange(4, 20)), "finish", order["Id"]))
    return order


def set_status(world: World, order: Row, status: str) -> None:
    """Move a work order and its task to a status."""
    order["Status"] = order["Task"]["Status"] = status
    world.touch("workorders", order)
    task = world.tables["tasks"][order["Task"]["Id"]]
    task["TaskStatus"] = status
    world.touch("tasks", task)


def _start(world: World, ident: int) -> None:
    if (order := world.tables["workorders"][ident])["Status"] == "New":
        set_status(world, order, "InProgress")


def finish(world: World, ident: int) -> None:
    """The work is done, and the vendor sends a bill."""
    order = world.tables["workorders"][ident]
    if order["Status"] not in ("New", "InProgress"):
        return
    set_status(world, order, "Completed")
    unit = world.tables["units"][order["Task"]["UnitId"]]
    parts = [(world.tables["rentals"][unit["PropertyId"]], unit["Id"], account(world, "repairs"), order["Amount"])]
    bill = world.add("bills", rows.bill(world, order["VendorId"], parts, WorkOrderId=ident, Memo=order["Title"]))
    order["BillTransactionId"], order["BillTransactionIds"] = bill["Id"], [bill["Id"]]
    world.plans.append((world.today + timedelta(days=10), "pay", bill["Id"]))


def _pay(world: World, ident: int) -> None:
    if (bill := world.tables["bills"].get(ident)) is not None:
        bill["PaidDate"] = world.today.isoformat()
        world.touch("bills", bill)


def _bounce(world: World, ident: int) -> None:
    paid = world.tables["transactions"].get(ident)
    if paid is not None:
        lease = world.tables["leases"][paid["LeaseId"]]
        book(world, lease, "ReversePayment", [("rent", paid["TotalAmount"])], "Returned by the bank")


def _building_bill(world: World, home: Row) -> None:
    chance = world.random("tax", home["Id"], world.today)
    amount = chance.randrange(60_000, 400_000) / 100
    units = [unit for unit in world.rows("units") if unit["PropertyId"] == home["Id"]]
    what, vendor = ("tax", 4) if world.today.month == 1 else ("insurance", 5)
    parts: list[tuple[Row, int | None, Row, float]] = [(home, None, account(world, what), amount)]
    if len(units) > 1 and what == "insurance":
        parts += [
            (home, units[0]["Id"], account(world, what), 35.1),
            (home, units[1]["Id"], account(world, what), 64.9),
        ]
    bill = world.add("bills", rows.bill(world, world.rows("vendors")[vendor]["Id"], parts))
    world.plans.append((world.today + timedelta(days=14), "pay", bill["Id"]))


_PLANNED = {"start": _start, "finish": finish, "pay": _pay, "bounce": _bounce}
