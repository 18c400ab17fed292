"""Spreadsheets: naming a source, uploading to it, matching columns, looking at what was found, importing it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.files.storage import default_storage
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from access.decorators import manager_required
from access.middleware import OrganisationRequest
from core.errors import DomainError
from core.htmx import is_partial, render_page
from core.pagination import keyset_page
from integrations.errors import IntegrationError
from integrations.files import columns as matching
from integrations.files.kinds import KINDS, Type, template_rows
from integrations.files.tables import ENCODINGS, MOST_BYTES
from integrations.files.values import DATE_ORDERS
from integrations.models import Connection, FileUpload, SyncPlan
from integrations.selectors import files as file_selectors
from integrations.services import files as file_services
from integrations.specs import Auth, ProviderSpec
from integrations.views.files_words import becomes, shown_values
from integrations.views.overview import connect_page
from integrations.views.page import (
    address,
    connection_or_404,
    connection_page,
    say_error,
    spec_or_404,
)

Status = FileUpload.Status
UPLOAD_TONES = {
    Status.STORED.value: "info",
    Status.COLUMNS.value: "warn",
    Status.CHECKING.value: "info",
    Status.CHECKED.value: "warn",
    Status.ACCEPTED.value: "good",
    Status.DISCARDED.value: "neutral",
    Status.FAILED.value: "bad",
}


def connect_files(request: OrganisationRequest, spec: ProviderSpec) -> HttpResponse:
    """Names the software that the files come from. Called by views.connect, which has asked for an admin."""
    if request.method != "POST":
        return connect_page(request, spec)
    try:
        connection = file_services.name_source(
            organisation=request.organisation, user=request.user, name=request.POST.get("name", "")
        )
    except DomainError as refusal:
        return connect_page(request, spec, status=422, error=refusal.message)
    messages.success(request, f"{connection} is there. Upload its properties first.")
    return redirect(f"{address(connection, 'files')}?connection={connection.id}")


@manager_required
@require_http_methods(["GET", "HEAD", "POST"])
def files(request: OrganisationRequest, slug: str) -> HttpResponse:
    """A source's files: what can be uploaded, templates, and what was. POST takes a file in."""
    _spec_of_files(slug)
    connection = connection_or_404(request, slug)
    error, kind = "", request.POST.get("kind", request.GET.get("kind", ""))
    if request.method == "POST":
        content = request.FILES.get("file")
        try:
            if content is None:
                raise DomainError("empty", "Choose a file first.")
            upload = file_services.add_upload(
                connection=connection, user=request.user, kind=kind, name=content.name or "", content=content
            )
        except DomainError as refusal:
            error = refusal.message
        else:
            return redirect(address(connection, "file", upload.id))
    page = keyset_page(file_selectors.uploads_of(connection), order=["-id"], params=request.GET, size=25)
    context = connection_page(request, connection, "files") | {
        "kinds": file_selectors.kinds_of(connection),
        "chosen": kind if kind in KINDS else "",
        "error": error,
        "most": MOST_BYTES // 1_048_576,
        "page": page,
        "tones": UPLOAD_TONES,
        "labels": {item.slug: item.label for item in KINDS.values()},
    }
    return render_page(request, "integrations/files.html", context, status=422 if error else 200)


@manager_required
@require_safe
def file(request: OrganisationRequest, slug: str, upload_id: UUID) -> HttpResponse:
    """One file, wherever it is on its way. While a worker is at it the page asks again each second."""
    upload = _upload_or_404(request, slug, upload_id)
    response = render_page(request, "integrations/file.html", _context(request, upload), fragment="file")
    if is_partial(request) and upload.status not in FileUpload.OPEN:
        # Head, buttons and the rest of the page change with it.
        response.headers["HX-Refresh"] = "true"
    return response


