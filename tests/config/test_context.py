from __future__ import annotations

from django.test import Client
from django.urls import reverse

from access.models import Membership, Organisation, User
from communications.models import Notification
from tests.factories.access import MembershipFactory


def _page(client: Client) -> str:
    return client.get(reverse("access:profile")).content.decode()


def test_the_frame_names_the_organisation_and_its_unread_notices(
    client_admin: Client, admin_user: User, organisation: Organisation
) -> None:
    for key in ("one", "two"):
        Notification.objects.create(organisation=organisation, user=admin_user, title="A", dedupe_key=key)
    html = _page(client_admin)
    assert '<span class="name" dir="auto">Harbour &amp; Co</span>' in html
    assert '<span class="visually-hidden">Notices, 2 unread</span>' in html


def test_notices_of_another_organisation_are_not_counted(
    client_admin: Client, admin_user: User, other_organisation: Organisation
) -> None:
    Notification.objects.create(organisation=other_organisation, user=admin_user, title="A", dedupe_key="x")
    assert '<span class="visually-hidden">Notices</span>' in _page(client_admin)


def test_the_switcher_shows_for_people_of_two_organisations_only(
    client_admin: Client, admin_user: User, other_organisation: Organisation
) -> None:
    switch = f'<form method="post" action="{reverse("access:switch_organisation")}">'
    assert switch not in _page(client_admin)
    MembershipFactory(organisation=other_organisation, role=Membership.Role.AGENT, user=admin_user)
    assert switch in _page(client_admin)


def test_signing_out_is_a_post(client_admin: Client) -> None:
    assert f'<form method="post" action="{reverse("account_logout")}">' in _page(client_admin)


def test_the_frame_forbids_inline_code(client_admin: Client) -> None:
    policy = client_admin.get(reverse("access:profile")).headers["Content-Security-Policy"]
    assert "unsafe-inline" not in policy
    assert "unsafe-eval" not in policy
