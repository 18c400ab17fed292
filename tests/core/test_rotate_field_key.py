from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection as database
from pytest_django.fixtures import Settings

from integrations.models import Connection
from tests.factories.integrations import ConnectionFactory

pytestmark = pytest.mark.django_db
OLD, NEW = "old-key-0123456789-0123456789-0123456789", "new-key-0123456789-0123456789-0123456789"
ACCESS = "integrations.Connection.access_token: "
REFRESH = "integrations.Connection.refresh_token: "


def rotate() -> list[str]:
    out = StringIO()
    call_command("rotate_field_key", stdout=out)
    return out.getvalue().splitlines()


def stored(row: Connection) -> bytes:
    with database.cursor() as cursor:
        cursor.execute("SELECT access_token FROM integrations_connection WHERE id = %s", [row.pk])
        return bytes(cursor.fetchone()[0])


def test_rotation_puts_everything_under_the_first_key_and_the_old_one_can_go(settings: Settings) -> None:
    settings.FIELD_ENCRYPTION_KEYS = [OLD]
    rows = [ConnectionFactory(access_token=f"token-{n}", refresh_token=None) for n in range(3)]
    settings.FIELD_ENCRYPTION_KEYS = [NEW, OLD]
    fresh = ConnectionFactory(access_token="token-new", refresh_token=None)
    said = rotate()
    assert ACCESS + "3 encrypted anew, 1 already current, 0 unreadable" in said
    assert REFRESH + "0 encrypted anew, 0 already current, 0 unreadable" in said
    assert any(line.startswith("integrations.OAuthState.code_verifier: ") for line in said)
    settings.FIELD_ENCRYPTION_KEYS = [NEW]
    tokens = Connection.objects.order_by("id").values_list("access_token", flat=True)
    assert list(tokens) == ["token-0", "token-1", "token-2", "token-new"]
    assert all(b"token-" not in stored(row) for row in [*rows, fresh])


def test_running_it_again_changes_nothing(settings: Settings) -> None:
    settings.FIELD_ENCRYPTION_KEYS = [OLD]
    row = ConnectionFactory(access_token="token")
    settings.FIELD_ENCRYPTION_KEYS = [NEW, OLD]
    rotate()
    before = stored(row)
    assert ACCESS + "0 encrypted anew, 1 already current, 0 unreadable" in rotate()
    assert stored(row) == before


def test_a_value_under_a_lost_key_is_counted_and_left_as_it_is(settings: Settings) -> None:
    settings.FIELD_ENCRYPTION_KEYS = ["lost-key-0123456789-0123456789-0123456789"]
    lost = ConnectionFactory(access_token="token", refresh_token=None)
    before = stored(lost)
    settings.FIELD_ENCRYPTION_KEYS = [NEW, OLD]
    with pytest.raises(CommandError) as found:
        rotate()
    assert str(found.value).startswith("1 values were encrypted with a key that is not in FIELD_ENCRYPTION_KEY")
    assert stored(lost) == before
