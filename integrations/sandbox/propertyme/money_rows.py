"""Jobs, quotations, receipts and bills as the vendor's lists show them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from integrations.sandbox.mutations import Row

from .ledger import BILLS, BOND, JOB_BILL, MANUAL_BILL, MANUAL_RECEIPTS, BillKind, bill_parts, receipt_parts
from .model import Job, iso_day, iso_stamp, mix
from .names import JOBS, MANAGERS, PLACES
from .rows import dollars, lot_reference
from .world import Agency

LONGEST_PAYMENT = 75  # days between a bill's arrival and the last change that happens to it by itself


def job_stamp(agency: Agency, job: Job) -> int:
    """Return when a job last changed, by its plan or by hand."""
    return max(job.stamp, agency.stamp_of(job.changed(agency.today), mix(agency.seed, 19, job.index)))


def job_row(agency: Agency, job: Job) -> Row:
    """Return a row of ``/v1/jobtasks`` (MobJobTaskQueryData)."""
    lot, today = agency.lots[job.lot], agency.today
    owner, supplier = agency.contacts[lot.owner], agency.contacts[job.supplier]
    tenant = None if job.tenancy is None else agency.contacts[agency.tenancies[job.tenancy].contact]
    status, changed, stamp = job.status(today), job.changed(today), job_stamp(agency, job)
    summary, description = JOBS[job.template][:2]
    chosen = status in ("Quoted", "Approved", "Assigned", "Finished", "Closed", "Completed")
    row: Row = {
        "Id": agency.make_id("jobs", job.index), "CustomerId": agency.id, "Number": job.index + 1,
        "DisplayNumber": f"J{job.index + 1:05d}", "LotId": agency.make_id("lots", lot.index),
        "LotReference": lot_reference(lot),
        "Summary": summary, "Description": description, "Status": status, "TaskType": "JobTask",
        "ReportedContactType": "Tenant" if tenant else "Agent", "Access": "Tenant" if tenant else "Agent",
        "OwnerContactId": agency.make_id("contacts", owner.index), "OwnerReference": owner.reference,
        "TenantContactId": agency.make_id("contacts", tenant.index) if tenant else None,
        "TenantReference": tenant.reference if tenant else None,
        "ContactId": agency.make_id("contacts", supplier.index) if chosen else None,
        "ContactReference": supplier.reference if chosen else None,
        "SupplierReference": supplier.reference if chosen else None,
        "ManagerName": MANAGERS[lot.manager], "ManagerMemberId": agency.make_id("members", lot.manager),
        "QuoteId": agency.make_id("quotes", job.index) if job.accepted is not None and job.accepted <= today else None,
        "IsLetterStatement": False, "StatementId": "", "OwnerAttending": False, "TenantAttending": tenant is not None,
        "DueDate": iso_day(job.created + 21), "CreatedOn": iso_day(job.created), "UpdatedOn": iso_stamp(stamp),
        "ClosedOn": iso_day(changed) if status in ("Closed", "Completed", "Cancelled", "Rejected") else None,
        "Timestamp": stamp,
    }  # fmt: skip
    return agency.finish("jobs", row)


def quote_row(agency: Agency, job: Job) -> Row | None:
    """Return the quotation of a job (JobTaskQuoteData) or None; a job's QuoteId says that it was accepted."""
    if job.quoted is None or job.quoted > agency.today:
        return None
    supplier = agency.contacts[job.supplier]
    row: Row = {
        "Id": agency.make_id("quotes", job.index), "Reference": f"Q{job.index + 1:05d}", "CustomerId": agency.id,
        "JobTaskId": agency.make_id("jobs", job.index), "FolioId": agency.make_id("folios", 1 << 43 | job.supplier),
        "ContactId": agency.make_id("contacts", supplier.index), "Amount": dollars(job.amount),
        "QuotedOn": iso_day(job.quoted), "ContactReference": supplier.reference,
    }  # fmt: skip
    return agency.finish("quotes", row)


def receipt_cents(agency: Agency, key: int) -> int:
    """Return the amount a receipt had before any edit; a manually added one has it in its patch alone."""
    _, index, number = receipt_parts(key)
    tenancy = agency.tenancies[index]
    if number == BOND:
        return tenancy.bond
    return 0 if number >= MANUAL_RECEIPTS else tenancy.rent_for(number)


