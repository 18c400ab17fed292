"""Uploading spreadsheets in a browser: dropped on the page, and without any script."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from access.models import Organisation, User
from integrations.files.work import work_upload
from integrations.models import FileUpload, PropertyMapping
from integrations.services.files import name_source
from integrations.sync.runner import run_sync
from tests.support.browser import PageFactory

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]
HOME = "/settings/integrations/files/"
PROPERTIES = 'Property Code,Address,Rent\nP1,"4/18 Acacia Avenue, Newtown NSW 2042",640\nP2,9 شارع النيل,abc\n'
DROP = """([zone, text]) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([text], "properties.csv", { type: "text/csv" }));
    for (const name of ["dragenter", "dragover", "drop"]) {
        zone.dispatchEvent(new DragEvent(name, { dataTransfer: transfer, bubbles: true, cancelable: true }));
    }
}"""


def work() -> FileUpload:
    """What a worker would do now."""
    upload = FileUpload.objects.latest("id")
    work_upload(upload.pk)
    return upload


def test_a_file_is_dropped_checked_previewed_and_its_properties_wait_for_mapping(
    page: Page,
    live_server: LiveServer,
    organisation: Organisation,
    admin_user: User,
    sign_in: Callable[[Page, User], None],
) -> None:
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
    sign_in(page, admin_user)
    page.goto(f"{live_server.url}/settings/integrations/")
    page.get_by_role("link", name="Upload its files").click()
    expect(page.get_by_label("Software or agency")).to_have_value(":Different")
    page.get_by_role("button", name="Add the source").click()

    # Dropped before it is said what it lists, it waits; then the button sends it.
    zone = page.locator("[data-drop-zone]")
    page.evaluate(DROP, [zone.element_handle(), PROPERTIES])
    expect(page.get_by_text("properties.csv is ready. Choose above what it lists.")).to_be_visible()
    page.get_by_label("Properties", exact=True).check()
    expect(page.get_by_text("properties.csv is ready.", exact=True)).to_be_visible()
    # Dropped with the kind chosen, it is sent at once.
    page.evaluate(DROP, [zone.element_handle(), PROPERTIES])
    expect(page.get_by_text("Reading the file")).to_be_visible()
    assert FileUpload.objects.count() == 1
    work()
    # The page finds out by itself.
    expect(page.get_by_role("heading", name="Which column is what?")).to_be_visible()
    expect(page.get_by_label("Address in one line")).to_have_value("Address")
    page.get_by_role("button", name="Check the rows").click()
    expect(page.get_by_text("Checking each row")).to_be_visible()
    work()
    expect(page.get_by_role("heading", name="One row can be imported, 1 cannot yet")).to_be_visible()
    expect(page.get_by_text("This is not an amount of money. Write a number like 1234.50.")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download to correct").click()
    assert download.value.suggested_filename == "properties-to-correct.csv"
    page.get_by_role("button", name="Preview what changes").click()
    upload = FileUpload.objects.get()
    run_sync(upload.connection.runs.get().pk)
    page.goto(f"{live_server.url}{HOME}mapping/")
    expect(page.get_by_text("4/18 Acacia Avenue, Newtown NSW 2042", exact=True)).to_be_visible()
    assert PropertyMapping.objects.count() == 1
    assert complaints == []


def test_it_all_works_without_a_script(
    page_factory: PageFactory, live_server: LiveServer, organisation: Organisation, admin_user: User,
    sign_in: Callable[[Page, User], None],
) -> None:  # fmt: skip
    name_source(organisation=organisation, user=admin_user, name="Old agency")
    page = page_factory(base_url=live_server.url, javascript=False)
    sign_in(page, admin_user)
    page.goto(f"{live_server.url}{HOME}files/")
    page.get_by_label("Properties", exact=True).check()
    page.get_by_label("Choose a file").set_input_files(
        {"name": "homes.csv", "mimeType": "text/csv", "buffer": PROPERTIES.replace("abc", "410").encode()}
    )
    page.get_by_role("button", name="Upload").click()
    expect(page.get_by_text("Reading the file")).to_be_visible()
    upload = work()
    page.goto(f"{live_server.url}{HOME}files/{upload.pk}/")
    page.get_by_role("button", name="Check the rows").click()
    work()
    page.goto(f"{live_server.url}{HOME}files/{upload.pk}/")
    page.get_by_label("This file is the whole list").check()
    page.get_by_role("button", name="Import without a preview").click()
    expect(page.get_by_text("homes.csv is being imported.")).to_be_visible()
    upload.refresh_from_db()
    assert (upload.status, upload.is_whole) == ("accepted", True)
