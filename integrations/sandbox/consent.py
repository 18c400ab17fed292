"""The pages a browser sees on the sandbox vendor's own host, in plain HTML and one style sheet."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Protocol

STYLE_PATH = "/_sandbox/style.css"
STYLE = (Path(__file__).parent / "pages.css").read_bytes()


class AccountLike(Protocol):
    """What the consent page shows of an account."""

    @property
    def id(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def detail(self) -> str: ...


SCOPE_WORDS = {
    "property:read": "See properties and tenancies",
    "contact:read": "See owners, tenants and suppliers",
    "activity:read": "See maintenance jobs",
    "transaction:read": "See rent receipts and bills",
    "offline_access": "Stay connected while you are away",
}


def page(title: str, body: str, *, wide: bool = False) -> str:
    """Wrap a body that is already escaped."""
    return (
        '<!DOCTYPE html><html lang="en-AU"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>{escape(title)}</title><link rel="stylesheet" href="{STYLE_PATH}"></head>'
        f"<body><main{' class=wide' if wide else ''}>{body}</main></body></html>"
    )


def consent_page(vendor: str, query: dict[str, str], accounts: Sequence[AccountLike]) -> str:
    """Return the page that asks whether, and for which agency, access is given."""
    kept = ("client_id", "redirect_uri", "response_type", "scope", "state", "code_challenge", "code_challenge_method")
    hidden = "".join(f'<input type="hidden" name="{n}" value="{escape(query[n])}">' for n in kept if n in query)
    choices = "".join(
        f'<label class="row"><input type="radio" name="account" value="{escape(account.id)}"'
        f"{' checked' if index == 0 else ''}>"
        f"<span>{escape(account.name)}<small>{escape(account.detail)}</small></span></label>"
        for index, account in enumerate(accounts)
    )
    scopes = "".join(f"<li>{escape(SCOPE_WORDS.get(s, s))}</li>" for s in query.get("scope", "").split())
    return page(
        f"Connect to {vendor}",
        f'<div class="card"><span class="badge">{escape(vendor)} sandbox</span><h1>Allow access to your agency?</h1>'
        f'<p class="soft">The application <strong>{escape(query["client_id"])}</strong> asks to:</p><ul>{scopes}</ul>'
        f'<form method="post" action="/connect/authorize">{hidden}'
        f"<fieldset><legend>Agency</legend>{choices}</fieldset>"
        '<div class="actions"><button class="go" name="decision" value="approve">Approve</button>'
        '<button class="stop" name="decision" value="refuse">Refuse</button></div></form></div>',
    )


def problem_page(title: str, text: str) -> str:
    """Return a page that says why the flow cannot go on."""
    return page(title, f'<div class="card"><h1>{escape(title)}</h1><p>{escape(text)}</p></div>')
