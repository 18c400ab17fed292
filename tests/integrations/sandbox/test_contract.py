"""Every answer validates against the vendor's published Swagger 2 document."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from integrations.sandbox import SandboxServer
from integrations.sandbox.propertyme.api import ROUTES
from integrations.sandbox.propertyme.vendor import SCOPES
from tests.integrations.sandbox.client import Client
from tests.support.browser import specs_dir

pytestmark = pytest.mark.specs
# Where there is no such folder these tests are left out, and said so, by tests/support.
FOLDER = (specs_dir() or Path()) / "propertyme"
PAGE = {"Offset": 0, "Limit": 500}
# Path -> query that shows as much as there is.
READS: dict[str, dict[str, Any]] = {
    "lots": {"Timestamp": 0},
    "lots/archived": PAGE,
    "contacts": {"Timestamp": 0, "IncludeArchived": "true"},
    "contacts/tenants": PAGE,
    "contacts/agency": {},
    "tenancies": {"IncludeClosed": "true"},
    "tenancies/balances": {},
    "jobtasks": {"Timestamp": 0},
}


@pytest.fixture(scope="module")
def spec() -> dict[str, Any]:
    document: dict[str, Any] = json.loads((FOLDER / "propertyme-openapi.json").read_text())
    return document


@pytest.fixture(scope="module")
def busy() -> Iterator[Client]:
    """A server on which a lot was archived, a lease ended, and six weeks passed."""
    with SandboxServer(lots=30, years=2, seed=11) as server, Client(server) as client:
        server.vendor.edit("archive_lot")
        server.vendor.edit("end_tenancy")
        server.vendor.advance(days=45)
        server.vendor.edit("void_receipt")
        yield client.granted()


def closed(schema: Any) -> Any:
    """Return a schema that allows no field beyond those published."""
    if isinstance(schema, dict):
        schema = {name: closed(value) for name, value in schema.items()}
        if "properties" in schema and schema.get("type") == "object":
            schema.setdefault("additionalProperties", False)
        return schema
    return [closed(item) for item in schema] if isinstance(schema, list) else schema


def validate(spec: dict[str, Any], schema: dict[str, Any], value: Any) -> None:
    checker = jsonschema.FormatChecker(formats=())

    @checker.checks("date-time", raises=ValueError)
    def is_moment(text: object) -> bool:
        return not isinstance(text, str) or (text.endswith("Z") and datetime.fromisoformat(text) is not None)

    @checker.checks("int32")
    def is_int32(number: object) -> bool:
        return not isinstance(number, int) or -(2**31) <= number < 2**31

    @checker.checks("int64")
    def is_int64(number: object) -> bool:
        return not isinstance(number, int) or -(2**63) <= number < 2**63

    whole = {**closed(schema), "definitions": closed(spec["definitions"])}
    jsonschema.Draft4Validator(whole, format_checker=checker).validate(value)


def published(spec: dict[str, Any], path: str, status: str = "200") -> dict[str, Any]:
    schema: dict[str, Any] = spec["paths"][f"/v1/{path}"]["get"]["responses"][status]["schema"]
    return schema


@pytest.mark.parametrize("path", READS)
def test_reads_have_the_published_shape(spec: dict[str, Any], busy: Client, path: str) -> None:
    value = busy.rows(path, **READS[path])
    assert value, f"nothing in {path} to validate"
    validate(spec, published(spec, path), value)


def test_the_routes_are_those_validated() -> None:
    assert {path.removeprefix("/api/v1/") for path in ROUTES} == set(READS)


def test_all_records_of_a_larger_agency_have_the_published_shape(spec: dict[str, Any], busy: Client) -> None:
    jobs = [job for job in busy.rows("jobtasks", Timestamp=0) if "QuoteId" in job]
    assert len(jobs) > 10
    for job in jobs:
        quote = busy.rows(f"jobtasks/{job['Id']}/quotations")
        validate(spec, published(spec, "jobtasks/{Id}/quotations"), quote)
        assert quote["JobTaskId"] == job["Id"]
        assert quote["Id"] == job["QuoteId"]


@pytest.mark.parametrize("path", READS)
def test_parameters_are_the_published_ones(spec: dict[str, Any], path: str) -> None:
    known = {parameter["name"] for parameter in spec["paths"][f"/v1/{path}"]["get"].get("parameters", [])}
    assert set(READS[path]) <= known


def test_missing_timestamp_answers_the_documented_502(spec: dict[str, Any], busy: Client) -> None:
    assert "502" in spec["paths"]["/v1/lots"]["get"]["responses"]
    response = busy.get("lots")
    assert response.status_code == 502
    validate(spec, {"$ref": "#/definitions/DashboardResponse"}, response.json())


@pytest.mark.parametrize(
    ("path", "query", "status"),
    [
        ("lots/archived", {"Offset": -1, "Limit": 5}, 400),
        ("contacts/tenants", {"Offset": 0, "Limit": 0}, 400),
        ("contacts", {"Timestamp": "yesterday"}, 400),
        ("tenancies", {"LotId": "nonsense"}, 400),
        ("nothing", {}, 404),
    ],
)
def test_errors_have_the_published_shape(
    spec: dict[str, Any], busy: Client, path: str, query: dict[str, Any], status: int
) -> None:
    response = busy.get(path, **query)
    assert response.status_code == status
    validate(spec, {"$ref": "#/definitions/DashboardResponse"}, response.json())


def test_archived_rows_lack_what_only_live_rows_have(spec: dict[str, Any], busy: Client) -> None:
    (archived,) = busy.rows("lots/archived", **PAGE)
    assert archived["IsArchived"] is True
    assert "Timestamp" not in archived
    with pytest.raises(jsonschema.ValidationError):
        validate(spec, published(spec, "lots/archived"), [archived | {"Timestamp": 1}])


def test_discovery_follows_the_published_document(busy: Client) -> None:
    real = json.loads((FOLDER / "propertyme-openid-configuration.json").read_text())
    ours = busy.session.get(f"{busy.server.url}/.well-known/openid-configuration").json()
    for name in ("authorization_endpoint", "token_endpoint", "revocation_endpoint"):
        assert ours[name].removeprefix(ours["issuer"]) == real[name].removeprefix(real["issuer"])
    for name, value in ours.items():
        if isinstance(value, list):
            assert set(value) <= set(real[name]), name
    assert set(SCOPES) <= set(real["scopes_supported"])
