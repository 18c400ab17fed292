"""The shapes of Buildium's records, as its OpenAPI document has them."""

from __future__ import annotations

from datetime import date
from typing import Any

from .world import Row, World, instant

# Name, type, sub-type, and whether it is one that every account has.
ACCOUNTS = {
    "rent": ("Rent Income", "Income", "Income"),
    "late": ("Late Fee Income", "Income", "Income"),
    "deposit": ("Security Deposit Liability", "Liability", "CurrentLiability"),
    "prepaid": ("Prepayments", "Liability", "CurrentLiability"),
    "bank": ("Operating Account", "Asset", "CurrentAsset"),
    "repairs": ("Repairs", "Expense", "OperatingExpenses"),
    "tax": ("Property Tax", "Expense", "OperatingExpenses"),
    "insurance": ("Insurance", "Expense", "OperatingExpenses"),
}


def account(number: int, name: str) -> Row:
    """A general-ledger account."""
    title, kind, sub = ACCOUNTS[name]
    return {
        "AccountNumber": str(4000 + number), "Name": title, "Description": None, "Type": kind, "SubType": sub,
        "IsDefaultGLAccount": True, "DefaultAccountName": title, "IsContraAccount": False,
        "IsBankAccount": name == "bank", "CashFlowClassification": None, "ExcludeFromCashBalances": False,
        "SubAccounts": None, "IsActive": True, "ParentGLAccountId": None,
    }  # fmt: skip


def address(line: str, place: tuple[str, str, str], second: str = "") -> Row:
    """An American address."""
    return {
        "AddressLine1": line, "AddressLine2": second or None, "AddressLine3": None, "City": place[0],
        "State": place[1], "PostalCode": place[2], "Country": "UnitedStates",
    }  # fmt: skip


def phone(number: int) -> list[Row]:
    return [
        {"Number": f"(512) 555-{number % 10_000:04d}", "Type": "Home"},
        {"Number": f"(737) 555-{number % 10_000:04d}", "Type": "Cell"},
    ]


def rental(name: str, line: str, place: tuple[str, str, str], *, units: int, kind: str, manager: Row) -> Row:
    return {
        "Name": name, "StructureDescription": None, "NumberUnits": units, "IsActive": True,
        "OperatingBankAccountId": 7, "Reserve": 250.0, "Address": address(line, place), "YearBuilt": 1987,
        "RentalType": "Residential", "RentalSubType": kind, "RentalManager": manager,
    }  # fmt: skip


def unit(parent: Row, number: str, rent: float, beds: str, baths: str) -> Row:
    second = f"Unit {number}" if parent["NumberUnits"] > 1 else None
    return {
        "PropertyId": parent["Id"], "BuildingName": parent["Name"], "UnitNumber": number, "Description": None,
        "MarketRent": rent, "Address": dict(parent["Address"], AddressLine2=second),
        "UnitBedrooms": beds, "UnitBathrooms": baths, "UnitSize": 900, "IsUnitListed": False, "IsUnitOccupied": False,
    }  # fmt: skip


def manager(first: str, last: str) -> Row:
    return {
        "Id": 9, "FirstName": first, "LastName": last, "CompanyName": None, "IsCompany": False,
        "ProfilePhotoUrl": None, "Email": f"{first.lower()}@loneoak.example", "PhoneNumbers": phone(90),
    }  # fmt: skip


def owner(first: str, last: str, rentals: list[int], place: tuple[str, str, str]) -> Row:
    """An owner, with a tax number, so that a test can look for it."""
    return {
        "IsCompany": False, "IsActive": True, "FirstName": first, "LastName": last, "PhoneNumbers": phone(len(last)),
        "Email": f"{first}.{last}@owners.example".lower(), "AlternateEmail": None, "Comment": "Calls on Sundays",
        "Address": address("9 Owner Way", place), "ManagementAgreementStartDate": "2020-01-01",
        "ManagementAgreementEndDate": None, "CompanyName": None, "PropertyIds": rentals,
        "TaxInformation": {
            "TaxPayerIdType": "SSN", "TaxPayerId": "078-05-1120", "TaxPayerName1": f"{first} {last}",
            "TaxPayerName2": None, "IncludeIn1099": True, "Address": address("9 Owner Way", place),
        },
    }  # fmt: skip


