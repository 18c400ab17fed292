"""The sandbox's AppFolio keeps the rules that are known of the vendor, seen from a plain HTTP client."""

from __future__ import annotations

import threading
from base64 import b64encode, urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS
from cryptography.hazmat.primitives.hashes import SHA256

from integrations.sandbox import SandboxServer
from integrations.sandbox.appfolio import AppFolioVendor, vendor
from integrations.sandbox.appfolio.limits import Windows
from integrations.sandbox.httpd import Listener
from integrations.sandbox.wire import Request, Response, SandboxError

SINCE = "filters%5BLastUpdatedAtFrom%5D=1970-01-01T00:00:00Z"
API = "/appfolio/api/v0"
REPORTS = "/appfolio/hosts/sandbox/api/v2/reports"


def basic(ident: str = vendor.CLIENT_ID, secret: str = vendor.CLIENT_SECRET, **more: str) -> dict[str, str]:
    token = b64encode(f"{ident}:{secret}".encode()).decode()
    return {"authorization": f"Basic {token}", "x-appfolio-developer-id": vendor.DEVELOPER_ID, **more}


@pytest.fixture
def appfolio() -> AppFolioVendor:
    found = AppFolioVendor(units=8, today=date(2026, 6, 30))
    found.limits_on = False
    return found


def ask(
    appfolio: AppFolioVendor, path: str, query: str = "", method: str = "GET", body: Any = None, **headers: str
) -> Response:
    sent = b"" if body is None else orjson.dumps(body)
    return appfolio.handle(Request(method, path, query, basic() | headers, sent))


def data(response: Response) -> Any:
    assert isinstance(response.body, bytes)
    return orjson.loads(response.body)


def test_every_answer_has_a_request_id(appfolio: AppFolioVendor) -> None:
    answers = [ask(appfolio, f"{API}/units", SINCE), ask(appfolio, f"{API}/units"), ask(appfolio, "/appfolio/x")]
    assert [answer.status for answer in answers] == [200, 400, 404]
    assert len({answer.headers["x-request-id"] for answer in answers}) == 3


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"authorization": ""}, 401),
        ({"authorization": "Bearer x"}, 401),
        ({"authorization": "Basic %%%"}, 401),
        (basic(secret="other"), 701),
        (basic("other"), 701),
        ({"x-appfolio-developer-id": "other"}, 401),
    ],
)
def test_who_may_enter(appfolio: AppFolioVendor, headers: dict[str, str], status: int) -> None:
    answer = ask(appfolio, f"{API}/units", SINCE, **headers)
    assert (answer.status, data(answer)["code"]) == (status, status)


def test_a_host_of_ones_own(appfolio: AppFolioVendor) -> None:
    answer = ask(appfolio, "/appfolio/hosts/sandbox/api/v0/units", f"{SINCE}&page%5Bsize%5D=2")
    assert data(answer)["next_page_path"].startswith("/appfolio/hosts/sandbox/api/v0/units?")
    assert ask(appfolio, "/appfolio/hosts/other/api/v0/units", SINCE).status == 701


@pytest.mark.parametrize(
    ("name", "query", "status"),
    [
        ("units", "", 400), ("units", "filters%5BStatus%5D=Vacant", 400), ("units", "filters%5BId%5D=x", 200),
        ("leases", "", 200), ("gl_accounts", "", 200), ("units", f"{SINCE}&filters%5BColour%5D=red", 400),
        ("units", f"{SINCE}&limit=5", 400), ("units", f"{SINCE}&page%5Bsize%5D=1001", 400),
        ("units", f"{SINCE}&page%5Bnumber%5D=0", 400), ("units", "filters%5BLastUpdatedAtFrom%5D=soon", 400),
        ("elsewhere", SINCE, 404), ("tenants/1", SINCE, 404),
    ],
)  # fmt: skip
def test_filters(appfolio: AppFolioVendor, name: str, query: str, status: int) -> None:
    assert ask(appfolio, f"{API}/{name}", query).status == status


