"""What a worker does with an upload: reads it once to know its columns, then checks each row. Safe to kill, to repeat.

Whoever works on an upload holds it by a token in the row and shows life with each step; a second worker takes over
once nothing was heard for a while, and the first then stops at its next step.
"""

from __future__ import annotations

import csv
import io
import logging
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from typing import IO, Any
from uuid import UUID, uuid4

from django.db.models import Q
from django.utils import timezone

from integrations.errors import TransientError
from integrations.files import columns, store
from integrations.files.check import Checked, Checker, guarded
from integrations.files.kinds import KINDS
from integrations.files.refs import Refs
from integrations.files.source import file_source
from integrations.files.tables import Layout, Row, TableError, find_layout, headings_of, rows_of
from integrations.files.values import plain
from integrations.models import FileLayout, FileUpload

logger = logging.getLogger(__name__)

Status = FileUpload.Status
SILENT = timedelta(minutes=2)
ATTEMPTS = 3
STEP = 1_000
SHOWN = 50
_BROKEN = "This file could not be read, and that is our fault. Save it as CSV and upload that, or tell our support."


class _Taken(Exception):
    """The upload was discarded, or another worker has it."""


def work_upload(upload_id: UUID) -> FileUpload | None:
    """Takes the upload as far as it goes without a person. None when somebody else is at it, or nothing is to do."""
    upload = _claim(upload_id)
    if upload is None:
        return None
    try:
        with store.opened(upload.stored_as) as stream:
            if upload.status == Status.STORED and not _read(upload, stream):
                return upload
            _check(upload, stream)
    except _Taken:
        return None
    except TableError as error:
        _set(upload, status=Status.FAILED, error=str(error)[:300])
    except TransientError:
        # The sweeper tries again once the storage answers; that is no fault of the file.
        _set(upload)
        return None
    except Exception:
        logger.exception("upload %s could not be read", upload.pk)
        _set(upload, status=Status.FAILED, error=_BROKEN)
    return upload


def _claim(upload_id: UUID) -> FileUpload | None:
    now, token = timezone.now(), uuid4()
    free = Q(worker=None) | Q(heartbeat_at__lt=now - SILENT)
    mine = FileUpload.objects.filter(free, pk=upload_id, status__in=FileUpload.OPEN)
    upload = mine.select_related("connection__organisation").first()
    if upload is None:
        return None
    if upload.attempts >= ATTEMPTS:
        mine.update(status=Status.FAILED, error=_BROKEN, worker=None, updated_at=now)
        return None
    if not mine.update(worker=token, heartbeat_at=now, attempts=upload.attempts + 1, done=0):
        return None
    upload.refresh_from_db()
    return upload


def _set(upload: FileUpload, **values: Any) -> None:
    """Stores a result and lets go. Raises _Taken when the upload is not ours any more."""
    values = {"worker": None, "attempts": 0, "updated_at": timezone.now(), **values}
    if not FileUpload.objects.filter(pk=upload.pk, worker=upload.worker).update(**values):
        raise _Taken
    upload.refresh_from_db()


def _alive(upload: FileUpload, done: int) -> None:
    mine = FileUpload.objects.filter(pk=upload.pk, worker=upload.worker, status__in=FileUpload.OPEN)
    if not mine.update(done=done, heartbeat_at=timezone.now()):
        raise _Taken


def _read(upload: FileUpload, stream: IO[bytes]) -> bool:
    """The first reading. Answers whether the check may follow at once, all columns being known from before."""
    before = FileLayout.objects.filter(connection=upload.connection, kind=upload.kind).first()
    options, usual = upload.options, before.options if before else {}
    layout = find_layout(
        stream,
        upload.stored_as.rpartition(".")[2],
        encoding=options.get("encoding", ""),
        sheet=options.get("sheet") or usual.get("sheet", ""),
        usual=usual.get("encoding") or "cp1252",
    )
    rows = rows_of(stream, layout)
    first = next(rows, None)
    if first is None:
        raise TableError("The file is empty: it has no row with a word in it. Upload one with headings and rows.")
    headings = headings_of(first[1])
    evidence = columns.Evidence(len(headings))
    number = 0
    for number, (_, cells) in enumerate(rows, start=1):
        evidence.look(cells)
        if number % STEP == 0:
            _alive(upload, number)
    if not number:
        raise TableError("The file has headings and no rows below them. Add rows and upload it again.")
    profile = {"layout": layout.as_json(), "headings": headings, "rows": number, **evidence.as_json()}
    kind = KINDS[upload.kind]
    known = columns.remembered(before.columns, headings) if before else {}
    guessed = {} if before and len(known) == len(before.columns) else columns.suggest(kind, headings)
    found = {**{name: head for name, head in guessed.items() if head not in known.values()}, **known}
    chosen = dict(usual)
    for part, name in (("orders", "dates"), ("marks", "decimal")):
        said = columns.settled(kind, headings, found, profile, part=part)
        if said not in ("", "ask"):
            chosen[name] = said
    chosen |= {name: options[name] for name in ("encoding", "sheet") if options.get(name)}
    is_known = before is not None and known == found and len(known) == len(before.columns)
    status = Status.CHECKING if is_known and not columns.missing(kind, found) else Status.COLUMNS
    values = {"profile": profile, "columns": found, "options": chosen, "status": status, "done": 0}
    if status == Status.CHECKING:
        values |= {"worker": upload.worker, "attempts": upload.attempts}
    _set(upload, **values)
    return status == Status.CHECKING


