"""Buildium's 98 event names, as its published API description lists them, and what each means here."""

from __future__ import annotations

from integrations.records import Resource
from integrations.specs import EventRule

_ACTIONS = {"Created": "created", "Updated": "changed", "Deleted": "deleted"}
# Noun of the vendor: our noun, what is fetched again, the payload's field, whether that field is the record's own id.
# A property of ours is their unit; a transaction of a lease comes without its lease; people are listed by change.
_OURS: dict[str, tuple[str, Resource, str, bool]] = {
    "Rental": ("property", Resource.PROPERTY, "PropertyId", False),
    "RentalUnit": ("unit", Resource.PROPERTY, "UnitId", True),
    "Listing": ("listing", Resource.PROPERTY, "UnitId", True),
    "Lease": ("lease", Resource.TENANCY, "LeaseId", True),
    "LeaseTenant": ("tenant", Resource.CONTACT, "TenantId", False),
    "LeaseTransaction": ("rent", Resource.PAYMENT, "TransactionId", False),
    "Bill": ("bill", Resource.BILL, "BillId", True),
    "Bill.Payment": ("bill_payment", Resource.BILL, "BillIds", True),
    "Task": ("task", Resource.JOB, "TaskId", False),
    "Task.History": ("task_history", Resource.JOB, "TaskId", False),
    "WorkOrder": ("work_order", Resource.JOB, "WorkOrderId", True),
    "Vendor": ("vendor", Resource.CONTACT, "VendorId", False),
}
_NOT_OURS: dict[str, str] = {
    "Applicant": "ApplicantId",
    "Association": "PropertyId",
    "Association.MeterReading": "PropertyId",
    "AssociationBoardMember": "BoardMemberId",
    "AssociationOwner": "OwnerId",
    "AssociationTenant": "TenantId",
    "AssociationUnit": "UnitId",
    "BankAccount": "BankAccountId",
    "BankAccount.Transaction": "TransactionId",
    "Budget": "BudgetId",
    "GLAccount": "GLAccountId",
    "Installation": "",
    "OwnershipAccount": "OwnershipAccountId",
    "OwnershipAccountTransaction": "TransactionId",
    "PhoneLog": "PhoneLogId",
    "Rental.MeterReading": "PropertyId",
    "TaskCategory": "TaskCategoryId",
    "Vendor.Transaction": "TransactionId",
    "VendorCategory": "VendorCategoryId",
}

EVENTS: dict[str, EventRule] = {
    f"{noun}.{action}": EventRule(f"{ours}.{word}", resource, field, by_id)
    for noun, (ours, resource, field, by_id) in _OURS.items()
    for action, word in _ACTIONS.items()
} | {
    f"{noun}.{action}": EventRule("", None, field)
    for noun, field in _NOT_OURS.items()
    for action in _ACTIONS
} | {
    "Lease.MoveOut.Created": EventRule("lease.move_out", Resource.TENANCY, "LeaseId"),
    "ApplicantApplication.Created": EventRule("", None, "ApplicationId"),
    "ApplicantApplication.Updated": EventRule("", None, "ApplicationId"),
    "Application.Transaction.Created": EventRule("", None, "TransactionId"),
    "Application.Transaction.Updated": EventRule("", None, "TransactionId"),
}  # fmt: skip
