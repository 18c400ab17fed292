"""A sandbox agency over real HTTP, connected to the organisation; and a plain recomputation of the books."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from access.models import Organisation, User
from integrations.models import Connection, SyncRun
from integrations.sandbox import SandboxServer
from integrations.services import sync as sync_services
from integrations.sync.runner import run_sync


@pytest.fixture
def vendor(settings: Settings) -> Iterator[SandboxServer]:
    with SandboxServer(lots=8, years=0.5, seed=3) as server:
        settings.PROPERTYME_API_URL = server.api_url
        settings.PROPERTYME_AUTH_URL = server.url
        yield server


@pytest.fixture
def source(vendor: SandboxServer, organisation: Organisation, admin_user: User) -> Connection:
    """A connected agency, read line by line."""
    return connect(vendor, organisation, admin_user)


def connect(vendor: SandboxServer, organisation: Organisation, user: User, *, mode: str = "line") -> Connection:
    vendor.vendor.ledger = mode
    tokens = vendor.grant()
    return Connection.objects.create(
        organisation=organisation,
        provider="propertyme",
        account_id="agency-1",
        account_name="Harbour & Co",
        status_since=timezone.now(),
        access_token=tokens["access_token"],
        refresh_token=tokens["refresh_token"],
        token_expires_at=timezone.now() + timedelta(minutes=30),
        ledger_mode=mode,
        connected_by=user,
    )


def sync(source: Connection, **options: Any) -> SyncRun:
    """One sync carried out here and now."""
    source.refresh_from_db()
    run = run_sync(sync_services.queue_sync(connection=source, **options).pk)
    run.refresh_from_db()
    return run


def work_waiting(source: Connection) -> None:
    """Carries out what mapping changes queued."""
    for run in SyncRun.objects.filter(connection=source, status="queued").order_by("id"):
        run_sync(run.pk)
