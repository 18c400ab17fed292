from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import responses
from django.utils import timezone
from pytest_django.fixtures import Settings

from integrations.errors import ContractChanged, IntegrationError, Misconfigured, ReauthRequired, TransientError
from integrations.oauth import OAuthClient
from integrations.providers.propertyme import SPEC
from integrations.sandbox import SandboxServer
from tests.integrations.consent import decide

REDIRECT = "http://localhost:8000/api/integrations/propertyme/callback"
VERIFIER = "a-verifier-of-more-than-forty-three-characters-0123456789"
LIVE = "https://login.vendor.example"


@pytest.fixture
def vendor(settings: Settings) -> Iterator[SandboxServer]:
    with SandboxServer(lots=2, years=0.1, seed=4, agencies=1) as server:
        settings.PROPERTYME_AUTH_URL = server.url
        yield server


@pytest.fixture
def client(vendor: SandboxServer) -> OAuthClient:
    return OAuthClient(SPEC, sleep=lambda seconds: None)


@pytest.fixture
def live(settings: Settings) -> Iterator[responses.RequestsMock]:
    """An authorisation server that answers what the sandbox never would."""
    settings.PROPERTYME_AUTH_URL = LIVE
    with responses.RequestsMock() as mock:
        yield mock


def code_for(vendor: SandboxServer, client: OAuthClient) -> str:
    address = client.authorize_url(state="s", code_verifier=VERIFIER, redirect_uri=REDIRECT)
    return decide(vendor, address)["code"]


def live_client() -> OAuthClient:
    return OAuthClient(SPEC, sleep=lambda seconds: None)


def test_the_consent_address(client: OAuthClient, vendor: SandboxServer) -> None:
    address = client.authorize_url(state="st4te", code_verifier=VERIFIER, redirect_uri=REDIRECT)
    parts = urlsplit(address)
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == f"{vendor.url}/connect/authorize"
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    challenge = query.pop("code_challenge")
    assert len(challenge) == 43
    assert query == {
        "response_type": "code",
        "client_id": "sandbox-client",
        "redirect_uri": REDIRECT,
        "scope": "property:read contact:read activity:read transaction:read offline_access",
        "state": "st4te",
        "code_challenge_method": "S256",
    }


@pytest.mark.parametrize("way", ["basic", "post"])
def test_exchange_refresh_and_revoke(vendor: SandboxServer, settings: Settings, way: str) -> None:
    settings.PROPERTYME_CLIENT_AUTH = way
    vendor.oauth.settings.client_auth = way
    client = OAuthClient(SPEC)
    tokens = client.exchange(code=code_for(vendor, client), code_verifier=VERIFIER, redirect_uri=REDIRECT)
    assert tokens.refresh_token
    assert tokens.scopes == SPEC.scopes
    assert tokens.expires_at is not None
    assert timedelta(minutes=29) < tokens.expires_at - timezone.now() <= timedelta(minutes=30)
    again = client.refresh(tokens.refresh_token)
    assert (again.refresh_token, again.access_token == tokens.access_token) == (tokens.refresh_token, False)
    client.revoke(tokens.refresh_token)
    with pytest.raises(ReauthRequired):
        client.refresh(tokens.refresh_token)


@pytest.mark.parametrize(("ours", "theirs"), [("basic", "post"), ("post", "basic")])
def test_the_wrong_way_to_authenticate_is_our_misconfiguration(
    vendor: SandboxServer, settings: Settings, ours: str, theirs: str
) -> None:
    settings.PROPERTYME_CLIENT_AUTH = ours
    vendor.oauth.settings.client_auth = theirs
    with pytest.raises(Misconfigured):
        OAuthClient(SPEC).refresh("any")


def test_credentials_with_special_characters_arrive_whole(vendor: SandboxServer, settings: Settings) -> None:
    settings.PROPERTYME_CLIENT_SECRET = vendor.oauth.settings.client_secret = "a:b+c d%&=é"
    for way in ("basic", "post"):
        settings.PROPERTYME_CLIENT_AUTH = way
        client = OAuthClient(SPEC)
        assert client.exchange(
            code=code_for(vendor, client), code_verifier=VERIFIER, redirect_uri=REDIRECT
        ).access_token


