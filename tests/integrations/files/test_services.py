from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from access.models import Organisation, User
from core.errors import DomainError
from integrations.files import store, work
from integrations.files.source import cursor_of, file_source
from integrations.models import Connection, FileLayout, FileUpload, SyncPlan
from integrations.records import ReadRequest, Resource
from integrations.services import connections, files
from integrations.tasks import work_upload as task

pytestmark = pytest.mark.django_db(transaction=True)

Upload = Callable[..., FileUpload]
TENANTS = "Tenant Code,Full Name,Mobile\nT1,Lan Nguyễn,0400 000 000\nT2,Łukasz Żółć,\n"
RENTS = "Date,Property,Amount\n03/04/2026,P1,640\n"


def refusal(call: Callable[..., Any], **arguments: Any) -> tuple[str, str]:
    with pytest.raises(DomainError) as caught:
        call(**arguments)
    return caught.value.code, caught.value.message


def stored(media: Path) -> set[str]:
    return {path.name for path in media.rglob("*") if path.is_file()}


def test_a_source_is_a_connection_that_syncs_when_somebody_uploads(
    source: Connection, organisation: Organisation, admin_user: User
) -> None:
    assert (source.provider, source.account_id, source.account_name) == ("files", "different", ":Different")
    assert (source.status, source.ledger_mode, source.auto_sync, source.next_sync_at) == ("active", "line", False, None)
    again = refusal(files.name_source, organisation=organisation, user=admin_user, name=" :DIFFERENT ")
    assert again == ("known", ":Different is connected already. Upload its files there.")
    for name in ("", "  ", "!?", "x" * 101):
        assert refusal(files.name_source, organisation=organisation, user=admin_user, name=name)[0] == "no_name"
    other = files.name_source(organisation=organisation, user=admin_user, name="Old agency")
    assert other.pk != source.pk


@pytest.mark.parametrize(
    ("kind", "name", "data", "code"),
    [
        ("tenants", "a.csv", b"", "empty"),
        ("tenants", "a.csv", b"x" * (20 * 1024 * 1024 + 1), "too_large"),
        ("tenants", "a.xlsm", b"PK\x03\x04", "unreadable"),
        ("tenants", "a.pdf", b"%PDF", "unreadable"),
        ("planets", "a.csv", b"x", "kind"),
    ],
)
def test_what_is_no_file_of_ours_is_refused_and_not_stored(
    source: Connection, admin_user: User, media: Path, kind: str, name: str, data: bytes, code: str
) -> None:
    content = SimpleUploadedFile(name, data)
    given = {"connection": source, "user": admin_user, "kind": kind, "name": name, "content": content}
    assert refusal(files.add_upload, **given)[0] == code
    assert (FileUpload.objects.count(), stored(media)) == (0, set())


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ("\n \n", "The file is empty"),
        ("Name,Phone\n", "headings and no rows"),
        ("\ufeff", "The file is empty"),
    ],
)
def test_files_without_rows_say_so(put: Upload, data: str, words: str) -> None:
    upload = put("tenants", data)
    assert (upload.status, words in upload.error) == ("failed", True)


def test_columns_are_recognised_confirmed_once_and_remembered(
    put: Upload, source: Connection, admin_user: User
) -> None:
    first = put("tenants", TENANTS)
    assert (first.status, first.columns) == ("columns", {"id": "Tenant Code", "name": "Full Name", "phone": "Mobile"})
    files.choose_columns(upload=first, user=admin_user, columns={"id": "Tenant Code", "name": "Full Name"})
    work.work_upload(first.pk)
    first.refresh_from_db()
    assert (first.status, first.good, first.bad, first.done) == ("checked", 2, 0, 2)
    assert first.samples[1]["values"] == {"Id": "T2", "own_id": "T2", "name": "Łukasz Żółć"}
    # The next one asks nothing, whatever the order of its columns; another source does.
    second = put("tenants", "FULL NAME;Since;tenant code\nOla;2020;T3\n")
    assert (second.status, second.good, second.columns) == ("checked", 1, {"id": "tenant code", "name": "FULL NAME"})
    other = files.name_source(organisation=source.organisation, user=admin_user, name="Other")
    assert put("tenants", TENANTS, connection=other).status == "columns"
    # A file that lacks a remembered column is looked at by a person again.
    assert put("tenants", "Full Name\nOla\n").status == "columns"


def test_columns_that_are_not_complete_are_refused_in_words(put: Upload, admin_user: User) -> None:
    upload = put("transactions", RENTS)
    given = {"upload": upload, "user": admin_user}
    columns = {"date": "Date", "property": "Property", "amount": "Amount"}
    assert refusal(files.choose_columns, **given, columns={"date": "Date", "amount": "No such"}) == (
        "columns", "Choose the column for: Property, Amount.",
    )  # fmt: skip
    assert refusal(files.choose_columns, **given, columns={**columns, "party": "Date"}) == (
        "columns", "“Date” is chosen for two fields. Choose it for one of them.",
    )  # fmt: skip
    assert refusal(files.choose_columns, **given, columns=columns)[0] == "dates"
    assert not FileLayout.objects.exists()


