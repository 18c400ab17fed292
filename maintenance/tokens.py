"""Links for people without an account: one purpose, one row, and an end.

The secret in the address is an HMAC of the row's key under SECRET_KEY, so that a message sent twice carries the same
link and nothing secret is stored: the row holds its SHA-256. Whoever reads the database alone cannot make the link.
"""

from __future__ import annotations

import base64
import hashlib
from uuid import UUID

from django.utils.crypto import salted_hmac

OFFER, APPROVAL = "offer", "approval"


def secret_of(purpose: str, key: UUID) -> str:
    """The secret that stands in the address of this row's link; 43 characters, safe in an address."""
    digest = salted_hmac(f"maintenance.tokens.{purpose}", key.hex, algorithm="sha256").digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def fingerprint(secret: str) -> str:
    """What the row stores of a secret."""
    return hashlib.sha256(secret.encode()).hexdigest()
