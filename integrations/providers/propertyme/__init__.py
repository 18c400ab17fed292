"""PropertyMe (Australia, New Zealand). Facts and their sources are in NOTES.md beside this file."""

from __future__ import annotations

from integrations.records import Resource
from integrations.specs import Auth, Capability, CursorKind, Kind, Maturity, ProviderSpec

SPEC = ProviderSpec(
    slug="propertyme",
    label="PropertyMe",
    kind=Kind.PROPERTY_MANAGER,
    region="AU · NZ",
    tagline="Properties, leases, rent, jobs and bills from your PropertyMe portfolio.",
    maturity=Maturity.STABLE,
    auth=Auth.OAUTH2,
    adapter="integrations.providers.propertyme.client.PropertyMeAdapter",
    settings_prefix="PROPERTYME",
    scopes=("property:read", "contact:read", "activity:read", "transaction:read", "offline_access"),
    authorize_path="/connect/authorize",
    token_path="/connect/token",  # noqa: S106  # a path, not a secret
    revoke_path="/connect/revocation",
    capabilities=(
        Capability(
            Resource.PROPERTY,
            changed_since=CursorKind.OPAQUE,
            note="Archived properties are read from a list of their own.",
        ),
        Capability(Resource.CONTACT, changed_since=CursorKind.OPAQUE),
        Capability(Resource.TENANCY, changed_since=CursorKind.SWEEP, note="PropertyMe lists all tenancies each time."),
        Capability(Resource.JOB, changed_since=CursorKind.OPAQUE),
        Capability(
            Resource.PAYMENT,
            changed_since=CursorKind.DATE,
            derived=True,
            note="Line by line where your PropertyMe offers it, else derived from the total of rent paid.",
        ),
        Capability(
            Resource.BILL,
            changed_since=CursorKind.OPAQUE,
            derived=True,
            note="Line by line where your PropertyMe offers it, else the accepted quotation of each job.",
        ),
    ),
    parallel_pages=12,
)
