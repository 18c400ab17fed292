"""What staff may do to connections, runs, remote records and conflicts, by the services that pages call."""

from __future__ import annotations

from access.models import User
from core.admin import StaffAction
from integrations.models import Conflict, Connection, ProviderRecord, SyncRun, Verdict
from integrations.services import conflicts, records, sync, tokens


def _sync(connection: Connection, staff: User) -> str:
    sync.request_sync(connection=connection, user=staff)
    return "a sync of changes is queued"


def _sync_fully(connection: Connection, staff: User) -> str:
    sync.request_sync(connection=connection, user=staff, full=True)
    return "a full sync is queued"


def _ask_to_sign_in(connection: Connection, staff: User) -> str:
    tokens.mark_reauth(connection=connection, revoked=False, reason="Our staff asked you to sign in again.")
    return "its admins are asked to sign in again"


def _cancel(run: SyncRun, staff: User) -> str:
    sync.cancel_run(run=run, user=staff)
    return "asked to stop"


def _release(run: SyncRun, staff: User) -> str:
    sync.release_held(run=run, user=staff)
    return "a full sync that marks what is missing is queued"


def _discard(run: SyncRun, staff: User) -> str:
    sync.discard_held(run=run, user=staff)
    return "dropped; nothing was marked"


def _outcome(record: ProviderRecord) -> str:
    """A record that still cannot be read is not worked: the reason says why."""
    return record.reason if record.verdict == Verdict.REJECTED else "waits to be worked again"


def _retry(record: ProviderRecord, staff: User) -> str:
    return _outcome(records.retry_record(record=record, user=staff))


def _dismiss(record: ProviderRecord, staff: User) -> str:
    records.dismiss_record(record=record, user=staff, reason=f"Dismissed by {staff} of our staff.")
    return "set aside"


def _restore(record: ProviderRecord, staff: User) -> str:
    return _outcome(records.restore_record(record=record, user=staff))


def _keep_ours(conflict: Conflict, staff: User) -> str:
    conflicts.resolve_conflict(conflict=conflict, user=staff, take_theirs=False)
    return "ours is kept"


def _take_theirs(conflict: Conflict, staff: User) -> str:
    conflicts.resolve_conflict(conflict=conflict, user=staff, take_theirs=True)
    return "theirs is in the books"


def _is_open(conflict: Conflict) -> bool:
    return conflict.state == Conflict.State.OPEN


CONNECTION_ACTIONS = (
    StaffAction(
        name="sync",
        label="Sync changes now",
        question="Read what changed at the provider now?",
        effects=("A worker starts within a minute. Nothing is deleted.",),
        run=_sync,
        dangerous=False,
        applies=lambda connection: connection.status == Connection.Status.ACTIVE,
    ),
    StaffAction(
        name="sync-fully",
        label="Sync everything again",
        question="Read everything at the provider again?",
        effects=(
            "Every record is asked for, which may use up the provider's limit for the hour.",
            "What is unchanged stays unwritten; records that are gone are marked as missing, and never deleted.",
        ),
        run=_sync_fully,
        applies=lambda connection: connection.status == Connection.Status.ACTIVE,
    ),
    StaffAction(
        name="ask-to-sign-in",
        label="Ask to sign in again",
        question="Stop using this access and ask the organisation's admins to sign in again?",
        effects=(
            "Syncs stop until an admin has signed in at the provider. Every admin is told, also by e-mail.",
            "Mappings and everything imported stay.",
        ),
        run=_ask_to_sign_in,
        applies=lambda connection: connection.status == Connection.Status.ACTIVE,
    ),
)

RUN_ACTIONS = (
    StaffAction(
        name="cancel",
        label="Cancel the run",
        question="Ask this run to stop?",
        effects=("It stops after the records in hand. What it has imported stays, and can be undone.",),
        run=_cancel,
        applies=lambda run: run.status in (SyncRun.Status.QUEUED, SyncRun.Status.RUNNING),
    ),
    StaffAction(
        name="release",
        label="Let the held run go on",
        question="Let it mark the missing records?",
        effects=(
            "A full sync starts that marks every record the provider no longer shows as missing.",
            "Nothing is deleted, and the books stay as they are.",
        ),
        run=_release,
        applies=lambda run: run.status == SyncRun.Status.HELD,
    ),
    StaffAction(
        name="discard",
        label="Drop the held run",
        question="Drop this run without marking anything?",
        effects=("The next sync looks again, and is held again if the records are still missing.",),
        run=_discard,
        applies=lambda run: run.status == SyncRun.Status.HELD,
    ),
)

RECORD_ACTIONS = (
    StaffAction(
        name="retry",
        label="Work it again",
        question="Work these remote records again, as they last came?",
        effects=("Nothing is asked of the provider. What is imported already is refused.",),
        run=_retry,
        dangerous=False,
        applies=lambda record: record.verdict not in (Verdict.IMPORTED, Verdict.DISMISSED),
    ),
    StaffAction(
        name="dismiss",
        label="Dismiss",
        question="Set these remote records aside?",
        effects=(
            "No sync imports them until they are restored or their mapping changes.",
            "The books stay as they are.",
        ),
        run=_dismiss,
        applies=lambda record: record.verdict not in (Verdict.IMPORTED, Verdict.DISMISSED),
    ),
    StaffAction(
        name="restore",
        label="Take the dismissal back",
        question="Work these dismissed records again?",
        effects=("What can be imported is imported within a minute.",),
        run=_restore,
        applies=lambda record: record.verdict == Verdict.DISMISSED,
    ),
)

CONFLICT_ACTIONS = (
    StaffAction(
        name="keep-ours",
        label="Keep ours",
        question="Keep what our books say?",
        effects=("The same change at the provider does not ask again; a new one does.",),
        run=_keep_ours,
        applies=_is_open,
    ),
    StaffAction(
        name="take-theirs",
        label="Take theirs",
        question="Write what the provider says into our books?",
        effects=("What a person entered is replaced, and stays readable in the history.",),
        run=_take_theirs,
        applies=_is_open,
    ),
)
