"""One row of the organisation, or 404."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect

from access.middleware import OrganisationRequest
from core.http import missing_is_404
from maintenance.models import Attachment, Category, MaintenanceRequest, Offer, Quote, Vendor, WorkOrder
from maintenance.selectors.vendors import get_vendor
from maintenance.selectors.work_orders import get_work_order


def order_or_404(request: OrganisationRequest, work_order_id: UUID) -> WorkOrder:
    with missing_is_404():
        return get_work_order(organisation=request.organisation, work_order_id=work_order_id)


def vendor_or_404(request: OrganisationRequest, vendor_id: UUID) -> Vendor:
    with missing_is_404():
        return get_vendor(organisation=request.organisation, vendor_id=vendor_id)


def offer_or_404(request: OrganisationRequest, offer_id: UUID) -> Offer:
    with missing_is_404():
        return Offer.objects.get(organisation=request.organisation, pk=offer_id)


def quote_or_404(request: OrganisationRequest, quote_id: UUID) -> Quote:
    with missing_is_404():
        return Quote.objects.select_related("organisation").get(organisation=request.organisation, pk=quote_id)


def attachment_or_404(request: OrganisationRequest, attachment_id: UUID) -> Attachment:
    with missing_is_404():
        return Attachment.objects.get(organisation=request.organisation, pk=attachment_id)


def request_or_404(request: OrganisationRequest, request_id: UUID) -> MaintenanceRequest:
    with missing_is_404():
        return MaintenanceRequest.objects.select_related("property", "unit", "work_order", "organisation").get(
            organisation=request.organisation, pk=request_id
        )


def category_or_404(request: OrganisationRequest, category_id: UUID) -> Category:
    with missing_is_404():
        return Category.objects.get(organisation=request.organisation, pk=category_id)


def to_order(work_order_id: UUID, part: str = "") -> HttpResponse:
    """Back to the job's page, at one of its parts."""
    response = redirect("maintenance:work_order_detail", work_order_id)
    if part:
        response["Location"] += f"#{part}"
    return response
