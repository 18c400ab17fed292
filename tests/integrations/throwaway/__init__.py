"""A provider that exists for one test: a folder with SPEC and client, as in integrations/providers/."""

from __future__ import annotations

from integrations.records import Resource
from integrations.specs import Auth, Capability, CursorKind, Kind, Maturity, ProviderSpec

SPEC = ProviderSpec(
    slug="cottage",
    label="Cottage Keeper",
    kind=Kind.PROPERTY_MANAGER,
    region="AU",
    tagline="A handful of cottages by the sea.",
    maturity=Maturity.BETA,
    auth=Auth.OAUTH2,
    adapter="tests.integrations.throwaway.client.CottageAdapter",
    settings_prefix="COTTAGE",
    scopes=("read", "offline_access"),
    authorize_path="/connect/authorize",
    token_path="/connect/token",
    revoke_path="/connect/revocation",
    capabilities=(
        Capability(Resource.PROPERTY),
        Capability(Resource.TENANCY),
        Capability(Resource.JOB),
        Capability(Resource.PAYMENT, changed_since=CursorKind.DATE),
        Capability(Resource.BILL),
    ),
)
