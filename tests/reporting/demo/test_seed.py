from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from io import StringIO

import pytest
from django.core.management import call_command
from django.test import Client
from pytest_django.fixtures import Settings

from access.models import Membership, Organisation, User
from accounting.models import Transaction
from integrations.models import Connection, PropertyMapping, ProviderRecord, SyncRun
from integrations.sandbox import SandboxServer
from properties.models import Property
from reporting.demo.people import ADMIN_EMAIL, PASSWORD
from tests.factories.access import MembershipFactory

State = PropertyMapping.State
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def vendor(settings: Settings) -> Iterator[SandboxServer]:
    """The agency of `make run`, as of today."""
    with SandboxServer(lots=40, years=2, seed=7, today=datetime.now(UTC).date()) as server:
        settings.PROPERTYME_API_URL = server.api_url
        settings.PROPERTYME_AUTH_URL = server.url
        yield server


@pytest.fixture
def small_vendor(settings: Settings) -> Iterator[SandboxServer]:
    with SandboxServer(lots=20, years=0.2, seed=7) as server:
        settings.PROPERTYME_API_URL = server.api_url
        settings.PROPERTYME_AUTH_URL = server.url
        yield server


def seed() -> list[str]:
    output = StringIO()
    call_command("seed_demo", stdout=output)
    return output.getvalue().splitlines()


def counts() -> tuple[int, ...]:
    models = (Organisation, User, Membership, Connection, PropertyMapping, Property, Transaction, SyncRun)
    return tuple(model.objects.count() for model in models)


def test_the_demo_has_a_connected_agency_with_books_and_a_few_things_to_do(
    vendor: SandboxServer, client: Client
) -> None:
    lines = seed()
    assert not [line for line in lines if "not connected" in line]
    connection = Connection.objects.get()
    assert (connection.status, connection.account_name) == ("active", "Harbour & Vale Property Management")
    assert connection.last_sync_at is not None
    assert set(SyncRun.objects.values_list("status", flat=True)) == {"completed"}
    mappings = connection.mappings
    assert mappings.count() == 40
    assert mappings.filter(state=State.MAPPED).count() == 34
    left = mappings.filter(state=State.UNMAPPED)
    assert left.filter(suggestion_score__gte=90).count() == 2
    assert (
        left.filter(suggestion_score__range=(60, 89)).exclude(suggestion_parts__contains=[{"veto": None}]).count() >= 2
    )
    vetoed = [mapping for mapping in left if any("veto" in part for part in mapping.suggestion_parts)]
    assert len(vetoed) == 1
    assert left.filter(suggestion_score=None).count() == 1
    oldest = Transaction.objects.order_by("occurred_on").values_list("occurred_on", flat=True)[0]
    assert (date.today() - oldest).days > 600  # noqa: DTZ011
    assert Transaction.objects.filter(kind="income").count() > 1000
    assert Transaction.objects.filter(kind="expense").count() > 100
    assert lines[0].split()[-2:] == [ADMIN_EMAIL, PASSWORD]
    assert lines[-1].startswith("To try: a bill of $")
    client.post("/accounts/login/", {"login": ADMIN_EMAIL, "password": PASSWORD})
    assert client.get("/settings/members/").status_code == 200
    # A second start says the same and changes nothing.
    before = counts()
    assert seed() == lines
    assert counts() == before


def test_without_the_sandbox_there_are_the_people_alone_and_one_line_says_so(settings: Settings) -> None:
    with SandboxServer(lots=1, years=0.1) as server:
        settings.PROPERTYME_API_URL, settings.PROPERTYME_AUTH_URL = server.api_url, server.url
    lines = seed()
    assert [line for line in lines if "not connected" in line] == [
        "The sandbox agency is not connected: The provider did not answer properly. The sync is tried again by itself."
    ]
    assert (User.objects.count(), Connection.objects.count()) == (2, 0)


def test_what_an_interrupted_start_left_open_is_finished(small_vendor: SandboxServer, settings: Settings) -> None:
    working, settings.PROPERTYME_AUTH_URL = settings.PROPERTYME_AUTH_URL, "http://localhost:1"
    seed()
    assert Connection.objects.count() == 0
    settings.PROPERTYME_AUTH_URL = working
    seed()
    assert ProviderRecord.objects.exists()
    # A first sync that failed, and books that were never typed in.
    connection = Connection.objects.get()
    Connection.objects.update(last_sync_at=None)
    seed()
    connection.refresh_from_db()
    assert connection.last_sync_at is not None


def test_the_demo_never_connects_a_real_vendor(settings: Settings) -> None:
    settings.PROPERTYME_AUTH_URL = "https://login.propertyme.example"
    assert "the sandbox vendor on this machine only" in " ".join(seed())
    assert Connection.objects.count() == 0


def test_an_installation_with_people_of_its_own_gets_no_demo() -> None:
    MembershipFactory()
    assert seed() == ["This installation has organisations of its own, so no demo was added."]
    assert Organisation.objects.count() == 1
