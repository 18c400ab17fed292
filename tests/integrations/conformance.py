"""What every property-management provider must do, whatever its API looks like: tests subclass Conformance.

A provider's test folder has a `subject.py` with `open_subject()`: its adapter on something real that answers over HTTP.
"""

from __future__ import annotations

import ast
import copy
import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pytest
from django.utils.module_loading import import_string

from integrations import registry
from integrations.contracts import AdapterContext, ContactSource, PropertyManagerProvider
from integrations.errors import RecordRejected
from integrations.http import HttpClient
from integrations.records import (
    AnyRecord,
    BillRecord,
    ContactRecord,
    JobRecord,
    Page,
    PaymentRecord,
    PropertyRecord,
    ReadRequest,
    Resource,
    TenancyRecord,
)
from integrations.specs import Auth, CursorKind, Kind, Maturity, ProviderSpec

READS = {
    Resource.PROPERTY: ("properties", PropertyRecord),
    Resource.CONTACT: ("contacts", ContactRecord),
    Resource.TENANCY: ("tenancies", TenancyRecord),
    Resource.JOB: ("maintenance_jobs", JobRecord),
    Resource.PAYMENT: ("rent_payments", PaymentRecord),
    Resource.BILL: ("bills", BillRecord),
}
FIVE = set(READS) - {Resource.CONTACT}
EVERYTHING = ReadRequest(full=True)
Row = dict[str, Any]


@dataclass(frozen=True)
class Subject:
    """A provider with an upstream that has records of every kind, and an HTTP client with access to it."""

    spec: ProviderSpec
    http: HttpClient
    time_zone: str = "Australia/Sydney"
    keys: Mapping[str, str] = field(default_factory=dict)
    open_client: Callable[[str], HttpClient] | None = None

    def context(self) -> AdapterContext:
        return AdapterContext(
            http=self.http,
            base_url=self.http.base_url,
            time_zone=self.time_zone,
            ledger_mode="line",
            received=dict,
            keys=self.keys,
            open_client=self.open_client,
        )

    def adapter(self) -> PropertyManagerProvider:
        return registry.build_adapter(self.spec, self.context())

    def resources(self) -> list[Resource]:
        return [resource for resource in READS if self.spec.capability(resource) is not None]

    def pages(self, resource: Resource, request: ReadRequest = EVERYTHING) -> Iterator[Page]:
        read: Callable[[ReadRequest], Iterator[Page]] = getattr(self.adapter(), READS[resource][0])
        return read(request)

    def rows(self, resource: Resource, request: ReadRequest = EVERYTHING) -> list[Row]:
        return [row for page in self.pages(resource, request) for row in page.rows]

    def records(self, resource: Resource) -> list[AnyRecord]:
        adapter = self.adapter()
        found = (record_or_reason(adapter, resource, row) for row in self.rows(resource))
        return [record for record in found if not isinstance(record, str)]


def record_or_reason(adapter: PropertyManagerProvider, resource: Resource, row: Row) -> AnyRecord | str:
    """The row as a record, or the sentence it is refused with."""
    try:
        return adapter.normalise(resource, row)
    except RecordRejected as refusal:
        return refusal.safe_message


