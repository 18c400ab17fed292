"""Forms on the pages of vendors and owners, who have no account."""

from __future__ import annotations

from django import forms
from django.utils import timezone

from maintenance.forms.work_orders import moment_input


class QuoteForm(forms.Form):
    amount = forms.DecimalField(
        label="Your price, tax included", max_digits=10, decimal_places=2, min_value=0.01,
        widget=forms.NumberInput(attrs={"step": "0.01", "inputmode": "decimal"}),
    )  # fmt: skip
    description = forms.CharField(
        label="What is included", max_length=4000, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
    can_start_on = forms.DateField(
        label="Can start on", required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    valid_until = forms.DateField(
        label="Price valid until", required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )

    def clean_valid_until(self) -> object:
        value = self.cleaned_data["valid_until"]
        if value is not None and value < timezone.localdate():
            raise forms.ValidationError("This day has passed.")
        return value


class DeclineForm(forms.Form):
    reason = forms.CharField(label="Why not?", max_length=300)


class ScheduleForm(forms.Form):
    when = forms.DateTimeField(label="When do you come?", widget=moment_input())


class CompleteForm(forms.Form):
    note = forms.CharField(
        label="What was done", max_length=4000, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )


class CommentForm(forms.Form):
    body = forms.CharField(label="Message to the agency", max_length=5000, widget=forms.Textarea(attrs={"rows": 3}))


class OwnerForm(forms.Form):
    reason = forms.CharField(label="If you refuse: why?", max_length=300, required=False)
