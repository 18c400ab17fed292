from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.db.models import Model
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django_celery_beat.models import IntervalSchedule, PeriodicTask
from factory.django import DjangoModelFactory

from access.models import Membership, Organisation, User
from accounting.models import BooksLock, Category, TransactionRevision
from core.admin import StaffAdmin
from core.fields import EncryptedTextField
from integrations.models import OAuthState
from tests.factories import (
    access,
    accounting,
    communications,
    integrations,
    maintenance,
    properties,
    tenancies,
)


def books_lock() -> BooksLock:
    return BooksLock.objects.create(organisation=access.OrganisationFactory(), closed_through=date(2025, 6, 30))


def revision() -> TransactionRevision:
    entry = accounting.TransactionFactory()
    return TransactionRevision.objects.create(
        organisation=entry.organisation, transaction=entry, reason="Wrong bill", changes={"amount": ["1.00", "2.00"]}
    )


def log_entry() -> LogEntry:
    user = access.UserFactory()
    return LogEntry.objects.create(user=user, object_repr="A record", action_flag=2, change_message="Looked at")


def category() -> Category:
    return accounting.category(access.OrganisationFactory(), "water")


def periodic_task() -> PeriodicTask:
    count = PeriodicTask.objects.count()
    every_minute = IntervalSchedule.objects.create(every=60, period="seconds")
    return PeriodicTask.objects.create(
        name=f"Task {count}", task="communications.tasks.send_due_emails", interval=every_minute
    )


# One row of every model that the desk shows.
RECORDS: list[Callable[[], Model] | type[DjangoModelFactory]] = [
    access.OrganisationFactory,
    access.UserFactory,
    access.MembershipFactory,
    log_entry,
    communications.NotificationFactory,
    properties.OwnerFactory,
    properties.PropertyFactory,
    properties.UnitFactory,
    tenancies.TenantFactory,
    tenancies.LeaseFactory,
    tenancies.LeaseTenantFactory,
    category,
    accounting.CategoryRuleFactory,
    books_lock,
    accounting.TransactionFactory,
    revision,
    maintenance.WorkOrderFactory,
    maintenance.VendorFactory,
    maintenance.OfferFactory,
    maintenance.QuoteFactory,
    maintenance.OwnerApprovalFactory,
    maintenance.MaintenanceRequestFactory,
    maintenance.MaintenancePolicyFactory,
    integrations.ConnectionFactory,
    integrations.PropertyMappingFactory,
    integrations.ProviderRecordFactory,
    integrations.SyncRunFactory,
    integrations.SyncCursorFactory,
    integrations.SyncPlanFactory,
    integrations.SyncPlanLineFactory,
    integrations.SyncChangeFactory,
    integrations.ConflictFactory,
    integrations.FileUploadFactory,
    integrations.FileLayoutFactory,
    integrations.CallPartFactory,
    access.AuditEntryFactory,
    integrations.WebhookEndpointFactory,
    integrations.InboxEventFactory,
    periodic_task,
]


def address(record: Model, page: str = "changelist") -> str:
    base = f"/admin/{record._meta.app_label}/{record._meta.model_name}/"
    return base if page == "changelist" else f"{base}{record.pk}/change/"


def test_the_desk_shows_every_model_that_is_not_secret(db: None) -> None:
    assert {type(make()) for make in RECORDS} == set(admin.site._registry)
    assert OAuthState not in admin.site._registry


def test_nothing_is_changed_by_form() -> None:
    assert {isinstance(item, StaffAdmin) for item in admin.site._registry.values()} == {True}
    rights = {
        (item.has_add_permission(None), item.has_change_permission(None), item.has_delete_permission(None))
        for item in admin.site._registry.values()
    }
    assert rights == {(False, False, False)}