def test_pages_have_a_path_to_the_next_and_no_total(appfolio: AppFolioVendor) -> None:
    path, query, seen = f"{API}/tenants", f"{SINCE}&page%5Bsize%5D=4", []
    while path:
        answer = data(ask(appfolio, path, query))
        assert answer.keys() == {"data", "next_page_path"}
        seen += [row["Id"] for row in answer["data"]]
        path, _, query = (answer["next_page_path"] or "").partition("?")
    assert seen == [row["Id"] for row in appfolio.rows("tenants")]


def test_what_is_hidden_is_seen_when_asked_for(appfolio: AppFolioVendor) -> None:
    unit = appfolio.rows("units")[0]["Id"]
    appfolio.edit("hide", table="units", record=unit)
    query = f"filters%5BId%5D={unit}"
    assert data(ask(appfolio, f"{API}/units", query))["data"] == []
    shown = data(ask(appfolio, f"{API}/units", f"{query}&filters%5BIncludeHidden%5D=true"))["data"]
    assert [bool(row["HiddenAt"]) for row in shown] == [True]


def test_changes_since(appfolio: AppFolioVendor) -> None:
    last = max(row["LastUpdatedAt"] for row in appfolio.rows("work_orders"))
    order = appfolio.edit("report_job")
    found = data(ask(appfolio, f"{API}/work_orders", f"filters%5BLastUpdatedAtFrom%5D={last}"))["data"]
    assert [row["Id"] for row in found][-1] == order
    assert len(found) == 2


def test_limits() -> None:
    now = [0.0]
    windows = Windows((8, 1.0), (10, 60.0), clock=lambda: now[0])
    assert [windows.take() for _ in range(9)] == [0] * 8 + [1]
    now[0] = 1.0
    assert [windows.take() for _ in range(3)] == [0, 0, 59]
    now[0] = 60.0
    assert windows.take() == 0


def test_limits_are_enforced_with_whole_seconds(appfolio: AppFolioVendor) -> None:
    appfolio.limits_on = True
    answers = [ask(appfolio, f"{API}/units", SINCE) for _ in range(9)]
    assert {answer.status for answer in answers[:8]} == {200}
    assert (answers[8].status, answers[8].headers["Retry-After"]) == (429, "1")
    appfolio.reset_limits()
    body = {"columns": ["unit"]}
    reports = basic(vendor.REPORTS_ID, vendor.REPORTS_SECRET)
    answers = [ask(appfolio, f"{REPORTS}/tenant_directory.json", method="POST", body=body, **reports) for _ in range(8)]
    assert [answer.status for answer in answers] == [200] * 7 + [429]
    assert 1 <= int(answers[7].headers["Retry-After"]) <= 15


def test_maintenance_and_forbidden_lists(appfolio: AppFolioVendor) -> None:
    appfolio.control("settings", {"maintenance": True, "forbidden": ["leases"]})
    assert ask(appfolio, f"{API}/units", SINCE).status == 533
    appfolio.control("settings", {"maintenance": False})
    assert [ask(appfolio, f"{API}/{name}", SINCE).status for name in ("units", "leases")] == [200, 403]


def test_a_repeated_key_replays_the_first_answer(appfolio: AppFolioVendor) -> None:
    body = {"PropertyId": appfolio.rows("properties")[0]["Id"], "JobDescription": "Tap leaks"}
    number = len(appfolio.rows("work_orders"))

    def post(key: str, **changes: str) -> Response:
        return ask(appfolio, f"{API}/work_orders", method="POST", body=body | changes, **{"idempotency-key": key})

    first, again = post("k"), post("k")
    assert (first.status, again.status, first.body) == (201, 201, again.body)
    assert ("Idempotent-Replayed" in first.headers, again.headers["Idempotent-Replayed"]) == (False, "true")
    assert post("k", Priority="Low").status == 422
    assert [post("k" * 257).status, post("k" * 256).status] == [400, 201]
    assert len(appfolio.rows("work_orders")) == number + 2


