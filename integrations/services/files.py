"""Spreadsheets: naming where they come from, taking them in, saying which column is what, and importing them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from django.core.files.base import File
from django.db import transaction
from django.utils import timezone

from access.models import Organisation, User
from core.errors import DomainError
from core.ids import uuid7
from integrations.files import columns as matching
from integrations.files import store
from integrations.files.kinds import KINDS
from integrations.files.tables import ENCODINGS, MOST_BYTES, TableError, shape_of
from integrations.files.values import DATE_ORDERS, comparable
from integrations.files.work import SILENT
from integrations.models import Connection, FileLayout, FileUpload, SyncPlan, SyncRun
from integrations.services import sync as sync_services

PROVIDER = "files"
# Nobody exports each day: figures are called out of date after a month and a half.
RHYTHM = 31 * 24 * 60
Status = FileUpload.Status


@transaction.atomic
def name_source(*, organisation: Organisation, user: User, name: str) -> Connection:
    """The connection for files of the software or agency of that name; one that was disconnected comes back.

    Raises DomainError `no_name`, or `known` when it is connected already.
    """
    name = " ".join(name.split())
    key = comparable(name)
    if not key:
        raise DomainError("no_name", "Give the source a name, such as the software the files come from.")
    if len(name) > 100:
        raise DomainError("no_name", "The name is longer than 100 characters. Shorten it.")
    # Two people who name the same source at once get one connection.
    Organisation.objects.select_for_update().get(pk=organisation.pk)
    connection = Connection.objects.filter(organisation=organisation, provider=PROVIDER, account_id=key).first()
    if connection is not None and connection.status == Connection.Status.ACTIVE:
        raise DomainError("known", f"{connection.account_name} is connected already. Upload its files there.")
    connection = connection or Connection(organisation=organisation, provider=PROVIDER, account_id=key)
    connection.account_name = name
    connection.status, connection.status_reason = Connection.Status.ACTIVE, ""
    connection.status_since = timezone.now()
    connection.ledger_mode = Connection.LedgerMode.LINE
    # There is nothing to ask by itself: figures change when somebody uploads.
    connection.auto_sync, connection.next_sync_at, connection.sync_every_minutes = False, None, RHYTHM
    connection.connected_by = user
    connection.save()
    return connection


def add_upload(*, connection: Connection, user: User, kind: str, name: str, content: File[bytes]) -> FileUpload:
    """Stores a file and asks a worker to read it.

    Raises DomainError `not_connected`, `kind`, `empty`, `too_large` or `unreadable` (what it is instead, what to do).
    """
    _require_connected(connection)
    if kind not in KINDS:
        raise DomainError("kind", "Choose what the file lists: properties, leases, transactions or another kind.")
    size = content.size or 0
    if not size:
        raise DomainError("empty", "This file is empty: it has no bytes at all. Export it again.")
    if size > MOST_BYTES:
        raise DomainError(
            "too_large",
            f"This file has {size / 1_048_576:.0f} MB; at most {MOST_BYTES // 1_048_576} MB are taken. Split it, or "
            "export fewer columns.",
        )
    content.seek(0)
    try:
        shape = shape_of(name, content.read(8))
    except TableError as error:
        raise DomainError("unreadable", str(error)) from error
    digest = hashlib.sha256()
    for part in content.chunks():
        digest.update(part)
    upload_id = uuid7()
    stored_as = store.save(store.name_for(connection, upload_id, f"source.{shape}"), content)
    try:
        with transaction.atomic():
            # A source that is being disconnected deletes its files; this one would be left behind.
            _require_connected(Connection.objects.select_for_update(of=("self",)).get(pk=connection.pk))
            upload = FileUpload.objects.create(
                id=upload_id,
                organisation_id=connection.organisation_id,
                connection=connection,
                kind=kind,
                name=" ".join(name.rpartition("/")[2].split())[-200:] or f"{kind}.{shape}",
                size=size,
                digest=digest.hexdigest(),
                stored_as=stored_as,
                uploaded_by=user,
            )
            _enqueue(upload)
    except DomainError:
        store.delete(stored_as)
        raise
    return upload


@transaction.atomic
def choose_columns(
    *, upload: FileUpload, user: User, columns: Mapping[str, str], dates: str = "", decimal: str = ""
) -> FileUpload:
    """Says which column is which field and has every row checked; the next file of this kind asks nothing.

    Raises DomainError `moved_on`, `columns` (what is missing or doubled), `dates` or `decimal` (can be read two ways).
    """
    locked = _locked(upload, Status.COLUMNS, Status.CHECKED)
    kind, headings = KINDS[locked.kind], locked.profile["headings"]
    names = {field.name for field in kind.fields}
    chosen = {name: head for name, head in columns.items() if name in names and head in headings}
    if lacking := matching.missing(kind, chosen):
        raise DomainError("columns", f"Choose the column for: {', '.join(lacking)}.")
    if twice := matching.used_twice(chosen):
        raise DomainError("columns", f"“{twice[0]}” is chosen for two fields. Choose it for one of them.")
    if not dates and matching.settled(kind, headings, chosen, locked.profile, part="orders") == "ask":
        raise DomainError("dates", "Say whether the dates are day first or month first; both can be read here.")
    if not decimal and matching.settled(kind, headings, chosen, locked.profile, part="marks") == "ask":
        raise DomainError("decimal", "Say which mark stands before the cents; “1,234” can be read in two ways.")
    options = {name: locked.options[name] for name in ("encoding", "sheet") if locked.options.get(name)}
    if dates in DATE_ORDERS:
        options["dates"] = dates
    if decimal in (".", ","):
        options["decimal"] = decimal
    FileLayout.objects.update_or_create(
        connection=locked.connection,
        kind=locked.kind,
        defaults={"organisation_id": locked.organisation_id, "columns": chosen, "options": options},
    )
    locked.columns, locked.options, locked.status, locked.done = chosen, options, Status.CHECKING, 0
    locked.worker, locked.attempts = None, 0
    locked.save()
    _enqueue(locked)
    return locked


@transaction.atomic
def read_again(*, upload: FileUpload, user: User, encoding: str = "", sheet: str = "") -> FileUpload:
    """Has the file read with another encoding or from another sheet. Raises DomainError `moved_on` or `encoding`."""
    locked = _locked(upload, Status.COLUMNS, Status.CHECKED)
    if encoding and encoding not in ENCODINGS:
        raise DomainError("encoding", "Choose one of the encodings in the list.")
    locked.options = {**locked.options, "encoding": encoding, "sheet": sheet[:120]}
    locked.status, locked.worker, locked.attempts = Status.STORED, None, 0
    locked.save()
    _enqueue(locked)
    return locked


@transaction.atomic
def take_over(
    *, upload: FileUpload, user: User, is_whole: bool = False, preview: bool = True
) -> tuple[FileUpload, SyncPlan | SyncRun]:
    """Hands the good rows to the sync engine, with a preview first or at once; rows with errors stay in their file.

    `is_whole` says that the file lists everything, so that what is not in it is marked as gone. Raises DomainError
    `moved_on`, `no_rows`, `errors_in_whole`, and what queueing a sync raises; nothing is taken over then.
    """
    connection = Connection.objects.select_for_update(of=("self",)).get(pk=upload.connection_id)
    locked = _locked(upload, Status.CHECKED)
    if not locked.good:
        raise DomainError("no_rows", "No row of this file can be imported. Correct them and upload it again.")
    if is_whole and locked.bad:
        raise DomainError(
            "errors_in_whole",
            "A file with errors cannot stand for the whole list: what its wrong rows name would look as if it were "
            "gone. Correct them and upload it again, or import it as a part of the list.",
        )
    last = connection.uploads.filter(accepted_at__isnull=False).order_by("-accepted_at").first()
    now = timezone.now()
    if last is not None and last.accepted_at is not None:
        # Each has a moment of its own, in order, even where the clock was set back.
        now = max(now, last.accepted_at + timedelta(microseconds=1))
    locked.status, locked.is_whole, locked.accepted_at = Status.ACCEPTED, is_whole, now
    # Examples of columns that nobody matched have served their purpose.
    locked.profile = {**locked.profile, "examples": []}
    locked.save()
    if preview:
        return locked, sync_services.request_preview(connection=connection, user=user)
    return locked, sync_services.request_sync(connection=connection, user=user)


@transaction.atomic
def discard(*, upload: FileUpload, user: User) -> None:
    """Drops an upload that was not taken over, with its files. Raises DomainError `moved_on`."""
    locked = _locked(upload, *(status for status in Status if status not in (Status.ACCEPTED, Status.DISCARDED)))
    keys = (locked.stored_as, locked.rows_as, locked.errors_as)
    locked.status, locked.worker = Status.DISCARDED, None
    locked.samples, locked.problems, locked.profile = [], [], {}
    locked.stored_as = locked.rows_as = locked.errors_as = ""
    locked.save()
    transaction.on_commit(lambda: store.delete(*keys))


@transaction.atomic
def delete_files(*, connection: Connection) -> int:
    """Deletes every upload of a connection with its files, at its end. Answers how many. Its layouts stay."""
    uploads = list(connection.uploads.select_for_update(of=("self",)))
    keys = [key for item in uploads for key in (item.stored_as, item.rows_as, item.errors_as)]
    connection.uploads.all().delete()
    transaction.on_commit(lambda: store.delete(*keys))
    return len(uploads)


def left_open(*, now: datetime) -> list[UUID]:
    """Uploads that wait for a worker, or whose worker has not been heard of: a lost message costs a minute."""
    waiting = FileUpload.objects.filter(status__in=FileUpload.OPEN)
    silent = waiting.filter(worker__isnull=False, heartbeat_at__lt=now - SILENT)
    unclaimed = waiting.filter(worker__isnull=True, updated_at__lt=now - timedelta(seconds=30))
    return list((silent | unclaimed).order_by("id").values_list("id", flat=True)[:200])


def _require_connected(connection: Connection) -> None:
    if connection.status != Connection.Status.ACTIVE:
        raise DomainError("not_connected", "This source is disconnected. Connect it again under the same name first.")


def _locked(upload: FileUpload, *allowed: str) -> FileUpload:
    locked = FileUpload.objects.select_for_update(of=("self",)).select_related("connection").get(pk=upload.pk)
    if locked.status not in allowed:
        raise DomainError(
            "moved_on", f"This file is meanwhile {locked.get_status_display().lower()}. Reload the page to see it."
        )
    return locked


def _enqueue(upload: FileUpload) -> None:
    from integrations.tasks import work_upload

    transaction.on_commit(lambda: work_upload.delay(str(upload.pk)))
