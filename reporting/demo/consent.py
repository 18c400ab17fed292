"""Says yes on the sandbox vendor's consent page, as a person in a browser would: same page, same form, same answer."""

from __future__ import annotations

from html.parser import HTMLParser
from urllib.parse import parse_qs, urljoin, urlsplit

from integrations.errors import TransientError
from integrations.http import USER_AGENT, open_session
from integrations.wire import Limits

_LIMITS = Limits(connect=2, read=10, total=15, max_body=1024 * 1024)


class _Form(HTMLParser):
    """The fields of the page's form: hidden ones, and of each group of choices the first or checked one."""

    def __init__(self) -> None:
        super().__init__()
        self.action = ""
        self.fields: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.action = values.get("action", "")
        if tag != "input" or not values.get("name"):
            return
        is_choice = values.get("type") == "radio"
        if not is_choice or "checked" in values or values["name"] not in self.fields:
            self.fields[values["name"]] = values.get("value", "")


def approve(consent_address: str) -> tuple[str, str]:
    """Approves on the page at this address and gives the (state, code) that the browser would be sent back with.

    Raises TransientError when the vendor does not answer, or does not send the browser back with a code.
    """
    with open_session(_LIMITS, base_url=consent_address) as session:
        session.headers["User-Agent"] = USER_AGENT
        try:
            page = session.get(consent_address, allow_redirects=False)
            form = _Form()
            form.feed(page.text)
            answer = session.post(
                urljoin(consent_address, form.action),
                data={**form.fields, "decision": "approve"},
                allow_redirects=False,
            )
        except OSError as error:
            raise TransientError(detail=f"consent page: {type(error).__name__}") from error
    back = parse_qs(urlsplit(answer.headers.get("Location", "")).query)
    if "code" not in back or "state" not in back:
        raise TransientError(
            detail=f"consent page answered {page.status_code}, then {answer.status_code} without a code"
        )
    return back["state"][0], back["code"][0]
