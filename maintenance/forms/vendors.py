from __future__ import annotations

from collections.abc import Iterator
from datetime import time
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from access.models import Organisation
from core.ids import uuid7
from maintenance import ports
from maintenance.models import MaintenancePolicy, Vendor, WorkOrder
from maintenance.routing import WEIGHT_LABELS
from maintenance.selectors.vendors import categories_of

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def _day(**kwargs: Any) -> forms.DateField:
    return forms.DateField(required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), **kwargs)


def _money(**kwargs: Any) -> forms.DecimalField:
    attrs = {"step": "0.01", "inputmode": "decimal"}
    return forms.DecimalField(
        max_digits=12, decimal_places=2, min_value=0, widget=forms.NumberInput(attrs=attrs), **kwargs
    )


class HoursField(forms.CharField):
    """Two times of one day as text, "07:00-17:00"; blank is a day off. Cleans to ["07:00", "17:00"] or []."""

    def clean(self, value: Any) -> Any:
        text = str(super().clean(value) or "").replace("–", "-").strip()
        if not text:
            return []
        try:
            opens, closes = (time.fromisoformat(part.strip().zfill(5)).isoformat("minutes") for part in text.split("-"))
        except ValueError:
            raise ValidationError("Write it as 07:00-17:00, or leave it blank for a day off.") from None
        return [opens, closes]


class VendorForm(forms.Form):
    """A vendor: how to reach them, what they do where and when, and their papers."""

    name = forms.CharField(label="Name", max_length=200)
    contact_name = forms.CharField(label="Contact person", max_length=200, required=False)
    email = forms.EmailField(label="E-mail", required=False, help_text="Jobs are sent here.")
    phone = forms.CharField(label="Phone", max_length=40, required=False)
    trades = forms.MultipleChoiceField(label="Trades", widget=forms.CheckboxSelectMultiple, required=False)
    regions = forms.CharField(
        label="Regions", required=False,
        help_text="Postcodes, ranges and suburbs: 2042, 2000-2050, Newtown. Blank means everywhere.",
        widget=forms.Textarea(attrs={"rows": 2}),
    )  # fmt: skip
    insurance_expires_on = _day(label="Insurance valid until")
    licence_number = forms.CharField(label="Licence number", max_length=60, required=False)
    licence_expires_on = _day(label="Licence valid until")
    capacity = forms.IntegerField(label="Jobs at once", min_value=1, max_value=500, initial=5)
    call_out_fee = _money(label="Call-out fee", required=False)
    hourly_rate = _money(label="Hourly rate", required=False)
    channel = forms.ChoiceField(label="How jobs are sent")
    is_active = forms.BooleanField(label="Gets jobs", required=False, initial=True)
    notes = forms.CharField(label="Notes", required=False, widget=forms.Textarea(attrs={"rows": 3}))

    def __init__(self, *args: Any, organisation: Organisation, vendor: Vendor | None = None, **kwargs: Any) -> None:
        if vendor is not None:
            kwargs["initial"] = {
                **{name: getattr(vendor, name) for name in self.base_fields if name != "regions"},
                "regions": ", ".join(vendor.regions),
                **{f"hours_{day}": "-".join(span) for day, span in vendor.hours.items()},
            }
        super().__init__(*args, **kwargs)
        trades = dict(categories_of(organisation=organisation))
        for trade in vendor.trades if vendor else ():
            trades.setdefault(trade, trade)
        self.fields["trades"].choices = list(trades.items())  # type: ignore[attr-defined]
        self.fields["channel"].choices = ports.channel_choices()  # type: ignore[attr-defined]
        for number, day in enumerate(DAYS):
            self.fields[f"hours_{number}"] = HoursField(
                label=day, required=False, max_length=15,
                widget=forms.TextInput(attrs={"placeholder": "07:00-17:00", "autocomplete": "off"}),
            )  # fmt: skip
        if vendor is None:
            self.fields["vendor_id"] = forms.UUIDField(widget=forms.HiddenInput, initial=uuid7)

    def hour_fields(self) -> Iterator[forms.BoundField]:
        return (self[f"hours_{number}"] for number in range(7))

    def plain_fields(self) -> Iterator[forms.BoundField]:
        return (field for field in self if not field.name.startswith("hours_"))

    def values(self) -> dict[str, Any]:
        """What services.vendors.save_vendor takes."""
        found = {name: value for name, value in self.cleaned_data.items() if not name.startswith("hours_")}
        found["regions"] = found["regions"].replace("\n", ",").split(",")
        found["hours"] = {str(number): span for number in range(7) if (span := self.cleaned_data[f"hours_{number}"])}
        return found


