"""AppFolio Property Manager (United States). Facts and their sources are in NOTES.md beside this file."""

from __future__ import annotations

from integrations.providers.appfolio.webhooks import WEBHOOKS
from integrations.records import Resource
from integrations.specs import Auth, Capability, CursorKind, KeyField, Kind, Maturity, ProviderSpec, RateLimit

SPEC = ProviderSpec(
    slug="appfolio",
    label="AppFolio",
    kind=Kind.PROPERTY_MANAGER,
    region="US",
    tagline="Units, tenancies, owners, vendors, work orders and bills from your AppFolio database.",
    maturity=Maturity.BETA,
    auth=Auth.KEYS,
    adapter="integrations.providers.appfolio.client.AppFolioAdapter",
    settings_prefix="APPFOLIO",
    key_fields=(
        KeyField("client_id", "Client ID", help="In AppFolio's Developer Space, under Access Credential Management."),
        KeyField("client_secret", "Client secret", secret=True, help="Generate it there. A new one ends the old one."),
        KeyField("developer_id", "Developer ID", help="Shown at the top of the Developer Space."),
        KeyField(
            "host",
            "API host of your own",
            required=False,
            is_host=True,
            help="Only if AppFolio gave you one: the part before .appfolio.com. Leave it empty for the usual address.",
        ),
        KeyField(
            "reports_host",
            "Reports: database name",
            required=False,
            is_host=True,
            group="reports",
            help=(
                "With Reports API keys rent is read payment by payment. The name is the part before .appfolio.com "
                "where you sign in. Give these three now: how rent is read stays as it is while this is connected."
            ),
        ),
        KeyField(
            "reports_id",
            "Reports: client ID",
            required=False,
            group="reports",
            help="In AppFolio, under General Settings, Manage API Settings, Reports API Credentials.",
        ),
        KeyField("reports_secret", "Reports: client secret", secret=True, required=False, group="reports"),
    ),
    capabilities=(
        Capability(
            Resource.PROPERTY,
            push=True,
            changed_since=CursorKind.SWEEP,
            deletes_visible=True,
            note="One for each unit; a building with several units is one more. Hidden ones come as archived.",
        ),
        Capability(
            Resource.TENANCY,
            push=True,
            changed_since=CursorKind.SWEEP,
            deletes_visible=True,
            note="One for each occupancy, its tenants and leases in one. AppFolio tells no bonds and no days paid to.",
        ),
        Capability(Resource.CONTACT, push=True, changed_since=CursorKind.DATETIME, note="Tenants, owners and vendors."),
        Capability(Resource.JOB, push=True, changed_since=CursorKind.DATETIME, write=True),
        Capability(
            Resource.PAYMENT,
            push=True,
            changed_since=CursorKind.DATE,
            derived=True,
            note=(
                "Payment by payment with Reports API keys, whatever the tenant paid for but deposits. Without them "
                "derived: how much of the rent charged is no longer owed. AppFolio's database API lists no payments."
            ),
        ),
        Capability(
            Resource.BILL,
            push=True,
            changed_since=CursorKind.DATETIME,
            note="One for each line that names a property.",
        ),
    ),
    # Eight calls a second are allowed, and a page has a thousand rows: one at a time is enough.
    parallel_pages=1,
    rate_limits=(RateLimit(8, 1), RateLimit(256, 60), RateLimit(4096, 3600)),
    webhooks=WEBHOOKS,
)
