from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from access.models import Organisation
from core.redaction import redact
from maintenance import limits, tokens
from maintenance.models import Attachment, Offer, OwnerApproval, Quote
from maintenance.services import trail
from tests.factories.maintenance import (
    PNG,
    AttachmentFactory,
    OfferFactory,
    OwnerApprovalFactory,
    QuoteFactory,
    VendorFactory,
    WorkOrderFactory,
)


@pytest.fixture(autouse=True)
def _fresh(settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path
    cache.clear()


@pytest.fixture
def offer(organisation: Organisation) -> Offer:
    order = WorkOrderFactory(organisation=organisation, title="Burst pipe", status="triaged", description="In the wall")
    return OfferFactory(work_order=order, vendor=VendorFactory(organisation=organisation, name="Flow"))


def address(offer: Offer) -> str:
    return f"/jobs/{tokens.secret_of(tokens.OFFER, offer.pk)}/"


def photo(content: bytes = PNG, name: str = "tap.png") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, content_type="text/html")


def test_a_vendor_does_the_whole_job_without_an_account(client: Client, offer: Offer) -> None:
    url, order = address(offer), offer.work_order
    page = client.get(url)
    assert page.headers["Cache-Control"] == "private, no-store"
    assert page.headers["X-Robots-Tag"] == "noindex, nofollow"
    assert "Burst pipe" in page.content.decode()
    assert client.post(url, {"do": "accept"}).headers["Location"] == url
    when = timezone.localtime(timezone.now() + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M")
    assert client.post(url, {"do": "schedule", "when": when}).status_code == 302
    assert client.post(url, {"do": "files", "file": photo()}).status_code == 302
    assert client.post(url, {"do": "comment", "body": "Key please"}).status_code == 302
    assert client.post(url, {"do": "complete", "note": "Fixed"}).status_code == 302
    order.refresh_from_db()
    assert (order.status, order.vendor, order.attachments.get().author_name) == ("done", offer.vendor, "Flow")
    assert [item.body for item in order.comments.order_by("id")] == ["Key please", "Fixed"]
    assert "Completed" in client.get(url).content.decode()


def test_times_are_those_of_the_organisation(client: Client, offer: Offer) -> None:
    client.post(address(offer), {"do": "accept"})
    client.post(address(offer), {"do": "schedule", "when": "2099-01-05T09:30"})
    offer.work_order.refresh_from_db()
    # Sydney in January: eleven hours ahead.
    assert offer.work_order.scheduled_for.isoformat() == "2099-01-04T22:30:00+00:00"


def test_declining_and_quoting(client: Client, offer: Offer) -> None:
    url = address(offer)
    page = client.post(url, {"do": "decline", "reason": ""})
    assert page.status_code == 422
    assert "This field is required." in page.content.decode()
    assert client.post(url, {"do": "quote", "amount": "250.00"}).status_code == 302
    assert Quote.objects.get().amount == Decimal("250.00")
    assert client.post(url, {"do": "decline", "reason": "Too far"}).status_code == 302
    offer.refresh_from_db()
    assert (offer.state, offer.decline_reason) == ("declined", "Too far")
    page = client.post(url, {"do": "accept"})
    assert (page.status_code, "This is no longer open." in page.content.decode()) == (422, True)
    assert client.post(url, {"do": "dance"}).status_code == 422


def test_nothing_of_the_agency_shows_but_what_is_public(client: Client, offer: Offer) -> None:
    order, url = offer.work_order, address(offer)
    trail.add_comment(order=order, body="Owner is difficult", visibility="internal")
    trail.add_comment(order=order, body="Dog in the yard", visibility="public")
    internal = AttachmentFactory(work_order=order)
    public = AttachmentFactory(work_order=order, visibility="public")
    elsewhere = AttachmentFactory(work_order=WorkOrderFactory(organisation=order.organisation), visibility="public")
    QuoteFactory(work_order=order, amount="987.00", vendor=VendorFactory(organisation=order.organisation, name="Rival"))
    client.post(url, {"do": "accept"})
    page = client.get(url).content.decode()
    assert "Dog in the yard" in page
    for secret in ("Owner is difficult", "987.00", "Rival", order.property.organisation.pk.hex):
        assert secret not in page
    found = {item.pk: client.get(f"{url}files/{item.pk}/").status_code for item in (internal, public, elsewhere)}
    assert found == {internal.pk: 404, public.pk: 200, elsewhere.pk: 404}
    # Once the job is with somebody else the vendor sees neither remarks nor files.
    client.post(url, {"do": "decline", "reason": "Ill"})
    assert "Dog in the yard" not in client.get(url).content.decode()
    assert client.get(f"{url}files/{public.pk}/").status_code == 404


def test_a_file_runs_nowhere(client: Client, offer: Offer) -> None:
    url = address(offer)
    client.post(url, {"do": "accept"})
    for content, name in ((b"<html><script>", "a.png"), (b"<svg xmlns=''>", "b.svg"), (b"", "c.png")):
        assert client.post(url, {"do": "files", "file": photo(content, name)}).status_code == 422
    assert client.post(url, {"do": "files"}).status_code == 422
    client.post(url, {"do": "files", "file": photo(PNG, "../../evil<b>.html")})
    item = Attachment.objects.get()
    assert (item.name, item.content_type) == ("evil_b.png", "image/png")
    answer = client.get(f"{url}files/{item.pk}/")
    assert answer.headers["Content-Type"] == "image/png"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Disposition"] == 'inline; filename="evil_b.png"'
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    client.post(url, {"do": "files", "file": photo(b"%PDF-1.7 x", "bill.pdf")})
    bill = Attachment.objects.latest("id")
    answer = client.get(f"{url}files/{bill.pk}/")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="bill.pdf"'


def test_links_end(client: Client, offer: Offer) -> None:
    Offer.objects.update(token_expires_at=timezone.now() - timedelta(seconds=1))
    assert client.get(address(offer)).status_code == 410
    assert client.post(address(offer), {"do": "accept"}).status_code == 410
    offer.refresh_from_db()
    assert offer.state == "sent"


def test_a_secret_serves_one_purpose(client: Client, offer: Offer) -> None:
    approval = OwnerApprovalFactory(quote=QuoteFactory(work_order=offer.work_order))
    for wrong in (
        f"/approvals/{tokens.secret_of(tokens.OFFER, offer.pk)}/",
        f"/jobs/{tokens.secret_of(tokens.APPROVAL, approval.pk)}/",
        f"/jobs/{offer.token_hash}/",
        f"/jobs/{offer.pk}/",
    ):
        assert client.get(wrong).status_code == 404


def test_a_secret_stays_out_of_the_logs(offer: Offer) -> None:
    secret = tokens.secret_of(tokens.OFFER, offer.pk)
    assert redact(f"Not Found: /jobs/{secret}/files/1/") == "Not Found: /jobs/[redacted]/files/1/"
    assert redact("/work-orders/calendar/ and static/css/pages/maintenance.css") == (
        "/work-orders/calendar/ and static/css/pages/maintenance.css"
    )


def test_guessing_and_hammering_are_stopped(client: Client, offer: Offer) -> None:
    found = [client.get(f"/jobs/guess-{number}/").status_code for number in range(limits.MISSES + 1)]
    assert found == [404] * limits.MISSES + [429]
    assert client.get(address(offer)).status_code == 200
    for _ in range(limits.PER_LINK):
        last = client.get(address(offer)).status_code
    assert last == 429


def test_the_owner_decides_on_one_page(client: Client, organisation: Organisation) -> None:
    order = WorkOrderFactory(organisation=organisation, status="quoted", title="Roof")
    quote = QuoteFactory(work_order=order, amount="4200.00")
    approval = OwnerApprovalFactory(quote=quote)
    url = f"/approvals/{tokens.secret_of(tokens.APPROVAL, approval.pk)}/"
    page = client.get(url).content.decode()
    assert "$4,200.00" in page
    assert client.post(url, {"do": "refuse"}).status_code == 422
    assert client.post(url, {}).status_code == 422
    assert client.post(url, {"do": "approve"}).headers["Location"] == url
    assert "Thank you. The job goes out to the vendor." in client.get(url).content.decode()
    assert client.post(url, {"do": "refuse", "reason": "No"}).status_code == 422
    assert OwnerApproval.objects.get().state == "approved"
    quote.refresh_from_db()
    assert quote.state == "accepted"
