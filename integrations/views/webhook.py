"""Where vendors deliver events. Nobody is signed in here: the address and the signature decide."""

from __future__ import annotations

import re
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from integrations.errors import IntegrationError, SignatureRefused
from integrations.inbox import hints, receive

_ADDRESS = re.compile(r"/api/webhooks/(?P<slug>[-a-z0-9_]{1,40})/(?P<token>[-A-Za-z0-9_]{16,64})")
_PREFIX = "/api/webhooks/"


class IntakeMiddleware:
    """Answers deliveries before sessions, sign-in and templates are set up for them: they have none.

    Stands behind the security middleware alone, so that plain http is still sent to https.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info.startswith(_PREFIX):
            found = _ADDRESS.fullmatch(request.path_info)
            if found is not None:
                return webhook(request, found["slug"], found["token"])
        return self._get_response(request)


@csrf_exempt
def webhook(request: HttpRequest, slug: str, token: str) -> HttpResponse:
    """2xx once the event is stored, however often it came; 401 for a wrong signature, 413 for what is too large."""
    if request.method != "POST":
        return _answer(405, allow="POST")
    try:
        address = receive.find_address(provider=slug, token=token)
    except receive.UnknownAddress:
        return _answer(404)
    length = request.META.get("CONTENT_LENGTH") or ""
    if not length.isdigit():
        return _answer(411)
    if int(length) > receive.MAX_BODY:
        # Said before a byte of it is read.
        receive.count_refusal(address.endpoint_id, "refused_sizes", f"A request of {int(length):,} bytes.")
        return _answer(413)
    body = request.body
    if len(body) != int(length):
        return _answer(400)
    headers = {name.lower(): value for name, value in request.headers.items()}
    try:
        taken = receive.receive(provider=slug, token=token, body=body, headers=headers, now=timezone.now())
    except receive.UnknownAddress:
        return _answer(404)
    except SignatureRefused:
        return _answer(401)
    except IntegrationError:
        # We cannot tell now; the vendor is to send it again.
        return _answer(503)
    if taken.queued:
        hints.ring(taken.connection_id)
    return _answer(200)


def _answer(status: int, *, allow: str = "") -> HttpResponse:
    response = HttpResponse(status=status, content_type="text/plain")
    if allow:
        response.headers["Allow"] = allow
    # Django would log the address of a refused request, and the address is what keeps strangers out.
    response._has_been_logged = True  # type: ignore[attr-defined]
    return response
