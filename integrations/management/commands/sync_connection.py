"""Syncs one connection from a shell: exit 0 done, 1 failed, 2 held for a person, 3 the provider wants a new sign-in."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any
from uuid import UUID

import orjson
from django.core.management.base import BaseCommand, CommandError

from core import memory
from core.errors import DomainError
from integrations.models import Connection, SyncPlan, SyncRun
from integrations.services import sync as sync_services
from integrations.sync.runner import run_sync

DONE, FAILED, HELD, REAUTH = 0, 1, 2, 3


class Command(BaseCommand):
    help = "Sync a connection now, in this process. Exit status: 0 done, 1 failed, 2 held, 3 needs re-authorisation."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("connection", help="The connection's id.")
        parser.add_argument("--full", action="store_true", help="Read everything again, not only what changed.")
        parser.add_argument("--preview", action="store_true", help="Store a plan and change nothing.")
        parser.add_argument("--json", action="store_true", help="Print the result as JSON.")

    def handle(self, *args: Any, **options: Any) -> None:
        source = self._connection(options["connection"])
        try:
            run = self._start(source, full=options["full"], preview=options["preview"])
        except DomainError as error:
            if error.code == "not_connected":
                self.stderr.write(error.message)
                sys.exit(REAUTH)
            raise CommandError(error.message, returncode=FAILED) from error
        memory.settle()
        run = run_sync(run.pk)
        run.refresh_from_db()
        result = _result(run)
        if options["json"]:
            self.stdout.write(orjson.dumps(result, option=orjson.OPT_INDENT_2).decode())
        else:
            self._print(result)
        sys.exit(_exit_status(run))

    def _connection(self, text: str) -> Connection:
        try:
            return Connection.objects.select_related("organisation").get(pk=UUID(text))
        except (ValueError, Connection.DoesNotExist):
            raise CommandError(
                f"There is no connection {text}. Its id is on the connection's settings page.", returncode=FAILED
            ) from None

    def _start(self, source: Connection, *, full: bool, preview: bool) -> SyncRun:
        if preview:
            plan = sync_services.queue_preview(connection=source, user=None, full=full)
            return SyncRun.objects.get(plan=plan)
        return sync_services.queue_sync(connection=source, trigger="shell", full=full)

    def _print(self, result: dict[str, Any]) -> None:
        self.stdout.write(f"{result['status']}: {result['transactions_created']} transactions created")
        for resource, counts in result["counts"].items():
            numbers = ", ".join(f"{number} {name}" for name, number in counts.items())
            self.stdout.write(f"  {resource}: {numbers}")
        for problem in result["errors"]:
            self.stderr.write(problem["message"])
        if result["held_reason"]:
            self.stderr.write(result["held_reason"])
        if result["plan"]:
            self.stdout.write(
                f"  preview {result['plan']}: " + ", ".join(f"{n} {a}" for a, n in result["changes"].items())
            )


def _result(run: SyncRun) -> dict[str, Any]:
    plan = SyncPlan.objects.filter(runs=run).first()
    return {
        "run": str(run.pk),
        "status": run.status,
        "counts": run.counts,
        "totals": run.totals,
        "transactions_created": run.transactions_created,
        "errors": run.errors,
        "held_reason": run.held_reason,
        "plan": str(plan.pk) if plan else "",
        "changes": plan.counts if plan else {},
    }


def _exit_status(run: SyncRun) -> int:
    if run.status == SyncRun.Status.COMPLETED:
        return DONE
    if run.status == SyncRun.Status.HELD:
        return HELD
    if any(problem.get("code") == "reauth_required" for problem in run.errors):
        return REAUTH
    return FAILED
