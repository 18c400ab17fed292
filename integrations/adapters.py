"""From a connection to its provider's adapter: credentials, time-outs, and what an adapter asks of the database."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any

from django.db.models import Count, Sum

from integrations import registry
from integrations.contracts import AdapterContext, PropertyManagerProvider, Received
from integrations.errors import ReauthRequired
from integrations.files.source import file_source
from integrations.gate import CallGate, GatedPropertyCalls
from integrations.http import Gate, HttpClient, SignIn, Token
from integrations.models import Connection, ProviderRecord, Verdict
from integrations.records import AnyRecord, Resource
from integrations.services.tokens import fresh_access_token, mark_reauth
from integrations.shared import shared
from integrations.specs import Auth, ProviderSpec

# A provider of files has no address; should its adapter ever ask for one, this name leads nowhere (RFC 2606).
NOWHERE = "https://files.invalid"


@contextmanager
def open_adapter(
    connection: Connection,
    *,
    sleep: Callable[[float], None] = time.sleep,
    on_wait: Callable[[float], None] | None = None,
) -> Iterator[PropertyManagerProvider]:
    """The connection's adapter; its HTTP connections are closed at the end of the block.

    `on_wait` is told the seconds of each wait the provider caused, before `sleep` waits them. A connection whose ledger
    mode is not known yet is asked for it first, once in its life. A ReauthRequired that leaves the block marks the
    connection and tells its admins. Raises the taxonomy of errors.py.
    """
    spec = registry.get(connection.provider)
    token: Token | None = None
    if spec.auth == Auth.OAUTH2:
        token = lambda rejected: fresh_access_token(connection.pk, rejected_token=rejected)  # noqa: E731
    gate = gate_of(connection, spec)
    try:
        with ExitStack() as opened:
            keys = stored_keys(connection, spec)

            def further(name: str) -> HttpClient:
                client = open_client(spec, token=token, keys=keys, name=name, sleep=sleep, on_wait=on_wait, gate=gate)
                return opened.enter_context(client)

            http = further("API_URL")
            context = AdapterContext(
                http=http,
                base_url=http.base_url,
                time_zone=connection.organisation.time_zone,
                ledger_mode=connection.ledger_mode,
                received=lambda: received(connection),
                keys=keys,
                open_client=further,
                files=file_source(connection) if spec.auth == Auth.FILE else None,
                property_calls=GatedPropertyCalls(gate),
            )
            if connection.ledger_mode == Connection.LedgerMode.UNKNOWN:
                context = replace(context, ledger_mode=_learn_ledger_mode(connection, spec, context))
            yield registry.build_adapter(spec, context)
    except ReauthRequired as error:
        mark_reauth(connection=connection, revoked=error.revoked, reason=error.safe_message)
        raise
    finally:
        gate.close()


def gate_of(connection: Connection, spec: ProviderSpec) -> CallGate:
    """Limits, breaker and counts of the connection's calls, shared with every other process."""
    return CallGate(
        shared(),
        connection_id=str(connection.pk),
        label=spec.label,
        time_zone=connection.organisation.time_zone,
        limits=spec.rate_limits,
        limit_scope=limit_scope(connection),
    )


def limit_scope(connection: Connection) -> str:
    """Whose limit a call counts for: the account at the provider, whichever organisations are connected to it."""
    return f"{connection.provider}/{connection.account_id or connection.pk}"


def open_client(
    spec: ProviderSpec,
    *,
    token: Token | None = None,
    keys: Mapping[str, str] | None = None,
    name: str = "API_URL",
    sleep: Callable[[float], None] = time.sleep,
    on_wait: Callable[[float], None] | None = None,
    gate: Gate | None = None,
) -> HttpClient:
    """A client for the provider's API at the address in the operator's settings; `name` chooses a further one.

    Raises Misconfigured for an address or a host name that cannot be right.
    """
    carried = registry.sign_in(spec, keys).at(name) if keys else SignIn()
    return HttpClient(
        NOWHERE if spec.auth == Auth.FILE else registry.address(spec, name, keys),
        token=token,
        headers=carried.headers,
        basic=carried.basic,
        pool_size=spec.parallel_pages + 2,
        sleep=sleep,
        on_wait=on_wait,
        gate=gate,
    )


def stored_keys(connection: Connection, spec: ProviderSpec) -> dict[str, str]:
    """The connection's keys; empty for a provider without any. Raises ReauthRequired where they are gone."""
    if spec.auth != Auth.KEYS:
        return {}
    keys = connection.read_keys()
    if not keys:
        raise ReauthRequired("There are no keys to read with. Enter them to go on; mappings are kept.")
    return keys


def adapter_for_token(
    spec: ProviderSpec,
    http: HttpClient,
    time_zone: str,
    keys: Mapping[str, str] | None = None,
    further: Callable[[str], HttpClient] | None = None,
) -> PropertyManagerProvider:
    """An adapter that belongs to no connection yet: enough to ask whose grant it is and what the API offers."""
    context = AdapterContext(
        http=http,
        base_url=http.base_url,
        time_zone=time_zone,
        ledger_mode="unknown",
        received=dict,
        keys=keys or {},
        open_client=further,
    )
    return registry.build_adapter(spec, context)


def normaliser(connection: Connection) -> Callable[[Resource, Mapping[str, Any]], AnyRecord]:
    """How the connection's provider reads a raw row; asks the provider nothing."""
    spec = registry.get(connection.provider)
    with open_client(spec) as http:
        return adapter_for_token(spec, http, connection.organisation.time_zone).normalise


def received(connection: Connection) -> Mapping[str, Received]:
    """Rent recorded so far for each tenancy, baselines included; rejected rows never counted."""
    rows = (
        ProviderRecord.objects.filter(connection=connection, resource=Resource.PAYMENT, amount__isnull=False)
        .exclude(verdict=Verdict.REJECTED)
        .exclude(related_ref="")
        .values_list("related_ref")
        .annotate(total=Sum("amount"), rows=Count("id"))
    )
    return {tenancy: Received(total, count) for tenancy, total, count in rows.iterator()}


def _learn_ledger_mode(connection: Connection, spec: ProviderSpec, context: AdapterContext) -> str:
    mode = registry.build_adapter(spec, context).probe_ledger_mode()
    # Only the first answer counts: a ledger that changes its mode would import the same money twice.
    unknown = Connection.LedgerMode.UNKNOWN
    Connection.objects.filter(pk=connection.pk, ledger_mode=unknown).update(ledger_mode=mode)
    connection.refresh_from_db(fields=["ledger_mode"])
    return connection.ledger_mode
