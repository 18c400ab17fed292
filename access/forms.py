from __future__ import annotations

from typing import Any, cast

from allauth.account.forms import LoginForm
from django import forms
from django.contrib.auth.password_validation import validate_password

from access.choices import CURRENCIES, REGIONS, time_zones
from access.models import Organisation, User


class SignInForm(LoginForm):  # type: ignore[misc]  # allauth publishes no types
    """allauth's form in our words: a label says what a field is, so that no placeholder has to."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].label = "E-mail address"
        self.fields["remember"].label = "Keep me signed in on this device"
        for name in ("login", "password"):
            self.fields[name].widget.attrs.pop("placeholder", None)


class OrganisationForm(forms.Form):
    """Name, currency and zone of an organisation."""

    name = forms.CharField(label="Organisation name", max_length=200)
    currency = forms.ChoiceField(
        choices=CURRENCIES, help_text="New amounts are in this currency. Amounts already in the books keep theirs."
    )
    time_zone = forms.ChoiceField(choices=time_zones, help_text="Dates and times on every page are in this zone.")

    def __init__(self, data: Any = None, *, organisation: Organisation) -> None:
        super().__init__(
            data,
            initial={
                "name": organisation.name,
                "currency": organisation.currency,
                "time_zone": organisation.time_zone,
            },
        )
        # What it has now is always on offer, so that saving another field never changes this one.
        if organisation.currency not in dict(CURRENCIES):
            currency = cast(forms.ChoiceField, self.fields["currency"])
            currency.choices = [*CURRENCIES, (organisation.currency, organisation.currency)]
        zone = cast(forms.ChoiceField, self.fields["time_zone"])
        if not zone.valid_value(organisation.time_zone):
            zone.choices = [*time_zones(), (organisation.time_zone, organisation.time_zone)]


class ProfileForm(forms.Form):
    full_name = forms.CharField(
        label="Your name",
        max_length=200,
        help_text="Shown to your colleagues, and beside what you change.",
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )


class FirstRunForm(forms.Form):
    """The first organisation and the person who will manage it."""

    organisation_name = forms.CharField(
        label="Organisation name", max_length=200, widget=forms.TextInput(attrs={"autocomplete": "organization"})
    )
    region = forms.ChoiceField(label="Country", choices=REGIONS, help_text="Its tax and tenancy rules apply.")
    currency = forms.ChoiceField(choices=CURRENCIES)
    time_zone = forms.ChoiceField(choices=time_zones, initial="Australia/Sydney")
    full_name = forms.CharField(
        label="Your name", max_length=200, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    email = forms.EmailField(
        label="Your e-mail address",
        help_text="You sign in with it.",
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    password = forms.CharField(
        help_text="At least ten characters, not a common password, not only digits.",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        strip=False,
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if "password" in cleaned:
            person = User(email=cleaned.get("email", ""), full_name=cleaned.get("full_name", ""))
            try:
                validate_password(cleaned["password"], person)
            except forms.ValidationError as error:
                self.add_error("password", error)
        return cleaned
