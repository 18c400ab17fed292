"""The control page on which a person plays the vendor: plain forms, no script."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from .consent import page
from .faults import KINDS
from .mutations import LIST_MUTATIONS, MUTATIONS
from .wire import SandboxError

if TYPE_CHECKING:
    from .server import SandboxServer

Form = dict[str, str]


def _advance(server: SandboxServer, form: Form) -> str:
    made = server.vendor.advance(int(form.get("days", "1")))
    return f"{form.get('days', '1')} day(s) passed: " + ", ".join(f"{count} {name}" for name, count in made.items()) + "."


def _edit(server: SandboxServer, form: Form) -> str:
    operation = form.get("op", "")
    arguments = {"resource": form["resource"]} if form.get("resource") else {}
    if operation == "mutate":
        arguments["mutation"] = form.get("mutation", "")
    return f"{operation.replace('_', ' ')}: {server.vendor.edit(operation, **arguments)}"


def _fault(server: SandboxServer, form: Form) -> str:
    params: dict[str, object] = {}
    if form.get("number"):
        name = {"rate_limited": "retry_after", "server_error": "status", "timeout": "seconds", "latency": "ms"}.get(form["kind"], "count")
        params[name] = int(form["number"])
    times = int(form["times"]) if form.get("times") else None
    fault = server.faults.add(form.get("kind", ""), form.get("path", ""), times=times, **params)
    return f"{fault.kind} is on for {fault.path}" + (f", {times} time(s)." if times else " until cleared.")


def _clear(server: SandboxServer, _: Form) -> str:
    server.faults.clear()
    return "All faults are off."


def _ledger(server: SandboxServer, form: Form) -> str:
    server.vendor.ledger = "derived" if form.get("ledger") == "derived" else "line"
    server.settings_changed()
    return f"The ledger mode is {server.vendor.ledger}."


def _expire(server: SandboxServer, _: Form) -> str:
    return f"{server.expire_access_tokens()} access token(s) expired."


def _revoke(server: SandboxServer, _: Form) -> str:
    return f"{server.revoke()} grant(s) revoked."


ACTIONS: dict[str, Callable[[SandboxServer, Form], str]] = {
    "advance": _advance, "edit": _edit, "fault": _fault, "clear": _clear, "ledger": _ledger, "expire": _expire, "revoke": _revoke,
}  # fmt: skip


def run_form(server: SandboxServer, form: Form) -> str:
    """Do what a form of the page asks and return the address to show next."""
    action = ACTIONS.get(form.get("action", ""))
    try:
        said = action(server, form) if action else "Nothing was done: unknown action."
    except (SandboxError, ValueError, IndexError) as error:
        said = f"Nothing was done: {error}"
    return "/?" + urlencode({"said": said})


def _form(action: str, inner: str, label: str, kind: str = "") -> str:
    return (
        f'<form class="line" method="post" action="/"><input type="hidden" name="action" value="{action}">{inner}'
        f'<button{f" class={kind}" if kind else ""}>{escape(label)}</button></form>'
    )


def _hidden(**values: str) -> str:
    return "".join(f'<input type="hidden" name="{name}" value="{escape(value)}">' for name, value in values.items())


def _select(label: str, name: str, options: list[str]) -> str:
    inner = "".join(f"<option>{escape(option)}</option>" for option in options)
    return f'<label>{escape(label)}<select name="{name}">{inner}</select></label>'


def control_page(server: SandboxServer, said: str) -> str:
    """Return the page."""
    vendor = server.vendor
    rows = "".join(
        f"<tr><td>{escape(agency.name)}</td><td>{date.fromordinal(agency.today):%d %b %Y}</td>"
        + "".join(f"<td>{count:,}</td>" for count in vendor.sizes(agency.index).values())
        + "</tr>"
        for agency in vendor.agencies
    )
    heads = "".join(f"<th>{name}</th>" for name in ("Agency", "Today", *vendor.sizes()))
    faults = "".join(
        f"<tr><td>{fault.kind}</td><td>{escape(fault.path)}</td><td>{fault.hits} of {fault.times or 'any'}</td></tr>"
        for fault in server.faults.active()
    )
    edits = "".join(
        _form("edit", _hidden(op=op), label)
        for op, label in (
            ("edit_receipt", "Raise a receipt by $10"), ("void_receipt", "Void a receipt"), ("add_receipt", "Receipt rent by hand"),
            ("edit_bill", "Raise a bill by $10"), ("cancel_bill", "Cancel a bill"), ("add_bill", "Enter a bill"),
            ("rename_address", "Rename an address"), ("archive_lot", "Archive a property"), ("end_tenancy", "End a lease"),
            ("new_tenancy", "Let a vacant property"), ("report_job", "Report a job"),
        )
    )  # fmt: skip
    resources = ["receipts", "bills", "lots", "tenancies", "jobs", "contacts"]
    other = "line" if vendor.ledger == "derived" else "derived"
    note = f'<div class="card note" role="status">{escape(said)}</div>' if said else ""
    log = "".join(
        f"<tr><td>{escape(entry.method)} {escape(entry.path)}</td><td>{entry.status}</td><td>{escape(entry.fault)}</td></tr>"
        for entry in reversed(server.requests.entries[-15:])
    )
    return page(
        f"{vendor.title} sandbox",
        f'<h1>{escape(vendor.title)} sandbox</h1><p class="soft">A pretend agency system. Play the agency here, then look what '
        f"your own software makes of it.</p>{note}"
        f'<div class="card scroll"><table><tr>{heads}</tr>{rows}</table></div><div class="grid">'
        f'<div class="card"><h2>Time</h2>{_form("advance", _hidden(days="1"), "Advance a day", "go")}'
        f'{_form("advance", _hidden(days="7"), "Advance a week")}{_form("advance", _hidden(days="30"), "Advance 30 days")}'
        f'<h2>Ledger</h2><p>Mode: <strong>{vendor.ledger}</strong></p>{_form("ledger", _hidden(ledger=other), f"Switch to {other}")}'
        f'<h2>Access</h2>{_form("expire", "", "Expire access tokens")}{_form("revoke", "", "Revoke every grant", "stop")}</div>'
        f'<div class="card"><h2>Work of the agency</h2>{edits}</div>'
        f'<div class="card"><h2>Mischief</h2>{_form("edit", _hidden(op="vanish") + _select("Record", "resource", resources), "Let one vanish")}'
        f'{_form("edit", _hidden(op="duplicate") + _select("Record", "resource", resources), "List one twice")}'
        f'{_form("edit", _hidden(op="mutate") + _select("Record", "resource", resources) + _select("Oddity", "mutation", list(MUTATIONS)), "Make one odd")}'
        f'<p class="soft">For answers instead of records: the fault mutate_rows knows {", ".join(LIST_MUTATIONS)} too.</p></div>'
        f'<div class="card"><h2>Faults</h2>'
        + _form(
            "fault",
            _select("Kind", "kind", list(KINDS))
            + '<label>Path<input name="path" placeholder="/api/*"></label><label>Times (empty: until cleared)'
            '<input name="times" inputmode="numeric" size="4"></label><label>Number (seconds, status …)'
            '<input name="number" inputmode="numeric" size="6"></label>',
            "Switch on",
        )
        + f'{_form("clear", "", "Clear all faults")}<div class="scroll"><table>{faults}</table></div></div></div>'
        f'<div class="card scroll"><h2>Last requests</h2><table>{log}</table></div>',
        wide=True,
    )
