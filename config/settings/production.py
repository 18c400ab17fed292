"""Production: every secret is required, every cookie and header hardened."""

from __future__ import annotations

from config.env import env_bool, env_int, env_list, env_secret, env_str

# Private servers are for development: production names its own, and says so when it does not.
env_str("DATABASE_URL")
env_str("REDIS_URL")

from .base import *  # noqa: E402, F403  # after the two checks, since base would start private servers; see local.py

SECRET_KEY = env_secret("SECRET_KEY")
FIELD_ENCRYPTION_KEYS = [key.strip() for key in env_secret("FIELD_ENCRYPTION_KEY").split(",") if key.strip()]
ALLOWED_HOSTS = env_list("ALLOWED_HOSTS") or [env_str("ALLOWED_HOSTS")]
PUBLIC_URL = env_str("PUBLIC_URL")

SECURE_SSL_REDIRECT = env_bool("SECURE_SSL_REDIRECT", True)
SECURE_HSTS_SECONDS = env_int("SECURE_HSTS_SECONDS", 31_536_000)
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