def tenant(world: World, first: str, last: str, home: Row, number: int) -> Row:
    """A tenant, with a tax number and a birthday, so that a test can look for them."""
    return {
        "FirstName": first, "LastName": last, "Email": f"{first}.{last}{number}@mail.example".lower(),
        "AlternateEmail": None, "PhoneNumbers": phone(number), "CreatedDateTime": instant(world.now()),
        "EmergencyContact": {
            "Name": "Pat Doe", "RelationshipDescription": "Sister", "Phone": "(512) 555-0199", "Email": None,
        },
        "DateOfBirth": "1985-07-14", "SMSOptInStatus": "NotSet", "Address": dict(home["Address"]),
        "AlternateAddress": None, "MailingPreference": "PrimaryAddress", "Leases": None, "Comment": None,
        "TaxId": "219-09-9999",
    }  # fmt: skip


def lease(world: World, home: Row, people: list[Row], *, until: date, rent: float, deposit: float) -> Row:
    start = world.today.isoformat()
    return {
        "PropertyId": home["PropertyId"], "UnitId": home["Id"], "UnitNumber": home["UnitNumber"],
        "LeaseFromDate": start, "LeaseToDate": until.isoformat(), "LeaseType": "Fixed", "LeaseStatus": "Active",
        "IsEvictionPending": False, "TermType": "Standard", "RenewalOfferStatus": "NotSet", "CurrentTenants": people,
        "CurrentNumberOfOccupants": len(people), "AccountDetails": {"SecurityDeposit": deposit, "Rent": rent},
        "Cosigners": None, "AutomaticallyMoveOutTenants": False, "CreatedDateTime": instant(world.now()),
        "LastUpdatedDateTime": instant(world.now()), "MoveOutData": [], "PaymentDueDay": 1,
        "Tenants": [{"Id": item["Id"], "Status": "Current", "MoveInDate": start} for item in people],
    }  # fmt: skip


def rent(world: World, parent: Row, account_id: int) -> Row:
    amount = parent["AccountDetails"]["Rent"]
    return {
        "LeaseId": parent["Id"], "StartDate": parent["LeaseFromDate"], "EndDate": None, "TotalAmount": amount,
        "RentCycle": "Monthly", "BackdateCharges": False, "CreatedDateTime": instant(world.now()),
        "CreatedByUserId": 1, "LastUpdatedDateTime": instant(world.now()),
        "Charges": [
            {"Id": parent["Id"], "GLAccountId": account_id, "Amount": amount, "Memo": None,
             "FirstChargeDate": parent["LeaseFromDate"], "PostDaysInAdvance": 0, "DueOnDayOfTheMonth": 1}
        ],
    }  # fmt: skip


def transaction(world: World, parent: Row, kind: str, lines: list[tuple[Row, float]], memo: str) -> Row:
    """A line of a lease's ledger."""
    total = round(sum(amount for _, amount in lines), 2)
    payer = parent["CurrentTenants"][0]["Id"] if parent["CurrentTenants"] else None
    return {
        "Date": world.today.isoformat(), "TransactionType": kind, "TransactionTypeEnum": kind, "TotalAmount": total,
        "CheckNumber": None, "LeaseId": parent["Id"], "PayeeTenantId": payer,
        "PaymentMethod": "ElectronicPayment" if "Payment" in kind else None,
        "Journal": {
            "Memo": memo,
            "Lines": [
                {"GLAccount": into, "Amount": amount, "IsCashPosting": "Payment" in kind, "ReferenceNumber": None,
                 "Memo": None, "PropertyId": parent["PropertyId"], "UnitId": parent["UnitId"]}
                for into, amount in lines
            ],
        },
    }  # fmt: skip


def category(number: int, name: str) -> Row:
    return {"Id": number, "Name": name, "Href": None, "SubCategory": None}


