from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms

from access.models import Organisation
from core.errors import DomainError
from properties import selectors
from properties.models import Property
from properties.services import UnitInput

RENT_PERIODS = [
    ("weekly", "a week"),
    ("fortnightly", "a fortnight"),
    ("monthly", "a month"),
    ("quarterly", "a quarter"),
    ("yearly", "a year"),
]


class PropertyForm(forms.ModelForm):  # type: ignore[type-arg]  # generic for type checkers alone
    """The address and facts of a property; saving is the service's work, never this form's."""

    class Meta:
        model = Property
        fields = ["name", "suburb", "state", "postcode", "kind", "owner", "manager_name", "notes"]
        labels = {
            "name": "Street line",
            "kind": "Kind of property",
            "manager_name": "Property manager",
        }
        help_texts = {
            "name": "As people write it, such as “4/18 Acacia Avenue”.",
        }
        widgets = {"notes": forms.Textarea(attrs={"rows": 3})}

    def __init__(self, *args: Any, organisation: Organisation, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.organisation = organisation
        owner = self.fields["owner"]
        owner.queryset = selectors.owners_of(organisation=organisation)  # type: ignore[attr-defined]  # a ModelChoiceField
        owner.empty_label = "Not known"  # type: ignore[attr-defined]  # as above
        for name in ("name", "suburb"):
            self.fields[name].widget.attrs["dir"] = "auto"


class NewPropertyForm(PropertyForm):
    """As PropertyForm, and asks once when the address is there already."""

    add_anyway = forms.BooleanField(
        required=False, label="This is another property at the same address", widget=forms.HiddenInput
    )

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        known = selectors.same_address(
            organisation=self.organisation,
            name=data.get("name", ""),
            suburb=data.get("suburb", ""),
            postcode=data.get("postcode", ""),
        )
        if known and not data.get("add_anyway"):
            self.fields["add_anyway"].widget = forms.CheckboxInput()
            self.add_error(
                "name",
                f"{known.full_address} is there already. Open it instead, or tick the last box to add a second one.",
            )
        return data


class UnitForm(forms.Form):
    """One unit of a new property."""

    label = forms.CharField(label="Number or name", max_length=40, required=False)
    bedrooms = forms.IntegerField(min_value=0, max_value=99, required=False)
    bathrooms = forms.IntegerField(min_value=0, max_value=99, required=False)
    car_spaces = forms.IntegerField(label="Car spaces", min_value=0, max_value=99, required=False)
    market_rent = forms.DecimalField(
        label="Market rent", min_value=Decimal(0), max_digits=12, decimal_places=2, required=False
    )
    rent_period = forms.ChoiceField(label="Rent is", choices=RENT_PERIODS, initial="weekly", required=False)

    def to_input(self) -> UnitInput:
        values = {**self.cleaned_data}
        values["rent_period"] = values.get("rent_period") or "weekly"
        return UnitInput(**values)


class BaseUnitFormSet(forms.BaseFormSet):  # type: ignore[type-arg]  # generic in the stubs only
    def inputs(self) -> list[UnitInput]:
        """The rows somebody filled in; none means a property that is let whole."""
        return [form.to_input() for form in self.forms if form.has_changed()]


UnitFormSet: type[BaseUnitFormSet] = forms.formset_factory(
    UnitForm, formset=BaseUnitFormSet, extra=1, max_num=200, absolute_max=200
)  # type: ignore[assignment]  # the factory forgets its base


def add_refusal(form: forms.BaseForm, error: DomainError, **places: str) -> None:
    """Show what a service refused: beside the field that `places` names for its code, else above the form."""
    field = places.get(error.code)
    form.add_error(field if field in form.fields else None, error.message)
