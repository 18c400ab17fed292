"""Replays events of a connection from a shell: exit 0 done, 1 refused or not found."""

from __future__ import annotations

from argparse import ArgumentParser
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from core.errors import DomainError
from integrations.models import Connection, InboxEvent
from integrations.selectors.inbox import events_of
from integrations.services import inbox as inbox_services
from integrations.tasks import work_events


class Command(BaseCommand):
    help = "Work events of a connection again. Without --event, all that the filters fit; --dry-run only says what."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("connection", help="The connection's id.")
        parser.add_argument("--event", action="append", default=[], help="An event's id; may be given several times.")
        parser.add_argument("--since", help="Received at or after this time, such as 2026-11-25T08:00+11:00.")
        parser.add_argument("--until", help="Received at or before this time.")
        parser.add_argument("--state", default="", choices=["", *InboxEvent.State.values])
        parser.add_argument("--topic", default="", help="The provider's name of the event, or ours.")
        parser.add_argument("--dry-run", action="store_true", help="Say what would be fetched and change nothing.")
        parser.add_argument("--now", action="store_true", help="Work them in this process instead of a worker.")
        parser.add_argument("--json", action="store_true", help="Print the result as JSON.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            source = Connection.objects.select_related("organisation").get(pk=UUID(options["connection"]))
            ids = [UUID(text) for text in options["event"]]
        except (ValueError, Connection.DoesNotExist):
            raise CommandError("There is no such connection or event id. Ids are on the connection's pages.") from None
        if not (ids or options["since"] or options["until"] or options["state"] or options["topic"]):
            raise CommandError("Say which: --event, --since, --until, --state or --topic.")
        rows = events_of(
            source,
            ids=ids or None,
            state=options["state"],
            topic=options["topic"],
            since=_time(options["since"]),
            until=_time(options["until"]),
        )
        try:
            plan = inbox_services.replay_events(connection=source, user=None, events=rows, dry_run=options["dry_run"])
        except DomainError as error:
            raise CommandError(error.message) from error
        if options["now"] and not options["dry_run"]:
            work_events(str(source.pk))
        if options["json"]:
            self.stdout.write(orjson.dumps(asdict(plan), option=orjson.OPT_INDENT_2).decode())
            return
        verb = "would be worked" if options["dry_run"] else "are worked again"
        self.stdout.write(f"{plan.events} events {verb}")
        for name, number in sorted(plan.fetches.items()):
            self.stdout.write(f"  {name}: {number} records fetched")
        for name in plan.reads:
            self.stdout.write(f"  {name}: what changed is read")
        for why, number in plan.skipped.items():
            self.stdout.write(f"  left out, {number}: {why}")


def _time(text: str | None) -> datetime | None:
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise CommandError(f"{text!r} is not a time. Write it like 2026-11-25T08:00+11:00.") from None
    return at if at.tzinfo is not None else timezone.make_aware(at)