def test_a_wrong_verifier_is_refused(vendor: SandboxServer, client: OAuthClient) -> None:
    with pytest.raises(ReauthRequired):
        client.exchange(code=code_for(vendor, client), code_verifier="x" * 50, redirect_uri=REDIRECT)


def test_invalid_grant_and_invalid_client_are_told_apart(vendor: SandboxServer, client: OAuthClient) -> None:
    with pytest.raises(ReauthRequired):
        client.refresh("made-up")
    vendor.faults.add("invalid_client")
    with pytest.raises(Misconfigured):
        client.refresh("made-up")


@pytest.mark.parametrize(
    ("kind", "params"),
    [
        ("server_error", {"status": 500}), ("html_error", {"status": 502}), ("html_error", {"status": 200}),
        ("rate_limited", {}), ("reset_mid_body", {}), ("truncated_body", {}), ("not_json", {}), ("empty_body", {}),
    ],
)  # fmt: skip
def test_an_outage_is_neither_a_refusal_nor_ours(
    vendor: SandboxServer, client: OAuthClient, kind: str, params: dict[str, int]
) -> None:
    refresh = str(vendor.grant()["refresh_token"])
    vendor.faults.add(kind, "/connect/token", **params)
    with pytest.raises(TransientError):
        client.refresh(refresh)
    assert vendor.requests.count("/connect/token") == 3
    vendor.faults.clear()
    assert client.refresh(refresh).access_token


def test_a_code_is_tried_once(vendor: SandboxServer, client: OAuthClient) -> None:
    code = code_for(vendor, client)
    vendor.faults.add("server_error", "/connect/token", times=1)
    with pytest.raises(TransientError):
        client.exchange(code=code, code_verifier=VERIFIER, redirect_uri=REDIRECT)
    assert vendor.requests.count("/connect/token") == 1


def test_https_stays_https_elsewhere(live: responses.RequestsMock) -> None:
    live.post(f"{LIVE}/connect/token", json={"access_token": "a", "token_type": "Bearer", "expires_in": 60})
    assert (
        live_client()
        .authorize_url(state="s", code_verifier=VERIFIER, redirect_uri=REDIRECT)
        .startswith(f"{LIVE}/connect/authorize?")
    )
    tokens = live_client().refresh("r")
    assert tokens.access_token == "a"


def test_a_redirecting_token_endpoint_gets_no_second_request(live: responses.RequestsMock) -> None:
    live.post(f"{LIVE}/connect/token", status=307, headers={"Location": "https://evil.example/"})
    with pytest.raises(TransientError):
        live_client().refresh("r")
    assert {call.request.url for call in live.calls} == {f"{LIVE}/connect/token"}


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ({"error": "unauthorized_client"}, Misconfigured), ({"error": "invalid_request"}, Misconfigured),
        ({"error": "invalid_scope"}, Misconfigured), ({"error": "temporarily_unavailable"}, TransientError),
        ({"error": "something_new"}, TransientError), ({"access_token": 7, "token_type": "Bearer"}, ContractChanged),
        ({"token_type": "Bearer"}, TransientError),
    ],
)  # fmt: skip
def test_other_answers(live: responses.RequestsMock, answer: dict[str, object], kind: type[IntegrationError]) -> None:
    live.post(f"{LIVE}/connect/token", json=answer, status=400 if "error" in answer else 200)
    with pytest.raises(IntegrationError) as found:
        live_client().refresh("r")
    assert type(found.value) is kind


@pytest.mark.parametrize(
    ("name", "value"),
    [("AUTH_URL", "http://login.vendor.example"), ("AUTH_URL", ""), ("CLIENT_ID", ""), ("CLIENT_SECRET", "")],
)
def test_settings_that_cannot_be_used_are_refused_before_any_request(settings: Settings, name: str, value: str) -> None:
    setattr(settings, f"PROPERTYME_{name}", value)
    with pytest.raises(Misconfigured):
        OAuthClient(SPEC)


def test_no_token_is_logged(vendor: SandboxServer, client: OAuthClient, caplog: pytest.LogCaptureFixture) -> None:
    refresh = str(vendor.grant()["refresh_token"])
    with caplog.at_level(logging.DEBUG):
        tokens = client.refresh(refresh)
    assert refresh not in caplog.text
    assert tokens.access_token not in caplog.text