def test_every_relation_can_be_searched_and_is_joined() -> None:
    missing = {
        (model.__name__, name)
        for model, item in admin.site._registry.items()
        for name in [
            field.name for field in model._meta.fields if field.is_relation and field.name in item.list_display
        ]
        if name not in (item.list_select_related or ())
    }
    assert missing == set()
    filters = {
        (model.__name__, entry)
        for model, item in admin.site._registry.items()
        for entry in item.list_filter
        if isinstance(entry, str) and model._meta.get_field(entry).is_relation and entry != "content_type"
    }
    assert filters == set()


def test_big_tables_are_never_counted_in_full() -> None:
    assert {item.show_full_result_count for item in admin.site._registry.values()} == {False}
    assert {item.date_hierarchy for item in admin.site._registry.values()} == {None}


@pytest.mark.parametrize("make", RECORDS, ids=lambda make: make.__name__)
def test_list_and_detail_answer_and_search_works(client_staff: Client, make: Callable[[], Model]) -> None:
    record = make()
    detail = client_staff.get(address(record, "change"))
    listing = client_staff.get(address(record))
    found = client_staff.get(address(record), {"q": str(record.pk)})
    assert (detail.status_code, listing.status_code, found.status_code) == (200, 200, 200)
    assert "secret-" not in detail.content.decode() + listing.content.decode()


@pytest.mark.parametrize("make", RECORDS, ids=lambda make: make.__name__)
def test_a_list_costs_the_same_for_one_row_and_for_six(client_staff: Client, make: Callable[[], Model]) -> None:
    record = make()
    client_staff.get(address(record))
    with CaptureQueriesContext(connection) as one:
        client_staff.get(address(record))
    for _ in range(5):
        make()
    with CaptureQueriesContext(connection) as six:
        client_staff.get(address(record))
    assert len(six) == len(one)


def test_encrypted_fields_and_passwords_are_never_among_the_fields() -> None:
    shown = {
        (model.__name__, name)
        for model, item in admin.site._registry.items()
        for name in item.get_fields(None)
        if isinstance(name, str)
    }
    secret = {
        (model.__name__, field.name)
        for model in admin.site._registry
        for field in model._meta.fields
        if isinstance(field, EncryptedTextField) or field.name == "password"
    }
    assert secret == {
        ("Connection", "access_token"),
        ("Connection", "refresh_token"),
        ("Connection", "keys"),
        ("InboxEvent", "body"),
        ("User", "password"),
        ("WebhookEndpoint", "secret"),
    }
    assert shown & secret == set()


def test_the_desk_is_for_staff(client_admin: Client, client: Client) -> None:
    assert client_admin.get("/admin/").headers["Location"] == "/admin/login/?next=/admin/"
    assert client_admin.get("/admin/login/?next=/admin/").status_code == 403
    stranger = client.get("/admin/login/?next=/admin/")
    assert stranger.headers["Location"] == "/accounts/login/?next=%2Fadmin%2F"


def test_staff_see_every_organisation(
    client_staff: Client, organisation: Organisation, other_organisation: Organisation
) -> None:
    page = client_staff.get("/admin/access/organisation/").content.decode()
    assert "Harbour &amp; Co" in page
    assert "Rival Realty" in page


def membership_of(user: User) -> Membership:
    return Membership.objects.get(user=user)


def test_a_dangerous_action_asks_first_then_acts_and_is_logged(
    client_staff: Client, admin_user: User, agent_user: User
) -> None:
    membership = membership_of(agent_user)
    asked = client_staff.post(
        "/admin/access/membership/", {"action": "end", "_selected_action": [str(membership.pk)]}, follow=True
    )
    assert "End this access to the organisation?" in asked.content.decode()
    assert membership_of(agent_user).is_active is True
    done = client_staff.post("/admin/access/membership/staff-action/end/", {"id": [str(membership.pk)]}, follow=True)
    assert "access ended" in done.content.decode()
    assert membership_of(agent_user).is_active is False
    assert LogEntry.objects.get().change_message == "End access. access ended"


def test_a_harmless_action_runs_from_the_list(client_staff: Client, agent_user: User) -> None:
    Membership.objects.update(is_active=False)
    membership = membership_of(agent_user)
    client_staff.post("/admin/access/membership/", {"action": "restore", "_selected_action": [str(membership.pk)]})
    assert membership_of(agent_user).is_active is True


