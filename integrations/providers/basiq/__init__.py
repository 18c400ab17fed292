"""Declared so that people see it is planned: bank feeds come after the property managers."""

from __future__ import annotations

from integrations.specs import Auth, Kind, Maturity, ProviderSpec

SPEC = ProviderSpec(
    slug="basiq",
    label="Basiq",
    kind=Kind.BANKING,
    region="AU · NZ",
    tagline="Bank feeds to match rent and bills with what reached the account. Not built yet: nothing to connect.",
    maturity=Maturity.COMING_SOON,
    auth=Auth.NONE,
)
