"""Holds a run that would do something drastic, until a person has looked at it."""

from __future__ import annotations

from integrations.errors import RunHeld

# More than this share of the known records gone at once looks like an outage or a lost permission, not like business.
MISSING_SHARE = 0.20
# Below this many known records a single sold property would already be a large share.
FEW = 5


def check_sweep(*, label: str, resource: str, known: int, seen: int, missing: int) -> None:
    """Raises RunHeld when a complete listing looks wrong: empty where records were, or too many gone."""
    if known and not seen:
        raise RunHeld(
            f"{label} answered with no {resource} records at all, where {known} were known. Nothing was changed. "
            "Look at the provider, then let the sync go on if this is right."
        )
    if known >= FEW and missing > known * MISSING_SHARE:
        raise RunHeld(
            f"{missing} of {known} {resource} records are no longer listed by {label}. None was marked as missing. "
            "Look at the provider, then let the sync go on if this is right."
        )
