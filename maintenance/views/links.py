"""Pages of vendors and owners without an account: what the secret in the address names, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec
from uuid import UUID
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from core.errors import DomainError
from core.formatting import home_currency
from maintenance import limits, tokens
from maintenance.files import ACCEPT, handed_out
from maintenance.forms.links import CommentForm, CompleteForm, DeclineForm, OwnerForm, QuoteForm, ScheduleForm
from maintenance.models import Attachment, Offer, OwnerApproval, Quote
from maintenance.models.trail import Visibility
from maintenance.services import answers, quotes, trail

P = ParamSpec("P")
S = Offer.State


def _private(response: HttpResponseBase) -> HttpResponseBase:
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response


def _guarded(
    load: Callable[[str], Any],
) -> Callable[[Callable[Concatenate[HttpRequest, Any, P], HttpResponseBase]], Callable[..., HttpResponseBase]]:
    """Finds the row of the secret in the address; bounds how often that is tried, and says when a link has ended."""

    def outer(view: Callable[Concatenate[HttpRequest, Any, P], HttpResponseBase]) -> Callable[..., HttpResponseBase]:
        @wraps(view)
        def inner(request: HttpRequest, /, secret: str, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            fingerprint = tokens.fingerprint(secret)
            row = load(fingerprint)
            busy = limits.guesses_too_much(request) if row is None else limits.link_is_busy(fingerprint)
            if busy:
                return _private(render(request, "429.html", status=429))
            if row is None:
                return _private(render(request, "maintenance/link_unknown.html", status=404))
            organisation = row.organisation
            with timezone.override(ZoneInfo(organisation.time_zone)), home_currency(organisation.currency):
                if row.token_expires_at < timezone.now():
                    return _private(render(request, "maintenance/link_ended.html", {"row": row}, status=410))
                return _private(view(request, row, *args, **kwargs))

        return inner

    return outer


def _offer(fingerprint: str) -> Offer | None:
    return (
        Offer.objects.filter(token_hash=fingerprint)
        .select_related("organisation", "vendor", "work_order__property", "work_order__unit", "created_by")
        .first()
    )


def _approval(fingerprint: str) -> OwnerApproval | None:
    return (
        OwnerApproval.objects.filter(token_hash=fingerprint)
        .select_related("organisation", "quote__vendor", "quote__work_order__property")
        .first()
    )


@_guarded(_offer)
@require_http_methods(["GET", "HEAD", "POST"])
def vendor_link(request: HttpRequest, offer: Offer) -> HttpResponse:
    """The vendor's page: answer, quote, schedule, add photos, complete."""
    secret = tokens.secret_of(tokens.OFFER, offer.pk)
    forms_by_step: dict[str, forms.Form] = {}
    if request.method == "POST":
        step = request.POST.get("do", "")
        problem = _do(request, offer, step, forms_by_step)
        if not problem:
            return redirect("maintenance:vendor_link", secret)
        messages.error(request, problem)
        offer = _offer(offer.token_hash) or offer
    return render(
        request, "maintenance/vendor_link.html", _page(offer, secret, forms_by_step),
        status=422 if request.method == "POST" else 200,
    )  # fmt: skip


def _do(request: HttpRequest, offer: Offer, step: str, bound: dict[str, forms.Form]) -> str:
    """Carries out one step; "" when it went well, else the sentence to show."""
    form_class = _FORMS.get(step)
    data: dict[str, Any] = {}
    if form_class is not None:
        form = form_class(request.POST)
        bound[step] = form
        if not form.is_valid():
            return "Something is missing. It is written beside the field."
        data = form.cleaned_data
    try:
        if step == "accept":
            answers.accept(offer=offer)
            messages.success(request, "The job is yours. Say below when you come.")
        elif step == "decline":
            answers.decline(offer=offer, **data)
            messages.success(request, "Thank you for saying so. The agency asks somebody else.")
        elif step == "quote":
            answers.quote(offer=offer, **data)
            messages.success(request, "Your price is with the agency.")
        elif step == "schedule":
            answers.schedule(offer=offer, **data)
            messages.success(request, "The agency knows when you come.")
        elif step == "complete":
            answers.complete(offer=offer, **data)
            messages.success(request, "Done. Thank you.")
        elif step == "comment":
            _may_write(offer)
            trail.add_comment(order=offer.work_order, visibility="public", vendor=offer.vendor, **data)
        elif step == "files":
            _may_write(offer)
            uploads = request.FILES.getlist("file")
            for upload in uploads:
                trail.add_attachment(
                    order=offer.work_order, upload=upload, name=upload.name or "photo", vendor=offer.vendor
                )
            return "" if uploads else "Choose a photo or a PDF first."
        else:
            return "Choose what to do."
    except DomainError as error:
        return error.message
    return ""


