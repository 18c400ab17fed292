from __future__ import annotations

from typing import Any

from django import forms

from tenancies.models import Lease


class DayInput(forms.DateInput):
    """A day chosen in the browser's calendar; it wants ISO dates whatever the language."""

    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


class LeaseForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in the stubs only
    """What a person may change on a lease; saving is the service's work."""

    class Meta:
        model = Lease
        fields = [
            "rent_amount", "rent_period", "starts_on", "ends_on", "is_periodic", "vacates_on", "bond_amount",
        ]  # fmt: skip
        labels = {
            "rent_amount": "Rent",
            "rent_period": "Paid by the",
            "starts_on": "Starts",
            "ends_on": "Fixed term ends",
            "is_periodic": "Goes on without an end date",
            "vacates_on": "Moving out",
            "bond_amount": "Bond",
        }
        help_texts = {
            "ends_on": "Leave empty when the lease is periodic.",
            "vacates_on": "Set once notice is given. The lease then shows as moving out.",
        }
        widgets = {"starts_on": DayInput(), "ends_on": DayInput(), "vacates_on": DayInput()}

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if not data.get("is_periodic") and "ends_on" in data and not data["ends_on"]:
            self.add_error(
                "ends_on", "Write when the fixed term ends, or tick that the lease goes on without an end date."
            )
        return data
