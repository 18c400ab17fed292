"""The database and the connected agency that the parts measure on."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from access.models import Membership, Organisation, User
from integrations.adapters import open_adapter
from integrations.models import Connection, PropertyMapping, SyncRun
from integrations.records import Resource
from integrations.services import mapping as mapping_services
from integrations.services import sync as sync_services
from integrations.sync.read import read_resource
from integrations.sync.runner import build_job, run_sync

_TABLES = (
    "accounting_transaction, accounting_transactionrevision, integrations_providerrecord, integrations_syncchange,"
    " integrations_conflict, integrations_inboxevent, integrations_webhookendpoint,"
    " integrations_syncrun, integrations_syncplan, integrations_syncplanline,"
    " integrations_synccursor, integrations_propertymapping, integrations_connection, maintenance_workorder,"
    " tenancies_lease, tenancies_tenant, properties_unit, properties_property, access_membership, access_organisation,"
    " access_user"
)


def prepare_database() -> None:
    """Creates the benchmark's own database where it is missing and brings its tables up to date."""
    logging.disable(logging.INFO)
    create_database(str(connection.get_connection_params()["dbname"]))
    call_command("migrate", verbosity=0)


def create_database(name: str) -> None:
    """Creates a database on the benchmark's server where it is missing."""
    import psycopg

    params = connection.get_connection_params()
    wanted = {key: params[key] for key in ("user", "password", "host", "port") if params.get(key)}
    with psycopg.connect(dbname="postgres", autocommit=True, **wanted) as session:
        if not session.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
            session.execute(f'CREATE DATABASE "{name}"')


def clear() -> None:
    """Empties the tables, so that each round starts from nothing."""
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {_TABLES} CASCADE")  # a constant


def connect(url: str) -> Connection:
    """An organisation with a connected agency whose properties are mapped; nothing of its money is read yet."""
    settings.PROPERTYME_API_URL, settings.PROPERTYME_AUTH_URL = f"{url}/api", url
    organisation = Organisation.objects.create(name="Benchmark")
    user = User.objects.create_user(email="bench@propertytracker.example", password=None)
    Membership.objects.create(organisation=organisation, user=user, role=Membership.Role.ADMIN)
    source = Connection.objects.create(
        organisation=organisation,
        provider="propertyme",
        account_id="bench",
        account_name="Benchmark",
        status_since=timezone.now(),
        access_token="any",  # the benchmark provider takes any
        refresh_token="any",  # likewise
        token_expires_at=timezone.now() + timedelta(days=1),
        ledger_mode="line",
    )
    run = SyncRun.objects.create(organisation=organisation, connection=source, sync_type="manual", status="running")
    with open_adapter(source) as adapter:
        job = build_job(source, manual=True, run=run)
        read_resource(job, adapter, Resource.PROPERTY, full=True, force=False, apply=True)
    ids = list(PropertyMapping.objects.filter(connection=source).values_list("id", flat=True))
    mapping_services.create_all_missing(connection=source, user=user, ids=ids)
    SyncRun.objects.filter(connection=source).delete()
    source.records.update(verdict="imported")
    return source


def sync(source: Connection, **options: Any) -> SyncRun:
    """One sync, carried out here. Raises RuntimeError when it does not complete: such a time would mean nothing."""
    run = run_sync(sync_services.queue_sync(connection=source, **options).pk)
    run.refresh_from_db()
    if run.status != SyncRun.Status.COMPLETED:
        raise RuntimeError(f"the sync ended as {run.status}: {run.errors}")
    return run


def rows_written(tables: tuple[str, ...]) -> int:
    """Rows inserted, updated or deleted in these tables since the server started, as PostgreSQL counts them."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush()")
        cursor.execute(
            "SELECT coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0) FROM pg_stat_user_tables"
            " WHERE relname = ANY(%s)",
            [list(tables)],
        )
        return int(cursor.fetchone()[0])
