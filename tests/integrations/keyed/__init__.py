"""A provider that is connected with keys, for tests: Cottage Keeper's lists behind two headers."""

from __future__ import annotations

from integrations.specs import Auth, KeyField, Kind, Maturity, ProviderSpec
from tests.integrations.throwaway import SPEC as COTTAGE

SPEC = ProviderSpec(
    slug="boathouse",
    label="Boathouse Keeper",
    kind=Kind.PROPERTY_MANAGER,
    region="AU",
    tagline="Cottages with keys of their own.",
    maturity=Maturity.BETA,
    auth=Auth.KEYS,
    adapter="tests.integrations.keyed.client.BoathouseAdapter",
    settings_prefix="BOATHOUSE",
    key_fields=(
        KeyField("client_id", "Client ID", help="Under Settings, API."),
        KeyField("client_secret", "Client secret", secret=True),
        KeyField("report_id", "Report user", required=False),
    ),
    capabilities=COTTAGE.capabilities,
)
