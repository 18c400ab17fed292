from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from core.formatting import money_text
from reporting.demo.people import ADMIN_EMAIL, AGENT_EMAIL, PASSWORD
from reporting.demo.seed import seed_demo, skipped_example


class Command(BaseCommand):
    """Prints how to sign in, and something to try."""

    help = "Make the demo organisation with a connected sandbox agency; a second call keeps what is there."

    def handle(self, *args: Any, **options: Any) -> None:
        outcome = seed_demo()
        if outcome.cast is None:
            self.stdout.write("This installation has organisations of its own, so no demo was added.")
            return
        self.stdout.write(f"Sign in as admin:          {ADMIN_EMAIL}  {PASSWORD}")
        self.stdout.write(f"or as property manager:    {AGENT_EMAIL}  {PASSWORD}")
        if outcome.problem:
            self.stdout.write(f"The sandbox agency is not connected: {outcome.problem}")
        record = skipped_example(outcome.connection) if outcome.connection else None
        if record is not None:
            self.stdout.write(
                f"To try: a bill of {money_text(record.amount)} was skipped ({record.label}). "
                "Find it under Integrations, PropertyMe, Records, and map its property."
            )
