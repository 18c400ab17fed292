from __future__ import annotations

from typing import Any, cast

from django import forms

from core.formatting import money_text, number_text
from integrations.models import Connection, InboxEvent
from integrations.selectors.disconnecting import Disconnecting
from integrations.specs import ProviderSpec

CADENCES = (
    (15, "Every 15 minutes"),
    (60, "Every hour"),
    (4 * 60, "Every 4 hours"),
    (12 * 60, "Every 12 hours"),
    (24 * 60, "Once a day"),
    (7 * 24 * 60, "Once a week"),
)


class ConnectionSettingsForm(forms.Form):
    """Rhythm of a connection. A cadence that was set elsewhere stays on offer."""

    auto_sync = forms.BooleanField(
        label="Sync by itself",
        required=False,
        help_text="When off, figures change only when somebody presses Sync now, and are marked as out of date.",
    )
    sync_every_minutes = forms.TypedChoiceField(
        label="How often",
        coerce=int,
        help_text="Each sync asks the provider for what changed since the last one.",
    )

    def __init__(self, *args: Any, connection: Connection, **kwargs: Any) -> None:
        kwargs["initial"] = {
            "auto_sync": connection.auto_sync,
            "sync_every_minutes": connection.sync_every_minutes,
        }
        super().__init__(*args, **kwargs)
        choices = dict(CADENCES)
        choices.setdefault(connection.sync_every_minutes, f"Every {connection.sync_every_minutes:,} minutes")
        cast(forms.TypedChoiceField, self.fields["sync_every_minutes"]).choices = sorted(choices.items())


class KeysForm(forms.Form):
    """The keys that a provider gives an organisation. What is typed into a secret field is never sent back."""

    def __init__(self, *args: Any, spec: ProviderSpec, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in spec.key_fields:
            # A password manager must neither fill these with the person's own password nor offer to keep them.
            marks = {"autocomplete": "new-password" if field.secret else "off", "spellcheck": "false"}
            self.fields[field.name] = forms.CharField(
                label=field.label,
                help_text=field.help,
                required=field.required,
                max_length=500,
                widget=forms.PasswordInput(attrs=marks) if field.secret else forms.TextInput(attrs=marks),
                error_messages={"required": f"{field.label} is missing."},
            )


class DisconnectForm(forms.Form):
    """Whether what was imported stays; nothing is chosen beforehand."""

    KEEP, REVERSE = "keep", "reverse"
    imported = forms.ChoiceField(label="What happens to what was imported?", widget=forms.RadioSelect)

    def __init__(self, *args: Any, numbers: Disconnecting, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        count = number_text(numbers.transactions)
        money = f"{money_text(numbers.income)} income and {money_text(numbers.expense)} expense"
        cast(forms.ChoiceField, self.fields["imported"]).choices = [
            (self.KEEP, f"Keep it: {count} transactions ({money}) stay in the books."),
            (self.REVERSE, f"Reverse it: {number_text(numbers.transactions - numbers.kept)} transactions get a "
             f"reversing entry; {number_text(numbers.kept)} that were exported or changed by a person stay."),
        ]  # fmt: skip


class EventFilterForm(forms.Form):
    """Filters of the list of events, also the time range of a replay; days are the organisation's."""

    state = forms.ChoiceField(label="State", required=False, choices=[("", "Any state"), *InboxEvent.State.choices])
    topic = forms.CharField(label="Event", required=False, max_length=100)
    since = forms.DateTimeField(
        label="From", required=False, widget=forms.DateTimeInput(attrs={"type": "datetime-local"})
    )
    until = forms.DateTimeField(
        label="To", required=False, widget=forms.DateTimeInput(attrs={"type": "datetime-local"})
    )


class SecretForm(forms.Form):
    """The vendor's signing secret; what is stored is never shown again."""

    secret = forms.CharField(
        label="Signing secret",
        max_length=400,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text="Copied from the provider. It is stored encrypted and never shown again.",
    )