@pytest.mark.parametrize(("order", "day"), [("dmy", "2026-04-03"), ("mdy", "2026-03-04")])
def test_ambiguous_dates_are_asked_once_and_evidence_wins(
    check: Upload, put: Upload, admin_user: User, order: str, day: str
) -> None:
    text = "Property,Tenant,Rent,Start\n{},Lan,640,{}\n"
    homes = check("properties", "Id,Address\nP1,1 Cliff Rd\n")
    _, plan = files.take_over(upload=homes, user=admin_user)
    assert isinstance(plan, SyncPlan)
    first = check("leases", text.format("P1", "03/04/2026"), dates=order)
    assert first.samples[0]["values"]["starts_on"] == day
    # Remembered for the next ambiguous file; a file that can be read in one way only is read in that way.
    assert put("leases", text.format("P1", "03/04/2026")).samples[0]["values"]["starts_on"] == day
    clear = "12/31/2026" if order == "dmy" else "31/12/2026"
    assert put("leases", text.format("P1", clear)).samples[0]["values"]["starts_on"] == "2026-12-31"


def test_another_encoding_is_read_on_request(put: Upload, admin_user: User) -> None:
    upload = put("tenants", "Name,Phone\nŁukasz Żółć,1\n".encode("cp1250"))
    assert upload.profile["examples"][0] == ["£ukasz ¯ó³æ"]
    assert refusal(files.read_again, upload=upload, user=admin_user, encoding="idna")[0] == "encoding"
    files.read_again(upload=upload, user=admin_user, encoding="cp1250")
    work.work_upload(upload.pk)
    upload.refresh_from_db()
    assert (upload.status, upload.profile["examples"][0]) == ("columns", ["Łukasz Żółć"])
    # Remembered with the columns, for files that are not Unicode.
    files.choose_columns(upload=upload, user=admin_user, columns=upload.columns)
    for encoding in ("cp1250", "utf-8"):
        again = put("tenants", "Name,Phone\nŁódź,1\n".encode(encoding))
        assert (again.status, again.samples[0]["values"]["name"]) == ("checked", "Łódź")


def test_rows_with_errors_can_be_downloaded_corrected_and_uploaded(check: Upload, media: Path) -> None:
    text = "Id,Name,Note\n1,Lan,=1+1\n2,,x\n1,Eve,=HYPERLINK(1)\n"
    upload = check("tenants", text)
    assert (upload.good, upload.bad, len(upload.problems)) == (1, 2, 2)
    with store.opened(upload.errors_as) as stream:
        lines = stream.read().decode("utf-8-sig").splitlines()
    assert lines == [
        "Row,What to do,Id,Name,Note",
        "3,Name: “” is empty. Fill it in.,2,,x",
        "4,Id: “1” is also the id of row 2. Each row needs one of its own: correct one of them.,1,Eve,'=HYPERLINK(1)",
    ]
    corrected = "\n".join(lines).replace(",2,,x", ",2,Ola,x").replace(",1,Eve", ",3,Eve")
    again = check("tenants", corrected)
    assert (again.status, again.good, again.bad) == ("checked", 2, 0)


def test_fifty_thousand_rows_go_through_a_worker(check: Upload) -> None:
    upload = check("tenants", "Id,Name\n" + "".join(f"{place},Tenant {place}\n" for place in range(50_000)))
    assert (upload.status, upload.good, upload.done, len(upload.samples)) == ("checked", 50_000, 50_000, 50)


