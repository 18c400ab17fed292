"""Buildium (United States). Facts and their sources are in NOTES.md beside this file."""

from __future__ import annotations

from integrations.providers.buildium.webhooks import WEBHOOKS
from integrations.records import Resource
from integrations.specs import Auth, Capability, CursorKind, KeyField, Kind, Maturity, ProviderSpec, RateLimit

SPEC = ProviderSpec(
    slug="buildium",
    label="Buildium",
    kind=Kind.PROPERTY_MANAGER,
    region="US",
    tagline="Rentals, units, leases, rent, work orders and bills from your Buildium account.",
    maturity=Maturity.BETA,
    auth=Auth.KEYS,
    adapter="integrations.providers.buildium.client.BuildiumAdapter",
    settings_prefix="BUILDIUM",
    key_fields=(
        KeyField("client_id", "Client ID", help="In Buildium under Settings, API settings, Developer tools."),
        KeyField(
            "client_secret",
            "Client secret",
            secret=True,
            help="Shown once when the key is made. Let the key view Rentals, Maintenance and Accounting.",
        ),
    ),
    capabilities=(
        Capability(
            Resource.PROPERTY,
            push=True,
            changed_since=CursorKind.DATETIME,
            note="One property a unit; a building of several units is one more, for what belongs to all of them.",
        ),
        Capability(Resource.CONTACT, push=True, changed_since=CursorKind.DATETIME),
        Capability(
            Resource.TENANCY,
            push=True,
            changed_since=CursorKind.SWEEP,
            note="All leases are read each time, because what is owed on them changes without their own mark.",
        ),
        Capability(Resource.JOB, push=True, changed_since=CursorKind.DATE, note="Work orders with their tasks."),
        Capability(
            Resource.PAYMENT,
            push=True,
            changed_since=CursorKind.DATETIME,
            note="Line by line; between full syncs only the leases whose ledger moved.",
        ),
        Capability(
            Resource.BILL,
            push=True,
            changed_since=CursorKind.SWEEP,
            note="One record for each unit that a bill is for.",
        ),
    ),
    # Ten requests at once are allowed; another sync, or a test of the keys, needs room beside this one.
    parallel_pages=6,
    rate_limits=(RateLimit(10, 1, concurrent=True),),
    webhooks=WEBHOOKS,
)