@manager_required
@require_POST
def columns(request: OrganisationRequest, slug: str, upload_id: UUID) -> HttpResponse:
    """Takes in which column is which field, and has the rows checked."""
    upload = _upload_or_404(request, slug, upload_id)
    kind = KINDS[upload.kind]
    chosen = {field.name: head for field in kind.fields if (head := request.POST.get(f"field-{field.name}", ""))}
    dates, decimal = request.POST.get("dates", ""), request.POST.get("decimal", "")
    try:
        file_services.choose_columns(
            upload=upload, user=request.user, columns=chosen, dates=dates, decimal=decimal
        )  # fmt: skip
    except DomainError as refusal:
        if upload.status not in (Status.COLUMNS, Status.CHECKED):
            say_error(request, refusal)
            return redirect(address(upload.connection, "file", upload.id))
        upload.columns = chosen
        context = _context(request, upload, edits=True) | {"error": refusal.message, "dates": dates, "decimal": decimal}
        return render(request, "integrations/file.html", context, status=422)
    return redirect(address(upload.connection, "file", upload.id))


@manager_required
@require_POST
def reread(request: OrganisationRequest, slug: str, upload_id: UUID) -> HttpResponse:
    """Reads the file with another encoding, or another sheet of it."""
    upload = _upload_or_404(request, slug, upload_id)
    try:
        file_services.read_again(
            upload=upload,
            user=request.user,
            encoding=request.POST.get("encoding", ""),
            sheet=request.POST.get("sheet", ""),
        )
    except DomainError as refusal:
        say_error(request, refusal)
    return redirect(address(upload.connection, "file", upload.id))


@manager_required
@require_POST
def take_over(request: OrganisationRequest, slug: str, upload_id: UUID) -> HttpResponse:
    """Hands the good rows to the sync engine: as a preview, or at once."""
    upload = _upload_or_404(request, slug, upload_id)
    try:
        _, begun = file_services.take_over(
            upload=upload,
            user=request.user,
            is_whole=request.POST.get("whole") == "on",
            preview=request.POST.get("then") != "import",
        )
    except (DomainError, IntegrationError) as refusal:
        say_error(request, refusal)
        return redirect(address(upload.connection, "file", upload.id))
    if isinstance(begun, SyncPlan):
        return redirect(address(upload.connection, "preview", begun.id))
    messages.success(request, f"{upload} is being imported. Everything it does can be undone.")
    return redirect(address(upload.connection, "run", begun.id))


@manager_required
@require_POST
def discard(request: OrganisationRequest, slug: str, upload_id: UUID) -> HttpResponse:
    """Drops a file that was not taken over."""
    upload = _upload_or_404(request, slug, upload_id)
    try:
        file_services.discard(upload=upload, user=request.user)
    except DomainError as refusal:
        say_error(request, refusal)
        return redirect(address(upload.connection, "file", upload.id))
    messages.success(request, f"{upload} is discarded. Nothing of it was imported.")
    return redirect(f"{address(upload.connection, 'files')}?connection={upload.connection_id}")


