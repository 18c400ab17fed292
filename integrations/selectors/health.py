"""How a connection is doing, in one word, one cause, one effect and one way out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from integrations.breaker import Standing, State
from integrations.models import Connection, SyncRun

Status = Connection.Status
WORKING = (SyncRun.Status.QUEUED, SyncRun.Status.RUNNING)
# A source is stale once it is half a cadence late: one slow sync is no news, two missed ones are.
LATENESS = 1.5


@dataclass(frozen=True, slots=True)
class Health:
    """`tone` and `word` make the chip. `what` and `why` make the banner; both blank while all is well.

    `remedy` is reconnect, release, history, health or blank: the button that settles it.
    """

    tone: str
    word: str
    what: str = ""
    why: str = ""
    since: datetime | None = None
    remedy: str = ""
    is_working: bool = False

    @property
    def needs_attention(self) -> bool:
        return bool(self.remedy)

    @property
    def rank(self) -> int:
        """Order in lists: what needs a person comes first."""
        return {"bad": 0, "warn": 1}.get(self.tone, 2) if self.needs_attention else 3


def is_late(connection: Connection, now: datetime) -> bool:
    """Whether the last good sync is older than one and a half times the connection's cadence."""
    if connection.last_sync_at is None:
        return True
    return now - connection.last_sync_at > timedelta(minutes=connection.sync_every_minutes) * LATENESS


def health_of(
    connection: Connection,
    *,
    label: str,
    latest: SyncRun | None,
    mapped: int,
    conflicts: int,
    now: datetime,
    by_keys: bool = False,
    breaker: Standing | None = None,
) -> Health:
    """The state a person acts on.

    `latest` is the newest run, `mapped` how many properties are mapped; `by_keys` says that access is keys. `breaker`
    is the connection's circuit breaker where it is not closed without failures.
    """
    properties = f"{mapped:,} {'property' if mapped == 1 else 'properties'}"
    kept = "Mappings and everything imported are kept."
    if connection.status == Status.DISCONNECTED:
        return Health("neutral", "Disconnected", since=connection.status_since)
    if connection.status in (Status.EXPIRED, Status.REVOKED):
        withdrawn = connection.status == Status.REVOKED
        if by_keys:
            return Health(
                "bad",
                "Enter new keys",
                f"{label} does not accept our keys",
                f"{connection.status_reason} Figures at {properties} are not updated until then. {kept}".strip(),
                connection.status_since,
                "reconnect",
            )
        return Health(
            "bad",
            "Access withdrawn" if withdrawn else "Sign in again",
            f"{label} {'withdrew our access' if withdrawn else 'asks you to sign in again'}",
            f"{connection.status_reason} Figures at {properties} are not updated until you reconnect. {kept}".strip(),
            connection.status_since,
            "reconnect",
        )
    if latest is not None and latest.status in WORKING:
        return Health("info", "Syncing", is_working=True)
    if latest is not None and latest.status == SyncRun.Status.HELD:
        return Health(
            "warn",
            "Held for you",
            "A sync is held until you look at it",
            f"{latest.held_reason} Nothing was changed.".strip(),
            latest.finished_at or latest.heartbeat_at,
            "release",
        )
    if breaker is not None and breaker.state != State.CLOSED:
        return Health(
            "bad",
            "Not answering",
            f"{label} does not answer, so nothing is asked of it for a while",
            f"{breaker.reason} Figures at {properties} are not updated. We try again by ourselves. {kept}".strip(),
            breaker.since,
            "health",
        )
    if connection.failing_since is not None:
        return Health(
            "bad",
            "Failing",
            f"Syncs with {label} fail",
            f"Figures at {properties} are not updated. We try again by ourselves; the sync history has the cause.",
            connection.failing_since,
            "history",
        )
    if conflicts:
        return Health("warn", f"{conflicts:,} to decide", remedy="conflicts")
    if connection.last_sync_at is None:
        return Health("info", "Not synced yet")
    if is_late(connection, now):
        return Health("warn", "Out of date", since=connection.last_sync_at)
    return Health("good", "In step")