def test_a_refused_record_says_why_and_stops_no_other(client_staff: Client, admin_user: User, agent_user: User) -> None:
    ids = [str(membership_of(user).pk) for user in (admin_user, agent_user)]
    page = client_staff.post("/admin/access/membership/staff-action/end/", {"id": ids}, follow=True).content.decode()
    assert "is the only admin of Harbour &amp; Co" in page
    assert (membership_of(admin_user).is_active, membership_of(agent_user).is_active) == (True, False)


def test_the_page_of_a_record_offers_what_applies(client_staff: Client, admin_user: User) -> None:
    page = client_staff.get(f"/admin/access/membership/{membership_of(admin_user).pk}/change/").content.decode()
    assert "End access" in page
    assert "Restore access" not in page


def test_more_than_a_hundred_at_once_is_refused(client_staff: Client, agent_user: User) -> None:
    members = access.MembershipFactory.create_batch(101, organisation=membership_of(agent_user).organisation)
    page = client_staff.post(
        "/admin/access/membership/",
        {"action": "end", "_selected_action": [str(member.pk) for member in members]},
        follow=True,
    )
    assert "Choose at most 100 records at a time." in page.content.decode()


@pytest.mark.parametrize("query", ["", "?id=not-an-id", "?id=00000000-0000-7000-8000-000000000000"])
def test_an_action_on_nothing_is_not_found(client_staff: Client, query: str) -> None:
    assert client_staff.get(f"/admin/access/membership/staff-action/end/{query}").status_code == 404


def test_an_unknown_action_is_not_found(client_staff: Client, agent_user: User) -> None:
    url = f"/admin/access/membership/staff-action/erase/?id={membership_of(agent_user).pk}"
    assert client_staff.get(url).status_code == 404


def test_an_action_is_for_staff(client_admin: Client, agent_user: User) -> None:
    membership = membership_of(agent_user)
    client_admin.post("/admin/access/membership/staff-action/end/", {"id": [str(membership.pk)]})
    assert membership_of(agent_user).is_active is True


def test_a_failed_email_is_sent_again(client_staff: Client) -> None:
    notice = communications.NotificationFactory(email_state="failed", email_attempts=6)
    client_staff.post(
        "/admin/communications/notification/", {"action": "send-again", "_selected_action": [str(notice.pk)]}
    )
    notice.refresh_from_db()
    assert (notice.email_state, notice.email_attempts) == ("due", 0)


def test_a_transaction_leads_to_the_remote_record_and_its_counterpart(client_staff: Client) -> None:
    source = integrations.ConnectionFactory()
    entry = accounting.TransactionFactory(connection_id=source.pk, provider_transaction_id="payment-7~2")
    reversal = accounting.TransactionFactory(organisation=entry.organisation, reverses=entry, amount="-640.00")
    page = client_staff.get(address(entry, "change")).content.decode()
    assert f"/admin/integrations/providerrecord/?connection__id__exact={source.pk}&amp;q=payment-7" in page
    assert address(reversal, "change") in page
    assert address(entry, "change") in client_staff.get(address(reversal, "change")).content.decode()


def test_a_remote_record_leads_to_what_it_became(client_staff: Client) -> None:
    entry = accounting.TransactionFactory()
    record = integrations.ProviderRecordFactory(target_id=entry.pk, verdict="imported")
    tenant = tenancies.TenantFactory()
    contact = integrations.ProviderRecordFactory(resource="contact", target_id=tenant.pk)
    owner = properties.OwnerFactory()
    landlord = integrations.ProviderRecordFactory(resource="contact", target_id=owner.pk)
    assert address(entry, "change") in client_staff.get(address(record, "change")).content.decode()
    assert address(tenant, "change") in client_staff.get(address(contact, "change")).content.decode()
    assert address(owner, "change") in client_staff.get(address(landlord, "change")).content.decode()
