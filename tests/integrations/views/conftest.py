"""One connection with something in every state, and the same for a rival organisation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from access.models import Organisation, User
from accounting.models import Transaction
from integrations.models import (
    Conflict,
    Connection,
    FileUpload,
    OAuthState,
    PropertyMapping,
    ProviderRecord,
    SyncPlan,
    SyncRun,
    Verdict,
)
from properties.models import Property
from tests.factories.accounting import TransactionFactory
from tests.factories.integrations import (
    ConflictFactory,
    ConnectionFactory,
    FileUploadFactory,
    PropertyMappingFactory,
    ProviderRecordFactory,
    SyncChangeFactory,
    SyncPlanFactory,
    SyncPlanLineFactory,
    SyncRunFactory,
)
from tests.factories.properties import PropertyFactory


@dataclass(frozen=True)
class Scene:
    """What the pages of one connection show."""

    connection: Connection
    home: Property
    needs: PropertyMapping
    suggested: PropertyMapping
    mapped: PropertyMapping
    ignored: PropertyMapping
    records: dict[str, ProviderRecord]
    transaction: Transaction
    conflict: Conflict
    run: SyncRun
    held: SyncRun
    plan: SyncPlan
    state: OAuthState


def build_scene(organisation: Organisation, user: User) -> Scene:
    now = timezone.now()
    connection = ConnectionFactory(
        organisation=organisation,
        account_name="Harbour & Co at PropertyMe",
        status_since=now - timedelta(days=30),
        last_sync_at=now - timedelta(minutes=3),
        next_sync_at=now + timedelta(hours=5),
        ledger_mode="derived",
        connected_by=user,
    )
    of = {"organisation": organisation, "connection": connection}
    home = PropertyFactory(organisation=organisation, name="4/18 Acacia Avenue")
    facts = {"kind": "house", "tenant_name": "Lan Nguyễn", "address": {"number": "12", "street": "Queen Street"}}
    suggested = PropertyMappingFactory(
        **of,
        provider_property_id="a41f00000000c2",
        provider_property_address="4/18 Acacia Ave, Newtown NSW 2042",
        facts=facts,
        suggested_property=home,
        suggestion_score=96,
        suggestion_parts=[
            {"part": "number", "points": 25, "of": 25, "words": "number agrees"},
            {"part": "street", "points": 25, "of": 25, "words": "street agrees"},
            {"part": "suburb", "points": 0, "of": 15, "words": "suburbs differ"},
        ],
    )
    needs = PropertyMappingFactory(**of, provider_property_address="9 شارع النيل, Subiaco WA 6008", facts=facts)
    mapped = PropertyMappingFactory(
        **of, property=home, state=PropertyMapping.State.MAPPED, mapped_at=now, mapped_by=user,
        provider_property_address="77 St Georges Tce, Subiaco WA 6008",
    )  # fmt: skip
    ignored = PropertyMappingFactory(**of, state=PropertyMapping.State.IGNORED)
    run = SyncRunFactory(
        **of,
        requested_by=user,
        counts={"payment": {"seen": 9, "created": 1, "unmapped": 4, "unchanged": 3, "failed": 1, "missing": 2}},
        totals={"income": "640.00", "expense": "0.00"},
        transactions_created=1,
        errors=[{"code": "record_rejected", "message": "It names no amount.", "detail": "Amount was null"}],
    )
    transaction = TransactionFactory(
        organisation=organisation, property=home, connection_id=connection.id, provider="propertyme",
        provider_transaction_id="payment-imported", sync_run_id=run.id,
    )  # fmt: skip
    records = {}
    for verdict in Verdict.values:
        records[verdict] = ProviderRecordFactory(
            **of,
            verdict=verdict,
            reason="" if verdict == "imported" else f"The reason for {verdict}.",
            provider_id=f"payment-{verdict}",
            property_ref=(mapped if verdict == "imported" else needs).provider_property_id,
            label=f"Rent that is {verdict}",
            target_id=transaction.id if verdict in ("imported", "conflict") else None,
            last_run_id=run.id,
            facts={"amount": "640.00", "is_void": False},
            payload={"Id": f"payment-{verdict}", "Note": "<script>alert(1)</script>"},
        )
    changed = {"organisation": organisation, "run": run, "record_id": records["imported"].id}
    SyncChangeFactory(**changed, changes={"amount": ["600.00", "640.00"]})
    conflict = ConflictFactory(**of, record=records["conflict"], target_id=transaction.id)
    held = SyncRunFactory(**of, status=SyncRun.Status.HELD, held_reason="Half of the known payments are not listed.")
    plan = SyncPlanFactory(**of, requested_by=user, counts={"create": 1, "update": 1, "unmapped": 1})
    lines = {"organisation": organisation, "plan": plan}
    SyncPlanLineFactory(**lines, property_id=home.id, amount=Decimal("640.00"), kind="income", label="New rent")
    SyncPlanLineFactory(**lines, action="update", changes={"amount": ["640.00", "650.00"]}, label="Changed rent")
    SyncPlanLineFactory(**lines, action="unmapped", verdict="unmapped", label="Unmapped rent")
    SyncRunFactory(**of, sync_type=SyncRun.Type.PREVIEW, plan=plan, requested_by=user)
    state = OAuthState.objects.create(
        organisation=organisation,
        provider="propertyme",
        state_hash=f"state-of-{organisation.id}",
        session_hash="session",
        user=user,
        code_verifier="verifier",
        reconnects=connection,
        expires_at=now + timedelta(minutes=10),
        pending_account={"account_id": "agency-2", "name": "Another Agency"},
    )
    return Scene(
        connection, home, needs, suggested, mapped, ignored, records, transaction, conflict, run, held, plan, state
    )


def build_upload(organisation: Organisation, user: User) -> FileUpload:
    """A source of spreadsheets with a file that was checked."""
    source = ConnectionFactory(
        organisation=organisation,
        provider="files",
        account_id="different",
        account_name=f"Sheets of {organisation.name}",
        ledger_mode="line",
        auto_sync=False,
        access_token=None,
        refresh_token=None,
    )
    return FileUploadFactory(organisation=organisation, connection=source, uploaded_by=user)


@pytest.fixture
def scene(organisation: Organisation, admin_user: User) -> Scene:
    return build_scene(organisation, admin_user)


@pytest.fixture
def rival_scene(other_organisation: Organisation, other_admin: User) -> Scene:
    return build_scene(other_organisation, other_admin)
