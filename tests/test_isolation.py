"""Two organisations and every URL: another organisation's ids are not found, strangers sign in, tenants are refused.

A new URL fails `test_every_url_is_in_the_table` until it has a row here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
from django.apps import apps
from django.contrib import admin
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from access.models import Membership, Organisation, User
from tests.factories.accounting import CategoryRuleFactory
from tests.factories.communications import NotificationFactory
from tests.factories.integrations import InboxEventFactory
from tests.factories.maintenance import (
    AttachmentFactory,
    MaintenanceCategoryFactory,
    MaintenanceRequestFactory,
    OfferFactory,
    QuoteFactory,
    VendorFactory,
    WorkOrderFactory,
)
from tests.factories.tenancies import LeaseFactory, LeaseTenantFactory, TenantFactory
from tests.integrations.views.conftest import build_scene, build_upload

# URL name -> what each argument names. No arguments: a page of one's own organisation.
WITHIN: dict[str, dict[str, str]] = {
    "access:members": {},
    "access:organisation": {},
    "accounting:period_close": {},
    "accounting:period_reopen": {},
    "accounting:periods": {},
    "accounting:property_choices": {},
    "accounting:rule_add": {},
    "accounting:rule_delete": {"rule_id": "rule"},
    "accounting:rule_edit": {"rule_id": "rule"},
    "accounting:rule_list": {},
    "accounting:rule_move": {"rule_id": "rule"},
    "accounting:rule_switch": {"rule_id": "rule"},
    "accounting:transaction_add": {},
    "accounting:transaction_detail": {"transaction_id": "transaction"},
    "accounting:transaction_edit": {"transaction_id": "transaction"},
    "accounting:transaction_export": {},
    "accounting:transaction_list": {},
    "accounting:transaction_reverse": {"transaction_id": "transaction"},
    "archive_properties": {},
    "archive_property": {"property_id": "home"},
    "communications:notices": {},
    "communications:read": {"pk": "notice"},
    "communications:read_all": {},
    "dashboard": {},
    "integrations:accept": {"slug": "provider"},
    "integrations:api_connections": {},
    "integrations:api_run": {"run_id": "run"},
    "integrations:api_sync": {"connection_id": "connection"},
    "integrations:apply": {"slug": "provider", "plan_id": "plan"},
    "integrations:auto_sync": {"slug": "provider", "mapping_id": "mapping"},
    "integrations:bulk": {"slug": "provider"},
    "integrations:callback": {"slug": "provider"},
    "integrations:cancel": {"slug": "provider", "run_id": "run"},
    "integrations:choose": {"slug": "provider", "mapping_id": "mapping"},
    "integrations:confirm_account": {"slug": "provider", "state_id": "state"},
    "integrations:conflicts": {"slug": "provider"},
    "integrations:connect": {"slug": "provider"},
    "integrations:create": {"slug": "provider", "mapping_id": "mapping"},
    "integrations:detail": {"slug": "provider"},
    "integrations:dismiss_events": {"slug": "provider"},
    "integrations:endpoint": {"slug": "provider"},
    "integrations:event": {"slug": "provider", "event_id": "event"},
    "integrations:events": {"slug": "provider"},
    "integrations:disconnect": {"slug": "provider"},
    "integrations:discard": {"slug": "provider", "plan_id": "plan"},
    "integrations:file": {"slug": "files", "upload_id": "upload"},
    "integrations:file_columns": {"slug": "files", "upload_id": "upload"},
    "integrations:file_discard": {"slug": "files", "upload_id": "upload"},
    "integrations:file_errors": {"slug": "files", "upload_id": "upload"},
    "integrations:file_import": {"slug": "files", "upload_id": "upload"},
    "integrations:file_read": {"slug": "files", "upload_id": "upload"},
    "integrations:file_template": {"slug": "files", "kind": "kind"},
    "integrations:files": {"slug": "files"},
    "integrations:dismiss": {"slug": "provider", "record_id": "record"},
    "integrations:health": {"slug": "provider"},
    "integrations:history": {"slug": "provider"},
    "integrations:ignore": {"slug": "provider", "mapping_id": "mapping"},
    "integrations:index": {},
    "integrations:map": {"slug": "provider", "mapping_id": "mapping"},
    "integrations:mapping": {"slug": "provider"},
    "integrations:preview": {"slug": "provider", "plan_id": "plan"},
    "integrations:preview_start": {"slug": "provider"},
    "integrations:progress": {"slug": "provider"},
    "integrations:record": {"slug": "provider", "record_id": "record"},
    "integrations:records": {"slug": "provider"},
    "integrations:release": {"slug": "provider", "run_id": "run"},
    "integrations:replay_events": {"slug": "provider"},
    "integrations:resolve": {"slug": "provider", "conflict_id": "conflict"},
    "integrations:restore": {"slug": "provider", "record_id": "record"},
    "integrations:retry": {"slug": "provider", "record_id": "record"},
    "integrations:rules_preview": {},
    "integrations:run": {"slug": "provider", "run_id": "run"},
    "integrations:settings": {"slug": "provider"},
    "integrations:sync": {"slug": "provider"},
    "integrations:undo": {"slug": "provider", "run_id": "run"},
    "integrations:unmap": {"slug": "provider", "mapping_id": "mapping"},
    "lease_detail": {"lease_id": "lease"},
    "maintenance:assign": {"work_order_id": "work_order"},
    "maintenance:board": {},
    "maintenance:by_job": {"connection_id": "connection", "job_ref": "job"},
    "maintenance:calendar": {},
    "maintenance:category_add": {},
    "maintenance:category_retire": {"category_id": "category"},
    "maintenance:comment_add": {"work_order_id": "work_order"},
    "maintenance:file": {"attachment_id": "attachment"},
    "maintenance:file_add": {"work_order_id": "work_order"},
    "maintenance:move": {"work_order_id": "work_order"},
    "maintenance:offer_withdraw": {"offer_id": "offer"},
    "maintenance:quote_decide": {"quote_id": "quote"},
    "maintenance:rate": {"work_order_id": "work_order"},
    "maintenance:request_add": {},
    "maintenance:request_convert": {"request_id": "request"},
    "maintenance:request_detail": {"request_id": "request"},
    "maintenance:request_dismiss": {"request_id": "request"},
    "maintenance:request_list": {},
    "maintenance:rules": {},
    "maintenance:vendor_add": {},
    "maintenance:vendor_detail": {"vendor_id": "vendor"},
    "maintenance:vendor_edit": {"vendor_id": "vendor"},
    "maintenance:vendor_list": {},
    "maintenance:work_order_add": {},
    "maintenance:work_order_detail": {"work_order_id": "work_order"},
    "maintenance:work_order_edit": {"work_order_id": "work_order"},
    "maintenance:work_order_list": {},
    "properties:add_unit": {"property_id": "home"},
    "properties:create": {},
    "properties:edit": {"property_id": "home"},
    "properties:restore": {"property_id": "home"},
    "property_detail": {"property_id": "home"},
    "property_leases": {"property_id": "home"},
    "property_list": {},
    "property_money": {"property_id": "home"},
    "property_source": {"property_id": "home"},
    "property_units": {"property_id": "home"},
    "property_work_orders": {"property_id": "home"},
    "reporting:arrears": {},
    "search": {},
    "tenancies:edit_lease": {"lease_id": "lease"},
    "tenancies:follow_source": {"lease_id": "lease"},
    "tenancies:leases": {},
    "tenancies:tenant_detail": {"tenant_id": "tenant"},
    "tenancies:tenants": {},
    "tenancies:unit_offline": {"unit_id": "unit"},
}
# Pages about the signed-in person, whatever their role.
PERSONAL = ("access:profile", "access:switch_organisation", "admin/password_change/")
# Pages of people without an account: the secret in the address names one row (tests/maintenance/test_links.py).
BY_SECRET = {
    "maintenance:vendor_link": {"secret"},
    "maintenance:vendor_file": {"secret", "attachment_id"},
    "maintenance:owner_link": {"secret"},
}
# Pages before signing in, and those of the development server; the rest of accounts/ belongs to allauth.
OPEN = ("access:first_run", "admin/logout/", "styleguide/")

# Addresses for other programs, which prove themselves by what they send; their own tests hold what they let in.
FOR_PROGRAMS: dict[str, set[str]] = {"integrations:webhook": {"slug", "token"}}

WITH_IDS = sorted(name for name, arguments in WITHIN.items() if set(arguments) - {"slug", "kind"})
WITHOUT_IDS = sorted(set(WITHIN) - set(WITH_IDS))


def walk(resolver: URLResolver, route: str = "", namespace: str = "") -> Iterator[tuple[str, set[str]]]:
    """(name, or route where it has none; its arguments) of every URL outside the staff desk and allauth."""
    for pattern in resolver.url_patterns:
        here = route + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            if pattern.namespace != "admin" and here != "accounts/":
                yield from walk(pattern, here, namespace + (f"{pattern.namespace}:" if pattern.namespace else ""))
        elif isinstance(pattern, URLPattern):
            yield namespace + pattern.name if pattern.name else here, set(pattern.pattern.converters)


def everything_of(organisation: Organisation, user: User) -> dict[str, Any]:
    """One record of each kind that an address can name."""
    scene = build_scene(organisation, user)
    lease = LeaseFactory(organisation=organisation, property=scene.home, tenant_names=f"Tenant of {organisation.name}")
    tenant = TenantFactory(organisation=organisation, name=f"Tenant of {organisation.name}")
    LeaseTenantFactory(lease=lease, tenant=tenant)
    records: dict[str, Any] = {
        "connection": scene.connection,
        "run": scene.run,
        "plan": scene.plan,
        "mapping": scene.needs,
        "record": scene.records["unmapped"],
        "conflict": scene.conflict,
        "state": scene.state,
        "transaction": scene.transaction,
        "home": scene.home,
        "lease": lease,
        "tenant": tenant,
        "unit": lease.unit,
        "rule": CategoryRuleFactory(organisation=organisation),
        "work_order": WorkOrderFactory(
            organisation=organisation,
            property=scene.home,
            title=f"Job of {organisation.name}",
            connection_id=scene.connection.pk,
            provider_id="job-1",
        ),
        "upload": build_upload(organisation, user),
        "event": InboxEventFactory(
            organisation=organisation, connection=scene.connection, topic=f"Event of {organisation.name}"
        ),
        "category": MaintenanceCategoryFactory(organisation=organisation, name=f"Work of {organisation.name}"),
        "notice": NotificationFactory(organisation=organisation, user=user, title=f"Notice of {organisation.name}"),
    }
    vendor = VendorFactory(organisation=organisation, name=f"Vendor of {organisation.name}")
    records["vendor"] = vendor
    records["offer"] = OfferFactory(work_order=records["work_order"], vendor=vendor)
    records["quote"] = QuoteFactory(work_order=records["work_order"], vendor=vendor)
    records["attachment"] = AttachmentFactory(work_order=records["work_order"])
    records["request"] = MaintenanceRequestFactory(
        organisation=organisation, property=scene.home, title=f"Report of {organisation.name}"
    )
    scene.home.name = f"Home of {organisation.name}"
    scene.home.save()
    return {**{key: record.pk for key, record in records.items()}, "provider": "propertyme",
            "files": "files", "kind": "leases", "job": "job-1"}  # fmt: skip


@pytest.fixture
def theirs(
    organisation: Organisation, admin_user: User, other_organisation: Organisation, other_admin: User
) -> dict[str, Any]:
    """The rival's records; ours has the same kinds, so that nothing is missing for another reason."""
    everything_of(organisation, admin_user)
    return everything_of(other_organisation, other_admin)


