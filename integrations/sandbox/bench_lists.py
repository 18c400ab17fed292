"""The small lists of the benchmark provider: 200 lots, each with a tenancy and a tenant."""

from __future__ import annotations

from datetime import date
from typing import Any

from .propertyme.model import day_ticks, iso_day, make_id

LOTS = 200
DAYS = 730
FIRST = date(2024, 7, 1).toordinal()
STAMP = day_ticks(FIRST + DAYS)


def lot_rows() -> dict[str, list[dict[str, Any]]]:
    """Return the small lists: lots, tenancies, balances and contacts."""
    rows: dict[str, list[dict[str, Any]]] = {"lots": [], "tenancies": [], "balances": [], "contacts": []}
    customer = make_id(9, 1)
    for n in range(LOTS):
        lot, tenancy, contact = make_id(1, n), make_id(2, n), make_id(4, n)
        line, text = f"{n + 1} Measure St", f"{n + 1} Measure St, Newtown NSW 2042"
        address = {"Number": str(n + 1), "Street": "Measure St", "Suburb": "Newtown", "State": "NSW"}
        rent = {"RentAmount": 500.0 + n, "RentPeriod": "Weekly"}
        start = iso_day(FIRST)
        common = {"CustomerId": customer, "UpdatedOn": start, "CreatedOn": start}
        rows["lots"].append(
            common | rent | {"Id": lot, "Reference": line, "AddressText": text, "ActiveTenancyId": tenancy}
            | {"Address": address | {"PostalCode": "2042", "Country": "Australia", "Text": text}, "Vacant": False}
            | {"TenantContactId": contact, "IsRental": True, "IsArchived": False, "Timestamp": STAMP + n}
        )  # fmt: skip
        lease = common | rent | {
            "Id": tenancy, "LotId": lot, "ContactId": contact, "Name": f"Tenant {n + 1}", "LotReference": line,
            "LotAddress": text, "TenancyStart": start, "AgreementStart": start, "PaidTo": start, "IsActive": True,
            "IsClosed": False, "BondAmount": 2000.0,
        }  # fmt: skip
        rows["tenancies"].append(lease)
        rows["balances"].append(lease | {"TotalRentPaid": 0.0, "DaysInArrears": 0, "RentArrears": 0.0})
        rows["contacts"].append(
            common | {"Id": contact, "Reference": f"Tenant {n + 1}", "NameText": f"Tenant {n + 1}", "Roles": ["Tenant"]}
            | {"IsTenant": True, "IsOwner": False, "IsSupplier": False, "IsArchived": False, "Timestamp": STAMP + n}
        )  # fmt: skip
    return rows
