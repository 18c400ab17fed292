"""What tests of the pages say often."""

from __future__ import annotations

from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse

HOME = "/settings/integrations/propertyme/"
HTMX = {"HX-Request": "true"}


def text_of(client: Client, url: str, **headers: str) -> str:
    answer = client.get(url, headers=headers)
    assert answer.status_code == 200
    return answer.content.decode()


def said(client: Client, url: str, data: dict[str, object] | None = None) -> str:
    """POSTs and answers the message that is left for the next page."""
    answer = client.post(url, data or {})
    assert answer.status_code in (302, 303)
    return " ".join(str(message) for message in get_messages(answer.wsgi_request))


def url(name: str, *args: object) -> str:
    return reverse(f"integrations:{name}", args=["propertyme", *args])
