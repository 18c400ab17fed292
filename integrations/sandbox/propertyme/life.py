"""How an agency lives: lots are let and vacated, tenants pay (or not), bills arrive, things break.

``step`` takes one lot through a span of days. The history and each later day go through the same code.
"""

from __future__ import annotations

from datetime import date

from .ledger import BILLS, BOND, JOB_BILL, BillKind, bill_key, receipt_key
from .model import FORTNIGHTLY, MONTHLY, WEEKLY, Job, Lot, Tenancy, add_months, mix
from .names import JOBS
from .people import add_person
from .world import Agency

GOOD, LATE, ARREARS = range(3)


def step(agency: Agency, lot: Lot, first: int, last: int, receipts: list[int], bills: list[int]) -> None:
    """Live the days first..last on one lot, appending new ledger keys."""
    if lot.archived is not None:
        return
    while True:
        if lot.tenancy is None:
            if lot.next_let is None or lot.next_let > last:
                break
            open_tenancy(agency, lot, lot.next_let, receipts, bills)
        tenancy = agency.tenancies[lot.tenancy or 0]
        pay(agency, lot, tenancy, min(last, tenancy.vacate), receipts)
        if tenancy.vacate > last:
            if _lease_turns(tenancy, last):
                touch(agency, lot, tenancy, last, mix(agency.seed, 10, tenancy.index))
            break
        close_tenancy(agency, lot, tenancy, tenancy.vacate, bills)
    _scheduled_bills(agency, lot, first, last, bills)
    _jobs(agency, lot, first, last, bills)


def _lease_turns(tenancy: Tenancy, day: int) -> bool:
    """True on the days on which a lease changes by itself: the yearly rent review, and the day it becomes periodic."""
    return (day > tenancy.start and (day - tenancy.start) % 365 == 0) or day == tenancy.agreement_end + 1


