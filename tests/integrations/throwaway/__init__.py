"""A provider that exists for one test: a folder with SPEC and client, as in integrations/providers/."""

from __future__ import annotations

from integrations.records import Resource
from integrations.specs import (
    Auth,
    Capability,
    CursorKind,
    EventRule,
    Kind,
    Maturity,
    ProviderSpec,
    WebhookSpec,
)

WEBHOOKS = WebhookSpec(
    verifier="tests.integrations.throwaway.webhooks.CottageWebhooks",
    events={
        "let.changed": EventRule("lease.changed", Resource.TENANCY),
        "repair.changed": EventRule("work_order.changed", Resource.JOB),
        "receipt.changed": EventRule("rent.changed", Resource.PAYMENT),
        "invoices.changed": EventRule("bill.changed", Resource.BILL, by_id=False),
        "weather.changed": EventRule("weather.changed"),
    },
    headers=("x-cottage-signature",),
    needs_secret=True,
    set_up="Ask the keeper to write this address down.",
)
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
    webhooks=WEBHOOKS,
)
