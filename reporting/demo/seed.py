from __future__ import annotations

from dataclasses import dataclass

from access.models import Organisation
from access.selectors import is_first_run
from core.errors import DomainError
from integrations import registry
from integrations.errors import IntegrationError
from integrations.models import Connection, ProviderRecord, SyncRun, Verdict
from integrations.services import connections, sync
from integrations.sync.runner import run_sync
from integrations.wire import is_loopback
from reporting.demo import books, consent
from reporting.demo.maintenance import prepare_maintenance
from reporting.demo.people import DemoCast, ensure_people

PROVIDER = "propertyme"
# A sign-in is tied to a session; the command has none, and its sign-in is finished before it ends.
_SESSION = "seed-demo"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the demo holds now; `problem` says in one sentence why there is no agency in it."""

    cast: DemoCast | None
    connection: Connection | None = None
    problem: str = ""


def seed_demo() -> Outcome:
    """Makes the demo organisation complete, and changes nothing that is there.

    Safe to call at every start, and to cut off at any point: each step looks for what it has already done. An
    installation with organisations of its own and no demo is left alone.
    """
    if not is_first_run() and not Organisation.objects.filter(is_demo=True).exists():
        return Outcome(cast=None)
    cast = ensure_people()
    connection = Connection.objects.filter(organisation=cast.organisation).order_by("id").first()
    try:
        if connection is None:
            connection = _connect(cast)
        if connection.last_sync_at is None:
            _sync_first(connection)
    except (IntegrationError, DomainError) as error:
        text = error.message if isinstance(error, DomainError) else error.safe_message
        return Outcome(cast=cast, connection=connection, problem=text)
    if connection.mappings.exists() and not books.has_books(connection):
        books.prepare(connection=connection, user=cast.admin)
        _work_queue(connection)
    prepare_maintenance(organisation=cast.organisation, user=cast.admin)
    return Outcome(cast=cast, connection=connection)


def _connect(cast: DemoCast) -> Connection:
    """Signs in at the sandbox vendor through the same steps as a person in a browser."""
    spec = registry.get(PROVIDER)
    if not is_loopback(registry.setting(spec, "AUTH_URL")):
        raise DomainError("not_sandbox", "The demo connects the sandbox vendor on this machine only.")
    address = connections.begin_connect(
        organisation=cast.organisation, user=cast.admin, session_key=_SESSION, provider=PROVIDER
    )
    state, code = consent.approve(address)
    result = connections.finish_connect(
        organisation=cast.organisation,
        user=cast.admin,
        session_key=_SESSION,
        provider=PROVIDER,
        state=state,
        code=code,
    )
    if result.connection is None:
        raise DomainError("other_account", "The sandbox offers another agency than the one connected.")
    return result.connection


def _sync_first(connection: Connection) -> None:
    """The first sync, which connecting has queued; queued anew when an earlier start was cut off or found no vendor."""
    if not connection.runs.filter(status=SyncRun.Status.QUEUED).exists():
        sync.queue_sync(connection=connection, trigger="shell")
    _work_queue(connection)
    connection.refresh_from_db()


def _work_queue(connection: Connection) -> None:
    """Carries out what is queued for the connection here and now: the worker is not up yet when the demo is made."""
    for run in connection.runs.filter(status=SyncRun.Status.QUEUED).order_by("id"):
        run_sync(run.pk)


def skipped_example(connection: Connection) -> ProviderRecord | None:
    """A bill that was skipped because its property waits for a person: something to find and to settle."""
    waiting = connection.mappings.filter(state="unmapped", suggestion_score__gte=90).values("provider_property_id")
    return (
        ProviderRecord.objects.filter(
            connection=connection, resource="bill", verdict=Verdict.UNMAPPED, property_ref__in=waiting
        )
        .order_by("-occurred_on", "id")
        .first()
    )