def test_a_worker_that_dies_costs_time_only(
    put: Upload, source: Connection, admin_user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = files.add_upload(
        connection=source, user=admin_user, kind="tenants", name="a.csv",
        content=SimpleUploadedFile("a.csv", TENANTS.encode()),
    )  # fmt: skip
    now = timezone.now()
    assert files.left_open(now=now) == []
    assert files.left_open(now=now + timedelta(minutes=1)) == [upload.pk]
    # A worker took it and was killed: nobody touches it while it may be alive, then the next one does.
    FileUpload.objects.update(worker=uuid4(), heartbeat_at=now, attempts=1)
    assert work.work_upload(upload.pk) is None
    assert files.left_open(now=now + timedelta(minutes=1)) == []
    FileUpload.objects.update(heartbeat_at=now - timedelta(minutes=3))
    assert files.left_open(now=now) == [upload.pk]
    task(str(upload.pk))
    upload.refresh_from_db()
    assert (upload.status, upload.worker, upload.attempts) == ("columns", None, 0)
    # A second message finds nothing to do.
    assert work.work_upload(upload.pk) is None


def test_a_file_that_kills_every_worker_is_given_up(source: Connection, put: Upload) -> None:
    upload = put("tenants", TENANTS)
    FileUpload.objects.update(status="stored", worker=uuid4(), heartbeat_at=timezone.now() - timedelta(hours=1),
                              attempts=3)  # fmt: skip
    assert work.work_upload(upload.pk) is None
    upload.refresh_from_db()
    assert (upload.status, "our fault" in upload.error) == ("failed", True)


def test_a_worker_that_lost_its_upload_stops_and_leaves_nothing(
    put: Upload, admin_user: User, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = put("tenants", TENANTS)
    files.choose_columns(upload=upload, user=admin_user, columns=upload.columns)
    real = work.refs_for

    def discarded_meanwhile(taken: FileUpload) -> Any:
        files.discard(upload=taken, user=admin_user)
        return real(taken)

    monkeypatch.setattr(work, "refs_for", discarded_meanwhile)
    assert work.work_upload(upload.pk) is None
    upload.refresh_from_db()
    assert (upload.status, upload.rows_as, stored(media)) == ("discarded", "", set())


def test_a_storage_that_is_away_leaves_the_upload_waiting(put: Upload, admin_user: User, media: Path) -> None:
    upload = put("tenants", TENANTS)
    files.choose_columns(upload=upload, user=admin_user, columns=upload.columns)
    path = media / upload.stored_as
    data = path.read_bytes()
    path.unlink()
    for _ in range(5):
        assert work.work_upload(upload.pk) is None
    assert files.left_open(now=timezone.now() + timedelta(minutes=1)) == [upload.pk]
    path.write_bytes(data)
    work.work_upload(upload.pk)
    upload.refresh_from_db()
    assert upload.status == "checked"


def test_what_has_moved_on_is_refused(check: Upload, admin_user: User) -> None:
    upload = check("tenants", TENANTS)
    stale = FileUpload.objects.get(pk=upload.pk)
    files.take_over(upload=upload, user=admin_user)
    for call in (files.discard, files.read_again, files.take_over):
        assert refusal(call, upload=stale, user=admin_user)[0] == "moved_on"
    assert refusal(files.choose_columns, upload=stale, user=admin_user, columns={})[0] == "moved_on"


def test_nothing_is_taken_over_while_a_sync_runs_or_without_a_good_row(check: Upload, admin_user: User) -> None:
    first, second = check("tenants", TENANTS), check("tenants", TENANTS)
    files.take_over(upload=first, user=admin_user, preview=False)
    assert refusal(files.take_over, upload=second, user=admin_user)[0] == "already_syncing"
    second.refresh_from_db()
    assert (second.status, second.accepted_at) == ("checked", None)
    hopeless = check("tenants", "Id,Name\n1,\n", columns={"id": "Id", "name": "Name"})
    assert refusal(files.take_over, upload=hopeless, user=admin_user)[0] == "no_rows"


def test_reads_stand_on_the_last_whole_list(check: Upload, source: Connection, admin_user: User) -> None:
    def accept(rows: str, *, whole: bool = False) -> str:
        upload = check("tenants", "Id,Name\n" + rows)
        source.runs.update(status="completed")
        taken, _ = files.take_over(upload=upload, user=admin_user, is_whole=whole)
        return cursor_of(taken)

    def read(cursor: str = "", *, full: bool = False) -> tuple[dict[str, str], bool]:
        pages = list(file_source(source).pages(Resource.CONTACT, ReadRequest(cursor=cursor, full=full)))
        return {row["Id"]: row["name"] for page in pages for row in page.rows}, pages[-1].is_sweep

    assert read() == ({}, False)
    first = accept("1,Lan\n2,Ola\n")
    second = accept("2,Ola Nowak\n")
    assert first < second
    assert read(first) == ({"2": "Ola Nowak"}, False)
    assert read(second) == ({}, False)
    assert read(full=True) == ({"1": "Lan", "2": "Ola Nowak"}, True)
    third = accept("2,Ola\n3,Eve\n", whole=True)
    accept("4,Max\n")
    assert read(second) == ({"2": "Ola", "3": "Eve", "4": "Max"}, True)
    assert read(third) == ({"4": "Max"}, False)
    assert read(full=True) == ({"2": "Ola", "3": "Eve", "4": "Max"}, True)


def test_disconnecting_deletes_the_files_and_the_same_name_comes_back(
    check: Upload, source: Connection, admin_user: User, organisation: Organisation, media: Path
) -> None:
    upload = check("tenants", TENANTS)
    files.take_over(upload=upload, user=admin_user)
    assert stored(media) == {"source.csv", "rows.jsonl.gz"}
    connections.disconnect(connection=source, user=admin_user, keep_data=True)
    assert (source.status, FileUpload.objects.count(), stored(media)) == ("disconnected", 0, set())
    content = SimpleUploadedFile("a.csv", b"x")
    given = {"connection": source, "user": admin_user, "kind": "tenants", "name": "a.csv", "content": content}
    assert refusal(files.add_upload, **given)[0] == "not_connected"
    again = files.name_source(organisation=organisation, user=admin_user, name=":Different")
    assert (again.pk, again.status) == (source.pk, "active")
    # How its files are laid out is still known.
    source.refresh_from_db()
    assert check("tenants", TENANTS).status == "checked"