class Conformance:
    """Collected through a subclass that provides the `subject` fixture."""

    def test_the_declaration_is_complete(self, subject: Subject) -> None:
        spec = subject.spec
        assert registry.get(spec.slug) is spec
        assert spec.slug == spec.slug.lower().strip()
        assert spec.slug.replace("-", "").isalnum()
        assert (spec.kind, spec.maturity == Maturity.COMING_SOON) == (Kind.PROPERTY_MANAGER, False)
        assert all([spec.label, spec.region, spec.tagline])
        assert spec.parallel_pages >= 1
        assert spec.mapping_version >= 1
        assert callable(import_string(spec.adapter))
        if spec.auth == Auth.OAUTH2:
            assert spec.settings_prefix.isupper()
            assert all(path.startswith("/") for path in (spec.authorize_path, spec.token_path, spec.revoke_path))
            assert spec.scopes

    def test_each_of_the_five_reads_is_declared_once(self, subject: Subject) -> None:
        declared = [capability.resource for capability in subject.spec.capabilities]
        assert len(declared) == len(set(declared))
        assert set(declared) >= FIVE

    def test_the_adapter_satisfies_the_contracts_it_declares(self, subject: Subject) -> None:
        adapter = subject.adapter()
        assert isinstance(adapter, PropertyManagerProvider)
        if subject.spec.capability(Resource.CONTACT) is not None:
            assert isinstance(adapter, ContactSource)

    def test_the_adapter_reads_neither_settings_nor_the_database(self, subject: Subject) -> None:
        for name in _imports_of(subject.spec.adapter.rpartition(".")[0].rpartition(".")[0]):
            assert not name.startswith(
                ("django", "integrations.models", "integrations.services", "access", "accounting")
            )

    def test_it_says_whose_grant_it_is(self, subject: Subject) -> None:
        account = subject.adapter().account()
        assert 0 < len(account.account_id) <= 128
        assert account.name

    def test_the_ledger_mode_is_one_of_two(self, subject: Subject) -> None:
        assert subject.adapter().probe_ledger_mode() in ("line", "derived")

    def test_rows_have_an_id_of_their_own_and_survive_storage(self, subject: Subject) -> None:
        for resource in subject.resources():
            rows = subject.rows(resource)
            ids = [row["Id"] for row in rows]
            assert rows, resource
            assert all(isinstance(record, str) and 0 < len(record) <= 128 for record in ids)
            assert len(ids) == len(set(ids)), resource
            assert orjson.loads(orjson.dumps(rows)) == rows

    def test_a_full_read_repeats_itself(self, subject: Subject) -> None:
        for resource in subject.resources():
            assert subject.rows(resource) == subject.rows(resource)

    def test_rows_become_records_of_their_kind(self, subject: Subject) -> None:
        adapter = subject.adapter()
        for resource in subject.resources():
            made = 0
            for row in subject.rows(resource):
                before = copy.deepcopy(row)
                record = record_or_reason(adapter, resource, row)
                assert row == before
                if isinstance(record, str):
                    assert record.endswith(".")
                    continue
                assert type(record) is READS[resource][1]
                assert record.provider_id == row["Id"]
                _check_values(record)
                made += 1
            assert made > 0, resource

    def test_records_refer_to_properties_that_are_listed(self, subject: Subject) -> None:
        known = {record.provider_id for record in subject.records(Resource.PROPERTY)}
        for resource in FIVE - {Resource.PROPERTY}:
            assert {getattr(record, "property_ref") for record in subject.records(resource)} <= known, resource  # noqa: B009

    def test_a_row_that_cannot_be_read_is_refused_and_never_a_crash(self, subject: Subject) -> None:
        adapter = subject.adapter()
        for resource in subject.resources():
            for row in ({}, {"Id": "x"}, {"Id": [], "Amount": {}, "LotId": 7, "TransactionDate": True}):
                reason = record_or_reason(adapter, resource, row)
                assert not isinstance(reason, str) or reason.endswith(".")

    def test_a_full_read_is_a_sweep(self, subject: Subject) -> None:
        for resource in subject.resources():
            pages = list(subject.pages(resource))
            assert pages, resource
            assert {page.is_sweep for page in pages} == {True}, resource

    def test_the_cursor_is_as_declared(self, subject: Subject) -> None:
        for resource in subject.resources():
            capability = subject.spec.capability(resource)
            assert capability is not None
            last = list(subject.pages(resource))[-1]
            everything = {row["Id"] for row in subject.rows(resource)}
            again = list(subject.pages(resource, ReadRequest(cursor=last.cursor)))
            ids = {row["Id"] for page in again for row in page.rows}
            assert ids <= everything
            if capability.changed_since == CursorKind.SWEEP:
                assert ids == everything
                assert {page.is_sweep for page in again} == {True}
            else:
                assert last.cursor, resource
                assert len(last.cursor) <= 200
                assert {page.is_sweep for page in again} == {False}, resource
                assert again[-1].cursor >= last.cursor

    def test_a_read_may_be_left_and_resumed(self, subject: Subject) -> None:
        for resource in subject.resources():
            pages = subject.pages(resource)
            first = next(pages)
            del pages
            rest = subject.rows(resource, ReadRequest(full=True, position=first.position))
            found = {row["Id"] for row in first.rows} | {row["Id"] for row in rest}
            assert found == {row["Id"] for row in subject.rows(resource)}


def _check_values(record: AnyRecord) -> None:
    for each in fields(record):
        value = getattr(record, each.name)
        assert not isinstance(value, float), each.name
        if isinstance(value, Decimal):
            assert value.is_finite()
        if isinstance(value, datetime):
            assert value.tzinfo is not None
        elif isinstance(value, date):
            assert 1990 <= value.year <= 2100


def _imports_of(package: str) -> Iterator[str]:
    module = importlib.import_module(package)
    names = [package, *(f"{package}.{item.name}" for item in pkgutil.iter_modules(module.__path__))]
    for name in names:
        source = inspect.getsourcefile(importlib.import_module(name))
        assert source is not None
        for node in ast.walk(ast.parse(Path(source).read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                yield node.module


def pytest_params() -> list[Any]:
    """One parameter for each provider in the registry that has an adapter."""
    return [pytest.param(slug, id=slug) for slug, spec in registry.PROVIDERS.items() if spec.adapter]