def _check(upload: FileUpload, stream: IO[bytes]) -> None:
    kind, profile = KINDS[upload.kind], upload.profile
    region = upload.connection.organisation.region
    checker = Checker(
        kind=kind,
        headings=profile["headings"],
        columns=upload.columns,
        order=upload.options.get("dates") or columns.usual_order(region),
        decimal=upload.options.get("decimal") or columns.usual_decimal(region),
        refs=refs_for(upload),
        country=region,
    )
    rows = rows_of(stream, Layout(**{**profile["layout"], "sheets": tuple(profile["layout"]["sheets"])}))
    next(rows, None)
    samples: list[dict[str, Any]] = []
    problems: list[list[Any]] = []
    good = bad = 0
    with store.RowWriter() as writer, _Errors(profile["headings"]) as errors:
        for row in checker.rows(rows):
            if row.problems:
                bad += 1
                errors.write(row)
                problems += [[item.row, item.column, item.value[:200], item.words] for item in row.problems]
                del problems[SHOWN:]
            else:
                good += 1
                writer.write(row.resource, row.values)
                if len(samples) < SHOWN:
                    samples.append({"row": row.number, "resource": row.resource, "values": row.values})
            if (good + bad) % STEP == 0:
                _alive(upload, good + bad)
        _alive(upload, good + bad)
        connection = upload.connection
        rows_as = writer.save(store.name_for(connection, upload.pk, "rows.jsonl.gz")) if good else ""
        errors_as = errors.save(store.name_for(connection, upload.pk, "errors.csv")) if bad else ""
    before = (upload.rows_as, upload.errors_as)
    try:
        _set(
            upload, status=Status.CHECKED, good=good, bad=bad, samples=samples, problems=problems, rows_as=rows_as,
            errors_as=errors_as, done=good + bad,
        )  # fmt: skip
    except _Taken:
        store.delete(rows_as, errors_as)
        raise
    store.delete(*before)


def refs_for(upload: FileUpload) -> Refs:
    """What the upload's rows may refer to, from the other files of its connection that stand."""
    source, refs = file_source(upload.connection), Refs()
    wanted = {
        "units": ("properties",),
        "leases": ("properties", "units", "tenants"),
        "jobs": ("properties", "units"),
        "transactions": ("properties", "units", "leases"),
        "bills": ("properties", "units", "jobs"),
    }
    for kind in wanted.get(upload.kind, ()):
        for row in source.rows(kind):
            refs.add(kind, row)
    return refs


class _Errors:
    """The rows with errors as a CSV file: what is wrong and where, then the row as it was."""

    def __init__(self, headings: list[str]) -> None:
        self._raw = tempfile.SpooledTemporaryFile(max_size=1 << 20)  # noqa: SIM115  # closed by __exit__
        self._raw.write(b"\xef\xbb\xbf")
        self._put(["Row", "What to do", *headings])

    def __enter__(self) -> _Errors:
        return self

    def __exit__(self, *left: object) -> None:
        self._raw.close()

    def write(self, row: Checked) -> None:
        words = "; ".join(f"{item.column}: “{item.value}” {item.words}" for item in row.problems)
        self._put([str(row.number), words, *_cells(row.cells)])

    def save(self, name: str) -> str:
        return store.save(name, self._raw)

    def _put(self, cells: list[str]) -> None:
        line = io.StringIO(newline="")
        csv.writer(line).writerow([guarded(cell) for cell in cells])
        self._raw.write(line.getvalue().encode())


def _cells(cells: Row) -> Iterator[str]:
    return (plain(cell) for cell in cells)