def task(world: World, home: Row, parent: Row | None, title: str) -> Row:
    now = instant(world.now())
    agreement = {"Id": parent["Id"], "Type": "Lease", "Href": f"/v1/leases/{parent['Id']}"} if parent else None
    asker = parent["CurrentTenants"][0] if parent and parent["CurrentTenants"] else None
    by = None
    if asker:
        by = {
            "Type": "RentalTenant", "Id": asker["Id"], "FirstName": asker["FirstName"], "LastName": asker["LastName"],
            "IsCompany": False, "Href": None,
        }  # fmt: skip
    return {
        "TaskType": "ResidentRequest" if asker else "Todo", "Category": category(3, "Maintenance Request"),
        "Title": title, "Description": f"{title}. Please look at it soon.",
        "Property": {"Id": home["PropertyId"], "Type": "Rental", "Href": f"/v1/rentals/{home['PropertyId']}"},
        "UnitId": home["Id"], "UnitAgreement": agreement, "RequestedByUserEntity": by, "AssignedToUserId": 1,
        "TaskStatus": "New", "Priority": "Normal", "DueDate": None, "CreatedDateTime": now, "LastUpdatedDateTime": now,
    }  # fmt: skip


def work_order(parent: Row, vendor: int, amount: float) -> Row:
    return {
        "Task": {
            "Id": parent["Id"], "Type": parent["TaskType"], "UnitId": parent["UnitId"],
            "UnitAgreement": parent["UnitAgreement"], "Title": parent["Title"], "DueDate": None,
            "Priority": parent["Priority"], "Status": parent["TaskStatus"],
        },
        "Title": parent["Title"], "DueDate": None, "Priority": "Normal", "Status": "New",
        "WorkDetails": parent["Description"], "InvoiceNumber": None, "ChargeableTo": None, "EntryAllowed": "Yes",
        "EntryNotes": "Gate code 4417", "VendorId": vendor, "VendorNotes": None, "EntryContact": None,
        "EntryContacts": [], "BillTransactionId": None, "BillTransactionIds": [], "Amount": amount,
        "LineItems": [{"GlAccountId": None, "Quantity": 1.0, "Memo": None, "UnitPrice": amount}],
    }  # fmt: skip


def bill(world: World, vendor: int, parts: list[tuple[Row, int | None, Row, float]], **more: Any) -> Row:
    """A bill; each part is (rental, unit, account, amount)."""
    due = date.fromordinal(world.today.toordinal() + 14)
    return {
        "Date": world.today.isoformat(), "DueDate": due.isoformat(), "PaidDate": None, "Memo": None,
        "VendorId": vendor, "WorkOrderId": None, "ReferenceNumber": f"INV-{world.today:%y%m%d}-{vendor}",
        "ApprovalStatus": "NotNeeded",
        "Lines": [
            {"Id": place + 1,
             "AccountingEntity": {
                 "Id": parent["Id"], "AccountingEntityType": "Rental", "Href": f"/v1/rentals/{parent['Id']}",
                 "Unit": {"Id": home, "Href": f"/v1/rentals/units/{home}"} if home else None,
             },
             "GLAccount": into, "Amount": amount, "Markup": None, "Memo": into["Name"]}
            for place, (parent, home, into, amount) in enumerate(parts)
        ],
        **more,
    }  # fmt: skip


def vendor(name: str, trade: str, place: tuple[str, str, str]) -> Row:
    return {
        "IsCompany": True, "IsActive": True, "FirstName": None, "LastName": None,
        "PrimaryEmail": f"office@{name.split()[0].lower()}.example", "AlternateEmail": None, "CompanyName": name,
        "PhoneNumbers": phone(len(name) * 7), "Website": None, "Category": {"Id": len(trade), "Name": trade},
        "Address": address("500 Trade Rd", place), "VendorInsurance": {
            "Provider": "Alamo Mutual", "PolicyNumber": "POL-778899", "ExpirationDate": "2027-01-31T00:00:00Z",
        },
        "Comments": None, "AccountNumber": "ACC-55", "ExpenseGLAccountId": None,
        "TaxInformation": {
            "TaxPayerIdType": "EIN", "TaxPayerId": "12-3456789", "TaxPayerName1": name, "TaxPayerName2": None,
            "IncludeIn1099": True, "Address": address("500 Trade Rd", place),
        },
    }  # fmt: skip
