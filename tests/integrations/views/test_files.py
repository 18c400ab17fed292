from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from access.models import Organisation, User
from integrations.files.work import work_upload
from integrations.models import Connection, FileUpload, SyncRun
from tests.factories.integrations import FileUploadFactory
from tests.integrations.views.conftest import build_upload
from tests.integrations.views.helpers import said
from tests.query_counts import assert_query_count

pytestmark = pytest.mark.django_db

PROPERTIES = b"Property Code,Address,Rent\nP1,1 Cliff Rd,640\nP2,,x\n"


@pytest.fixture
def upload(organisation: Organisation, admin_user: User) -> FileUpload:
    return build_upload(organisation, admin_user)


def url(name: str, *args: object) -> str:
    return reverse(f"integrations:{name}", args=["files", *args])


def text_of(client: Client, address: str, status: int = 200) -> str:
    answer = client.get(address)
    assert answer.status_code == status
    return " ".join(answer.content.decode().split())


def post_file(client: Client, source: Connection, kind: str, data: bytes, name: str = "list.csv") -> FileUpload:
    address = f"{url('files')}?connection={source.id}"
    answer = client.post(address, {"kind": kind, "file": SimpleUploadedFile(name, data)})
    found = FileUpload.objects.latest("id")
    assert answer.headers["Location"] == url("file", found.id)
    return found


def test_from_naming_the_source_to_the_import(client_admin: Client, organisation: Organisation) -> None:
    page = text_of(client_admin, url("detail") + "?name=%3ADifferent")
    assert "Name the source" in page
    assert 'value=":Different"' in text_of(client_admin, url("connect") + "?name=%3ADifferent")
    answer = client_admin.post(url("connect"), {"name": ":Different"})
    source = Connection.objects.get(organisation=organisation)
    assert answer.headers["Location"] == f"{url('files')}?connection={source.id}"
    assert "Nothing is uploaded yet" in text_of(client_admin, url("files"))
    refused = client_admin.post(url("connect"), {"name": ":different"})
    assert (refused.status_code, "is connected already" in refused.content.decode()) == (422, True)

    upload = post_file(client_admin, source, "properties", PROPERTIES)
    page = text_of(client_admin, url("file", upload.id))
    assert "Reading the file" in page
    assert 'hx-trigger="every 1s"' in page
    work_upload(upload.id)
    page = text_of(client_admin, url("file", upload.id))
    assert "Which column is what?" in page
    assert '<option value="Property Code" selected>' in page
    refused = client_admin.post(url("file_columns", upload.id), {"field-id": "Property Code"})
    assert refused.status_code == 422
    assert "Choose the column for: Address in one line or Street." in refused.content.decode()
    sent = {"field-id": "Property Code", "field-address": "Address", "field-rent": "Rent", "decimal": "."}
    assert client_admin.post(url("file_columns", upload.id), sent).headers["Location"] == url("file", upload.id)
    assert "Checking each row" in text_of(client_admin, url("file", upload.id))
    work_upload(upload.id)
    page = text_of(client_admin, url("file", upload.id))
    for words in (
        "One row can be imported",
        "1 cannot yet",
        "1 Cliff Rd",
        "$640.00",
        "Fill it in.",
        "Preview what changes",
    ):
        assert words in page
    assert "This file is the whole list" not in page
    errors = b"".join(client_admin.get(url("file_errors", upload.id)).streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    assert errors.splitlines()[1].endswith(",P2,,x")

    done = client_admin.post(url("file_import", upload.id), {"then": "import"})
    run = SyncRun.objects.get()
    assert done.headers["Location"] == url("run", run.id)
    assert "Taken over" in text_of(client_admin, url("file", upload.id))


def test_the_preview_is_the_engines_own(client_admin: Client, upload: FileUpload) -> None:
    done = client_admin.post(url("file_import", upload.id), {"then": "preview"})
    run = SyncRun.objects.get()
    assert (run.sync_type, done.headers["Location"]) == ("preview", url("preview", run.plan_id))


def test_a_refused_file_says_what_to_do_and_keeps_the_kind(client_admin: Client, upload: FileUpload) -> None:
    answer = client_admin.post(url("files"), {"kind": "bills", "file": SimpleUploadedFile("a.xlsm", b"PK\x03\x04")})
    page = answer.content.decode()
    assert (answer.status_code, "Workbooks with macros are not taken" in page) == (422, True)
    assert 'value="bills" checked' in page
    answer = client_admin.post(url("files"), {"kind": "bills"})
    assert (answer.status_code, "Choose a file first." in answer.content.decode()) == (422, True)


def test_a_file_is_read_again_and_discarded(client_agent: Client, upload: FileUpload) -> None:
    client_agent.post(url("file_read", upload.id), {"encoding": "cp1250"})
    upload.refresh_from_db()
    assert (upload.status, upload.options["encoding"]) == ("stored", "cp1250")
    assert "meanwhile" in said(client_agent, url("file_import", upload.id))
    assert "is discarded" in said(client_agent, url("file_discard", upload.id))
    assert client_agent.get(url("file", upload.id)).status_code == 404


def test_what_cannot_be_read_says_why(client_agent: Client, upload: FileUpload) -> None:
    FileUpload.objects.update(status="failed", error="The file is empty: no row has a word.")
    assert "The file is empty" in text_of(client_agent, url("file", upload.id))


def test_templates_can_be_filled_in_and_come_back(client_agent: Client) -> None:
    answer = client_agent.get(url("file_template", "leases"))
    assert answer.headers["Content-Disposition"] == 'attachment; filename="leases-template.csv"'
    lines = answer.content.decode("utf-8-sig").splitlines()
    assert lines[0].startswith("Id,Property,Unit,Tenant,E-mail,Telephone,Rent,")
    assert client_agent.get(url("file_template", "planets")).status_code == 404


def test_other_providers_have_no_files(client_admin: Client, upload: FileUpload) -> None:
    for name, args in (("files", []), ("file", [upload.id]), ("file_template", ["leases"])):
        assert client_admin.get(reverse(f"integrations:{name}", args=["propertyme", *args])).status_code == 404


def test_agencies_without_an_api_point_here(client_agent: Client) -> None:
    page = text_of(client_agent, reverse("integrations:index"))
    assert f'href="{url("connect")}?name=%3ADifferent"' in page
    assert f'href="{url("connect")}?name=%3ADifferent"' in text_of(
        client_agent, reverse("integrations:detail", args=["different"])
    )
    assert "An admin of your organisation can add a source." in text_of(client_agent, url("detail"))
    assert client_agent.post(url("connect"), {"name": "x"}).status_code == 403


def test_a_sources_pages_speak_of_files_and_not_of_signing_in(client_admin: Client, upload: FileUpload) -> None:
    for name in ("detail", "settings", "disconnect"):
        page = text_of(client_admin, url(name))
        for word in ("Reconnect", "token until", "Rhythm", "sign in"):
            assert word not in page, (name, word)


def test_pages_cost_the_same_however_many_files_there_are(
    client_admin: Client, upload: FileUpload, organisation: Organisation
) -> None:
    for _ in range(2):
        assert_query_count("integrations:files", client_admin, url("files"))
        assert_query_count("integrations:file", client_admin, url("file", upload.id))
        assert_query_count("integrations:file columns", client_admin, url("file", upload.id) + "?columns=edit")
        FileUploadFactory.create_batch(5, organisation=organisation, connection=upload.connection, status="accepted")
