"""Declared so that people see it is planned: :Different publishes no API (searched 2026-11)."""

from __future__ import annotations

from integrations.specs import Auth, Kind, Maturity, ProviderSpec

SPEC = ProviderSpec(
    slug="different",
    label=":Different",
    kind=Kind.PROPERTY_MANAGER,
    region="AU",
    tagline="Property management without the percentage fee.",
    maturity=Maturity.COMING_SOON,
    auth=Auth.NONE,
)
