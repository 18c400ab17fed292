"""Where vendors deliver events. Nobody is signed in here: the address and the signature decide."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from integrations.errors import IntegrationError, SignatureRefused
from integrations.inbox import hints, receive

_ADDRESS = re.compile(r"/api/webhooks/(?P<slug>[-a-z0-9_]{1,40})/(?P<token>[-A-Za-z0-9_]{16,64})")
_PREFIX = "/api/webhooks/"
_WITHOUT_PREFIX = ("CONTENT_TYPE", "CONTENT_LENGTH")


class Headers(Mapping[str, str]):
    """A request's headers by lower-case name, each looked up when it is asked for: a delivery needs two or three."""

    def __init__(self, meta: Mapping[str, str]) -> None:
        self._meta = meta

    def __getitem__(self, name: str) -> str:
        key = name.upper().replace("-", "_")
        return self._meta[key if key in _WITHOUT_PREFIX else f"HTTP_{key}"]

    def __iter__(self) -> Iterator[str]:
        for key in self._meta:
            if key.startswith("HTTP_") or key in _WITHOUT_PREFIX:
                yield key.removeprefix("HTTP_").replace("_", "-").lower()

    def __len__(self) -> int:
        return sum(1 for _ in self)


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
    headers = Headers(request.META)
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
    # The middleware that would say it stands behind this view.
    response.headers["Content-Length"] = "0"
    if allow:
        response.headers["Allow"] = allow
    # Django would log the address of a refused request, and the address is what keeps strangers out.
    response._has_been_logged = True  # type: ignore[attr-defined]
    return response
