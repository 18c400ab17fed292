from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core import mail
from django.test import Client

from access.models import Membership, Organisation, User
from tests.factories.access import PASSWORD, MembershipFactory, UserFactory

FORM = {
    "organisation_name": "Harbour & Co",
    "region": "AU",
    "currency": "AUD",
    "time_zone": "Australia/Sydney",
    "full_name": "Mara Kowalska",
    "email": "mara@harbour.example",
    "password": "harbour-lights-at-night",
}


def test_with_no_user_the_sign_in_page_leads_to_the_first_run_page(client: Client, db: None) -> None:
    assert client.get("/accounts/login/").headers["Location"] == "/first-run/"
    assert "Set up PropertyTracker" in client.get("/first-run/").content.decode()


def test_first_run_creates_and_signs_in(client: Client, db: None) -> None:
    response = client.post("/first-run/", FORM)
    assert (response.status_code, response.headers["Location"]) == (302, "/")
    membership = Membership.objects.get()
    assert (membership.user.email, membership.organisation.name) == ("mara@harbour.example", "Harbour & Co")
    assert client.session["_auth_user_id"] == str(membership.user_id)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("password", "1234567890", "entirely numeric"),
        ("password", "mara@harbour.example", "too similar"),
        ("email", "mara", "valid email"),
        ("time_zone", "Mars/Olympus", "Select a valid choice"),
        ("organisation_name", "", "required"),
    ],
)
def test_first_run_says_what_is_wrong(client: Client, db: None, field: str, value: str, message: str) -> None:
    response = client.post("/first-run/", {**FORM, field: value})
    assert response.status_code == 422
    assert message in " ".join(response.context["form"].errors[field])
    assert User.objects.count() == 0


def test_first_run_is_over_once_somebody_can_sign_in(client: Client, admin_user: User) -> None:
    assert client.get("/first-run/").headers["Location"] == "/accounts/login/"
    assert client.post("/first-run/", FORM).headers["Location"] == "/accounts/login/"
    assert User.objects.count() == 1


def test_sign_in_by_email_and_out(client: Client, admin_user: User) -> None:
    wrong = client.post("/accounts/login/", {"login": admin_user.email, "password": "wrong-password"})
    assert wrong.status_code == 200
    assert "_auth_user_id" not in client.session
    client.post("/accounts/login/", {"login": "MARA@harbour.example", "password": PASSWORD})
    assert client.session["_auth_user_id"] == str(admin_user.pk)
    client.post("/accounts/logout/")
    assert "_auth_user_id" not in client.session


def test_a_forgotten_password_is_set_anew_by_email(client: Client, admin_user: User) -> None:
    client.post("/accounts/password/reset/", {"email": admin_user.email})
    link = next(word for word in mail.outbox[0].body.split() if "/accounts/password/reset/key/" in word)
    page = client.get(link.replace("http://testserver", ""), follow=True)
    client.post(page.request["PATH_INFO"], {"password1": "another-good-pass", "password2": "another-good-pass"})
    admin_user.refresh_from_db()
    assert admin_user.check_password("another-good-pass")


def test_nobody_signs_themselves_up(client: Client, admin_user: User) -> None:
    client.post("/accounts/signup/", {"email": "new@rival.example", "password1": "another-good-pass"})
    assert User.objects.count() == 1


def test_switching_changes_what_pages_show(
    client_admin: Client, admin_user: User, other_organisation: Organisation
) -> None:
    MembershipFactory(user=admin_user, organisation=other_organisation)
    before = client_admin.get("/settings/members/")
    response = client_admin.post(
        "/organisations/switch/", {"organisation": str(other_organisation.pk), "next": "/settings/members/"}
    )
    assert response.headers["Location"] == "/settings/members/"
    after = client_admin.get("/settings/members/")
    assert (before.context["organisation"].name, after.context["organisation"].name) == ("Harbour & Co", "Rival Realty")


def test_a_switch_never_leads_to_another_host(client_admin: Client, organisation: Organisation) -> None:
    response = client_admin.post(
        "/organisations/switch/", {"organisation": str(organisation.pk), "next": "https://rival.example/"}
    )
    assert response.headers["Location"] == "/"


@pytest.mark.parametrize("chosen", ["", "not-an-id"])
def test_a_switch_to_nothing_is_not_found(client_admin: Client, chosen: str) -> None:
    assert client_admin.post("/organisations/switch/", {"organisation": chosen}).status_code == 404


def test_a_switch_to_somebody_elses_organisation_is_not_found(
    client_admin: Client, other_organisation: Organisation
) -> None:
    response = client_admin.post("/organisations/switch/", {"organisation": str(other_organisation.pk)})
    assert response.status_code == 404
    assert "organisation_id" not in client_admin.session


def test_the_profile_is_for_every_role(client_tenant: Client, tenant_user: User) -> None:
    assert client_tenant.get("/account/").status_code == 200
    client_tenant.post("/account/", {"full_name": "Lan Trần"})
    tenant_user.refresh_from_db()
    assert tenant_user.full_name == "Lan Trần"
    assert client_tenant.post("/account/", {"full_name": ""}).status_code == 422


def test_members_are_listed_admins_first(
    client_agent: Client, admin_user: User, tenant_user: User, other_admin: User
) -> None:
    page = client_agent.get("/settings/members/")
    assert [str(member.user) for member in page.context["members"]] == ["Mara Kowalska", "Tom Okafor", "Lan Nguyễn"]
    assert "Three people have access to Harbour &amp; Co." in page.content.decode()


def test_an_admin_changes_the_organisation(client_admin: Client, organisation: Organisation) -> None:
    values = {"name": "Harbour Property", "currency": "NZD", "time_zone": "Pacific/Auckland"}
    assert client_admin.post("/settings/organisation/", values).headers["Location"] == "/settings/organisation/"
    organisation.refresh_from_db()
    assert (organisation.name, organisation.currency, organisation.time_zone) == tuple(values.values())
    assert client_admin.post("/settings/organisation/", {**values, "name": ""}).status_code == 422


def test_a_currency_that_is_not_on_the_list_is_kept(client_admin: Client, organisation: Organisation) -> None:
    Organisation.objects.update(currency="CHF", time_zone="Etc/UTC")
    values = {"name": "Renamed", "currency": "CHF", "time_zone": "Etc/UTC"}
    assert client_admin.post("/settings/organisation/", values).status_code == 302
    organisation.refresh_from_db()
    assert (organisation.name, organisation.currency) == ("Renamed", "CHF")


def test_an_agent_is_told_who_can_change_the_organisation(client_agent: Client, admin_user: User) -> None:
    response = client_agent.get("/settings/organisation/")
    page = response.content.decode()
    assert response.status_code == 403
    assert "Only an admin may do that" in page
    assert "Mara Kowalska" in page


def test_a_tenant_is_told_that_there_is_nothing_here_yet(client_tenant: Client, admin_user: User) -> None:
    response = client_tenant.get("/settings/members/")
    page = response.content.decode()
    assert response.status_code == 403
    assert "Your pages are not ready yet" in page
    assert 'action="/accounts/logout/"' in page


def test_somebody_without_an_organisation_is_told_what_to_do(db: None, signed_in: Callable[[User], Client]) -> None:
    response = signed_in(UserFactory(email="alone@agency.example")).get("/settings/members/")
    assert response.status_code == 403
    assert "You are in no organisation yet" in response.content.decode()


def test_strangers_are_asked_to_sign_in(client: Client, admin_user: User) -> None:
    assert client.get("/settings/members/").headers["Location"] == "/accounts/login/?next=/settings/members/"
