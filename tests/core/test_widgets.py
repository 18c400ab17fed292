from __future__ import annotations

import pytest
from django import forms
from django.test.html import parse_html

from core.widgets import FlatSelect

CHOICES = [("", "Any"), ("a&b", "<Tom & Ada>"), ("Money", [("1", "Rent"), (2, "Water")])]


@pytest.mark.parametrize("value", ["", None, "a&b", "2", 2, "unknown"])
def test_it_says_what_djangos_select_says(value: object) -> None:
    attrs = {"id": "id_kind", "aria-describedby": "x", "required": True, "disabled": False}
    ours = FlatSelect(attrs={"class": "input"}, choices=CHOICES).render("kind", value, attrs)
    theirs = forms.Select(attrs={"class": "input"}, choices=CHOICES).render("kind", value, attrs)
    assert parse_html(ours) == parse_html(theirs)


def test_a_blank_choice_has_a_blank_value() -> None:
    drawn = FlatSelect(choices=[(None, "Nothing"), ("1", "One")]).render("kind", None)
    assert drawn == (
        '<select name="kind"><option value="" selected>Nothing</option><option value="1">One</option></select>'
    )
