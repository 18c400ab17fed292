from __future__ import annotations

from typing import Any

from django import forms
from django.urls import reverse
from django.utils import timezone

from access.models import Organisation
from accounting import selectors
from accounting.models import Category, CategoryRule, Kind, Transaction
from core.ids import uuid7
from properties.fields import PropertyField


def _day(**kwargs: Any) -> forms.DateField:
    return forms.DateField(widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), **kwargs)


def _money(**kwargs: Any) -> forms.DecimalField:
    attrs = {"step": "0.01", "inputmode": "decimal"}
    return forms.DecimalField(max_digits=14, decimal_places=2, widget=forms.NumberInput(attrs=attrs), **kwargs)


def asks_for_options() -> dict[str, str]:
    """Attributes of a property field that fill accounting/property_options.html while a person types."""
    return {
        "list": "property-options",
        "hx-get": reverse("accounting:property_choices"),
        "hx-trigger": "input changed delay:250ms",
        "hx-target": "#property-options",
        "hx-swap": "outerHTML",
    }


class TransactionForm(forms.Form):
    """A line entered by hand."""

    # Made when the form is shown: pressing Save twice enters one line.
    entry_id = forms.UUIDField(widget=forms.HiddenInput, initial=uuid7)
    property = PropertyField()
    category = forms.ChoiceField(label="Category", help_text="Also says whether it is income or an expense.")
    occurred_on = _day(label="Date")
    amount = _money(label="Amount", help_text="Tax included, always more than zero.")
    tax_amount = _money(label="Tax in it", required=False, help_text="GST, where the bill states it.")
    description = forms.CharField(label="Description", max_length=300)
    counterparty = forms.CharField(label="Paid by or to", max_length=200, required=False)
    reference = forms.CharField(label="Reference", max_length=120, required=False)

    def __init__(self, *args: Any, organisation: Organisation, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["property"].organisation = organisation  # type: ignore[attr-defined]
        self.fields["property"].widget.attrs |= asks_for_options()
        self.fields["occurred_on"].initial = timezone.localdate
        self.categories = {item.code: item for item in selectors.categories_of(organisation=organisation)}
        self.fields["category"].choices = [  # type: ignore[attr-defined]
            (kind.label, [(item.code, item.name) for item in self.categories.values() if item.kind == kind])
            for kind in Kind
        ]

    def clean_category(self) -> Category:
        return self.categories[self.cleaned_data["category"]]


class TransactionEditForm(forms.Form):
    """What a person may change of a line, and why."""

    category = forms.ModelChoiceField(queryset=Category.objects.none(), label="Category", empty_label=None)
    description = forms.CharField(label="Description", max_length=300, required=False)
    occurred_on = _day(label="Date")
    amount = _money(label="Amount")
    reason = forms.CharField(
        label="Reason", max_length=300, help_text="Kept in the history, beside your name and what it said before."
    )

    def __init__(self, *args: Any, entry: Transaction, **kwargs: Any) -> None:
        initial = {name: getattr(entry, name) for name in ("description", "occurred_on", "amount")}
        kwargs["initial"] = {**initial, "category": entry.category_id}
        super().__init__(*args, **kwargs)
        choices = Category.objects.filter(organisation=entry.organisation_id, kind=entry.kind)
        self.fields["category"].queryset = choices.order_by("position", "id")  # type: ignore[attr-defined]


class ReverseForm(forms.Form):
    """When and why a line is reversed."""

    reason = forms.CharField(label="Reason", max_length=300, help_text="Kept in the history of both entries.")
    occurred_on = _day(
        label="Date of the reversing entry",
        required=False,
        help_text="Blank dates it like the entry, so that both fall into the same month.",
    )


class RuleForm(forms.Form):
    """One row of the rule table. A blank condition matches every bill."""

    supplier = forms.CharField(
        label="Supplier has", max_length=120, required=False, help_text="A part of the name is enough: “Water”."
    )
    words = forms.CharField(
        label="Description or reference has one of",
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="One on each line. Capitals do not matter.",
    )
    job_link = forms.ChoiceField(label="Applies to", choices=CategoryRule.JobLink.choices, widget=forms.RadioSelect)
    category = forms.ModelChoiceField(queryset=Category.objects.none(), label="Category", empty_label=None)
    is_enabled = forms.BooleanField(label="In use", required=False)

    def __init__(self, *args: Any, organisation: Organisation, rule: CategoryRule | None = None, **kwargs: Any) -> None:
        initial: dict[str, Any] = {"job_link": CategoryRule.JobLink.ANY, "is_enabled": True}
        if rule is not None:
            initial = {
                "supplier": rule.supplier,
                "words": "\n".join(rule.words),
                "job_link": rule.job_link,
                "category": rule.category_id,
                "is_enabled": rule.is_enabled,
            }
        kwargs["initial"] = initial
        super().__init__(*args, **kwargs)
        expenses = Category.objects.filter(organisation=organisation, kind=Kind.EXPENSE)
        self.fields["category"].queryset = expenses.order_by("position", "id")  # type: ignore[attr-defined]

    def clean_words(self) -> list[str]:
        text: str = self.cleaned_data["words"]
        return [line.strip() for line in text.splitlines() if line.strip()]


class RuleTestForm(forms.Form):
    """A made-up bill, to see which rule would catch it."""

    supplier = forms.CharField(label="Supplier", max_length=200, required=False)
    text = forms.CharField(label="Description or reference", max_length=400, required=False)
    job = forms.BooleanField(label="Bills a job", required=False)


class CloseForm(forms.Form):
    through = _day(label="Close the books through", help_text="This day and every day before it can no longer change.")


class ReopenForm(forms.Form):
    through = _day(
        label="Keep closed through",
        required=False,
        help_text="Blank opens every period. A day leaves it and all days before it closed.",
    )
