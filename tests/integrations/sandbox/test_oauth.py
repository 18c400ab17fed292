from __future__ import annotations

from collections.abc import Iterator

import pytest

from integrations.sandbox import SandboxServer
from tests.integrations.sandbox.client import BASIC, CHALLENGE, REDIRECT, SCOPE, VERIFIER, Client

WRONG = ("sandbox-client", "wrong")


@pytest.fixture
def visitor(server: SandboxServer) -> Iterator[Client]:
    """A client without a token."""
    with Client(server) as plain:
        yield plain


def test_consent_page_names_the_agencies_and_has_both_buttons(visitor: Client) -> None:
    page = visitor.authorize()
    assert page.status_code == 200
    for agency in visitor.server.vendor.agencies:
        assert agency.name.replace("&", "&amp;").replace("'", "&#x27;") in page.text
    assert 'value="approve">Approve<' in page.text
    assert 'value="refuse">Refuse<' in page.text
    assert "See rent receipts and bills" in page.text
    assert "<script" not in page.text
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    style = visitor.session.get(f"{visitor.server.url}/_sandbox/style.css")
    assert style.headers["Content-Type"] == "text/css; charset=utf-8"
    assert "button" in style.text


def test_state_is_escaped_on_the_consent_page(visitor: Client) -> None:
    page = visitor.authorize(state='"><b>x')
    assert '"><b>x' not in page.text
    assert "&quot;&gt;&lt;b&gt;x" in page.text


def test_the_whole_flow(visitor: Client) -> None:
    answer = visitor.decide()
    assert set(answer) == {"code", "state", "iss"}
    assert answer["state"] == "s-1"
    assert answer["iss"] == visitor.server.url
    token = visitor.redeem(answer["code"])
    assert token.status_code == 200
    assert token.headers["Cache-Control"] == "no-store"
    body = token.json()
    assert set(body) == {"access_token", "expires_in", "token_type", "refresh_token", "scope"}
    assert (body["expires_in"], body["token_type"], body["scope"]) == (1800, "Bearer", SCOPE)
    visitor.bear(body["access_token"])
    assert visitor.rows("contacts/agency")["Name"] == visitor.server.vendor.agency.name


def test_the_chosen_agency_is_the_one_connected(visitor: Client) -> None:
    body = visitor.redeem(visitor.decide(agency=1)["code"]).json()
    visitor.bear(body["access_token"])
    assert visitor.rows("contacts/agency")["Name"] == visitor.server.vendor.agencies[1].name


def test_refused_consent(visitor: Client) -> None:
    assert visitor.decide("refuse") == {"error": "access_denied", "iss": visitor.server.url, "state": "s-1"}


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"scope": "everything"}, "invalid_scope"),
        ({"scope": None}, "invalid_scope"),
        ({"code_challenge_method": "S1"}, "invalid_request"),
    ],
)
def test_unsound_requests_go_back_with_an_error(visitor: Client, changes: dict[str, str | None], error: str) -> None:
    response = visitor.authorize(**changes)
    assert response.status_code == 303
    assert f"error={error}" in response.headers["Location"]


@pytest.mark.parametrize("changes", [{"client_id": "other"}, {"redirect_uri": "javascript:x"}, {"redirect_uri": None}])
def test_the_browser_is_sent_nowhere_unknown(visitor: Client, changes: dict[str, str | None]) -> None:
    response = visitor.authorize(**changes)
    assert response.status_code == 400
    assert "Location" not in response.headers


def test_an_unknown_agency_cannot_be_approved(visitor: Client) -> None:
    form = visitor.query() | {"decision": "approve", "account": "made-up"}
    response = visitor.session.post(f"{visitor.server.url}/connect/authorize", data=form, allow_redirects=False)
    assert response.status_code == 400


def test_a_code_works_once_and_its_second_use_ends_the_grant(visitor: Client) -> None:
    code = visitor.decide()["code"]
    body = visitor.redeem(code).json()
    again = visitor.redeem(code)
    assert (again.status_code, again.json()) == (400, {"error": "invalid_grant"})
    visitor.bear(body["access_token"])
    assert visitor.get("contacts/agency").status_code == 401


def test_pkce_is_verified(visitor: Client) -> None:
    for verifier in ("w" * 50, "", CHALLENGE):
        answer = visitor.redeem(visitor.decide()["code"], verifier=verifier)
        assert (answer.status_code, answer.json()) == (400, {"error": "invalid_grant"})
    plain = visitor.decide(code_challenge=VERIFIER, code_challenge_method="plain")
    assert visitor.redeem(plain["code"]).status_code == 200


