"""Starting, watching, reading, letting go and undoing syncs."""

from __future__ import annotations

from itertools import islice
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from access.decorators import manager_required
from access.middleware import OrganisationRequest
from core.errors import DomainError
from core.htmx import render_page
from core.pagination import keyset_page
from integrations.errors import IntegrationError
from integrations.models import SyncRun
from integrations.selectors import runs as run_selectors
from integrations.services import sync as sync_services
from integrations.services import undo as undo_services
from integrations.views.page import address, connection_or_404, connection_page, go_back, say_error
from integrations.views.words import RUN_NAMES, fields_of

# What an undo does with each row it finds, in words.
BUCKETS = (
    ("reversed", "Reversed", "info", "An entry of the opposite amount is written."),
    ("kept", "Kept", "good", "A person changed these, and a person's edit wins."),
    ("blocked", "Blocked", "warn", "Exported already, or in closed books: correct them there."),
)
SAMPLE = 20
# The verdict behind a count, so that the number leads to its records.
VERDICT_OF = {"unmapped": "unmapped", "conflicted": "conflict", "failed": "rejected"}
REASONS = (
    ("unmapped", "Property not mapped", "They wait in the mirror. Map their property and they are imported."),
    ("conflicted", "Needs a decision", "Ours was changed, exported or closed. You choose which side to keep."),
    ("failed", "Rejected", "Not complete enough to import; each record says why."),
    ("missing", "Gone at the provider", "What they became is kept."),
    (
        "skipped",
        "Skipped",
        "Imported already, dismissed, voided before import, or waiting for a manual sync.",
    ),
)
UNDOABLE = (SyncRun.Status.COMPLETED, SyncRun.Status.FAILED, SyncRun.Status.CANCELLED, SyncRun.Status.LOST)


@manager_required
@require_POST
def start(request: OrganisationRequest, slug: str) -> HttpResponse:
    """Sync now; `full` reads everything again."""
    connection = connection_or_404(request, slug)
    try:
        sync_services.request_sync(connection=connection, user=request.user, full=request.POST.get("full") == "on")
    except (DomainError, IntegrationError) as error:
        say_error(request, error)
    else:
        messages.success(request, "The sync has started. You can leave this page; it goes on.")
    return go_back(request, address(connection, "detail"))


@manager_required
@require_safe
def history(request: OrganisationRequest, slug: str) -> HttpResponse:
    connection = connection_or_404(request, slug)
    page = keyset_page(run_selectors.runs_of(connection), order=["-id"], params=request.GET, size=25)
    context = connection_page(request, connection, "history") | {
        "page": page,
        "names": RUN_NAMES,
        "lines": [_line(run) for run in page.items],
    }
    return render_page(request, "integrations/history.html", context)


def _line(run: SyncRun) -> dict[str, object]:
    totals = run_selectors.totals_of(run.counts)
    took = run_selectors.duration_of(run)
    return {
        "run": run,
        "totals": totals,
        "numbers": [("Created", totals.get("created", 0)), ("Updated", totals.get("updated", 0))],
        "skipped": totals.get("skipped", 0) + totals.get("unmapped", 0),
        "troubles": [("Conflicts", totals.get("conflicted", 0)), ("Failed", totals.get("failed", 0))],
        "seconds": round(took.total_seconds()) if took is not None else None,
        "can_undo": _can_undo(run),
    }


@manager_required
@require_safe
def run(request: OrganisationRequest, slug: str, run_id: UUID) -> HttpResponse:
    """One run: what it saw, what it skipped and why, what it changed."""
    row = _run_or_404(request, slug, run_id)
    part = "changes" if request.GET.get("part") == "changes" else "transactions"
    made = run_selectors.transactions_of(row)
    changed = run_selectors.changes_of(row)
    changes = keyset_page(changed, order=["id"], params=request.GET) if part == "changes" else None
    context = connection_page(request, row.connection, "history") | {
        "run": row,
        "part": part,
        "totals": run_selectors.totals_of(row.counts),
        "counts": run_selectors.by_resource(row.counts),
        "columns": run_selectors.COLUMNS,
        "words": run_selectors.WORDS,
        "verdict_of": VERDICT_OF,
        "reasons": _reasons(row),
        "duration": run_selectors.duration_of(row),
        "run_progress": run_selectors.progress_of(row),
        "errors": run_selectors.messages_of(row),
        "can_undo": _can_undo(row),
        "undone_by": getattr(row, "undone_by", None),
        "changes": changes,
        "change_lines": [(change, fields_of(change.changes)) for change in changes.items] if changes else [],
        "name": RUN_NAMES.get(row.sync_type, row.get_sync_type_display()),
        "transactions": keyset_page(made, order=["id"], params=request.GET) if part == "transactions" else None,
        "money": [
            ("Income", row.totals.get("income"), "income"),
            ("Expense", row.totals.get("expense"), "expense"),
        ],
    }
    return render_page(request, "integrations/run.html", context)