def receipt_row(agency: Agency, key: int) -> Row:
    """Return a row of ``/v1/dashboards/transactions``. ``Type`` is ``Rent``, or ``Bond`` which is no income."""
    day, index, number = receipt_parts(key)
    tenancy = agency.tenancies[index]
    row: Row = {
        "Id": agency.make_id("receipts", key), "LotId": agency.make_id("lots", tenancy.lot),
        "TenancyId": agency.make_id("tenancies", index), "Type": "Bond" if number == BOND else "Rent",
        "Amount": dollars(receipt_cents(agency, key)), "TransactionDate": iso_day(day), "PaidFrom": None,
        "PaidTo": None,
        "Reference": f"{agency.code}{tenancy.index + 1001}-{number + 1:03d}", "IsVoid": False,
        "Timestamp": agency.stamp_of(day, key),
    }  # fmt: skip
    if number < MANUAL_RECEIPTS:
        row["PaidFrom"], row["PaidTo"] = (
            iso_day(tenancy.period_start(number)),
            iso_day(tenancy.period_start(number + 1) - 1),
        )
    return agency.finish("receipts", row)


def _supplier(agency: Agency, kind: BillKind, lot: int, job: Job | None) -> int:
    place = PLACES[agency.lots[lot].place]
    if job is not None:
        return job.supplier
    role = {
        "council": f"council:{place.suburb}",
        "water": f"water:{place.state}",
        "land_tax": f"land_tax:{place.state}",
    }.get(kind.role, kind.role)
    choices = agency.suppliers.get(role) or agency.suppliers["agency"]
    return choices[mix(agency.seed, 20, lot, kind.code) % len(choices)]


def bill_cents(agency: Agency, key: int) -> int:
    """Return the amount a bill had before any edit, GST included."""
    day, lot, code, number = bill_parts(key)
    kind = BILLS[code]
    if code == JOB_BILL:
        job = agency.jobs[number]
        return job.amount + mix(agency.seed, 22, number) % 5 * 1_100
    if code == MANUAL_BILL:
        return 0
    # The same lot pays about the same each time, a little more each year.
    base = kind.low * 100 + mix(agency.seed, 23, lot, code) % ((kind.high - kind.low) * 100)
    return base + base * ((day - agency.first_day) // 365) * 3 // 100 + key * 7919 % 900


def bill_row(agency: Agency, key: int) -> Row:
    """Return a row of ``/v1/bills``.

    ``Status`` is ``Unpaid``, ``Paid`` or ``Cancelled``; Amount includes TaxAmount (GST).
    """
    day, lot, code, number = bill_parts(key)
    kind = BILLS[code]
    job = agency.jobs[number] if code == JOB_BILL else None
    supplier = agency.contacts[_supplier(agency, kind, lot, job)]
    roll = mix(agency.seed, 25, key)
    status, changed, paid = "Unpaid", day, None
    if roll % 70 == 0:
        settled = day + 7
        status = "Cancelled" if settled <= agency.today else status
    else:
        settled = day + (60 + roll % 15 if roll % 25 == 0 else 4 + roll // 25 % 30)
        if settled <= agency.today:
            status, paid = "Paid", iso_day(settled)
    changed = settled if settled <= agency.today else day
    cents = bill_cents(agency, key)
    when = date.fromordinal(day)
    detail = kind.detail.format(
        quarter=f"Q{(when.month + 5) // 3 % 4 + 1} {when.year}", year=when.year, month=f"{when:%B %Y}",
        job=JOBS[job.template][0] if job else "",
    )  # fmt: skip
    row: Row = {
        "Id": agency.make_id("bills", key), "LotId": agency.make_id("lots", lot),
        "JobTaskId": agency.make_id("jobs", number) if job else None,
        "SupplierContactId": agency.make_id("contacts", supplier.index), "SupplierReference": supplier.reference,
        "Detail": detail, "Reference": f"INV-{roll >> 20 & 0xFFFFF:06d}", "Amount": dollars(cents),
        "TaxAmount": dollars(round(cents / 11)) if kind.taxed else 0.0, "DueDate": iso_day(day + 14), "PaidOn": paid,
        "Status": status, "Timestamp": agency.stamp_of(changed, key),
    }  # fmt: skip
    return agency.finish("bills", row)


def bills_since(agency: Agency, stamp: int) -> Iterator[Row]:
    """Yield the bills with a stamp above the given one, in the order of their days; locks for 2,000 rows at a time."""
    with agency.lock:
        start = agency.bills.span(agency.day_before_stamp(stamp) - LONGEST_PAYMENT, None)[0] if stamp > 0 else 0
        keys = agency.bills.keys[start:]
        if start:
            seen = set(keys)
            edited = [
                record
                for (resource, record), patch in agency.patches.items()
                if resource == "bills" and patch.stamp > stamp
            ]
            keys.extend(key for key in (agency.number("bills", record) for record in edited) if key not in seen)
    for at in range(0, len(keys), 2000):
        with agency.lock:
            rows = agency.listed("bills", [bill_row(agency, key) for key in keys[at : at + 2000]])
        yield from (row for row in rows if row.get("Timestamp", stamp + 1) > stamp)