def test_code_is_bound_to_its_redirect_address_and_to_time(visitor: Client) -> None:
    code = visitor.decide()["code"]
    assert visitor.redeem(code, redirect_uri="http://127.0.0.1:9/other").status_code == 400
    code = visitor.decide()["code"]
    tokens = visitor.server.oauth.tokens
    late = tokens.now() + 301
    tokens.now = lambda: late
    assert visitor.redeem(code).json() == {"error": "invalid_grant"}


def test_redirect_addresses_keep_their_own_query(visitor: Client) -> None:
    form = visitor.query(redirect_uri=REDIRECT + "?a=1") | {"decision": "refuse"}
    response = visitor.session.post(f"{visitor.server.url}/connect/authorize", data=form, allow_redirects=False)
    assert response.headers["Location"].startswith(REDIRECT + "?a=1&error=access_denied")


@pytest.mark.parametrize(
    ("mode", "basic", "post"),
    [("both", 200, 200), ("basic", 200, "invalid_request"), ("post", "invalid_request", 200)],
)
def test_client_authentication(visitor: Client, mode: str, basic: int | str, post: int | str) -> None:
    visitor.server.oauth.settings.client_auth = mode
    refresh = visitor.server.grant()["refresh_token"]
    form = {"grant_type": "refresh_token", "refresh_token": refresh}
    by_header = visitor.token(BASIC, **form)
    by_body = visitor.token(None, client_id=BASIC[0], client_secret=BASIC[1], **form)
    for answer, wanted in ((by_header, basic), (by_body, post)):
        if wanted == 200:
            assert answer.status_code == 200
        else:
            assert (answer.status_code, answer.json()) == (400, {"error": wanted})


def test_wrong_client_credentials_are_invalid_client(visitor: Client) -> None:
    form = {"grant_type": "refresh_token", "refresh_token": visitor.server.grant()["refresh_token"]}
    for answer in (visitor.token(WRONG, **form), visitor.token(None, **form)):
        assert (answer.status_code, answer.json()) == (400, {"error": "invalid_client"})
    broken = visitor.session.post(
        f"{visitor.server.url}/connect/token", data=form, headers={"Authorization": "Basic !!!"}, timeout=5
    )
    assert broken.json() == {"error": "invalid_client"}
    assert visitor.token(grant_type="password").json() == {"error": "unsupported_grant_type"}


def test_refresh_token_is_kept_or_rotated(visitor: Client) -> None:
    refresh = visitor.server.grant()["refresh_token"]
    kept = visitor.token(grant_type="refresh_token", refresh_token=refresh).json()
    assert kept["refresh_token"] == refresh
    visitor.server.oauth.tokens.rotate_refresh = True
    rotated = visitor.token(grant_type="refresh_token", refresh_token=refresh).json()
    assert rotated["refresh_token"] != refresh
    stale = visitor.token(grant_type="refresh_token", refresh_token=refresh)
    assert (stale.status_code, stale.json()) == (400, {"error": "invalid_grant"})
    assert visitor.token(grant_type="refresh_token", refresh_token=rotated["refresh_token"]).status_code == 200


def test_without_offline_access_there_is_no_refresh_token(visitor: Client) -> None:
    code = visitor.decide(scope="property:read")["code"]
    assert "refresh_token" not in visitor.redeem(code).json()


def test_tokens_expire_by_time_and_by_control(visitor: Client) -> None:
    server = visitor.server
    server.oauth.tokens.expires_in = 60
    visitor.bear(server.grant()["access_token"])
    assert visitor.get("contacts/agency").status_code == 200
    later = server.oauth.tokens.now() + 61
    server.oauth.tokens.now = lambda: later
    response = visitor.get("contacts/agency")
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'
    body = server.grant()
    visitor.bear(body["access_token"])
    assert visitor.control("tokens/expire", {})["expired"] >= 1
    assert visitor.get("contacts/agency").status_code == 401
    renewed = visitor.token(grant_type="refresh_token", refresh_token=body["refresh_token"]).json()
    visitor.bear(renewed["access_token"])
    assert visitor.get("contacts/agency").status_code == 200


