"""The shelf of events that need a person, and the notice that says so."""

from __future__ import annotations

from django.urls import reverse
from django.utils import timezone

from access.selectors import admins_of
from communications.services import notify, settle
from integrations import registry
from integrations.models import Connection, InboxEvent


def _prefix(source: Connection) -> str:
    return f"inbox:{source.pk}:"


def tell_people(source: Connection, *, number: int, cause: str) -> None:
    """A notice for the organisation's admins; one a day and connection, so that an outage is one piece of news."""
    label = registry.get(source.provider).label
    what = "An event" if number == 1 else f"{number:,} events"
    notify(
        organisation=source.organisation,
        users=admins_of(organisation=source.organisation),
        title=f"{label}: {what[:1].lower()}{what[1:]} could not be worked",
        body=f"{cause} It was tried three times. Nothing is lost: open the events, see the cause, and replay them.",
        url=f"{reverse('integrations:events', args=[source.provider])}?connection={source.pk}&state=person",
        tone="warn",
        dedupe_key=f"{_prefix(source)}{timezone.now().date().isoformat()}",
    )


def clear_if_empty(source: Connection) -> None:
    """Takes the notices back once nothing is on the shelf any more."""
    if not InboxEvent.objects.filter(connection=source, state=InboxEvent.State.PERSON).exists():
        settle(organisation=source.organisation, key_prefix=_prefix(source))