@pytest.mark.parametrize(
    "changes",
    [
        {"PropertyId": "x"},
        {"UnitId": "x"},
        {"VendorId": "x"},
        {"JobDescription": ""},
        {"Priority": "Now"},
        {"Colour": "red"},
    ],
)
def test_what_a_work_order_may_not_be(appfolio: AppFolioVendor, changes: dict[str, str]) -> None:
    body = {"PropertyId": appfolio.rows("properties")[0]["Id"], "JobDescription": "Tap leaks"}
    answer = ask(appfolio, f"{API}/work_orders", method="POST", body=body | changes)
    assert (answer.status, data(answer)["code"]) == (422, 422)
    assert ask(appfolio, f"{API}/units", method="POST", body={}).status == 405


def test_reports_demand_what_they_say(appfolio: AppFolioVendor) -> None:
    reports = basic(vendor.REPORTS_ID, vendor.REPORTS_SECRET)

    def post(report: str, body: Any, **headers: str) -> Response:
        return ask(appfolio, f"{REPORTS}/{report}.json", method="POST", body=body, **(reports | headers))

    days = {"occurred_on_from": "2026-01-01", "occurred_on_to": "2026-06-30"}
    assert post("tenant_ledger", days).status == 400
    assert post("tenant_ledger", {"parties_ids": {"occupancies_ids": ["1001"]}}).status == 400
    lines = data(post("tenant_ledger", {"parties_ids": {"occupancies_ids": ["1001"]}, **days}))["results"]
    assert {(bool(line["payer"]), bool(line["credit"])) for line in lines} == {(True, True), (False, False)}
    assert isinstance(data(post("tenant_directory", {"paginate_results": False})), list)
    assert post("rent_poll", {}).status == 404
    assert post("tenant_directory", {}, **basic()).status == 701
    assert ask(appfolio, f"{REPORTS}/tenant_directory.json", "token=x", **reports).status == 404


def test_days_pass(appfolio: AppFolioVendor) -> None:
    made = appfolio.advance(days=3)
    assert appfolio.world.today == date(2026, 7, 3)
    occupied = [row for row in appfolio.rows("units") if row["CurrentOccupancyId"]]
    assert made["charges"] == len(occupied)
    occupancy = appfolio.edit("end_lease", on="2026-07-05")
    assert {row["Status"] for row in appfolio.rows("tenants") if row["OccupancyId"] == occupancy} == {"Notice"}
    appfolio.advance(days=2)
    assert {row["Status"] for row in appfolio.rows("tenants") if row["OccupancyId"] == occupancy} == {"Past"}
    vacant = [row["Id"] for row in appfolio.rows("units") if row["Status"] == "Vacant"]
    signed = appfolio.edit("sign_lease", unit=vacant[0])
    assert appfolio.row("units", vacant[0])["CurrentOccupancyId"] == signed
    assert appfolio.row("work_orders", appfolio.edit("complete_job"))["Status"] == "Completed"


def test_bad_commands_say_what_is_wrong(appfolio: AppFolioVendor) -> None:
    for action, args in (
        ("edit", {"op": "explode"}), ("edit", {"op": "pay", "colour": "red"}), ("advance", {"days": 0}),
        ("edit", {"op": "hide", "table": "units", "record": "x"}), ("settings", {"colour": "red"}), ("dance", {}),
        ("edit", {"op": "pay", "amount": "much"}),
    ):  # fmt: skip
        with pytest.raises(SandboxError):
            appfolio.control(action, args)


