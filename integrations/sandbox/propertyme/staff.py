"""What an agency's staff does to lots, tenancies, people and jobs. Operations, see ``edits``."""

from __future__ import annotations

from integrations.sandbox.wire import SandboxError

from . import life
from .ledger import JOB_BILL, bill_key
from .model import Job, Lot, Tenancy
from .names import PLACES
from .operations import operation
from .people import add_person
from .targets import Amount, cents, ordinal, touch
from .world import Agency

STATUSES = (
    "Pending",
    "Reported",
    "Quoted",
    "Approved",
    "Assigned",
    "Finished",
    "Closed",
    "Rejected",
    "Completed",
    "Cancelled",
)


def _lot(agency: Agency, record: str | None) -> Lot:
    if record is not None:
        return agency.lots[agency.number("lots", record)]
    return agency.random.choice([lot for lot in agency.lots if lot.archived is None])


def _tenancy(agency: Agency, record: str | None) -> Tenancy:
    if record is not None:
        return agency.tenancies[agency.number("tenancies", record)]
    open_ones = [tenancy for tenancy in agency.tenancies if tenancy.closed is None]
    if not open_ones:
        raise SandboxError("Every tenancy has ended already. Let a vacant lot first.")
    return agency.random.choice(open_ones)


def _job(agency: Agency, record: str | None) -> Job:
    return agency.jobs[agency.number("jobs", record)] if record is not None else agency.random.choice(agency.jobs)


@operation
def archive_lot(agency: Agency, *, record: str | None = None) -> str:
    """Archive a lot: it leaves ``/v1/lots`` and appears in ``/v1/lots/archived``; its tenancy ends."""
    lot = _lot(agency, record)
    if lot.tenancy is not None:
        end_tenancy(agency, record=agency.make_id("tenancies", lot.tenancy))
    lot.archived, lot.next_let = agency.today, None
    lot.stamp = lot.archived_stamp = agency.clock.next()
    return agency.make_id("lots", lot.index)


@operation
def restore_lot(agency: Agency, *, record: str) -> str:
    """Bring an archived lot back, vacant."""
    lot = _lot(agency, record)
    lot.archived, lot.next_let, lot.stamp = None, agency.today + 14, agency.clock.next()
    return record


@operation
def rename_address(
    agency: Agency, *, record: str | None = None, unit: str | None = None, number: str | None = None,
    street: str | None = None, suburb: str | None = None, building: str | None = None,
) -> str:  # fmt: skip
    """Correct an address; without any part the street gets ``North`` appended."""
    lot = _lot(agency, record)
    if unit is None and number is None and street is None and suburb is None and building is None:
        street = f"{lot.street} North"
    lot.unit = lot.unit if unit is None else unit
    lot.number = lot.number if number is None else number
    lot.street = lot.street if street is None else street
    lot.suburb = lot.suburb if suburb is None else suburb
    lot.building = lot.building if building is None else building
    lot.stamp = agency.clock.next()
    if lot.tenancy is not None:
        agency.tenancies[lot.tenancy].stamp = lot.stamp
    return agency.make_id("lots", lot.index)


@operation
def add_lot(
    agency: Agency, *, number: str = "1", street: str = "Newly Managed St", unit: str = "", place: int = 0
) -> str:
    """Take over the management of another lot, vacant for a fortnight."""
    owner = add_person(agency, "Owner", agency.today)
    owner.stamp = agency.clock.next()
    index = len(agency.lots)
    lot = Lot(
        index, place % len(PLACES), unit, number, street, "", "Unit" if unit else "House", 2, 1, 1, rent_week=52_000,
        created=agency.today, owner=owner.index, manager=0, stamp=agency.clock.next(), next_let=agency.today + 14,
    )  # fmt: skip
    agency.lots.append(lot)
    council = f"council:{PLACES[lot.place].suburb}"
    agency.suppliers.setdefault(council, agency.suppliers["agency"])
    return agency.make_id("lots", index)


@operation
def end_tenancy(agency: Agency, *, record: str | None = None) -> str:
    """End a tenancy today; the lot is let again some weeks later."""
    tenancy = _tenancy(agency, record)
    if tenancy.closed is not None:
        raise SandboxError("This tenancy has ended already.")
    lot = agency.lots[tenancy.lot]
    bills: list[int] = []
    life.close_tenancy(agency, lot, tenancy, agency.today, bills)
    # The cleaner's bill is stamped now and not at nine this morning: a cursor past that hour would never see it.
    for key in bills:
        agency.patch("bills", agency.make_id("bills", key))
    agency.bills.extend(bills)
    lot.stamp, tenancy.stamp = agency.clock.next(), agency.clock.next()
    return agency.make_id("tenancies", tenancy.index)