def address(name: str, records: dict[str, Any]) -> str:
    return reverse(name, kwargs={argument: records[key] for argument, key in WITHIN[name].items()})


def rows_of(organisation: Organisation) -> dict[str, list[dict[str, Any]]]:
    """Every row that carries the organisation, and its own."""
    scoped = [
        model
        for model in apps.get_models()
        if any(field.name == "organisation" for field in model._meta.concrete_fields)
    ]
    found = {
        model.__name__: list(model.objects.filter(organisation=organisation).order_by("pk").values())
        for model in scoped
    }
    return {**found, "Organisation": list(Organisation.objects.filter(pk=organisation.pk).values())}


def statuses(client: Client, url: str, data: dict[str, Any] | None = None) -> set[int]:
    return {client.get(url).status_code, client.post(url, data or {}).status_code}


def test_every_url_is_in_the_table() -> None:
    found = dict(walk(get_resolver()))
    assert set(found) == {*WITHIN, *PERSONAL, *OPEN, *FOR_PROGRAMS, *BY_SECRET}
    assert {name: arguments for name, arguments in found.items() if arguments} == {
        **{name: set(arguments) for name, arguments in WITHIN.items() if arguments},
        **FOR_PROGRAMS,
        **BY_SECRET,
    }


def test_another_organisations_ids_are_not_found_and_nothing_changes(
    client_admin: Client, theirs: dict[str, Any], other_organisation: Organisation
) -> None:
    before = rows_of(other_organisation)
    found = {name: statuses(client_admin, address(name, theirs)) for name in WITH_IDS}
    # 405: the address is for the other method only.
    assert {name: codes for name, codes in found.items() if not {404} <= codes <= {404, 405}} == {}
    assert rows_of(other_organisation) == before


