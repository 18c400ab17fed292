"""The shape of a provider's declaration. Each provider folder exposes one SPEC; registry.py lists them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from integrations.records import Resource


class Kind(StrEnum):
    PROPERTY_MANAGER = "property_manager"
    BANKING = "banking"
    ACCOUNTING = "accounting"


class Maturity(StrEnum):
    STABLE = "stable"
    BETA = "beta"
    COMING_SOON = "coming_soon"


class CursorKind(StrEnum):
    """How a resource tells what changed since the last read."""

    OPAQUE = "opaque"  # a rising number whose meaning is the provider's own
    DATETIME = "datetime"
    DATE = "date"
    NEXT_LINK = "next_link"
    UPLOAD = "upload"  # what was uploaded since
    SWEEP = "sweep"  # none: everything is read and compared by hash


class Auth(StrEnum):
    """How an organisation gives access: by signing in at the provider, or by keys typed into our form."""

    OAUTH2 = "oauth2"
    KEYS = "keys"
    FILE = "file"  # no sign-in: people upload what their software exports
    NONE = "none"


@dataclass(frozen=True, slots=True)
class RateLimit:
    """What a vendor allows one credential: at most `calls` calls in any `seconds` seconds.

    `concurrent` says that at most `calls` may also be under way at once ("10 concurrent requests per second").
    """

    calls: int
    seconds: float
    concurrent: bool = False


@dataclass(frozen=True, slots=True)
class KeyField:
    """One input of the connect form. What a `secret` one held is never shown again.

    An `is_host` one names a host of the customer's own, without the vendor's domain. Those of one `group` are given all
    or not at all.
    """

    name: str
    label: str
    secret: bool = False
    required: bool = True
    help: str = ""
    is_host: bool = False
    group: str = ""


@dataclass(frozen=True, slots=True)
class Capability:
    """What a provider offers for one resource. The engine reads this; the connect page shows it."""

    resource: Resource
    lists: bool = True
    changed_since: CursorKind = CursorKind.SWEEP
    push: bool = False
    write: bool = False
    derived: bool = False
    deletes_visible: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class EventRule:
    """What one of a vendor's event names means here; `name` is our own event name.

    The vendor's payload only says where to look: the records of `resource` with the ids in the payload's `field` are
    fetched again. With `by_id` off the payload's id is not one of the records we keep, and what changed of the resource
    is read instead. Without a resource the event is known and has no use here.
    """

    name: str
    resource: Resource | None = None
    field: str = ""
    by_id: bool = True


@dataclass(frozen=True, slots=True)
class WebhookSpec:
    """How a vendor sends events.

    `verifier` is the dotted path of a class that takes WebhookKeys and satisfies WebhookSource (contracts.py). `events`
    maps the vendor's event names. `headers` are kept with an event, for support. With `needs_secret` a person copies
    the vendor's signing secret to us; `key_set` names the setting that holds the address of the vendor's public keys.
    `ordered` says that the vendor promises order: then no event overtakes an earlier one that waits to be tried again.
    `set_up` tells a person, in a sentence, where at the vendor our address is entered.
    """

    verifier: str
    events: Mapping[str, EventRule]
    headers: tuple[str, ...] = ()
    needs_secret: bool = False
    key_set: str = ""
    ordered: bool = False
    set_up: str = ""


@dataclass(frozen=True, slots=True)
class ProviderSpec:
    """A provider as declared data.

    `adapter` is the dotted path of a factory taking an AdapterContext. `settings_prefix` names its settings:
    <PREFIX>_API_URL, <PREFIX>_AUTH_URL, <PREFIX>_CLIENT_ID, <PREFIX>_CLIENT_SECRET, <PREFIX>_CLIENT_AUTH; one whose
    access is keys needs its addresses alone, and says in `key_fields` what an organisation types in.
    `parallel_pages` is how many pages may be asked for at once; 1 where the vendor states no limit and none is known.
    `rate_limits` are kept by all processes together (ratelimit.py); empty where the vendor publishes none.
    `mapping_version` is part of every content hash: raising it replays all records through a changed mapping.
    """

    slug: str
    label: str
    kind: Kind
    region: str
    tagline: str
    maturity: Maturity
    auth: Auth
    adapter: str = ""
    settings_prefix: str = ""
    scopes: tuple[str, ...] = ()
    authorize_path: str = ""
    token_path: str = ""
    revoke_path: str = ""
    key_fields: tuple[KeyField, ...] = ()
    capabilities: tuple[Capability, ...] = ()
    parallel_pages: int = 1
    mapping_version: int = 1
    rate_limits: tuple[RateLimit, ...] = ()
    webhooks: WebhookSpec | None = None

    @property
    def is_live(self) -> bool:
        """Whether it can be connected in this version of the product."""
        return self.maturity != Maturity.COMING_SOON

    def capability(self, resource: Resource) -> Capability | None:
        return next((item for item in self.capabilities if item.resource == resource), None)
