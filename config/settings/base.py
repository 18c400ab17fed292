"""Settings shared by every environment. Each environment module imports this one and nothing imports back."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import django_stubs_ext
from csp.constants import NONCE, NONE, SELF
from django.templatetags.static import static

from config import embedded
from config.env import env_bool, env_int, env_list, env_secret, env_str
from config.schedule import BEAT_SCHEDULE

# ModelForm[Lease] and its like are generic for the type checker; this makes them so when running.
django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent.parent

DEBUG = False
SECRET_KEY = env_secret("SECRET_KEY", "")
# Provider tokens are encrypted with a key of their own, so that rotating one secret never touches the other.
# A comma-separated list: the first encrypts, all decrypt (see `manage.py rotate_field_key`).
FIELD_ENCRYPTION_KEYS = [key.strip() for key in env_secret("FIELD_ENCRYPTION_KEY", "").split(",") if key.strip()]
ALLOWED_HOSTS = env_list("ALLOWED_HOSTS")
CSRF_TRUSTED_ORIGINS = env_list("CSRF_TRUSTED_ORIGINS")
PUBLIC_URL = env_str("PUBLIC_URL", "http://localhost:8000")

INSTALLED_APPS = [
    "unfold",
    "unfold.contrib.filters",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "rest_framework",
    "django_filters",
    "django_htmx",
    "template_partials",
    "django_celery_beat",
    "csp",
    "core",
    "access",
    "communications",
    "properties",
    "tenancies",
    "accounting",
    "maintenance",
    "integrations",
    "reporting",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "integrations.views.webhook.IntakeMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "core.csp.StaffDeskPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "access.middleware.OrganisationMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
                "config.context.shell",
            ],
            "builtins": ["core.templatetags.ui"],
        },
    }
]


def database_from_url(url: str, *, pool_size: int) -> dict[str, object]:
    """Django's database dictionary for a postgres:// address (host may be a socket directory in ?host=)."""
    parts = urlsplit(url)
    query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    host = query.pop("host", "") or unquote(parts.hostname or "")
    options: dict[str, object] = dict(query)
    if pool_size:
        # A restart of the database under load then costs tens of failed requests, not thousands.
        options["pool"] = {"min_size": 1, "max_size": pool_size, "timeout": 10}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")) or "postgres",
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": str(parts.port or query.get("port", "")),
        "OPTIONS": options,
    }


DATABASE_URL = env_str("DATABASE_URL", "") or embedded.database_url()
REDIS_URL = env_str("REDIS_URL", "") or embedded.redis_url()
DATABASES = {"default": database_from_url(DATABASE_URL, pool_size=env_int("DATABASE_POOL_SIZE", 12))}

CACHES = {
    "default": {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "pt",
        "OPTIONS": {"CLIENT_CLASS": "django_redis.client.DefaultClient"},
    }
}
SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"

AUTH_USER_MODEL = "access.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
ACCOUNT_ADAPTER = "access.adapter.AccountAdapter"
ACCOUNT_FORMS = {"login": "access.forms.SignInForm"}
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_PREVENT_ENUMERATION = True
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_LOGOUT_REDIRECT_URL = "/accounts/login/"

LANGUAGE_CODE = "en-au"
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True

# The page with every component, for people who build pages; local.py turns it on.
STYLEGUIDE = False

STATIC_URL = "static/"
STATIC_ROOT: Path | None = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
# Photos and documents of jobs; handed out by views alone, never by a web server.
MEDIA_ROOT = Path(env_str("MEDIA_ROOT", "") or BASE_DIR / "media")

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "manifest-src": [SELF],
    },
}
# The staff desk's interface library evaluates its own expressions and sets inline styles; it is for staff alone.
CSP_ADMIN_PREFIX = "/admin/"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"

