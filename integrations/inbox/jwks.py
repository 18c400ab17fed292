"""A vendor's public keys: its JWKS (RFC 7517), kept in the process, read again when a key id is unknown."""

from __future__ import annotations

import base64
import binascii
import logging
import threading
import time
from typing import Any
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, RSAPublicNumbers

from integrations.errors import IntegrationError, TransientError
from integrations.http import HttpClient

logger = logging.getLogger(__name__)

# A key that the vendor withdrew is honoured no longer than this.
MAX_AGE = 3600.0
# Forged key ids may make us ask the vendor this often and no oftener.
SHORTEST_GAP = 5.0
SMALLEST_KEY = 2048

_sets: dict[str, KeySet] = {}
_sets_lock = threading.Lock()


def key_set(url: str) -> KeySet:
    """The one KeySet of this process for an address."""
    with _sets_lock:
        if url not in _sets:
            _sets[url] = KeySet(url)
        return _sets[url]


class KeySet:
    """The keys at one address. Called from many threads at once; one of them reads, the others wait for it."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._lock = threading.Lock()
        self._keys: dict[str, RSAPublicKey] = {}
        self._read_at: float | None = None

    def find(self, kid: str, *, now: float | None = None) -> RSAPublicKey | None:
        """The key with this id; None when the vendor does not list it.

        An unknown id reads the list again, once. Raises TransientError when the list was never read and cannot be.
        """
        at = time.monotonic() if now is None else now
        known = self._keys.get(kid)
        if known is not None and self._read_at is not None and at - self._read_at < MAX_AGE:
            return known
        with self._lock:
            if kid not in self._keys or self._is_older(at, MAX_AGE):
                self._read_again(at)
            return self._keys.get(kid)

    def _is_older(self, at: float, seconds: float) -> bool:
        return self._read_at is None or at - self._read_at >= seconds

    def _read_again(self, at: float) -> None:
        if not self._is_older(at, SHORTEST_GAP):
            return
        parts = urlsplit(self._url)
        try:
            with HttpClient(f"{parts.scheme}://{parts.netloc}", attempts=2) as http:
                keys = read_keys(http.get_json(parts.path))
        except IntegrationError as error:
            if self._read_at is None:
                raise TransientError("The vendor's keys could not be read.", detail=error.detail) from error
            # The keys that are known go on being good: an outage of the list must not refuse what they signed.
            logger.warning("The keys at %s could not be read again: %s", self._url, error.code)
            self._read_at = at
            return
        self._keys, self._read_at = keys, at


def read_keys(answer: Any) -> dict[str, RSAPublicKey]:
    """RSA signature keys by id; entries of other kinds, without an id or too short are left out."""
    found: dict[str, RSAPublicKey] = {}
    entries = answer.get("keys") if isinstance(answer, dict) else None
    for entry in entries if isinstance(entries, list) else []:
        if not isinstance(entry, dict) or entry.get("kty") != "RSA" or entry.get("use", "sig") != "sig":
            continue
        if entry.get("alg", "PS256") != "PS256" or not isinstance(entry.get("kid"), str):
            continue
        try:
            key = RSAPublicNumbers(_number(entry["e"]), _number(entry["n"])).public_key()
        except (KeyError, TypeError, ValueError, binascii.Error):
            continue
        if key.key_size >= SMALLEST_KEY:
            found[entry["kid"]] = key
    return found


def _number(text: str) -> int:
    return int.from_bytes(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), "big")
