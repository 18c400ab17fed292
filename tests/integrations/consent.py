"""A person at the sandbox vendor's consent page, played over HTTP."""

from __future__ import annotations

from urllib.parse import parse_qs, parse_qsl, urlsplit

import requests

from integrations.sandbox import SandboxServer


def decide(server: SandboxServer, address: str, *, decision: str = "approve", agency: int = 0) -> dict[str, str]:
    """Open the consent page at `address`, press a button, and return what our callback is given."""
    return press(address, decision=decision, account=server.vendor.agencies[agency].id)


def press(address: str, *, decision: str = "approve", account: str, provider: str = "propertyme") -> dict[str, str]:
    """The same at any vendor whose authorisation server is the sandbox's."""
    with requests.Session() as browser:
        browser.headers["User-Agent"] = "Mozilla/5.0 (test)"
        page = browser.get(address, timeout=10)
        assert page.status_code == 200, page.text
        form = dict(parse_qsl(urlsplit(address).query))
        form |= {"decision": decision, "account": account}
        answer = browser.post(address.partition("?")[0], data=form, allow_redirects=False, timeout=10)
    assert answer.status_code == 303, answer.text
    target = urlsplit(answer.headers["Location"])
    assert target.path == f"/api/integrations/{provider}/callback"
    return {name: values[0] for name, values in parse_qs(target.query).items()}