EMAIL_BACKEND = env_str("EMAIL_BACKEND", "django.core.mail.backends.smtp.EmailBackend")
EMAIL_HOST = env_str("EMAIL_HOST", "localhost")
EMAIL_PORT = env_int("EMAIL_PORT", 25)
EMAIL_HOST_USER = env_str("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = env_secret("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = env_bool("EMAIL_USE_TLS", False)
# Seconds; an e-mail is sent while its row is locked, so a silent mail server must not hold it for long.
EMAIL_TIMEOUT = env_int("EMAIL_TIMEOUT", 20)
DEFAULT_FROM_EMAIL = env_str("DEFAULT_FROM_EMAIL", "PropertyTracker <no-reply@propertytracker.example>")

CELERY_BROKER_URL = env_str("CELERY_BROKER_URL", "") or REDIS_URL
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_TIME_LIMIT = env_int("TASK_TIME_LIMIT", 3600)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# Longer than the longest task: a shorter one hands running work to a second worker. The other two make a killed
# worker's messages visible again within seconds (kombu's defaults scan for them every hundred seconds).
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": CELERY_TASK_TIME_LIMIT + 600,
    "unacked_restore_interval": 1,
    "unacked_restore_throttle": 1,
}
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
CELERY_BEAT_SCHEDULE = BEAT_SCHEDULE
CELERY_TIMEZONE = "UTC"
DJANGO_CELERY_BEAT_TZ_AWARE = True

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.SessionAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["access.permissions.IsOrganisationMember"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "COERCE_DECIMAL_TO_STRING": True,
}

# What lower layers ask of higher ones, by dotted path, so that no domain app imports integrations.
SOURCE_DIRECTORY = "integrations.sources.Directory"

# How a job reaches a vendor: the key that a vendor carries, and the class behind it (maintenance/ports.py).
ASSIGNMENT_CHANNELS = {"email": "maintenance.channels.EmailChannel"}

# Provider credentials and base addresses. A provider without credentials is off and shown as "not configured".
PROPERTYME_API_URL = env_str("PROPERTYME_API_URL", "https://app.propertyme.com/api")
PROPERTYME_AUTH_URL = env_str("PROPERTYME_AUTH_URL", "https://login.propertyme.com")
PROPERTYME_CLIENT_ID = env_str("PROPERTYME_CLIENT_ID", "")
PROPERTYME_CLIENT_SECRET = env_secret("PROPERTYME_CLIENT_SECRET", "")
PROPERTYME_CLIENT_AUTH = env_str("PROPERTYME_CLIENT_AUTH", "basic")
# Organisations bring keys of their own; the operator gives the address alone.
BUILDIUM_API_URL = env_str("BUILDIUM_API_URL", "https://api.buildium.com")
# Organisations bring keys of their own to AppFolio. {names} are host names they give, always below AppFolio's domain.
APPFOLIO_API_URL = env_str("APPFOLIO_API_URL", "https://api.appfolio.com/api/v0")
APPFOLIO_OWN_API_URL = env_str("APPFOLIO_OWN_API_URL", "https://{host}.appfolio.com/api/v0")
APPFOLIO_REPORTS_URL = env_str("APPFOLIO_REPORTS_URL", "https://{reports_host}.appfolio.com/api/v2/reports")
APPFOLIO_JWKS_URL = env_str("APPFOLIO_JWKS_URL", "https://api.appfolio.com/.well-known/jwks.json")

UNFOLD = {
    "SITE_TITLE": "PropertyTracker staff desk",
    "SITE_HEADER": "PropertyTracker",
    "SITE_SUBHEADER": "Staff desk",
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("img/favicon.svg")}],
    "STYLES": [lambda request: static("staff/staff.css")],
    "SHOW_HISTORY": True,
    "BORDER_RADIUS": "6px",
    "COLORS": {
        "primary": {
            "50": "oklch(97% .015 168)", "100": "oklch(95% .03 168)", "200": "oklch(89% .05 168)",
            "300": "oklch(81% .08 168)", "400": "oklch(74% .11 168)", "500": "oklch(60% .1 168)",
            "600": "oklch(45% .09 168)", "700": "oklch(39% .08 168)", "800": "oklch(33% .06 168)",
            "900": "oklch(28% .05 168)", "950": "oklch(20% .04 168)",
        }
    },
}  # fmt: skip

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"redact": {"()": "core.redaction.RedactingFilter"}},
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["redact"]}},
    "root": {"handlers": ["console"], "level": env_str("LOG_LEVEL", "INFO")},
}
