from __future__ import annotations

from typing import Any

from django import forms

from access.models import Organisation
from accounting.forms import asks_for_options
from core.ids import uuid7
from maintenance.models import WorkOrder
from maintenance.selectors.vendors import categories_of
from properties.fields import PropertyField


class RequestForm(forms.Form):
    """A report as it comes in by phone or e-mail."""

    request_id = forms.UUIDField(widget=forms.HiddenInput, initial=uuid7)
    title = forms.CharField(label="What is wrong", max_length=300)
    property = PropertyField()
    description = forms.CharField(label="In their words", required=False, widget=forms.Textarea(attrs={"rows": 4}))
    category = forms.ChoiceField(label="Trade", initial=WorkOrder.Category.GENERAL)
    priority = forms.ChoiceField(
        label="Priority", choices=WorkOrder.Priority.choices, initial=WorkOrder.Priority.NORMAL
    )
    reporter_name = forms.CharField(label="Reported by", max_length=200, required=False)
    reporter_email = forms.EmailField(label="Their e-mail", required=False)
    reporter_phone = forms.CharField(label="Their phone", max_length=40, required=False)
    access_notes = forms.CharField(label="How to get in, and when", max_length=300, required=False)

    def __init__(self, *args: Any, organisation: Organisation, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["property"].organisation = organisation  # type: ignore[attr-defined]
        self.fields["property"].widget.attrs |= asks_for_options()
        self.fields["category"].choices = categories_of(organisation=organisation)  # type: ignore[attr-defined]


class DismissForm(forms.Form):
    reason = forms.CharField(label="Why is nothing done about it?", max_length=300)
