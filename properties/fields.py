"""Choosing one of thousands of properties in a form: by typing its address, with or without a script."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from access.models import Organisation
from properties.selectors import search_properties

_OFFERED = 20
_NAMED = 4


class PropertyField(forms.CharField):
    """Text that names one property of `organisation` (set by the form); cleans to the Property.

    A whole address wins over properties that merely contain it.
    """

    organisation: Organisation

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("label", "Property")
        kwargs.setdefault("help_text", "Begin to type the address, then choose.")
        super().__init__(max_length=300, **kwargs)

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        return {**super().widget_attrs(widget), "autocomplete": "off", "dir": "auto"}

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text:
            return None
        found = list(search_properties(organisation=self.organisation, text=text)[: _OFFERED + 1])
        exact = [item for item in found if text.casefold() in (item.full_address.casefold(), item.name.casefold())]
        chosen = exact if len(exact) == 1 else found
        if len(chosen) == 1:
            return chosen[0]
        if not found:
            raise ValidationError("No property has this address. Write less of it, or check the spelling.", code="none")
        names = "; ".join(item.full_address for item in found[:_NAMED])
        more = " and more" if len(found) > _NAMED else ""
        raise ValidationError(f"Several properties fit: {names}{more}. Write the whole address.", code="several")


def property_options(*, organisation: Organisation, text: str) -> list[str]:
    """Addresses to offer while a person types; none before the second letter."""
    if len(text.strip()) < 2:
        return []
    return [item.full_address for item in search_properties(organisation=organisation, text=text)[:_OFFERED]]
