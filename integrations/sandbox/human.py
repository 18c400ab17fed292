"""The control page on which a person plays the vendor: plain forms, no script."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from html import escape
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from .appfolio import vendor as appfolio
from .buildium import KEYS
from .consent import page
from .faults import KINDS
from .mutations import MUTATIONS
from .wire import SandboxError

if TYPE_CHECKING:
    from .server import SandboxServer

Form = dict[str, str]
# What the one number of the fault form means, by kind.
NUMBERS = {"rate_limited": "retry_after", "server_error": "status", "timeout": "seconds", "latency": "ms"}


def _advance(server: SandboxServer, form: Form) -> str:
    made = server.vendor.advance(int(form.get("days", "1")))
    return (
        f"{form.get('days', '1')} day(s) passed: " + ", ".join(f"{count} {name}" for name, count in made.items()) + "."
    )


def _edit(server: SandboxServer, form: Form) -> str:
    operation = form.get("op", "")
    arguments = {"resource": form["resource"]} if form.get("resource") else {}
    if operation == "mutate":
        arguments["mutation"] = form.get("mutation", "")
    return f"{operation.replace('_', ' ')}: {server.vendor.edit(operation, **arguments)}"


def _fault(server: SandboxServer, form: Form) -> str:
    params: dict[str, Any] = {}
    if form.get("number"):
        name = {"rate_limited": "retry_after", "server_error": "status", "timeout": "seconds", "latency": "ms"}.get(
            form["kind"], "count"
        )
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


def _buildium(server: SandboxServer, form: Form) -> str:
    operation = form.get("op", "")
    arguments: dict[str, Any] = {"days": int(form["days"])} if form.get("days") else {}
    if form.get("amount"):
        arguments["amount"] = float(form["amount"])
    result = server.buildium.edit(operation, int(form.get("account", "0")), **arguments)
    return f"Buildium, {operation.replace('_', ' ')}: {result}"


def _appfolio(server: SandboxServer, form: Form) -> str:
    vendor = server.appfolio
    operation = form.get("op", "")
    if operation == "maintenance":
        vendor.maintenance = form.get("on") == "1"
        return f"AppFolio: the maintenance window is {'on' if vendor.maintenance else 'off'}."
    if operation in ("hang", "commit_then_hang"):
        vendor.misbehave(operation, times=1000 if operation == "hang" else 1, seconds=60)
        return "AppFolio: work orders " + ("get no answer." if operation == "hang" else "are made, and then no answer.")
    if operation == "behave":
        vendor.behave()
        return "AppFolio: work orders are answered."
    arguments: dict[str, Any] = {"days": int(form["days"])} if form.get("days") else {}
    return f"AppFolio, {operation.replace('_', ' ')}: {vendor.edit(operation, **arguments)}"


def _expire(server: SandboxServer, _: Form) -> str:
    return f"{server.expire_access_tokens()} access token(s) expired."


def _revoke(server: SandboxServer, _: Form) -> str:
    return f"{server.revoke()} grant(s) revoked."


ACTIONS: dict[str, Callable[[SandboxServer, Form], str]] = {
    "advance": _advance,
    "edit": _edit,
    "fault": _fault,
    "clear": _clear,
    "ledger": _ledger,
    "buildium": _buildium,
    "appfolio": _appfolio,
    "expire": _expire,
    "revoke": _revoke,
}


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
        f"<button{f' class={kind}' if kind else ''}>{escape(label)}</button></form>"
    )


def _hidden(**values: str) -> str:
    return "".join(f'<input type="hidden" name="{name}" value="{escape(value)}">' for name, value in values.items())


def _select(label: str, name: str, options: list[str]) -> str:
    inner = "".join(f"<option>{escape(option)}</option>" for option in options)
    return f'<label>{escape(label)}<select name="{name}">{inner}</select></label>'


EDITS = (
    ("edit_receipt", "Raise a receipt by $10"), ("void_receipt", "Void a receipt"),
    ("add_receipt", "Receipt rent by hand"), ("edit_bill", "Raise a bill by $10"), ("cancel_bill", "Cancel a bill"),
    ("add_bill", "Enter a bill"), ("rename_address", "Rename an address"), ("archive_lot", "Archive a property"),
    ("end_tenancy", "End a lease"), ("new_tenancy", "Let a vacant property"), ("report_job", "Report a job"),
)  # fmt: skip
RESOURCES = ["receipts", "bills", "lots", "tenancies", "jobs", "contacts"]


def _card(title: str, *parts: str) -> str:
    return f'<div class="card"><h2>{escape(title)}</h2>{"".join(parts)}</div>'


BUILDIUM_EDITS = (
    ({"op": "advance", "days": "1"}, "Advance a day"), ({"op": "advance", "days": "30"}, "Advance 30 days"),
    ({"op": "pay_rent", "amount": "50"}, "Record a payment of $50"), ({"op": "reverse_payment"}, "Return a payment"),
    ({"op": "delete_payment"}, "Delete a payment"), ({"op": "end_lease"}, "End a lease"),
    ({"op": "new_lease"}, "Let a vacant unit"), ({"op": "report_work"}, "Report work"),
    ({"op": "finish_work"}, "Finish a work order"), ({"op": "rename_rental"}, "Rename an address"),
    ({"op": "inactivate_rental"}, "Inactivate a rental"),
)  # fmt: skip


def _buildium_cards(server: SandboxServer) -> str:
    vendor = server.buildium
    rows = [
        (world.name, f"{world.today:%d %b %Y}", *KEYS[place], *(f"{n:,}" for n in vendor.sizes(place).values()))
        for place, world in enumerate(vendor.worlds)
    ]
    heads = ("Account", "Today", "Client ID", "Client secret", *vendor.sizes())
    forms = (_form("buildium", _hidden(**values), label) for values, label in BUILDIUM_EDITS)
    said = (
        f"<p>Its API is at <code>{escape(server.buildium_url)}</code>. These keys are typed into the connect form.</p>"
    )
    return (
        _card("Buildium: accounts and their keys", said, _table(heads, rows))
        + f'<div class="grid">{_card("Work at Buildium", *forms)}</div>'
    )


APPFOLIO_EDITS = (
    ({"op": "advance", "days": "1"}, "Advance a day"), ({"op": "advance", "days": "30"}, "Advance 30 days"),
    ({"op": "pay"}, "Receive a month's rent"), ({"op": "end_lease"}, "End a lease"),
    ({"op": "sign_lease"}, "Let a vacant unit"), ({"op": "report_job"}, "Report work"),
    ({"op": "complete_job"}, "Finish a work order"), ({"op": "add_bill"}, "Enter a bill"),
    ({"op": "behave"}, "Answer work orders"), ({"op": "hang"}, "Let work orders hang"),
    ({"op": "commit_then_hang"}, "Make the next work order, then hang"),
)  # fmt: skip


def _appfolio_cards(server: SandboxServer) -> str:
    vendor = server.appfolio
    state = vendor.state()
    names = ("units", "tenants", "leases", "work_orders", "bills", "charges")
    sizes = _table(("Today", *names), [(f"{vendor.world.today:%d %b %Y}", *(f"{state[name]:,}" for name in names))])
    keys = _table(
        ("Client ID", "Client secret", "Developer ID", "Reports: database name", "Reports: client ID", "Its secret"),
        [(appfolio.CLIENT_ID, vendor.secret, appfolio.DEVELOPER_ID, appfolio.HOST, appfolio.REPORTS_ID,
          appfolio.REPORTS_SECRET)],
    )  # fmt: skip
    address = escape(server.appfolio_settings["APPFOLIO_API_URL"])
    said = f"<p>Its API is at <code>{address}</code>. These keys are typed into the connect form.</p>"
    forms = [_form("appfolio", _hidden(**values), label) for values, label in APPFOLIO_EDITS]
    off = vendor.maintenance
    label = "End maintenance" if off else "Begin maintenance"
    forms.append(_form("appfolio", _hidden(op="maintenance", on="0" if off else "1"), label))
    return _card("AppFolio: its database and keys", said, keys, sizes) + _card("Work at AppFolio", *forms)


def _table(heads: Iterable[object], rows: Iterable[Iterable[object]]) -> str:
    head = "".join(f'<th scope="col">{escape(str(name))}</th>' for name in heads)
    body = "".join("<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<div class="scroll"><table><tr>{head}</tr>{body}</table></div>'


def _agencies(server: SandboxServer) -> str:
    vendor = server.vendor
    rows = [
        (
            agency.name,
            f"{date.fromordinal(agency.today):%d %b %Y}",
            *(f"{n:,}" for n in vendor.sizes(agency.index).values()),
        )
        for agency in vendor.agencies
    ]
    return _table(("Agency", "Today", *vendor.sizes()), rows)


def _time_card(server: SandboxServer) -> str:
    mode = server.vendor.ledger
    other = "line" if mode == "derived" else "derived"
    return _card(
        "Time, ledger and access",
        _form("advance", _hidden(days="1"), "Advance a day", "go"),
        _form("advance", _hidden(days="7"), "Advance a week"),
        _form("advance", _hidden(days="30"), "Advance 30 days"),
        f"<p>Ledger mode: <strong>{mode}</strong></p>",
        _form("ledger", _hidden(ledger=other), f"Switch to {other}"),
        _form("expire", "", "Expire access tokens"),
        _form("revoke", "", "Revoke every grant", "stop"),
    )


def _mischief_card() -> str:
    record = _select("Record", "resource", RESOURCES)
    return _card(
        "Mischief",
        _form("edit", _hidden(op="vanish") + record, "Let one vanish"),
        _form("edit", _hidden(op="duplicate") + record, "List one twice"),
        _form("edit", _hidden(op="mutate") + record + _select("Oddity", "mutation", list(MUTATIONS)), "Make one odd"),
    )


def _fault_card(server: SandboxServer) -> str:
    fields = (
        _select("Kind", "kind", list(KINDS))
        + '<label>Path<input name="path" placeholder="/api/*"></label>'
        + '<label>Times (empty: until cleared)<input name="times" inputmode="numeric" size="4"></label>'
        + '<label>Number (seconds, status …)<input name="number" inputmode="numeric" size="6"></label>'
    )
    rows = [(fault.kind, fault.path, f"{fault.hits} of {fault.times or 'any'}") for fault in server.faults.active()]
    table = _table(("Kind", "Path", "Hit"), rows) if rows else '<p class="soft">No fault is on.</p>'
    return _card("Faults", _form("fault", fields, "Switch on"), _form("clear", "", "Clear all faults"), table)


def control_page(server: SandboxServer, said: str) -> str:
    """Return the page."""
    title = f"{server.vendor.title} sandbox"
    note = f'<div class="card note" role="status">{escape(said)}</div>' if said else ""
    log = [
        (f"{entry.method} {entry.path}", entry.status, entry.fault) for entry in reversed(server.requests.entries[-15:])
    ]
    cards = (
        _time_card(server),
        _card("Work of the agency", *(_form("edit", _hidden(op=op), label) for op, label in EDITS)),
        _mischief_card(),
        _fault_card(server),
    )
    body = (
        f"<h1>{escape(title)}</h1>"
        '<p class="soft">A pretend agency system: play the agency, then look what your own software makes of it.</p>'
        f"{note}{_card('Agencies', _agencies(server))}"
        f'<div class="grid">{"".join(cards)}</div>'
    )
    body += _buildium_cards(server) + _appfolio_cards(server)
    return page(title, body + _card("Last requests", _table(("Request", "Status", "Fault"), log)), wide=True)
