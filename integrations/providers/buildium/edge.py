"""What never enters our database: identity numbers, birth dates, bank details, and what opens a door."""

from __future__ import annotations

from typing import Any

Row = dict[str, Any]

# Names as Buildium writes them.
DROPPED = frozenset(
    {
        # identity
        "TaxId", "TaxPayerId", "TaxPayerIdType", "TaxPayerName1", "TaxPayerName2", "TaxInformation", "DateOfBirth",
        # bank and insurance
        "BankAccounts", "BankAccountNumber", "RoutingNumber", "AccountNumber", "OperatingBankAccountId",
        "DepositTrustAccountId", "PolicyNumber", "VendorInsurance",
        # ways into a home, other people's details, staff's private notes about people
        "EntryNotes", "EntryContact", "EntryContacts", "EmergencyContact", "Cosigners", "Comment", "Comments",
        # pictures, and the same leases again inside each tenant
        "ProfilePhotoUrl", "Leases", "SubAccounts",
    }
)  # fmt: skip
# Of a general-ledger account only what tells rent from a deposit; its number in the books is no bank account.
KEPT_OF_ACCOUNT = ("Id", "Name", "DefaultAccountName", "Type", "SubType")


def scrub(row: Row) -> Row:
    """The row without forbidden fields, at any depth; changed in place, because it is ours."""
    for name in [name for name in row if name in DROPPED]:
        del row[name]
    for name, value in row.items():
        if name == "GLAccount" and value.__class__ is dict:
            row[name] = {kept: value[kept] for kept in KEPT_OF_ACCOUNT if kept in value}
        elif value.__class__ is dict:
            scrub(value)
        elif value.__class__ is list:
            for item in value:
                if item.__class__ is dict:
                    scrub(item)
    return row
