from __future__ import annotations

from django.test import Client
from django.utils import timezone

from access.models import Membership, Organisation, User


def test_pages_are_in_the_organisations_zone(
    client_admin: Client, organisation: Organisation, admin_user: User
) -> None:
    Organisation.objects.update(time_zone="Asia/Kathmandu")
    User.objects.filter(pk=admin_user.pk).update(last_login="2020-06-01T20:00Z")
    page = client_admin.get("/settings/members/").content.decode()
    assert "2\u00a0Jun\u00a02020" in page
    assert timezone.get_current_timezone_name() == "UTC"


def test_an_ended_membership_ends_access_at_once(client_admin: Client) -> None:
    assert client_admin.get("/settings/members/").status_code == 200
    Membership.objects.update(is_active=False)
    assert client_admin.get("/settings/members/").status_code == 403