def test_the_same_addresses_are_found_by_their_own_admin(
    other_admin: User, theirs: dict[str, Any], signed_in: Callable[[User], Client]
) -> None:
    client = signed_in(other_admin)
    found = {name: client.get(address(name, theirs)).status_code for name in WITH_IDS}
    assert {name: code for name, code in found.items() if code in (403, 404)} == {}


def test_nothing_of_another_organisation_is_on_a_page_of_ours(client_admin: Client, theirs: dict[str, Any]) -> None:
    shown = {}
    for name in WITHOUT_IDS:
        response: HttpResponse = client_admin.get(address(name, theirs), {"q": "Rival Realty"}, follow=True)
        body = b"".join(response) if response.streaming else response.content  # type: ignore[attr-defined]
        text = body.decode().replace("“Rival Realty”", "").replace('value="Rival Realty"', "").replace("q=Rival", "")
        shown[name] = [word for word in ("of Rival Realty", str(theirs["connection"])) if word in text]
    assert {name: words for name, words in shown.items() if words} == {}


def test_ids_of_another_organisation_in_a_form_change_nothing(
    client_admin: Client, theirs: dict[str, Any], organisation: Organisation, other_organisation: Organisation
) -> None:
    before = rows_of(other_organisation)
    ids = [value for value in theirs.values() if isinstance(value, UUID)]
    form = {
        **{key: value for key, value in theirs.items() if isinstance(value, UUID)},
        "ids": ids,
        "id": ids,
        "property": theirs["home"],
        "property_id": theirs["home"],
        "target": theirs["home"],
        "organisation": other_organisation.pk,
    }
    for name in WITHOUT_IDS:
        client_admin.post(address(name, theirs), form)
    assert rows_of(other_organisation) == before


