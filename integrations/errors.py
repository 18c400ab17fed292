"""Errors named by what happens next. Each has a stable code, a sentence for people and redacted details for support."""

from __future__ import annotations

from typing import ClassVar

from core.redaction import redact


class IntegrationError(Exception):
    """Something went wrong in a conversation with the outside.

    `safe_message` may be shown to people; `detail` is for support and holds no secret.
    """

    code: ClassVar[str] = "integration_error"
    default_message: ClassVar[str] = "The provider could not be reached."

    def __init__(self, safe_message: str = "", *, detail: str = "") -> None:
        self.safe_message = safe_message or self.default_message
        self.detail = redact(detail)
        super().__init__(f"{self.safe_message} {self.detail}".strip())


class TransientError(IntegrationError):
    """Try again, with growing waits."""

    code = "transient"
    default_message = "The provider did not answer properly. The sync is tried again by itself."


class RateLimited(TransientError):
    """Try again after `retry_after` seconds; None where the provider named no time."""

    code = "rate_limited"
    default_message = "The provider asked us to slow down."

    def __init__(self, safe_message: str = "", *, detail: str = "", retry_after: float | None = None) -> None:
        super().__init__(safe_message, detail=detail)
        self.retry_after = retry_after


class ProviderPaused(RateLimited):
    """The provider gives out no data for a while and says so (nightly maintenance): `retry_after` is its end."""

    code = "provider_paused"
    default_message = "The provider gives out no data at the moment. The sync is started again by itself later."


class NotNow(TransientError):
    """A helper thread may not ask now, and did not: the reader asks, with whatever waits that takes."""

    code = "not_now"


class ProviderDown(IntegrationError):
    """The connection's circuit breaker is open: nothing is asked before `retry_at` (seconds since 1970).

    Not transient: whoever asked ends with the reason, and the schedule asks again.
    """

    code = "provider_down"
    default_message = "The provider does not answer, so nothing is asked of it for a while."

    def __init__(self, safe_message: str = "", *, detail: str = "", retry_at: float) -> None:
        super().__init__(safe_message, detail=detail)
        self.retry_at = retry_at


class PropertySetAside(IntegrationError):
    """Calls about this one property keep failing: it is left out, and the rest of the portfolio goes on."""

    code = "property_set_aside"
    default_message = "The provider keeps failing on this property, so it is set aside for a while."


class ReauthRequired(IntegrationError):
    """A person must sign in at the provider again. `revoked` tells withdrawn access from an expired grant."""

    code = "reauth_required"
    default_message = "The provider no longer accepts our access. Sign in again to go on; mappings are kept."

    def __init__(self, safe_message: str = "", *, detail: str = "", revoked: bool = False) -> None:
        super().__init__(safe_message, detail=detail)
        self.revoked = revoked


class NotAllowed(ReauthRequired):
    """Our access stands, and does not cover this one thing. Adapters may do without it."""

    default_message = "The provider does not allow us to read this. Sign in there again and allow all that is asked."


class Misconfigured(IntegrationError):
    """Our own credentials or addresses are wrong: the operator is told, connections stay as they are."""

    code = "misconfigured"
    default_message = (
        "PropertyTracker's own access to this provider is not set up properly. Our operator has been told."
    )


class RecordRejected(IntegrationError):
    """This record cannot be imported; the others go on. The message becomes the record's reason."""

    code = "record_rejected"
    default_message = "The record is not complete enough to import."


class RecordSetAside(RecordRejected):
    """The record is in order and is not for the books (a bond, say): nobody needs to look at it."""

    code = "record_set_aside"
    default_message = "The record is not one that belongs in the books."


class RemoteGone(IntegrationError):
    """What was asked for is not there any more."""

    code = "remote_gone"
    default_message = "The provider no longer has this record."


class ContractChanged(IntegrationError):
    """The provider answers in a shape we do not know: the run stops before it can do harm."""

    code = "contract_changed"
    default_message = "The provider's answer has a shape that we do not know, so nothing was changed. We look into it."


class RequestRefused(ContractChanged):
    """The provider understood what we sent and will not take it: sending it again is of no use."""

    code = "request_refused"
    default_message = "The provider does not take what was sent to it. Nothing was changed there."


class ConflictDetected(IntegrationError):
    """Both sides changed; a person decides."""

    code = "conflict"
    default_message = "Both sides changed. Choose which one to keep."


class SignatureRefused(IntegrationError):
    """A delivery that its alleged sender did not sign: nothing of it is kept."""

    code = "signature_refused"
    default_message = "The signature does not fit the request."


class RunHeld(IntegrationError):
    """The run would do something drastic; it waits for a person."""

    code = "held"
    default_message = "This sync was held because it would change an unusual number of records."


class RunCancelled(IntegrationError):
    """A person asked the run to stop."""

    code = "cancelled"
    default_message = "The sync was cancelled. What it had finished is kept."
