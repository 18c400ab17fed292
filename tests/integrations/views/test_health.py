"""The health page: a day of calls, breakers with reasons, limit use; and what the lists say of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from access.models import Organisation, User
from access.services import record_audit
from integrations import registry
from integrations.adapters import limit_scope
from integrations.breaker import PROPERTY, Breaker, Rules
from integrations.callcount import BOUNDS
from integrations.models import CallPart, Connection
from integrations.ratelimit import Limiter, Place
from integrations.shared import shared
from integrations.specs import RateLimit
from tests.integrations.views.conftest import Scene
from tests.integrations.views.helpers import HOME, text_of, url
from tests.query_counts import assert_query_count

LIMITS = (RateLimit(8, 1), RateLimit(256, 60), RateLimit(10, 1, concurrent=True), RateLimit(4_096, 3_600))


def part(connection: Connection, *, minutes: int = 1, calls: int = 100, failed: int = 0) -> CallPart:
    """Five minutes of calls that took 100 ms each."""
    latency = [0] * (len(BOUNDS) + 1)
    latency[BOUNDS.index(100)] = calls
    return CallPart.objects.create(
        organisation_id=connection.organisation_id,
        connection=connection,
        begins_at=timezone.now() - timedelta(minutes=minutes),
        calls=calls,
        failed=failed,
        refused=3,
        waits=2,
        wait_ms=41_500,
        top_use=875,
        errors={"transient": failed} if failed else {},
        latency=latency,
    )


def open_breaker(connection: Connection, property_ref: str = "", reason: str = "GET /v1/lots answered 503") -> None:
    scope = f"{connection.pk}:{property_ref}" if property_ref else str(connection.pk)
    rules = replace(PROPERTY, failures=1) if property_ref else Rules(failures=1)
    Breaker(shared(), scope, rules).tell("bad", reason=reason)


@pytest.fixture
def limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry.PROVIDERS, "propertyme", replace(registry.get("propertyme"), rate_limits=LIMITS))


def test_without_calls_the_page_says_what_to_do(scene: Scene, client_agent: Client) -> None:
    page = text_of(client_agent, url("health"))
    assert "No calls in the last 24 hours" in page
    assert "Calls go through" in page
    assert "PropertyMe publishes no limit." in page
    assert "Never so far." in page


def test_a_day_of_calls_is_drawn_and_told(scene: Scene, client_agent: Client) -> None:
    part(scene.connection, failed=4)
    part(scene.connection, minutes=125, calls=300)
    part(scene.connection, minutes=60 * 26, calls=9_000, failed=9_000)
    page = text_of(client_agent, url("health"))
    day = client_agent.get(url("health")).context["day"]
    assert (day.calls, day.failed, day.refused, len(day.hours)) == (400, 4, 6, 24)
    assert (day.errors, day.median_ms, day.slow_ms) == ([("No proper answer", 4)], 100, 100)
    for text in ("1\u00a0%", "≤ 100 ms", ">83<", "Calls 300<", "No proper answer", "6 calls held back"):
        assert text in page
    assert "<caption>Errors by hour</caption>" in page
    assert "style=" not in page


def test_breakers_are_shown_with_reason_and_since(scene: Scene, client_agent: Client) -> None:
    open_breaker(scene.connection)
    open_breaker(scene.connection, scene.needs.provider_property_id, "GET /v1/jobtasks/1/quotations timed out")
    page = text_of(client_agent, url("health"))
    for text in ("Stopped", "Set aside", "answered 503", "quotations timed out", scene.needs.provider_property_address):
        assert text in page
    overview = text_of(client_agent, HOME)
    assert "does not answer, so nothing is asked of it for a while" in overview
    assert url("health") in overview
    index = text_of(client_agent, "/settings/integrations/")
    assert "1 property set aside" in index
    assert "Not answering" in index


def test_the_latest_stops_are_listed(scene: Scene, client_agent: Client, other_organisation: Organisation) -> None:
    of = {"subject_type": "connection", "subject_id": str(scene.connection.pk), "action": "breaker.opened"}
    record_audit(organisation_id=scene.connection.organisation_id, summary="Calls to PropertyMe stopped.", **of)
    record_audit(organisation_id=other_organisation.pk, summary="Calls of Rival Realty stopped.", **of)
    page = text_of(client_agent, url("health"))
    assert "Calls to PropertyMe stopped." in page
    assert "Rival" not in page


def test_the_use_of_limits_is_told(scene: Scene, client_agent: Client, limited: None) -> None:
    limiter = Limiter(shared(), limit_scope(scene.connection), LIMITS)
    taken = [limiter.take() for _ in range(3)]
    assert all(isinstance(place, Place) for place in taken)
    part(scene.connection)
    page = text_of(client_agent, url("health"))
    for text in (
        "8 calls in a second", "256 calls in a minute", "4,096 calls in an hour", "10 calls at once", "3 of 8",
        "3 of 256", "3 of 10", "3 of 4,096", "fullest in 24 hours: 88\u00a0%",
    ):  # fmt: skip
        assert text in page


def test_the_list_of_connections_counts_their_calls(scene: Scene, client_agent: Client) -> None:
    part(scene.connection, failed=2)
    assert "100 calls in 24 hours, 2 errors" in text_of(client_agent, "/settings/integrations/")


def test_the_page_costs_the_same_whatever_it_shows(scene: Scene, client_admin: Client, admin_user: User) -> None:
    open_breaker(scene.connection, "lot-x")
    assert_query_count("integrations:health", client_admin, url("health"))
    for number in range(40):
        part(scene.connection, minutes=number * 20 + 2)
        open_breaker(scene.connection, f"lot-{number}")
    assert_query_count("integrations:health", client_admin, url("health"))


def test_counts_and_audit_are_only_looked_at_on_the_staff_desk(
    scene: Scene, staff_user: User, signed_in: object
) -> None:
    client = signed_in(staff_user)  # type: ignore[operator]
    row = part(scene.connection)
    record_audit(organisation_id=scene.connection.organisation_id, action="breaker.opened", summary="Stopped.")
    for model in ("integrations/callpart", "access/auditentry"):
        listed = client.get(f"/admin/{model}/")
        assert listed.status_code == 200
        assert client.get(f"/admin/{model}/add/").status_code == 403
    assert client.get(f"/admin/integrations/callpart/{row.pk}/change/").status_code == 200
    assert client.post(f"/admin/integrations/callpart/{row.pk}/change/", {"calls": 1}).status_code == 403
    assert client.post(f"/admin/integrations/callpart/{row.pk}/delete/", {"post": "yes"}).status_code == 403