_FORMS: dict[str, type[forms.Form]] = {
    "decline": DeclineForm,
    "quote": QuoteForm,
    "schedule": ScheduleForm,
    "complete": CompleteForm,
    "comment": CommentForm,
}


def _may_write(offer: Offer) -> None:
    if not offer.is_live and offer.state != S.COMPLETED:
        raise DomainError("ended", "This job is not with you any more.")


def _page(offer: Offer, secret: str, bound: dict[str, forms.Form]) -> dict[str, Any]:
    """What the vendor may see. Remarks and files of the agency only once the job is theirs."""
    order = offer.work_order
    has_job = offer.kind == Offer.Kind.JOB and offer.state in (S.ACCEPTED, S.COMPLETED)
    shown = Visibility.PUBLIC
    return {
        "offer": offer,
        "order": order,
        "secret": secret,
        "approved": Quote.objects.filter(work_order=order, vendor=offer.vendor, state="accepted").first(),
        "quote": Quote.objects.filter(offer=offer).order_by("-id").first(),
        "has_job": has_job,
        "may_answer": offer.state in (S.QUEUED, S.SENT),
        "may_quote": offer.state in (S.QUEUED, S.SENT, S.QUOTED),
        "comments": order.comments.filter(visibility=shown).order_by("id") if has_job else [],
        "files": _files(offer) if offer.is_live or has_job else [],
        "accept": ACCEPT,
        "priority_tones": {"high": "warn", "urgent": "bad"},
        "forms": {step: bound.get(step) or form_class(prefix=None) for step, form_class in _FORMS.items()},
    }


def _files(offer: Offer) -> list[Attachment]:
    found = offer.work_order.attachments.order_by("id")
    if offer.kind == Offer.Kind.JOB and offer.state in (S.ACCEPTED, S.COMPLETED):
        return list(found.filter(visibility=Visibility.PUBLIC))
    # Before the job is theirs: photos the agency shows of the fault, and what they sent themselves.
    return [item for item in found.filter(visibility=Visibility.PUBLIC) if item.vendor_id in (None, offer.vendor_id)]


@_guarded(_offer)
@require_safe
def vendor_file(request: HttpRequest, offer: Offer, attachment_id: UUID) -> HttpResponseBase:
    """A public file of this job, for as long as the vendor has or is asked for it."""
    if not offer.is_live and offer.state != S.COMPLETED:
        raise Http404("This job is not with the vendor any more.")
    found = next((item for item in _files(offer) if item.pk == attachment_id), None)
    if found is None:
        raise Http404("This job has no such file for the vendor.")
    return handed_out(found)


@_guarded(_approval)
@require_http_methods(["GET", "HEAD", "POST"])
def owner_link(request: HttpRequest, approval: OwnerApproval) -> HttpResponse:
    """The owner's page: one price, approve or refuse."""
    secret = tokens.secret_of(tokens.APPROVAL, approval.pk)
    form = OwnerForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        decision = request.POST.get("do", "")
        try:
            if decision not in ("approve", "refuse"):
                raise DomainError("decision", "Choose to approve or to refuse.")
            quotes.owner_answers(approval=approval, approve=decision == "approve", reason=form.cleaned_data["reason"])
        except DomainError as error:
            form.add_error("reason" if error.code == "reason" else None, error.message)
        else:
            return redirect("maintenance:owner_link", secret)
    context = {"approval": approval, "quote": approval.quote, "order": approval.quote.work_order, "form": form}
    return render(request, "maintenance/owner_link.html", context, status=422 if request.method == "POST" else 200)
