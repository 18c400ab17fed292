"""The pages a browser sees on the sandbox vendor's own host, in plain HTML and one style sheet."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Protocol

STYLE_PATH = "/_sandbox/style.css"
STYLE = """
:root{color-scheme:light dark;--bg:#f2f4f7;--card:#fff;--ink:#17212e;--soft:#5a6778;--line:#d8dee7;--go:#0b6b53;--stop:#8f1d2c}
@media(prefers-color-scheme:dark){:root{--bg:#10151c;--card:#19212b;--ink:#e9eef5;--soft:#a3b0c0;--line:#2e3947;--go:#35b893;--stop:#ff8e97}}
*{box-sizing:border-box}body{margin:0;background:var(--bg);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
main{max-width:34rem;margin:6vh auto;padding:0 1rem}main.wide{max-width:66rem;margin:2rem auto}
.card{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:1.5rem;margin:0 0 1rem}
h1{font-size:1.4rem;margin:0 0 .5rem}h2{font-size:1.05rem;margin:0 0 .75rem}p{margin:.4rem 0}.soft{color:var(--soft)}
.badge{display:inline-block;border:1px solid var(--line);border-radius:99px;padding:.1rem .7rem;font-size:.8rem;color:var(--soft)}
fieldset{border:1px solid var(--line);border-radius:8px;margin:1rem 0;padding:.5rem 1rem}legend{padding:0 .4rem;font-weight:600}
label.row{display:flex;gap:.7rem;padding:.5rem 0;align-items:baseline}label.row small{display:block;color:var(--soft)}
ul{padding-left:1.2rem}.actions{display:flex;flex-wrap:wrap;gap:.6rem;margin-top:1rem}
button{font:inherit;font-weight:600;padding:.55rem 1.1rem;border-radius:8px;border:1px solid var(--line);background:var(--card);
color:var(--ink);cursor:pointer}button:focus-visible,input:focus-visible,select:focus-visible{outline:3px solid #4c8dff;outline-offset:2px}
button.go{background:var(--go);border-color:var(--go);color:var(--card)}button.stop{color:var(--stop);border-color:var(--stop)}
input,select{font:inherit;padding:.45rem .6rem;border:1px solid var(--line);border-radius:8px;background:var(--card);color:var(--ink)}
form.line{display:flex;flex-wrap:wrap;gap:.6rem;align-items:end;margin:.6rem 0}form.line label{display:grid;font-size:.85rem;color:var(--soft)}
.grid{display:grid;grid-template-columns:repeat(auto-fit,minmax(19rem,1fr));gap:1rem}table{border-collapse:collapse;width:100%}
td,th{text-align:left;padding:.35rem .5rem;border-bottom:1px solid var(--line);font-size:.9rem}.scroll{overflow-x:auto}
.note{border-left:4px solid var(--go)}
"""


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
        f'<body><main{" class=wide" if wide else ""}>{body}</main></body></html>'
    )


def consent_page(vendor: str, query: dict[str, str], accounts: Sequence[AccountLike]) -> str:
    """Return the page that asks whether, and for which agency, access is given."""
    kept = ("client_id", "redirect_uri", "response_type", "scope", "state", "code_challenge", "code_challenge_method")
    hidden = "".join(f'<input type="hidden" name="{n}" value="{escape(query[n])}">' for n in kept if n in query)
    choices = "".join(
        f'<label class="row"><input type="radio" name="account" value="{escape(account.id)}"'
        f'{" checked" if index == 0 else ""}><span>{escape(account.name)}<small>{escape(account.detail)}</small></span></label>'
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
