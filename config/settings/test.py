"""Tests: real PostgreSQL and Redis, quick password hashing, e-mail kept in memory."""

from __future__ import annotations

from config import embedded
from config.env import env_int, env_str

from .local import *  # noqa: F403  # see local.py

DEBUG = False
ALLOWED_HOSTS = ["*"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"

# Test sessions of one checkout may run side by side: each has a database and a Redis database of its own.
TEST_SLOT = embedded.claim_test_slot()
# Uploads of tests, thrown away by the next session in the same slot.
MEDIA_ROOT = BASE_DIR / ".local" / f"test-media-{TEST_SLOT}"  # noqa: F405
# pytest-django creates and drops databases; pooled idle connections would hold them open.
DATABASES = {
    "default": {
        **database_from_url(DATABASE_URL, pool_size=env_int("DATABASE_POOL_SIZE", 0)),  # noqa: F405
        "TEST": {"NAME": f"test_propertytracker_{TEST_SLOT}"},
    }
}
REDIS_URL = env_str("REDIS_URL", "") or embedded.redis_url(db=16 + TEST_SLOT)
# Files of a test leave nothing behind.
STORAGES = {**STORAGES, "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"}}  # noqa: F405
CACHES = {"default": {**CACHES["default"], "LOCATION": REDIS_URL, "KEY_PREFIX": "pt-test"}}  # noqa: F405
CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_ALWAYS_EAGER = False
PROPERTYME_CLIENT_ID = "sandbox-client"
PROPERTYME_CLIENT_SECRET = "sandbox-secret"  # noqa: S105  # the sandbox vendor's published test credential
