from __future__ import annotations

from django.test import Client

from access.models import Organisation, User
from communications.models import Notification
from tests.factories.communications import NotificationFactory


def test_the_page_shows_ones_own_notices_of_this_organisation(
    client_admin: Client,
    organisation: Organisation,
    other_organisation: Organisation,
    admin_user: User,
    agent_user: User,
) -> None:
    NotificationFactory(user=admin_user, organisation=organisation, title="Sync held")
    NotificationFactory(user=agent_user, organisation=organisation, title="Not yours")
    NotificationFactory(user=admin_user, organisation=other_organisation, title="Elsewhere")
    page = client_admin.get("/notifications/").content.decode()
    assert "Sync held" in page
    assert "Not yours" not in page
    assert "Elsewhere" not in page
    assert "One notice is unread." in page


def test_unread_leaves_out_what_was_read(client_admin: Client, organisation: Organisation, admin_user: User) -> None:
    NotificationFactory(user=admin_user, organisation=organisation, title="Old", read_at="2026-01-01T00:00Z")
    page = client_admin.get("/notifications/?show=unread").content.decode()
    assert "Old" not in page
    assert "Nothing unread." in page


def test_an_empty_list_says_what_comes_here(client_admin: Client) -> None:
    assert "No notices yet." in client_admin.get("/notifications/").content.decode()


def test_thirty_a_page_and_older_ones_behind(
    client_admin: Client, organisation: Organisation, admin_user: User
) -> None:
    NotificationFactory.create_batch(31, user=admin_user, organisation=organisation)
    first = client_admin.get("/notifications/")
    assert len(first.context["page"].items) == 30
    second = client_admin.get(f"/notifications/{first.context['page'].older_url}")
    assert [notice.title for notice in second.context["page"].items] == [
        Notification.objects.order_by("id").values_list("title", flat=True)[0]
    ]


def test_open_marks_as_read_and_goes_there(client_admin: Client, organisation: Organisation, admin_user: User) -> None:
    notice = NotificationFactory(user=admin_user, organisation=organisation, url="/settings/members/")
    response = client_admin.post(f"/notifications/{notice.pk}/read/")
    assert response.headers["Location"] == "/settings/members/"
    notice.refresh_from_db()
    assert notice.read_at is not None


def test_mark_as_read_stays(client_admin: Client, organisation: Organisation, admin_user: User) -> None:
    notice = NotificationFactory(user=admin_user, organisation=organisation, url="/settings/members/")
    response = client_admin.post(f"/notifications/{notice.pk}/read/", {"stay": "1"})
    assert response.headers["Location"] == "/notifications/"


def test_a_colleagues_notice_is_not_found(client_admin: Client, organisation: Organisation, agent_user: User) -> None:
    notice = NotificationFactory(user=agent_user, organisation=organisation)
    assert client_admin.post(f"/notifications/{notice.pk}/read/").status_code == 404
    notice.refresh_from_db()
    assert notice.read_at is None


def test_mark_all(client_admin: Client, organisation: Organisation, admin_user: User) -> None:
    NotificationFactory.create_batch(2, user=admin_user, organisation=organisation)
    page = client_admin.post("/notifications/read-all/", follow=True).content.decode()
    assert "You have read everything." in page
    assert Notification.objects.filter(read_at=None).count() == 0
