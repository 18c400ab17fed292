"""Makes the customer database of the sandbox: buildings and houses in two cities, with a year of life behind them."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random
from typing import Any

from .world import Row, World, dollars

CITIES = (("Austin", "TX", "787"), ("Portland", "OR", "972"))
STREETS = ("Juniper Lane", "Pecan Street", "Alder Court", "Willow Bend", "Barton Avenue", "Hawthorne Boulevard")
BUILDINGS = ("Juniper Flats", "The Alder", "Barton Terrace", "Hawthorne Row", "Pecan Yards", "Willow House")
FIRST = ("Maya", "Jonah", "Priya", "Luis", "Grace", "Omar", "Hannah", "Wei", "Elena", "Marcus", "Nadia", "Theo")
LAST = ("Reyes", "Walker", "Patel", "Okafor", "Kim", "Novak", "Brooks", "Tran", "Silva", "Foster", "Haddad", "Lund")
TRADES = (("Lone Star Plumbing", "Plumbing"), ("Bright Electric", "Electrical"), ("Cool Air HVAC", "HVAC"),
          ("Handy & Sons", "General"))  # fmt: skip
ACCOUNTS = (
    ("4000", "Rent Income", "Income"), ("4100", "Late Fee Income", "Income"),
    ("2100", "Security Deposits", "Liability"), ("6100", "Repairs", "Expense"), ("6200", "Landscaping", "Expense"),
)  # fmt: skip
ISSUES = ("Tap leaks", "No hot water", "Outlet is dead", "AC does not cool", "Door does not close", "Gutter blocked")


def populate(world: World, *, units: int, months: int) -> None:
    """Fill an empty world."""
    rng = world.random()
    for code, name, kind in ACCOUNTS:
        world.add("gl_accounts", Number=code, Name=name, AccountType=kind)
    for company, trade in TRADES:
        world.add("vendors", CompanyName=company, Name=company, VendorTrades=trade, Email=_mail(company), HiddenAt=None,
                  PhoneNumber=_phone(rng), TaxpayerId=_ssn(rng))  # fmt: skip
    for index in range(max(1, units // 8)):
        first, last = FIRST[index % len(FIRST)], LAST[-1 - index % len(LAST)]
        world.add("owners", FirstName=first, LastName=last, Email=_mail(f"{first} {last}"), PhoneNumber=_phone(rng),
                  HiddenAt=None)  # fmt: skip
    made = index = 0
    while made < units:
        size = 1 if index % 3 == 1 else min(units - made, 2 + index % 4)
        _property(world, rng, index, size)
        made += size
        index += 1
    for number, unit in enumerate(list(world.tables["units"].values())):
        if number % 7 != 5:
            _let(world, rng, unit, number, months)
    for number, unit in enumerate(list(world.tables["units"].values())):
        if number % 2 == 0:
            _maintenance(world, rng, unit, number)


def _property(world: World, rng: Random, index: int, size: int) -> None:
    city, state, zip_start = CITIES[index % 2]
    address = f"{100 + 13 * index} {STREETS[index % len(STREETS)]}"
    name = address if size == 1 else f"{BUILDINGS[index % len(BUILDINGS)]}{'' if index < 6 else f' {index // 6 + 1}'}"
    where = {"City": city, "State": state, "Zip": f"{zip_start}{index % 90 + 10:02d}"}
    place = world.add(
        "properties",
        Name=name,
        Address1=address,
        Address2=None,
        **where,
        PropertyType="Single-Family" if size == 1 else "Multi-Family",
        Class="A",
        PortfolioId=world.new_id(),
        ManagementStartDate="2020-01-01",
        ManagementEndDate=None,
        ManagementEndReason=None,
        HiddenAt=None,
    )
    for number in range(size):
        rent = (1100 + rng.randrange(20) * 45) * 100
        world.add(
            "units",
            PropertyId=place["Id"],
            CurrentOccupancyId=None,
            Name=name if size == 1 else f"{number // 2 + 1}{'AB'[number % 2]}",
            Address1=address,
            **where,
            Bedrooms=1 + rng.randrange(3),
            Bathrooms=str(rng.choice((1, 1.5, 2))),
            SquareFeet=600 + rng.randrange(900),
            MarketRent=dollars(rent),
            ListedRent=None,
            Status="Vacant",
            RentReady=True,
            NonRevenue=False,
            HiddenAt=None,
        )


def _let(world: World, rng: Random, unit: Row, number: int, months: int) -> None:
    start = (world.today.replace(day=1) - timedelta(days=31 * months - 40)).replace(day=1)
    if number % 5 == 2:
        # Someone lived here before, and left in the middle of the time.
        middle = (start + timedelta(days=31 * (months // 2))).replace(day=1)
        before = new_tenancy(world, rng, unit, start - timedelta(days=300), people=1)
        live(world, before, start, middle - timedelta(days=2), skip=0)
        end_tenancy(world, before, middle - timedelta(days=1))
        start = middle
    occupancy = new_tenancy(world, rng, unit, start, people=1 + number % 2)
    live(world, occupancy, start, world.today, skip=2 if number % 6 == 4 else 0)


def new_tenancy(world: World, rng: Random, unit: Row, start: date, *, people: int) -> str:
    """Let a unit from a day on: tenants, their leases and the deposit. Answers the OccupancyId."""
    occupancy = world.new_id()
    end = start + timedelta(days=364)
    last = rng.choice(LAST)
    payer = ""
    for place in range(people):
        first = rng.choice(FIRST)
        payer = payer or f"{first} {last}"
        tenant = world.add(
            "tenants",
            OccupancyId=occupancy,
            PropertyId=unit["PropertyId"],
            UnitId=unit["Id"],
            FirstName=first,
            LastName=last,
            Email=_mail(f"{first} {last} {world.made}"),
            PhoneNumber=_phone(rng),
            Status="Current" if start <= world.today else "Future",
            TenantType="Financially Responsible",
            PrimaryTenant=place == 0,
            MoveInOn=start.isoformat(),
            MoveOutOn=None,
            LeaseStartDate=start.isoformat(),
            LeaseEndDate=end.isoformat(),
            LeaseSignedDate=(start - timedelta(days=20)).isoformat(),
            CurrentRent=unit["MarketRent"],
            IsMonthlyLease=False,
            SocialSecurityNumber=_ssn(rng),
            BirthDate=f"{1960 + rng.randrange(40)}-0{1 + rng.randrange(9)}-1{rng.randrange(9)}",
            HiddenAt=None,
        )
        world.number(occupancy)
        world.number(tenant["Id"])
    world.add("leases", OccupancyId=occupancy, StartOn=start.isoformat(), EndOn=end.isoformat(), IsMtm=False,
              SignedOn=(start - timedelta(days=20)).isoformat(), RenewedOn=None, Status="Fully Executed")  # fmt: skip
    deposit = round(float(unit["MarketRent"]) * 100)
    world.charge(occupancy, deposit, start - timedelta(days=10), account="Security Deposits", told="Security Deposit")
    world.pay(occupancy, deposit, start - timedelta(days=10), payer=payer, told="Security Deposit payment")
    world.change("units", unit["Id"], CurrentOccupancyId=occupancy, Status="Occupied")
    return occupancy


def people_of(world: World, occupancy: str) -> list[Row]:
    """The tenants of an occupancy, the main one first."""
    found = [row for row in world.tables["tenants"].values() if row["OccupancyId"] == occupancy]
    return sorted(found, key=lambda row: not row["PrimaryTenant"])


def live(world: World, occupancy: str, start: date, until: date, *, skip: int) -> None:
    """Charge and pay rent month by month; the last `skip` months stay unpaid."""
    days = []
    on = start.replace(day=1)
    while on <= until:
        days.append(on)
        on = (on + timedelta(days=32)).replace(day=1)
    for place, on in enumerate(days):
        main = people_of(world, occupancy)[0]
        rent = round(float(main["CurrentRent"]) * 100)
        world.charge(occupancy, rent, on)
        paid_on = on + timedelta(days=2)
        if place < len(days) - skip and paid_on <= until:
            payer = f"{main['FirstName']} {main['LastName']}"
            world.pay(occupancy, rent, paid_on, payer=payer, told="Payment (online)")


def end_tenancy(world: World, occupancy: str, on: date) -> None:
    """The tenants move out: notice before the day, gone from it on."""
    gone = on <= world.today
    for tenant in people_of(world, occupancy):
        world.change("tenants", tenant["Id"], Status="Past" if gone else "Notice", MoveOutOn=on.isoformat())
        unit = world.row("units", tenant["UnitId"])
        if gone and unit["CurrentOccupancyId"] == occupancy:
            world.change("units", unit["Id"], CurrentOccupancyId=None, Status="Vacant")
        elif not gone:
            world.change("units", unit["Id"], Status="Notice")


def _maintenance(world: World, rng: Random, unit: Row, number: int) -> None:
    vendor = rng.choice(list(world.tables["vendors"].values()))
    status = ("New", "Scheduled", "Completed", "Estimated")[number // 2 % 4]
    opened = world.today - timedelta(days=5 + number)
    order = new_work_order(world, unit=unit, issue=ISSUES[number % len(ISSUES)], vendor=vendor["Id"], on=opened)
    closed = (opened + timedelta(days=3)).isoformat() if status == "Completed" else None
    world.change("work_orders", order["Id"], Status=status, CompletedOn=closed)
    if status == "Completed":
        new_bill(world, vendor=vendor["Id"], on=opened + timedelta(days=4), lines=[(unit, 9_500 + number * 500)])


def new_work_order(world: World, *, unit: Row, issue: str, vendor: str | None, on: date, **more: Any) -> Row:
    """A work order for a unit."""
    number = len(world.tables["work_orders"]) + 1
    return world.add(
        "work_orders",
        WorkOrderNumber=f"{number}-1",
        PropertyId=unit["PropertyId"],
        UnitId=unit["Id"],
        OccupancyId=unit["CurrentOccupancyId"],
        VendorId=vendor,
        JobDescription=issue,
        WorkOrderIssue=None,
        TenantRemarks=None,
        Status="New",
        Priority="Normal",
        AssignedUsers=[],
        ScheduledStart=None,
        ScheduledEnd=None,
        CompletedOn=None,
        WorkCompletedOn=None,
        CanceledOn=None,
        CreatedAt=f"{on.isoformat()}T15:00:00Z",
        Link=f"https://sandbox.appfolio.com/maintenance/service_requests/{number}",
        PermissionToEnter=True,
        **more,
    )


def new_bill(world: World, *, vendor: str, on: date, lines: list[tuple[Row, int]], told: str = "Repair") -> Row:
    """A bill with a line for each unit and amount, and one for the office that names no property."""
    items = [
        {"Id": world.new_id(), "Amount": dollars(amount), "Description": f"{told} {unit['Name']}",
         "PropertyId": unit["PropertyId"], "UnitId": unit["Id"]}
        for unit, amount in lines
    ]  # fmt: skip
    items.append({"Id": world.new_id(), "Amount": "12.00", "Description": "Office", "PropertyId": None, "UnitId": None})
    return world.add(
        "bills",
        Reference=f"INV-{len(world.tables['bills']) + 1:04d}",
        Description=told,
        VendorId=vendor,
        TotalAmount=dollars(1200 + sum(amount for _, amount in lines)),
        InvoiceDate=on.isoformat(),
        DueDate=(on + timedelta(days=30)).isoformat(),
        ApprovalStatus="Approved",
        LineItems=items,
    )


def _mail(name: str) -> str:
    return f"{'.'.join(name.lower().replace('&', 'and').split())}@example.com"


def _phone(rng: Random) -> str:
    return f"(512) 555-0{rng.randrange(100, 200)}"


def _ssn(rng: Random) -> str:
    # 900 to 999 is never given to a person.
    return f"{rng.randrange(900, 1000)}-{rng.randrange(10, 100)}-{rng.randrange(1000, 10_000)}"
