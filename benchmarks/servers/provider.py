"""A provider that exists for the benchmark: it signs as Buildium does."""

from __future__ import annotations

from integrations.providers.buildium.webhooks import WEBHOOKS
from integrations.registry import PROVIDERS
from integrations.specs import Auth, Kind, Maturity, ProviderSpec

SPEC = ProviderSpec(
    slug="bench",
    label="Benchmark",
    kind=Kind.PROPERTY_MANAGER,
    region="US",
    tagline="",
    maturity=Maturity.BETA,
    auth=Auth.NONE,
    webhooks=WEBHOOKS,
)
PROVIDERS[SPEC.slug] = SPEC
