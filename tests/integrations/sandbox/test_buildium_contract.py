"""Every answer of the sandbox and every request of our adapter is as Buildium's published OpenAPI document says."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import jsonschema
import pytest
import requests

from integrations.records import ReadRequest, Resource
from integrations.sandbox import SandboxServer
from integrations.sandbox.buildium.api import LISTS, PAGING, SINGLE
from tests.integrations.conformance import Subject
from tests.integrations.providers.buildium.subject import HEADERS, subject_on
from tests.support.browser import specs_dir

pytestmark = pytest.mark.specs
# Where there is no such folder these tests are left out, and said so, by tests/support.
FILE = (specs_dir() or Path()) / "buildium" / "buildium-openapi-2025-10.json"
LEDGER = {"startdate": "2020-01-01", "enddate": "2030-01-01"}


@pytest.fixture(scope="module")
def spec() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(FILE.read_text())
    return document


@pytest.fixture(scope="module")
def server() -> Iterator[SandboxServer]:
    """An account in which every operation was done once."""
    with SandboxServer(lots=30, years=1.5, seed=11) as running:
        for operation in ("inactivate_rental", "end_lease", "reverse_payment", "report_work", "finish_work"):
            running.buildium.edit(operation)
        running.buildium.edit("pay_rent", amount=12.34, deposit=5.01)
        running.buildium.edit("advance", days=40)
        yield running


@pytest.fixture(scope="module")
def subject(server: SandboxServer) -> Iterator[Subject]:
    with subject_on(server) as opened:
        yield opened


def operation_of(spec: dict[str, Any], path: str) -> tuple[str, dict[str, Any]]:
    """The published path that a request's path fits, literal ones first, with its GET."""
    fitting = [
        template
        for template in spec["paths"]
        if re.fullmatch(re.sub(r"\\\{[^}]*\\\}", r"[0-9]+", re.escape(template)), path)
    ]
    assert fitting, f"{path} is not published"
    chosen = min(fitting, key=lambda template: template.count("{"))
    return chosen, spec["paths"][chosen]["get"]


def as_schema(value: Any) -> Any:
    """OpenAPI 3.0's `nullable` in the words of JSON Schema."""
    if isinstance(value, list):
        return [as_schema(item) for item in value]
    if not isinstance(value, dict):
        return value
    found = {
        name: as_schema(item) for name, item in value.items() if name not in ("nullable", "description", "example")
    }
    return {"anyOf": [found, {"type": "null"}]} if value.get("nullable") is True else found


CHECKER = jsonschema.FormatChecker(formats=())


@CHECKER.checks("date-time", raises=ValueError)
def is_moment(text: object) -> bool:
    return not isinstance(text, str) or (text.endswith("Z") and datetime.fromisoformat(text) is not None)


@CHECKER.checks("date", raises=ValueError)
def is_day(text: object) -> bool:
    return not isinstance(text, str) or (len(text) == 10 and date.fromisoformat(text) is not None)


@CHECKER.checks("int32")
def is_int32(number: object) -> bool:
    return not isinstance(number, int) or -(2**31) <= number < 2**31


