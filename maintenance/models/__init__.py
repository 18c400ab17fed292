from __future__ import annotations

from maintenance.models.offers import Offer, OwnerApproval, Quote
from maintenance.models.policies import Category, MaintenancePolicy
from maintenance.models.requests import MaintenanceRequest
from maintenance.models.trail import Attachment, Comment, WorkOrderEvent
from maintenance.models.vendors import Vendor
from maintenance.models.work_orders import WorkOrder

__all__ = [
    "Attachment",
    "Category",
    "Comment",
    "MaintenancePolicy",
    "MaintenanceRequest",
    "Offer",
    "OwnerApproval",
    "Quote",
    "Vendor",
    "WorkOrder",
    "WorkOrderEvent",
]
