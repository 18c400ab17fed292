"""The rule table: in which order bills are sorted into categories, and which rule would catch a given one."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from access.decorators import manager_required
from access.middleware import OrganisationRequest
from accounting import selectors
from accounting.forms import RuleForm, RuleTestForm
from accounting.models import CategoryRule
from accounting.rules import match_bill
from accounting.services import categories as category_services
from core.errors import DomainError
from core.htmx import render_page


@manager_required
@require_safe
def rule_list(request: OrganisationRequest) -> HttpResponse:
    """The ordered table, and the box that says which rule catches a text."""
    category_services.ensure_defaults(organisation=request.organisation)
    rules = list(selectors.rules_of(organisation=request.organisation))
    test = RuleTestForm(request.GET)
    context: dict[str, Any] = {"rules": rules, "test": test, "preview_url": _preview_url()}
    if test.is_valid() and (test.cleaned_data["supplier"] or test.cleaned_data["text"] or test.cleaned_data["job"]):
        match = match_bill(
            organisation_id=request.organisation.pk,
            counterparty=test.cleaned_data["supplier"],
            description=test.cleaned_data["text"],
            job_ref="job" if test.cleaned_data["job"] else "",
        )
        context |= {
            "tested": True,
            "match": match,
            "caught": next((rule for rule in rules if match and rule.pk == match.rule_id), None),
        }
    return render_page(request, "accounting/rules.html", context, fragment="caught")


@manager_required
@require_http_methods(["GET", "HEAD", "POST"])
def rule_add(request: OrganisationRequest) -> HttpResponse:
    category_services.ensure_defaults(organisation=request.organisation)
    form = RuleForm(request.POST or None, organisation=request.organisation)
    return _save(request, form, None)


@manager_required
@require_http_methods(["GET", "HEAD", "POST"])
def rule_edit(request: OrganisationRequest, rule_id: UUID) -> HttpResponse:
    rule = _rule_or_404(request, rule_id)
    form = RuleForm(request.POST or None, organisation=request.organisation, rule=rule)
    return _save(request, form, rule)


@manager_required
@require_POST
def rule_move(request: OrganisationRequest, rule_id: UUID) -> HttpResponse:
    """One place up or down; the page comes back at the row that moved."""
    rule = _rule_or_404(request, rule_id)
    return _do(request, rule, lambda: category_services.move_rule(rule=rule, up=request.POST.get("to") == "up"))


@manager_required
@require_POST
def rule_switch(request: OrganisationRequest, rule_id: UUID) -> HttpResponse:
    """Off when it is in use, on when it is not."""
    rule = _rule_or_404(request, rule_id)
    wanted = request.POST.get("to") == "on"
    return _do(request, rule, lambda: category_services.set_rule_enabled(rule=rule, is_enabled=wanted))


@manager_required
@require_http_methods(["GET", "HEAD", "POST"])
def rule_delete(request: OrganisationRequest, rule_id: UUID) -> HttpResponse:
    rule = _rule_or_404(request, rule_id)
    if request.method == "POST":
        try:
            category_services.delete_rule(rule=rule)
            messages.success(
                request, "The rule is deleted. Imported bills keep their categories until you replay rules."
            )
        except DomainError as error:
            messages.error(request, error.message)
        return redirect("accounting:rule_list")
    sorted_bills = selectors.bills_sorted_by(rule=rule)
    effects = [
        ("bad", f"Bills imported from now on fall to a later rule, not to {rule.category.name.lower()} by this one."),
        ("good", f"{sorted_bills} that it sorted keep their category until you replay the rules."),
    ]
    return render(request, "accounting/rule_delete.html", {"rule": rule, "effects": effects})


def _save(request: OrganisationRequest, form: RuleForm, rule: CategoryRule | None) -> HttpResponse:
    if form.is_valid():
        try:
            saved = category_services.save_rule(organisation=request.organisation, rule=rule, **form.cleaned_data)
        except DomainError as error:
            form.add_error(None, error.message)
        else:
            messages.success(
                request,
                f"Rule {saved.position} is saved and sorts the bills of the next sync. Earlier ones stay as they are.",
            )
            return redirect(f"{reverse('accounting:rule_list')}#rule-{saved.pk}")
    context = {"form": form, "rule": rule}
    return render(request, "accounting/rule_form.html", context, status=422 if form.is_bound else 200)


def _do(request: OrganisationRequest, rule: CategoryRule, work: Any) -> HttpResponse:
    try:
        work()
    except DomainError as error:
        messages.error(request, error.message)
    return redirect(f"{reverse('accounting:rule_list')}#rule-{rule.pk}")


def _rule_or_404(request: OrganisationRequest, rule_id: UUID) -> CategoryRule:
    try:
        return selectors.get_rule(organisation=request.organisation, rule_id=rule_id)
    except CategoryRule.DoesNotExist:
        raise Http404("This organisation has no such rule.") from None


def _preview_url() -> str:
    # The preview belongs to a higher layer, known here by name alone.
    try:
        return reverse("integrations:rules_preview")
    except NoReverseMatch:
        return ""
