"""`manage.py rotate_field_key`: everything encrypted is put under the first key of FIELD_ENCRYPTION_KEY.

To rotate: put the new key in front of the old one (`FIELD_ENCRYPTION_KEY=new,old`), restart every process, run this
command, then take the old key away. Running it again changes nothing.
"""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand, CommandError
from django.core.signing import BadSignature
from django.db import models
from django.db.models.functions import Cast

from core.fields import EncryptedTextField, decrypt_text, encrypt_text, is_under_first_key

BATCH = 500


class Command(BaseCommand):
    help = "Encrypts every encrypted field anew under the first key of FIELD_ENCRYPTION_KEY. Safe to run again."

    def handle(self, *args: Any, **options: Any) -> None:
        unreadable = 0
        for model in apps.get_models():
            for field in model._meta.concrete_fields:
                if isinstance(field, EncryptedTextField):
                    done, current, lost = _rotate(model, field.attname)
                    unreadable += lost
                    name = f"{model._meta.label}.{field.attname}"
                    self.stdout.write(f"{name}: {done} encrypted anew, {current} already current, {lost} unreadable")
        if unreadable:
            raise CommandError(
                f"{unreadable} values were encrypted with a key that is not in FIELD_ENCRYPTION_KEY; they were left as "
                "they are. Add that key to the list and run the command again."
            )


def _rotate(model: type[models.Model], name: str) -> tuple[int, int, int]:
    """How many values were encrypted anew, were current already, and could not be read with any key."""
    done = current = lost = 0
    stored = (
        model._default_manager.exclude(**{name: None})
        # The cast passes by the field, which would decrypt.
        .annotate(stored_bytes=Cast(name, models.BinaryField()))
        .order_by("pk")
        .values_list("pk", "stored_bytes")
    )
    for key, value in stored.iterator(chunk_size=BATCH):
        value = bytes(value)
        if is_under_first_key(value):
            current += 1
            continue
        try:
            fresh = encrypt_text(decrypt_text(value))
        except BadSignature:
            lost += 1
            continue
        # Only while it is still what was read: a token refreshed meanwhile is under the first key already.
        done += model._default_manager.filter(pk=key, **{name: value}).update(**{name: fresh})
    return done, current, lost