def test_all_of_it_survives_a_restart(tmp_path: Path) -> None:
    state = tmp_path / "sandbox-appfolio.json"
    first = AppFolioVendor(units=6, today=date(2026, 6, 30), state=state)
    first.advance(days=1)
    first.edit("report_job")
    second = AppFolioVendor(units=99, today=date(2030, 1, 1), state=state)
    assert (second.world.today, second.world.tables, second.world.open) == (
        date(2026, 7, 1), first.world.tables, first.world.open,
    )  # fmt: skip
    assert state.stat().st_mode & 0o077 == 0
    state.write_bytes(b"{torn")
    assert len(AppFolioVendor(units=3, today=date(2026, 6, 30), state=state).rows("units")) == 3


@pytest.fixture
def server() -> Iterator[SandboxServer]:
    with SandboxServer(lots=4, years=0.1, agencies=1, appfolio_units=4) as opened:
        yield opened


def test_it_is_reachable_beside_propertyme(server: SandboxServer) -> None:
    from integrations.http import HttpClient

    with HttpClient(server.url) as http:
        (key,) = http.get_json("/appfolio/.well-known/jwks.json")["keys"]
        assert {name: key[name] for name in ("alg", "kty", "use", "kid")} == {
            "alg": "PS256", "kty": "RSA", "use": "sig", "kid": "sandbox-1",
        }  # fmt: skip
        state = http.get_json("/_sandbox/appfolio/state")
        assert (state["units"], state["maintenance"]) == (4, False)
        done = http.post_json("/_sandbox/appfolio/edit", {"op": "report_job"})
        assert server.appfolio.row("work_orders", done["result"])["Status"] == "New"
        assert http.get_json("/_sandbox/state")["vendor"] == "propertyme"
    assert server.appfolio_settings["APPFOLIO_API_URL"] == f"{server.url}/appfolio/api/v0"


def test_each_change_rings_with_a_signature_over_the_raw_body(appfolio: AppFolioVendor) -> None:
    got: list[Request] = []

    def take(request: Request) -> Response:
        got.append(request)
        return Response(b"", 204 if len(got) == 1 else 401)

    listener = Listener(("127.0.0.1", 0), take)
    threading.Thread(target=listener.serve_forever, args=(0.05,), daemon=True).start()
    appfolio.control("settings", {"webhook_url": f"http://127.0.0.1:{listener.server_address[1]}/hook"})
    unit = appfolio.rows("units")[0]["Id"]
    order = appfolio.edit("report_job", unit=unit)
    appfolio.edit("remove", table="work_orders", record=order)
    appfolio.doorbells.wait()
    listener.stop()
    bells = [orjson.loads(request.body) for request in got]
    assert [(bell["topic"], bell["event_type"], bell["entity_id"]) for bell in bells] == [
        ("work_orders", "create", order), ("work_orders", "destroy", order),
    ]  # fmt: skip
    assert [state for state, _ in appfolio.doorbells.sent] == [204, 401]
    key = appfolio.doorbells.keys()[0]
    numbers = [int.from_bytes(urlsafe_b64decode(key[name] + "=="), "big") for name in ("e", "n")]
    for request in got:
        protected, _, signature = request.headers["x-jws-signature"].split(".")
        signed = f"{protected}.{urlsafe_b64encode(request.body).rstrip(b'=').decode()}".encode()
        public = rsa.RSAPublicNumbers(*numbers).public_key()
        public.verify(urlsafe_b64decode(signature + "=="), signed, PSS(MGF1(SHA256()), 32), SHA256())
    # Nobody there: the change is made all the same.
    appfolio.edit("report_job", unit=unit)
    appfolio.doorbells.wait()
    assert appfolio.doorbells.sent[-1][0] == 0
    with pytest.raises(SandboxError, match="begins with http"):
        appfolio.control("settings", {"webhook_url": "file:///etc/passwd"})
    appfolio.control("settings", {"webhook_url": ""})
    appfolio.edit("report_job", unit=unit)
    assert len(appfolio.doorbells.sent) == 3
