"""Vendors, and the rules by which they get jobs."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from access.decorators import admin_required, manager_required
from access.middleware import OrganisationRequest
from access.models import Membership
from core.errors import DomainError
from core.pagination import keyset_page
from maintenance.forms.vendors import DAYS, CategoryForm, PolicyForm, VendorForm
from maintenance.models import Category, Vendor
from maintenance.selectors import vendors as selectors
from maintenance.selectors.rehearsal import rehearse
from maintenance.services import vendors as services
from maintenance.views.find import category_or_404, vendor_or_404
from maintenance.views.words import STATUS_TONES


@manager_required
@require_safe
def vendor_list(request: OrganisationRequest) -> HttpResponse:
    """By name; a search over names and contacts, and a filter by trade."""
    found = selectors.vendors_of(organisation=request.organisation)
    text, trade = request.GET.get("q", "").strip(), request.GET.get("trade", "")
    for word in text.split():
        found = found.filter(Q(name__icontains=word) | Q(contact_name__icontains=word) | Q(email__icontains=word))
    categories = selectors.categories_of(organisation=request.organisation, retired=True)
    if trade in dict(categories):
        found = found.filter(trades__contains=[trade])
    page = keyset_page(found, order=("name",), params=request.GET)
    names = dict(categories)
    for vendor in page.items:
        _dress(vendor, names)
    context = {"page": page, "q": text, "trade": trade, "categories": categories, "is_filtered": bool(text or trade)}
    return render(request, "maintenance/vendors.html", context)


@manager_required
@require_safe
def vendor_detail(request: OrganisationRequest, vendor_id: UUID) -> HttpResponse:
    vendor = vendor_or_404(request, vendor_id)
    _dress(vendor, dict(selectors.categories_of(organisation=request.organisation, retired=True)))
    context = {
        "vendor": vendor,
        "hours": [(day, vendor.hours.get(str(number))) for number, day in enumerate(DAYS)],
        "jobs": selectors.jobs_of(vendor)[:20],
        "unreachable": selectors.unreachable(vendor),
        "status_tones": STATUS_TONES,
        "today": timezone.localdate(),
    }
    return render(request, "maintenance/vendor.html", context)


@manager_required
@require_http_methods(["GET", "HEAD", "POST"])
def vendor_add(request: OrganisationRequest) -> HttpResponse:
    return _save(request, None)


@manager_required
@require_http_methods(["GET", "HEAD", "POST"])
def vendor_edit(request: OrganisationRequest, vendor_id: UUID) -> HttpResponse:
    return _save(request, vendor_or_404(request, vendor_id))


def _save(request: OrganisationRequest, vendor: Vendor | None) -> HttpResponse:
    form = VendorForm(request.POST or None, organisation=request.organisation, vendor=vendor)
    if form.is_valid():
        try:
            saved = services.save_vendor(organisation=request.organisation, vendor=vendor, **form.values())
        except DomainError as error:
            form.add_error(error.code if error.code in form.fields else None, error.message)
        else:
            messages.success(request, f"{saved} is saved.")
            return redirect("maintenance:vendor_detail", saved.pk)
    context = {"form": form, "vendor": vendor}
    return render(request, "maintenance/vendor_form.html", context, status=422 if form.is_bound else 200)


def _dress(vendor: Vendor, names: dict[str, str]) -> None:
    vendor.trade_names = [names.get(trade, trade) for trade in vendor.trades]  # type: ignore[attr-defined]
    mean = vendor.mean_rating  # type: ignore[attr-defined]  # annotated by the selector
    vendor.rating_text = "" if mean is None else f"{mean:.1f}"  # type: ignore[attr-defined]
    vendor.papers = selectors.paper_notes(vendor)  # type: ignore[attr-defined]


@manager_required
@require_http_methods(["GET", "HEAD", "POST"])
def rules(request: OrganisationRequest) -> HttpResponse:
    """The rules; anybody who manages may rehearse changes, admins save them: they also say who may approve what."""
    organisation = request.organisation
    policy = selectors.policy_of(organisation=organisation)
    form = PolicyForm(request.POST or None, organisation=organisation, policy=policy)
    context: dict[str, Any] = {
        "form": form,
        "is_admin": request.membership.role == Membership.Role.ADMIN,
        "category_form": CategoryForm(),
        "categories": Category.objects.filter(organisation=organisation).order_by("-is_active", "name"),
    }
    if form.is_valid():
        try:
            if request.POST.get("do") == "save":
                if not context["is_admin"]:
                    raise PermissionDenied
                services.save_policy(organisation=organisation, **form.values())
                messages.success(request, "Saved. Jobs routed from now on follow these rules.")
                return redirect("maintenance:rules")
            changed = services.changed_policy(policy, **form.values())
            context["rehearsal"] = rehearse(
                organisation=organisation, current=policy, changed=changed, now=timezone.now()
            )
            return render(request, "maintenance/rules.html", context)
        except DomainError as error:
            form.add_error(None, error.message)
    return render(request, "maintenance/rules.html", context, status=422 if form.is_bound else 200)


@admin_required
@require_POST
def category_add(request: OrganisationRequest) -> HttpResponse:
    try:
        category = services.add_category(organisation=request.organisation, name=request.POST.get("name", ""))
    except DomainError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, f"“{category.name}” can be chosen for jobs and vendors.")
    return redirect("maintenance:rules")


@admin_required
@require_POST
def category_retire(request: OrganisationRequest, category_id: UUID) -> HttpResponse:
    category = services.retire_category(category=category_or_404(request, category_id))
    messages.success(request, f"“{category.name}” is not offered any more. What has it keeps it.")
    return redirect("maintenance:rules")