def open_tenancy(agency: Agency, lot: Lot, day: int, receipts: list[int], bills: list[int]) -> Tenancy:
    """Let a vacant lot from a day on, with bond, letting fee and advertising."""
    index = len(agency.tenancies)
    roll = mix(agency.seed, 11, index)
    contact = add_person(agency, "Tenant", max(day - 14, agency.first_day))
    if day > agency.genesis:
        contact.stamp = agency.clock.next()
    weekly = lot.rent_week if roll % 10 else lot.rent_week + 2_000
    period = (WEEKLY, WEEKLY, FORTNIGHTLY, FORTNIGHTLY, MONTHLY)[roll // 10 % 5]
    rent = {WEEKLY: weekly, FORTNIGHTLY: weekly * 2, MONTHLY: round(weekly * 365 / 84)}[period]
    payer = (GOOD,) * 16 + (LATE,) * 2 + (ARREARS,) * 2
    agreement = add_months(day, 6 if roll // 50 % 4 == 0 else 12)
    vacate = agreement if roll // 200 % 3 == 0 else day + 240 + roll // 600 % 700
    tenancy = Tenancy(
        index, lot.index, contact.index, day, agreement, vacate, rent, period, 3 + roll // 3000 % 6,
        payer[roll // 9000 % 20], agency.stamp_of(day, roll), bond=weekly * 4,
    )  # fmt: skip
    agency.tenancies.append(tenancy)
    lot.tenancy, lot.next_let = index, None
    touch(agency, lot, tenancy, day, roll)
    receipts.append(receipt_key(day, index, BOND))
    bills.extend(bill_key(day, lot.index, kind, index & 0x7FFFF) for kind in (7, 8))
    return tenancy


def close_tenancy(agency: Agency, lot: Lot, tenancy: Tenancy, day: int, bills: list[int]) -> None:
    """End a tenancy; the lot stands empty for some weeks, a few for a year."""
    tenancy.closed = tenancy.vacate = day
    roll = mix(agency.seed, 12, tenancy.index)
    lot.tenancy = None
    lot.next_let = day + (365 if roll % 16 == 0 else 7 + roll // 16 % 28)
    touch(agency, lot, tenancy, day, roll)
    bills.append(bill_key(day, lot.index, 9, tenancy.index & 0x7FFFF))


def touch(agency: Agency, lot: Lot, tenancy: Tenancy, day: int, salt: int) -> None:
    """Raise the stamps of a lot and its tenancy for something that happened on a day."""
    stamp = agency.stamp_of(day, salt)
    tenancy.stamp = max(tenancy.stamp, stamp)
    lot.stamp = max(lot.stamp, stamp)


def pay(agency: Agency, lot: Lot, tenancy: Tenancy, last: int, receipts: list[int]) -> None:
    """Receipt every rent period that the tenant pays up to a day."""
    if tenancy.halted:
        return
    seed, index = agency.seed, tenancy.index
    paid_on = 0
    while True:
        number = tenancy.paid_periods
        due = tenancy.period_start(number)
        if due >= tenancy.vacate:
            break
        roll = mix(seed, 13, index, number)
        delay = (roll % 4 - 1, 3 + roll % 7, 14 + roll % 21)[tenancy.payer]
        day = max(due + delay, tenancy.last_paid, tenancy.start)
        if day > last:
            break
        receipts.append(receipt_key(day, index, number))
        tenancy.paid_periods += 1
        tenancy.paid_cents += tenancy.rent_for(number)
        tenancy.last_paid = paid_on = day
    if paid_on:
        touch(agency, lot, tenancy, paid_on, mix(seed, 14, index, tenancy.paid_periods))


def _applies(kind: BillKind, lot: Lot, roll: int) -> bool:
    match kind.role:
        case "strata":
            return bool(lot.unit)
        case "gardening":
            return not lot.unit and roll % 2 == 0
        case "pest" | "land_tax":
            return roll % 5 < 3
        case "sundry":
            return roll % 3 == 0
    return True


def _scheduled_bills(agency: Agency, lot: Lot, first: int, last: int, bills: list[int]) -> None:
    for kind in BILLS.values():
        if kind.every not in ("quarter", "year", "month"):
            continue
        roll = mix(agency.seed, 15, lot.index, kind.code)
        if not _applies(kind, lot, roll // 1000):
            continue
        if kind.every == "month":
            day = date.fromordinal(first).replace(day=1 + roll % 28).toordinal()
            while day <= last:
                if day >= first:
                    bills.append(bill_key(day, lot.index, kind.code, 0))
                day = add_months(day, 1)
            continue
        every = 91 if kind.every == "quarter" else 365
        bills.extend(
            bill_key(day, lot.index, kind.code, 0) for day in range(first + (roll - first) % every, last + 1, every)
        )
    roll = mix(agency.seed, 16, lot.index)
    if roll % 12 == 0 and first <= (day := first + roll // 12 % 600) <= last and last > first:
        bills.append(bill_key(day, lot.index, 13, 0))


def _jobs(agency: Agency, lot: Lot, first: int, last: int, bills: list[int]) -> None:
    """Break something about every eight months: the gaps are drawn for blocks of 120 days, half of which hold a job."""
    for block in range(first // 120, last // 120 + 1):
        roll = mix(agency.seed, 17, lot.index, block)
        day = block * 120 + roll // 2 % 120
        if roll % 2 == 0 and first <= day <= last:
            add_job(agency, lot, day, bills)


def add_job(agency: Agency, lot: Lot, day: int, bills: list[int]) -> Job:
    """Report a job on a day, with the plan of all that will become of it."""
    index = len(agency.jobs)
    roll = mix(agency.seed, 18, index, day)
    template = roll % len(JOBS)
    _, _, trade, low, high = JOBS[template]
    supplier = agency.suppliers[trade][roll // 16 % len(agency.suppliers[trade])]
    amount = low * 100 + roll // 64 % ((high - low) * 100)
    tenancy = next(
        (t.index for t in tenancies_of(agency, lot) if t.start <= day and (t.closed is None or t.closed > day)), None
    )
    job = Job(index, lot.index, tenancy, supplier, template, day, amount, [(day, "Reported")])
    at = day
    if roll // 7 % 10 < 6:
        at = job.quoted = at + 2 + roll // 70 % 4
        job.plan.append((at, "Quoted"))
    if roll // 11 % 12 == 0:
        job.plan.append((at + 2, "Rejected" if job.quoted else "Cancelled"))
    else:
        at += 1 + roll // 77 % 3
        if job.quoted:
            job.accepted = at
            job.plan.append((at, "Approved"))
            at += 1
        job.plan.append((at, "Assigned"))
        at += 2 + roll // 231 % 12
        job.plan.append((at, "Finished"))
        job.plan.append((at + 1 + roll // 2772 % 7, "Closed"))
    agency.jobs.append(job)
    if job.billed is not None and job.billed <= agency.today:
        bills.append(bill_key(job.billed, lot.index, JOB_BILL, index))
    elif job.billed is not None:
        agency.open_jobs.add(index)
    return job


def tenancies_of(agency: Agency, lot: Lot) -> list[Tenancy]:
    """Return the tenancies of a lot made so far; while history is built they are the last ones in the list."""
    found = []
    for tenancy in reversed(agency.tenancies):
        if tenancy.lot == lot.index:
            found.append(tenancy)
        elif found or len(agency.tenancies) - tenancy.index > 5:
            break
    if not found and lot.tenancy is not None:
        found.append(agency.tenancies[lot.tenancy])
    return found


def live_a_day(agency: Agency) -> None:
    """Move an agency to its next day."""
    agency.open_day(agency.today + 1)
    day = agency.today
    receipts: list[int] = []
    bills: list[int] = []
    for lot in agency.lots:
        step(agency, lot, day, day, receipts, bills)
    for index in sorted(agency.open_jobs):
        job = agency.jobs[index]
        if job.billed == day:
            bills.append(bill_key(day, job.lot, JOB_BILL, index))
            agency.open_jobs.discard(index)
    agency.receipts.extend(receipts)
    agency.bills.extend(bills)
