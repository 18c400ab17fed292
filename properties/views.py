from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from access.decorators import manager_required
from access.middleware import OrganisationRequest
from core.errors import DomainError
from core.http import missing_is_404
from properties import selectors, services
from properties.forms import NewPropertyForm, PropertyForm, UnitForm, UnitFormSet, add_refusal

PLACES = {"property_name_missing": "name", "owner_of_another_organisation": "owner"}


@require_http_methods(["GET", "POST"])
@manager_required
def create(request: OrganisationRequest) -> HttpResponse:
    """Add a property, with units when it has several. "Another unit" gives the form one more row and saves nothing."""
    form = NewPropertyForm(request.POST or None, organisation=request.organisation)
    units = UnitFormSet(_one_more(request) if "more" in request.POST else request.POST or None, prefix="units")
    if request.method == "POST" and "more" not in request.POST and form.is_valid() and units.is_valid():
        fields = {name: value for name, value in form.cleaned_data.items() if name != "add_anyway"}
        try:
            added = services.create_property(
                organisation=request.organisation, user=request.user, units=units.inputs(), **fields
            )
        except DomainError as error:
            add_refusal(form, error, **PLACES)
        else:
            messages.success(request, f"{added.name} was added.")
            return redirect("property_detail", added.pk)
    wrong = request.method == "POST" and "more" not in request.POST
    return render(request, "properties/create.html", {"form": form, "units": units}, status=422 if wrong else 200)


def _one_more(request: OrganisationRequest) -> dict[str, str]:
    data = {name: request.POST.get(name, "") for name in request.POST}
    rows = data.get("units-TOTAL_FORMS", "")
    data["units-TOTAL_FORMS"] = str(int(rows) + 1 if rows.isdecimal() else 1)
    return data


@require_http_methods(["GET", "POST"])
@manager_required
def edit(request: OrganisationRequest, property_id: UUID) -> HttpResponse:
    with missing_is_404():
        property = selectors.get_property(organisation=request.organisation, property_id=property_id)
    heading = property.name
    form = PropertyForm(request.POST or None, instance=property, organisation=request.organisation)
    if form.is_valid():
        try:
            changed = services.update_property(property=property, user=request.user, **form.cleaned_data)
        except DomainError as error:
            add_refusal(form, error, **PLACES)
        else:
            messages.success(request, f"{changed.name} was saved.")
            return redirect("property_detail", property_id)
    context = {"form": form, "property_id": property_id, "heading": heading}
    return render(request, "properties/edit.html", context, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "POST"])
@manager_required
def add_unit(request: OrganisationRequest, property_id: UUID) -> HttpResponse:
    with missing_is_404():
        property = selectors.get_property(organisation=request.organisation, property_id=property_id)
    form = UnitForm(request.POST or None)
    if form.is_valid():
        try:
            unit = services.add_unit(property=property, user=request.user, unit=form.to_input())
        except DomainError as error:
            add_refusal(form, error, unit_label_missing="label", unit_label_twice="label")
        else:
            messages.success(request, f"Unit {unit} was added. It is vacant until a lease says otherwise.")
            return redirect("property_units", property_id)
    context = {"form": form, "property": property, "units_total": property.units.count()}
    return render(request, "properties/add_unit.html", context, status=422 if form.is_bound else 200)


@require_POST
@manager_required
def restore(request: OrganisationRequest, property_id: UUID) -> HttpResponse:
    with missing_is_404():
        property = selectors.get_property(organisation=request.organisation, property_id=property_id)
    services.restore_property(property=property, user=request.user)
    messages.success(request, f"{property.name} is managed again.")
    return redirect("property_detail", property_id)