@manager_required
@require_POST
def cancel(request: OrganisationRequest, slug: str, run_id: UUID) -> HttpResponse:
    """Stops a working run, or discards a held one."""
    row = _run_or_404(request, slug, run_id)
    was_held = row.status == SyncRun.Status.HELD
    try:
        if was_held:
            sync_services.discard_held(run=row, user=request.user)
        else:
            sync_services.cancel_run(run=row, user=request.user)
    except DomainError as error:
        say_error(request, error)
    else:
        said = "The held sync is discarded; nothing was changed." if was_held else "The sync stops after this page."
        messages.success(request, said)
    return go_back(request, address(row.connection, "run", row.id))


@manager_required
@require_POST
def release(request: OrganisationRequest, slug: str, run_id: UUID) -> HttpResponse:
    """A person looked at a held run and lets it go on."""
    row = _run_or_404(request, slug, run_id)
    try:
        released = sync_services.release_held(run=row, user=request.user)
    except (DomainError, IntegrationError) as error:
        say_error(request, error)
        return redirect(address(row.connection, "run", row.id))
    messages.success(request, "The sync goes on.")
    return redirect(address(row.connection, "run", released.id))


@manager_required
@require_http_methods(["GET", "HEAD", "POST"])
def undo(request: OrganisationRequest, slug: str, run_id: UUID) -> HttpResponse:
    """Every row the run made, sorted into reversed, kept and blocked, with the numbers; then the undo itself."""
    row = _run_or_404(request, slug, run_id)
    if request.method == "POST":
        try:
            undone = undo_services.undo_run(run=row, user=request.user)
        except (DomainError, IntegrationError) as error:
            say_error(request, error)
            return redirect(address(row.connection, "run", row.id))
        messages.success(request, "The undo has started. Reversing entries are written; nothing is deleted.")
        return redirect(address(row.connection, "run", undone.id))
    if not _can_undo(row):
        messages.info(request, "This run has nothing to undo.")
        return redirect(address(row.connection, "run", row.id))
    preview = undo_services.preview_undo(run=row)
    context = connection_page(request, row.connection, "history") | {
        "run": row,
        "name": RUN_NAMES.get(row.sync_type, row.get_sync_type_display()),
        "preview": preview,
        "buckets": [
            {
                "key": key,
                "word": word,
                "tone": tone,
                "why": why,
                "sums": getattr(preview, key),
                "changes": preview.changes.get(key, 0),
                "sample": list(islice(preview.rows(key), SAMPLE)) if getattr(preview, key).rows else [],
            }
            for key, word, tone, why in BUCKETS
        ],
    }
    return render(request, "integrations/undo.html", context)


def _reasons(run: SyncRun) -> list[dict[str, object]]:
    """Why records were left out, with counts and the way to the records."""
    totals = run_selectors.totals_of(run.counts)
    verdicts = VERDICT_OF | {"missing": "missing"}
    base = address(run.connection, "records")
    return [
        {
            "what": what,
            "why": why,
            "count": totals[name],
            "url": f"{base}?verdict={verdicts[name]}" if name in verdicts else "",
        }
        for name, what, why in REASONS
        if totals.get(name)
    ]


def _can_undo(run: SyncRun) -> bool:
    """Whether the run finished, changed something, and was not undone yet. The service decides in the end."""
    if run.status not in UNDOABLE or run.sync_type in (SyncRun.Type.UNDO, SyncRun.Type.PREVIEW):
        return False
    undone_by = getattr(run, "undone_by", None)
    if undone_by is not None and undone_by.status != SyncRun.Status.FAILED:
        return False
    totals = run_selectors.totals_of(run.counts)
    return bool(run.transactions_created or totals.get("created") or totals.get("updated"))


def _run_or_404(request: OrganisationRequest, slug: str, run_id: UUID) -> SyncRun:
    row = run_selectors.find_run(organisation=request.organisation, run_id=run_id)
    if row is None or row.connection.provider != slug:
        raise Http404("This organisation has no such sync.")
    return row