@operation
def new_tenancy(agency: Agency, *, lot_id: str | None = None) -> str:
    """Let a vacant lot from today."""
    vacant = [lot for lot in agency.lots if lot.tenancy is None and lot.archived is None]
    lot = _lot(agency, lot_id) if lot_id else agency.random.choice(vacant or [None])
    if lot is None or lot.tenancy is not None or lot.archived is not None:
        raise SandboxError("Only a vacant lot can be let.")
    receipts: list[int] = []
    bills: list[int] = []
    tenancy = life.open_tenancy(agency, lot, agency.today, receipts, bills)
    for resource, keys in (("receipts", receipts), ("bills", bills)):
        for key in keys:
            agency.patch(resource, agency.make_id(resource, key))
    agency.receipts.extend(receipts)
    agency.bills.extend(bills)
    agency.contacts[tenancy.contact].stamp = agency.clock.next()
    lot.stamp, tenancy.stamp = agency.clock.next(), agency.clock.next()
    return agency.make_id("tenancies", tenancy.index)


@operation
def change_rent(agency: Agency, *, amount: Amount, record: str | None = None) -> str:
    """Set the rent of a period from now on; what was receipted keeps its amount."""
    tenancy = _tenancy(agency, record)
    value = cents(amount)
    if value <= 0:
        raise SandboxError("A rent is more than nothing.")
    for number in range(tenancy.paid_periods):
        tenancy.past_rents.setdefault(number, tenancy.rent_for(number))
    tenancy.rent, tenancy.growth = value, 0
    tenancy.stamp = agency.lots[tenancy.lot].stamp = agency.clock.next()
    return agency.make_id("tenancies", tenancy.index)


@operation
def set_paying(agency: Agency, *, pays: bool, record: str | None = None) -> str:
    """Let a tenant stop paying rent (arrears grow), or start again and catch up."""
    tenancy = _tenancy(agency, record)
    tenancy.halted = not pays
    return agency.make_id("tenancies", tenancy.index)


@operation
def renew_lease(agency: Agency, *, until: str, record: str | None = None) -> str:
    """Agree on a later end of the lease."""
    tenancy = _tenancy(agency, record)
    tenancy.agreement_end = ordinal(until)
    tenancy.vacate = max(tenancy.vacate, tenancy.agreement_end)
    tenancy.stamp = agency.lots[tenancy.lot].stamp = agency.clock.next()
    return agency.make_id("tenancies", tenancy.index)


@operation
def rename_contact(agency: Agency, *, record: str, first: str = "", last: str = "", company: str = "") -> str:
    """Give a person or a business another name."""
    contact = agency.contacts[agency.number("contacts", record)]
    contact.first, contact.last = first or contact.first, last or contact.last
    contact.company = company or contact.company
    touch(agency, "contacts", record)
    return record


@operation
def report_job(agency: Agency, *, lot_id: str | None = None) -> str:
    """Report a new maintenance job today."""
    job = life.add_job(agency, _lot(agency, lot_id), agency.today, [])
    job.stamp = agency.clock.next()
    return agency.make_id("jobs", job.index)


@operation
def set_job_status(agency: Agency, *, status: str, record: str | None = None) -> str:
    """Set a job's status by hand; its plan ends there. ``Finished`` brings the supplier's bill."""
    if status not in STATUSES:
        raise SandboxError(f"Unknown status {status!r}; known: {', '.join(STATUSES)}.")
    job = _job(agency, record)
    billed = job.billed is not None and job.billed <= agency.today
    job.plan = [entry for entry in job.plan if entry[0] <= agency.today]
    job.plan.append((agency.today, status))
    # What the plan still had in store does not happen any more.
    job.quoted = job.quoted if job.quoted is not None and job.quoted <= agency.today else None
    job.accepted = job.accepted if job.accepted is not None and job.accepted <= agency.today else None
    if status in ("Quoted", "Approved"):
        job.quoted = job.quoted or agency.today
    if status == "Approved":
        job.accepted = job.accepted or agency.today
    agency.open_jobs.discard(job.index)
    if status == "Finished" and not billed:
        key = bill_key(agency.today, job.lot, JOB_BILL, job.index)
        agency.bills.extend([key])
        agency.patch("bills", agency.make_id("bills", key))
    job.stamp = agency.clock.next()
    return agency.make_id("jobs", job.index)
