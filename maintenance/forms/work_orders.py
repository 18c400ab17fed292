from __future__ import annotations

from typing import Any

from django import forms

from access.models import Organisation
from accounting.forms import asks_for_options
from core.ids import uuid7
from maintenance.models import WorkOrder
from maintenance.selectors.vendors import categories_of
from maintenance.states import targets
from properties.fields import PropertyField
from properties.models import Unit


def moment_input() -> forms.DateTimeInput:
    """A day and a time, in the organisation's zone."""
    return forms.DateTimeInput(attrs={"type": "datetime-local", "step": "300"}, format="%Y-%m-%dT%H:%M")


class WorkOrderForm(forms.Form):
    """A job: what, where, how urgent, who, how much."""

    title = forms.CharField(label="What has to be done", max_length=300)
    property = PropertyField()
    unit = forms.ModelChoiceField(
        queryset=Unit.objects.none(), label="Unit", required=False, empty_label="Whole property"
    )
    description = forms.CharField(label="Details", required=False, widget=forms.Textarea(attrs={"rows": 5}))
    category = forms.ChoiceField(label="Trade", initial=WorkOrder.Category.GENERAL)
    priority = forms.ChoiceField(
        label="Priority", choices=WorkOrder.Priority.choices, initial=WorkOrder.Priority.NORMAL
    )
    status = forms.ChoiceField(label="Status", choices=WorkOrder.Status.choices, initial=WorkOrder.Status.NEW)
    supplier_name = forms.CharField(label="Supplier", max_length=200, required=False)
    quoted_amount = forms.DecimalField(
        label="Quoted amount",
        max_digits=12,
        decimal_places=2,
        min_value=0,
        required=False,
        widget=forms.NumberInput(attrs={"step": "0.01", "inputmode": "decimal"}),
    )
    due_on = forms.DateField(
        label="Due", required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    scheduled_for = forms.DateTimeField(label="Scheduled for", required=False, widget=moment_input())
    number = forms.CharField(label="Number", max_length=40, required=False)

    def __init__(self, *args: Any, organisation: Organisation, order: WorkOrder | None = None, **kwargs: Any) -> None:
        if order is not None:
            kwargs["initial"] = {
                **{name: getattr(order, name) for name in self.base_fields if name not in ("property", "unit")},
                "property": order.property.full_address,
                "unit": order.unit_id,
            }
        super().__init__(*args, **kwargs)
        offered = dict(categories_of(organisation=organisation))
        if order is not None:
            # One that was retired since stays what it is.
            offered.setdefault(order.category, order.get_category_display())
            self.fields["status"].choices = [  # type: ignore[attr-defined]
                (order.status, order.get_status_display()),
                *targets(order),
            ]
        self.fields["category"].choices = list(offered.items())  # type: ignore[attr-defined]
        self.fields["property"].organisation = organisation  # type: ignore[attr-defined]
        self.fields["property"].widget.attrs |= asks_for_options()
        if order is None:
            # Units belong to a property that is chosen on the same page; they can be set once the job is there.
            del self.fields["unit"]
            # Made when the form is shown: pressing the button twice enters one job.
            self.fields["order_id"] = forms.UUIDField(widget=forms.HiddenInput, initial=uuid7)
        else:
            self.fields["unit"].queryset = order.property.units.order_by("label", "id")  # type: ignore[attr-defined]

    def changed_values(self) -> dict[str, Any]:
        """What the person changed: another field may have been synced since the form was shown."""
        return {name: self.cleaned_data[name] for name in self.changed_data}