def test_strangers_are_asked_to_sign_in(client: Client, theirs: dict[str, Any]) -> None:
    urls = {name: address(name, theirs) for name in WITHIN} | {name: reverse(name) for name in PERSONAL if ":" in name}
    found, places = {}, set()
    for name, url in urls.items():
        answers = [client.get(url), client.post(url)]
        found[name] = {answer.status_code for answer in answers}
        places |= {answer.headers["Location"].partition("?")[0] for answer in answers if answer.status_code == 302}
    wrong = {name: codes for name, codes in found.items() if not {refusal(name)} <= codes <= {refusal(name), 405}}
    assert wrong == {}
    assert places == {"/accounts/login/"}


def refusal(name: str) -> int:
    """A person is sent to the sign-in page; a script is told in JSON that it may not."""
    return 403 if name.startswith("integrations:api_") else 302


def test_a_tenant_is_refused_everywhere(
    client_tenant: Client, theirs: dict[str, Any], organisation: Organisation
) -> None:
    before = rows_of(organisation)
    found = {name: statuses(client_tenant, address(name, theirs)) for name in WITHIN}
    assert {name: codes for name, codes in found.items() if not {403} <= codes <= {403, 405}} == {}
    assert rows_of(organisation) == before


@pytest.mark.parametrize("role", [Membership.Role.LANDLORD, Membership.Role.VENDOR])
def test_other_roles_without_pages_are_refused_too(
    client_tenant: Client, tenant_user: User, theirs: dict[str, Any], role: str
) -> None:
    Membership.objects.filter(user=tenant_user).update(role=role)
    assert {client_tenant.get(address(name, theirs)).status_code for name in ("dashboard", "property_list")} == {403}


def test_the_staff_desk_is_closed_to_an_organisations_admin(client_admin: Client) -> None:
    lists = [f"/admin/{model._meta.app_label}/{model._meta.model_name}/" for model in admin.site._registry]
    answers = [client_admin.get(url) for url in ["/admin/", *lists]]
    assert {answer.headers.get("Location", "").partition("?")[0] for answer in answers} == {"/admin/login/"}


def test_pages_for_admins_refuse_property_managers(
    client_agent: Client, theirs: dict[str, Any], organisation: Organisation, signed_in: Callable[[User], Client]
) -> None:
    for_admins = (
        "access:organisation", "integrations:connect", "integrations:disconnect", "integrations:settings",
        "maintenance:category_add", "maintenance:category_retire",
    )  # fmt: skip
    found = {name: statuses(client_agent, address(name, theirs)) for name in for_admins}
    assert {name: codes for name, codes in found.items() if not {403} <= codes <= {403, 405}} == {}