@manager_required
@require_safe
def errors(request: OrganisationRequest, slug: str, upload_id: UUID) -> StreamingHttpResponse:
    """The rows with errors as a CSV file, each with what to do; corrected, it can be uploaded as it is."""
    upload = _upload_or_404(request, slug, upload_id)
    if not upload.errors_as:
        raise Http404("This file has no rows with errors.")
    response = StreamingHttpResponse(_parts(upload.errors_as), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{upload.kind}-to-correct.csv"'
    response.headers["Cache-Control"] = "no-store"
    return response


@manager_required
@require_safe
def template(request: OrganisationRequest, slug: str, kind: str) -> HttpResponse:
    """A CSV file with our headings and one row to write over."""
    _spec_of_files(slug)
    if kind not in KINDS:
        raise Http404("There is no such template.")
    text = io.StringIO(newline="")
    csv.writer(text).writerows(template_rows(KINDS[kind]))
    response = HttpResponse("\ufeff" + text.getvalue(), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{kind}-template.csv"'
    return response


def _parts(key: str) -> Iterator[bytes]:
    with default_storage.open(key, "rb") as stored:
        while part := stored.read(1 << 16):
            yield part


def _context(request: OrganisationRequest, upload: FileUpload, *, edits: bool = False) -> dict[str, Any]:
    """Context of templates/integrations/file.html. `edits` shows the columns again though the rows are checked."""
    connection, kind = upload.connection, KINDS[upload.kind]
    edits = edits or (request.GET.get("columns") == "edit" and upload.status == Status.CHECKED)
    context = connection_page(request, connection, "files") | {
        "upload": upload,
        "kind": kind,
        "tone": UPLOAD_TONES[upload.status],
        "is_working": upload.status in FileUpload.OPEN,
        "is_matching": upload.status == Status.COLUMNS or edits,
        "is_checked": upload.status == Status.CHECKED and not edits,
        "is_ours": upload.status in (Status.CHECKED, Status.ACCEPTED) and not edits,
    }
    if context["is_matching"]:
        context |= _matching(upload)
    if context["is_ours"]:
        rows = [(sample["row"], becomes(sample["resource"]), sample["values"]) for sample in upload.samples]
        refs = {str(values[name]) for _, _, values in rows for name in ("property", "of") if values.get(name)}
        names = file_selectors.addresses_of(connection, refs)
        fields = [field for field in kind.fields if field.name in upload.columns and field.name != "id"]
        context |= {
            "fields": fields,
            "rows": [(row, word, shown_values(fields, values, names)) for row, word, values in rows],
            "problems": upload.problems,
            "twin": file_selectors.twin_of(upload),
        }
    return context


def _matching(upload: FileUpload) -> dict[str, Any]:
    kind, profile = KINDS[upload.kind], upload.profile
    headings = profile["headings"]
    region = upload.connection.organisation.region
    examples = dict(zip(headings, profile["examples"], strict=True))
    orders = matching.settled(kind, headings, upload.columns, profile, part="orders")
    marks = matching.settled(kind, headings, upload.columns, profile, part="marks")
    layout = profile["layout"]
    unread = [heading for heading in headings if heading not in upload.columns.values()]
    return {
        "choices": [(field, upload.columns.get(field.name, ""), examples.get(upload.columns.get(field.name, ""), []))
                    for field in kind.fields],
        "options": [(heading, ", ".join(examples[heading][:2])) for heading in headings],
        "orders": DATE_ORDERS,
        "has_dates": any(field.type == Type.DATE for field in kind.fields),
        "has_money": any(field.type == Type.MONEY for field in kind.fields),
        "asks_order": orders == "ask",
        "dates": upload.options.get("dates") or (matching.usual_order(region) if orders == "ask" else ""),
        "asks_decimal": marks == "ask",
        "decimal": upload.options.get("decimal") or (matching.usual_decimal(region) if marks == "ask" else ""),
        "unread": unread,
        "layout": layout,
        "encodings": ENCODINGS if layout["shape"] == "csv" else {},
        "sheets": layout["sheets"] if len(layout["sheets"]) > 1 else [],
        "lacking": matching.missing(kind, upload.columns),
    }  # fmt: skip


def _spec_of_files(slug: str) -> ProviderSpec:
    spec = spec_or_404(slug)
    if spec.auth != Auth.FILE:
        raise Http404(f"{spec.label} is not read from files.")
    return spec


def _upload_or_404(request: OrganisationRequest, slug: str, upload_id: UUID) -> FileUpload:
    _spec_of_files(slug)
    upload = file_selectors.find_upload(organisation=request.organisation, upload_id=upload_id)
    if upload is None or upload.connection.provider != slug or upload.status == Status.DISCARDED:
        raise Http404("This organisation has no such file.")
    if upload.connection.status == Connection.Status.DISCONNECTED:
        raise Http404("The source of this file is disconnected.")
    return upload
