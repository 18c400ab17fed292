"""Any remote record: its verdict, its explanation, and the button that fixes it."""

from __future__ import annotations

from django.test import Client
from django.urls import reverse

from tests.integrations.views.conftest import Scene
from tests.integrations.views.helpers import said, text_of, url


def test_each_record_has_its_verdict_and_the_button_that_fixes_it(scene: Scene, client_agent: Client) -> None:
    def fix(verdict: str) -> str:
        page = text_of(client_agent, f"{url('records')}?verdict={verdict}")
        return page.split("actions-cell")[1].split("</td>")[0]

    assert url("choose", scene.needs.id) in fix("unmapped")
    assert f"#card-{scene.conflict.id}" in fix("conflict")
    assert url("restore", scene.records["dismissed"].id) in fix("dismissed")
    assert url("retry", scene.records["rejected"].id) in fix("rejected")
    assert "<a " not in fix("imported")
    assert "<form" not in fix("imported")


def test_filters_are_removable_and_a_search_that_finds_nothing_says_so(scene: Scene, client_agent: Client) -> None:
    page = text_of(client_agent, f"{url('records')}?q=640&verdict=unmapped&resource=payment")
    assert "Records of exactly this amount." in page
    assert 'href="?verdict=unmapped&amp;resource=payment"' in page
    assert "No record fits" in text_of(client_agent, f"{url('records')}?q=1.23")


def test_a_record_explains_itself_and_its_payload_is_harmless(scene: Scene, client_agent: Client) -> None:
    page = text_of(client_agent, url("record", scene.records["imported"].id))
    assert "It was imported and agrees with what PropertyMe last sent." in page
    assert reverse("accounting:transaction_detail", args=[scene.transaction.id]) in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script>alert(1)" not in page
    for verdict, record in scene.records.items():
        assert record.label in text_of(client_agent, url("record", record.id)), verdict


def test_records_are_dismissed_restored_and_tried_again(scene: Scene, client_agent: Client) -> None:
    record = scene.records["unmapped"]
    assert "it is dismissed" in said(client_agent, url("dismiss", record.id), {"reason": "Paid in cash"})
    record.refresh_from_db()
    assert (record.verdict, record.reason) == ("dismissed", "Paid in cash")
    assert "it is restored" in said(client_agent, url("restore", record.id))
    record.refresh_from_db()
    assert record.verdict == "pending"
    assert "is in the books" in said(client_agent, url("dismiss", scene.records["imported"].id))
