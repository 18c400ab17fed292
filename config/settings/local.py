"""A developer's machine: embedded services, readable errors, e-mail written to the log."""

from __future__ import annotations

from config.env import env_list, env_secret, env_str

from .base import *  # noqa: F403  # the one place where settings are inherited whole

DEBUG = True
STYLEGUIDE = True
SECRET_KEY = env_secret("SECRET_KEY", "local-development-only-not-a-secret-0123456789-abcdefghij")
FIELD_ENCRYPTION_KEYS = env_list("FIELD_ENCRYPTION_KEY", "local-development-only-field-key-0123456789")
ALLOWED_HOSTS = env_list("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
EMAIL_BACKEND = env_str("EMAIL_BACKEND", "django.core.mail.backends.console.EmailBackend")
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
# Files are served from where they are written; nothing is collected.
STATIC_ROOT = None
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
