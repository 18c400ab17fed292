"""The yardstick: a Django view that does HMAC and one INSERT, without middleware, apps or anything else around it."""

from __future__ import annotations

import base64
import hmac
import os
from hashlib import sha256

import django
import orjson
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.urls import path

from config.settings.base import database_from_url

SECRET = os.environ["BENCH_SECRET"].encode()

settings.configure(
    LOGGING_CONFIG=None,
    DEBUG=False,
    SECRET_KEY="bench",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    MIDDLEWARE=[],
    INSTALLED_APPS=[],
    USE_TZ=True,
    DATABASES={"default": database_from_url(os.environ["DATABASE_URL"], pool_size=12)},
)
django.setup()


def hook(request: HttpRequest) -> HttpResponse:
    body = request.body
    stamp = request.headers.get("buildium-webhook-timestamp", "")
    digest = hmac.new(SECRET, stamp.encode() + b"." + body, sha256).digest()
    given = request.headers.get("buildium-webhook-signature", "")
    if not hmac.compare_digest(base64.b64encode(digest).decode(), given):
        return HttpResponse(status=401)
    event = orjson.loads(body)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO bench_hook (event_id, body) VALUES (%s, %s) ON CONFLICT (event_id) DO NOTHING",
            [f"{event['LeaseId']}:{event['EventDateTime']}", body.decode()],
        )
    return HttpResponse(status=200)


urlpatterns = [path("hook", hook)]
application = get_wsgi_application()
