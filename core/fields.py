"""A text field that is encrypted in the database with the application's field keys."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.signing import BadSignature
from django.db import models
from django_cryptography.core.signing import FernetSigner
from django_cryptography.utils.crypto import FernetBytes, pbkdf2

_SALT = "propertytracker.fields"


@lru_cache(maxsize=8)
def _box(key: str) -> FernetBytes:
    material = pbkdf2(key, _SALT, 100_000, dklen=64)
    # Encryption and signature use separate halves, neither derived from SECRET_KEY.
    return FernetBytes(material[:32], FernetSigner(material[32:]))


def _keys() -> list[str]:
    if not settings.FIELD_ENCRYPTION_KEYS:
        raise ImproperlyConfigured("Set FIELD_ENCRYPTION_KEY: provider tokens cannot be stored without it.")
    return list(settings.FIELD_ENCRYPTION_KEYS)


def encrypt_text(value: str) -> bytes:
    """Ciphertext under the first configured key."""
    return bytes(_box(_keys()[0]).encrypt(value.encode()))


def decrypt_text(value: bytes) -> str:
    """Plain text, trying every configured key. Raises BadSignature when none fits."""
    for key in _keys():
        try:
            return bytes(_box(key).decrypt(value)).decode()
        except BadSignature:
            continue
    raise BadSignature("No configured FIELD_ENCRYPTION_KEY decrypts this value.")


def is_under_first_key(value: bytes) -> bool:
    """Whether the ciphertext is under the key that encrypts, as all of them are after `manage.py rotate_field_key`."""
    try:
        _box(_keys()[0]).decrypt(value)
    except BadSignature:
        return False
    return True


class EncryptedTextField(models.BinaryField):  # type: ignore[type-arg]
    """Text at rest under FIELD_ENCRYPTION_KEY; cannot be searched, and is never shown by forms."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("editable", False)
        super().__init__(*args, **kwargs)

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        if value is None:
            return None
        if isinstance(value, str):
            value = encrypt_text(value)
        return super().get_db_prep_value(value, connection, prepared)

    def from_db_value(self, value: Any, *args: Any) -> str | None:
        return None if value is None else decrypt_text(bytes(value))

    def to_python(self, value: Any) -> Any:
        return value