def test_revocation_of_a_refresh_token_ends_the_grant(visitor: Client) -> None:
    body = visitor.server.grant()
    url = f"{visitor.server.url}/connect/revocation"
    assert visitor.session.post(url, data={"token": body["refresh_token"]}, auth=WRONG).json() == {
        "error": "invalid_client"
    }
    assert visitor.session.post(url, data={"token": body["refresh_token"]}, auth=BASIC).status_code == 200
    assert visitor.session.post(url, data={"token": "unknown"}, auth=BASIC).status_code == 200
    visitor.bear(body["access_token"])
    assert visitor.get("contacts/agency").status_code == 401
    refused = visitor.token(grant_type="refresh_token", refresh_token=body["refresh_token"])
    assert refused.json() == {"error": "invalid_grant"}


def test_revocation_of_an_access_token_leaves_the_grant(visitor: Client) -> None:
    body = visitor.server.grant()
    url = f"{visitor.server.url}/connect/revocation"
    visitor.session.post(url, data={"token": body["access_token"]}, auth=BASIC)
    visitor.bear(body["access_token"])
    assert visitor.get("contacts/agency").status_code == 401
    assert visitor.token(grant_type="refresh_token", refresh_token=body["refresh_token"]).status_code == 200


def test_revoking_one_agency_leaves_the_other(visitor: Client) -> None:
    first, second = visitor.server.grant(0), visitor.server.grant(1)
    assert visitor.control("tokens/revoke", {"agency": 0}) == {"revoked": 1}
    for body, status in ((first, 401), (second, 200)):
        visitor.bear(body["access_token"])
        assert visitor.get("contacts/agency").status_code == status


@pytest.mark.parametrize(
    ("scope", "path", "query"),
    [
        ("contact:read", "lots", {"Timestamp": 0}),
        ("property:read", "contacts", {"Timestamp": 0}),
        ("property:read", "jobtasks", {"Timestamp": 0}),
        ("property:read", "bills", {"Timestamp": 0}),
        ("property:read", "dashboards/transactions", {"Offset": 0, "Limit": 5}),
    ],
)
def test_scopes_are_enforced(client: Client, scope: str, path: str, query: dict[str, int]) -> None:
    assert client.get(path, **query).status_code == 200
    client.granted(scope=scope)
    response = client.get(path, **query)
    assert response.status_code == 403
    assert response.json()["ResponseStatus"]["ErrorCode"] == "Forbidden"


@pytest.mark.parametrize("agent", ["python-requests/2.32", "Python-urllib/3.11", "Go-http-client/1.1", ""])
def test_library_user_agents_are_refused_at_the_edge(client: Client, agent: str) -> None:
    client.session.headers["User-Agent"] = agent
    response = client.get("lots", Timestamp=0)
    assert response.status_code == 403
    assert response.headers["Content-Type"].startswith("text/html")
    refused = client.session.post(f"{client.server.url}/connect/token", data={}, auth=BASIC)
    assert refused.status_code == 403


def test_no_or_bad_token_is_401(visitor: Client) -> None:
    assert visitor.get("lots", Timestamp=0).status_code == 401
    visitor.bear("made-up")
    assert visitor.get("lots", Timestamp=0).status_code == 401


def test_only_json_is_spoken(client: Client) -> None:
    client.session.headers["Accept"] = "text/html"
    assert client.get("lots", Timestamp=0).status_code == 406


def test_ledger_modes(client: Client, server: SandboxServer) -> None:
    assert client.get("dashboards/transactions", Offset=0, Limit=5).status_code == 200
    assert client.get("bills", Timestamp=0).status_code == 200
    server.vendor.ledger = "derived"
    gone = client.get("dashboards/transactions", Offset=0, Limit=5)
    assert (gone.status_code, gone.json()["IsSuccessful"]) == (404, False)
    refused = client.get("bills", Timestamp=0)
    assert (refused.status_code, refused.json()["ResponseStatus"]["ErrorCode"]) == (405, "MethodNotAllowed")


def test_disconnecting_the_portfolio_ends_every_grant(client: Client) -> None:
    url = f"{client.server.api_url}/v1/portfolios/disconnect"
    assert client.session.delete(url).json() == {"IsSuccessful": True}
    assert client.get("lots", Timestamp=0).status_code == 401


def test_writes_are_not_supported(client: Client) -> None:
    assert client.session.post(f"{client.server.api_url}/v1/lots", json={}).status_code == 405
