"""Signs deliveries as AppFolio does, and lists the public keys: for the sandbox vendor and for tests."""

from __future__ import annotations

import base64
import json
from functools import cached_property
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS
from cryptography.hazmat.primitives.hashes import SHA256


class SigningKey:
    """One of the vendor's keys; a rotation is another of these with another `kid`."""

    def __init__(self, kid: str, *, bits: int = 2048) -> None:
        self.kid = kid
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=bits)

    @cached_property
    def jwk(self) -> dict[str, str]:
        """The public half as an entry of a JWKS."""
        numbers = self._key.public_key().public_numbers()
        return {
            "kty": "RSA",
            "use": "sig",
            "alg": "PS256",
            "kid": self.kid,
            "n": _number(numbers.n),
            "e": _number(numbers.e),
        }

    def sign(self, body: bytes, **head: Any) -> str:
        """The value of X-JWS-Signature for a body; `head` adds to the protected header or replaces parts of it."""
        protected = _encode(json.dumps({"alg": "PS256", "kid": self.kid, **head}).encode())
        signed = f"{protected}.{_encode(body)}".encode()
        signature = self._key.sign(signed, PSS(MGF1(SHA256()), 32), SHA256())
        return f"{protected}..{_encode(signature)}"

    def headers(self, body: bytes) -> dict[str, str]:
        return {"Content-Type": "application/json", "X-JWS-Signature": self.sign(body)}


def jwks(*keys: SigningKey) -> dict[str, list[dict[str, str]]]:
    """What stands at the address of the key set."""
    return {"keys": [key.jwk for key in keys]}


def _encode(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def _number(value: int) -> str:
    return _encode(value.to_bytes((value.bit_length() + 7) // 8, "big"))
