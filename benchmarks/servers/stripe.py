"""dj-stripe's endpoint as its manual sets it up, behind the middleware of a new Django project.

`python -m benchmarks.servers.stripe` brings its database up to date and prints the path of an endpoint with the secret.
"""

from __future__ import annotations

import os
import sys

import django
from django.conf import settings
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.urls import include, path

from config.settings.base import database_from_url

settings.configure(
    DEBUG=False,
    SECRET_KEY="bench",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    MIDDLEWARE=[
        "django.middleware.security.SecurityMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.middleware.clickjacking.XFrameOptionsMiddleware",
    ],
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "djstripe"],
    USE_TZ=True,
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    DATABASES={"default": database_from_url(os.environ["STRIPE_DATABASE_URL"], pool_size=12)},
    STRIPE_LIVE_MODE=False,
    STRIPE_TEST_SECRET_KEY="sk_test_0123456789abcdefghijklmnop",
    DJSTRIPE_FOREIGN_KEY_TO_FIELD="id",
)
django.setup()

urlpatterns = [path("stripe/", include("djstripe.urls", namespace="djstripe"))]
application = get_wsgi_application()


def prepare() -> str:
    """The path of an endpoint whose events need no call to Stripe: its account and key are known."""
    from djstripe.enums import APIKeyType
    from djstripe.models import Account, APIKey, WebhookEndpoint

    call_command("migrate", verbosity=0)
    account, _ = Account.objects.get_or_create(id="acct_bench", defaults={"livemode": False})
    APIKey.objects.get_or_create(
        secret=settings.STRIPE_TEST_SECRET_KEY,
        defaults={"type": APIKeyType.secret, "livemode": False, "djstripe_owner_account": account},
    )
    endpoint, _ = WebhookEndpoint.objects.update_or_create(
        id="we_bench",
        defaults={
            "secret": os.environ["BENCH_SECRET"], "livemode": False, "djstripe_owner_account": account,
            "enabled_events": ["*"], "status": "enabled", "url": "https://bench.example/",
        },
    )  # fmt: skip
    return f"/stripe/webhook/{endpoint.djstripe_uuid}/"


if __name__ == "__main__":
    sys.stdout.write(prepare())
