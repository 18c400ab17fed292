from __future__ import annotations

from access.choices import time_zones
from access.forms import OrganisationForm, SignInForm
from access.models import Organisation


def test_zones_are_grouped_with_home_first() -> None:
    groups = dict(time_zones())
    assert next(iter(groups)) == "Australia"
    assert ("Australia/Broken_Hill", "Broken Hill") in groups["Australia"]
    assert ("America/Argentina/Ushuaia", "Argentina, Ushuaia") in groups["America"]


def test_the_form_starts_from_what_is_saved(db: None) -> None:
    organisation = Organisation(name="Harbour", currency="GBP", time_zone="Europe/London")
    form = OrganisationForm(organisation=organisation)
    assert (form["currency"].value(), form["time_zone"].value()) == ("GBP", "Europe/London")


def test_the_sign_in_form_is_labelled_without_placeholders() -> None:
    form = SignInForm()
    assert [field.label for field in form] == ["E-mail address", "Password", "Keep me signed in on this device"]
    assert [field for field in form if "placeholder" in field.field.widget.attrs] == []