class PolicyForm(forms.Form):
    """Rules for routing, time and money."""

    require_insurance = forms.BooleanField(label="Insurance must be valid", required=False)
    licensed_trades = forms.MultipleChoiceField(
        label="Trades that need a licence", widget=forms.CheckboxSelectMultiple, required=False
    )
    require_hours = forms.BooleanField(label="Must work before the response target", required=False)
    next_vendor = forms.BooleanField(label="Ask the next vendor by itself", required=False)
    max_vendors = forms.IntegerField(label="Vendors asked before a person takes over", min_value=1, max_value=20)
    next_wait_minutes = forms.IntegerField(
        label="Wait before the next vendor is asked", min_value=0, max_value=1440, help_text="Minutes."
    )
    retry_minutes = forms.CharField(
        label="Waits when a message cannot be sent", required=False,
        help_text="Minutes before each further try, such as 1, 5, 30.",
    )  # fmt: skip
    agent_limit = _money(label="Property managers approve quotes up to")
    admin_limit = _money(label="Admins approve quotes up to")

    def __init__(self, *args: Any, organisation: Organisation, policy: MaintenancePolicy, **kwargs: Any) -> None:
        plain = {name: getattr(policy, name) for name in self.base_fields if name != "retry_minutes"}
        kwargs["initial"] = {
            **plain,
            "retry_minutes": ", ".join(str(value) for value in policy.retry_minutes),
            **{f"weight_{name}": policy.weights.get(name, 0) for name in WEIGHT_LABELS},
            **{f"target_{key}": policy.target_of(key) for key in WorkOrder.Priority.values},
        }
        super().__init__(*args, **kwargs)
        self.fields["licensed_trades"].choices = categories_of(  # type: ignore[attr-defined]
            organisation=organisation, retired=True
        )
        for name, label in WEIGHT_LABELS.items():
            self.fields[f"weight_{name}"] = forms.IntegerField(label=label, min_value=0, max_value=100)
        for key, label in reversed(WorkOrder.Priority.choices):
            self.fields[f"target_{key}"] = forms.IntegerField(label=label, min_value=1, max_value=7 * 24 * 60)

    def weights(self) -> Iterator[forms.BoundField]:
        return (self[f"weight_{name}"] for name in WEIGHT_LABELS)

    def targets(self) -> Iterator[forms.BoundField]:
        return (self[f"target_{key}"] for key, _ in reversed(WorkOrder.Priority.choices))

    def clean_retry_minutes(self) -> list[int]:
        try:
            return [int(part) for part in self.cleaned_data["retry_minutes"].split(",") if part.strip()]
        except ValueError:
            raise ValidationError("Write whole minutes with commas between, such as 1, 5, 30.") from None

    def values(self) -> dict[str, Any]:
        """What services.vendors.save_policy takes."""
        data = self.cleaned_data
        found = {name: value for name, value in data.items() if not name.startswith(("weight_", "target_"))}
        found["weights"] = {name: data[f"weight_{name}"] for name in WEIGHT_LABELS}
        found["response_minutes"] = {key: data[f"target_{key}"] for key in WorkOrder.Priority.values}
        return found


class CategoryForm(forms.Form):
    name = forms.CharField(label="New category", max_length=40)