@pytest.fixture(scope="module")
def components(spec: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = as_schema(spec["components"])
    return found


def validate(components: dict[str, Any], schema: dict[str, Any], value: Any) -> None:
    whole = {**as_schema(schema), "components": components}
    jsonschema.Draft4Validator(whole, format_checker=CHECKER).validate(value)


def published(spec: dict[str, Any], operation: dict[str, Any], status: int) -> dict[str, Any]:
    answer = operation["responses"][str(status)]
    if "$ref" in answer:
        answer = spec["components"]["responses"].get(answer["$ref"].rpartition("/")[2], answer)
    content = answer.get("content", {})
    schema: dict[str, Any] = content["application/json"]["schema"]
    return schema


def test_the_document_is_closed(spec: dict[str, Any], components: dict[str, Any], server: SandboxServer) -> None:
    """So that a field of ours that is not published would be found, and a wrong one as well."""
    schema = {"$ref": "#/components/schemas/LeaseMessage"}
    lease = server.buildium.world.rows("leases")[0]
    validate(components, schema, lease)
    for wrong in ({"Surprise": 1}, {"LeaseStatus": "Sleeping"}, {"LeaseToDate": "tomorrow"}, {"Id": None}):
        with pytest.raises(jsonschema.ValidationError):
            validate(components, schema, lease | wrong)
    schemas = spec["components"]["schemas"]
    assert all(
        schemas[name]["additionalProperties"] is False for name in ("LeaseMessage", "BillMessage", "TenantMessage")
    )


@pytest.mark.parametrize("path", LISTS)
def test_lists_have_the_published_shape(
    spec: dict[str, Any], components: dict[str, Any], server: SandboxServer, path: str
) -> None:
    _, operation = operation_of(spec, f"/v1/{path}")
    query: dict[str, Any] = {"limit": 1000, "offset": 0}
    if path.startswith("generalledger"):
        query |= LEDGER | {"glaccountids": sorted(server.buildium.world.tables["glaccounts"])}
    answer = requests.get(f"{server.buildium_url}/v1/{path}", params=query, headers=HEADERS, timeout=10)
    assert answer.status_code == 200
    rows = answer.json()
    assert rows
    assert answer.headers["X-Total-Count"] == str(len(rows)) or len(rows) == 1000
    validate(components, published(spec, operation, 200), rows)


def test_single_records_ledgers_and_the_account_have_the_published_shape(
    spec: dict[str, Any], components: dict[str, Any], server: SandboxServer
) -> None:
    world = server.buildium.world
    paths = [f"{path}/{world.rows(kind)[0]['Id']}" for path, kind in SINGLE.items()]
    paths += [f"leases/{lease['Id']}/transactions" for lease in world.rows("leases")[:10]] + ["administration/account"]
    for path in paths:
        _, operation = operation_of(spec, f"/v1/{path}")
        answer = requests.get(f"{server.buildium_url}/v1/{path}", headers=HEADERS, timeout=10)
        assert answer.status_code == 200, path
        validate(components, published(spec, operation, 200), answer.json())


@pytest.mark.parametrize("path", LISTS)
def test_the_sandbox_takes_published_parameters_alone(spec: dict[str, Any], path: str) -> None:
    _, operation = operation_of(spec, f"/v1/{path}")
    known = {parameter["name"]: parameter for parameter in operation["parameters"]}
    assert {*LISTS[path].filters, *PAGING} <= set(known)
    assert {name for name, one in known.items() if one.get("required")} == set(LISTS[path].required)


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("rentals?limit=0", HEADERS, 400),
        ("tasks?lastupdatedfrom=2026-01-01T00:00:00Z", HEADERS, 400),
        ("leases?lastupdatedfrom=yesterday", HEADERS, 400),
        ("rentals", HEADERS | {"x-buildium-client-secret": "wrong"}, 401),
        ("rentals/units/1", HEADERS, 404),
    ],
)
def test_errors_have_the_published_shape(
    components: dict[str, Any], server: SandboxServer, path: str, headers: dict[str, str], status: int
) -> None:
    answer = requests.get(f"{server.buildium_url}/v1/{path}", headers=headers, timeout=10)
    assert answer.status_code == status
    validate(components, {"$ref": "#/components/schemas/ApiErrorResponse"}, answer.json())


def test_every_request_of_our_adapter_is_a_published_one(
    spec: dict[str, Any], server: SandboxServer, subject: Subject
) -> None:
    server.requests.clear()
    for resource in Resource:
        *_, last = subject.pages(resource)
        list(subject.pages(resource, ReadRequest(cursor=last.cursor)))
    subject.adapter().account()
    seen: dict[str, set[str]] = {}
    for entry in server.requests.entries:
        template, operation = operation_of(spec, entry.path.removeprefix("/buildium"))
        assert (entry.method, entry.status) == ("GET", 200)
        assert len(entry.query) <= 4096
        known = {one["name"]: one for one in operation.get("parameters", []) if one["in"] == "query"}
        values = parse_qs(entry.query, keep_blank_values=True)
        assert {name for name, one in known.items() if one.get("required")} <= set(values)
        for name, given in values.items():
            check_parameter(known[name]["schema"], given)
        seen.setdefault(template, set()).update(values)
    assert set(seen) == {
        "/v1/administration/account", "/v1/rentals", "/v1/rentals/units", "/v1/rentals/owners", "/v1/leases",
        "/v1/leases/tenants", "/v1/leases/rent", "/v1/leases/outstandingbalances", "/v1/leases/{leaseId}/transactions",
        "/v1/tasks", "/v1/workorders", "/v1/bills", "/v1/vendors", "/v1/glaccounts", "/v1/generalledger/transactions",
    }  # fmt: skip
    assert seen["/v1/rentals/units"] == {"limit", "offset", "orderby", "lastupdatedfrom", "propertyids"}
    assert seen["/v1/leases"] == {"limit", "offset", "orderby", "leasestatuses", "propertyids"}
    assert seen["/v1/workorders"] == {"limit", "offset", "orderby", "lastupdatedfrom", "taskids"}


def check_parameter(schema: dict[str, Any], given: list[str]) -> None:
    if schema["type"] == "array":
        for one in given:
            check_parameter(schema["items"], [one])
        return
    (text,) = given
    if schema["type"] == "integer":
        assert is_int32(int(text))
    if "enum" in schema:
        assert text in schema["enum"]
    if schema.get("format") == "date":
        assert is_day(text)
    if schema.get("format") == "date-time":
        assert is_moment(text)
