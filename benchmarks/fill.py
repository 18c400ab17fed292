"""A large portfolio, written set-based: what a few years of syncs would have left."""

from __future__ import annotations

from django.db import connection
from django.utils import timezone

from access.models import Organisation, User
from integrations.models import Connection

_FILL = """
INSERT INTO properties_property (id, created_at, updated_at, organisation_id, name, unit_number, street_number, street,
  suburb, state, postcode, country, kind, status, manager_name, notes)
SELECT pt_uuid7(), now(), now(), %(organisation)s, n || ' Measure Street', '', n::text, 'Measure Street', 'Newtown',
  'NSW', '2042', 'AU', 'house', 'active', '', '' FROM generate_series(1, %(properties)s) n;
INSERT INTO properties_unit (id, created_at, updated_at, organisation_id, property_id, label, rent_period, status)
SELECT pt_uuid7(), now(), now(), organisation_id, id, '', 'weekly', 'occupied' FROM properties_property;
INSERT INTO tenancies_lease (id, created_at, updated_at, organisation_id, provider, connection_id, provider_id,
  property_id, unit_id, tenant_names, status, starts_on, ends_on, is_periodic, rent_amount, rent_period, currency,
  arrears_amount, arrears_days, edited_fields)
SELECT pt_uuid7(), now(), now(), u.organisation_id, 'propertyme', %(connection)s, 'T' || p.street_number, p.id, u.id,
  'Tenant ' || p.street_number, 'active', current_date - 400, current_date + (p.street_number::int %% 300), false,
  512.00, 'weekly', 'AUD', (p.street_number::int %% 10 = 0)::int * 200, (p.street_number::int %% 10 = 0)::int * 12, '[]'
FROM properties_unit u JOIN properties_property p ON p.id = u.property_id;
INSERT INTO tenancies_tenant (id, created_at, updated_at, organisation_id, provider, connection_id, provider_id, name,
  email, phone)
SELECT pt_uuid7(), now(), now(), %(organisation)s, 'propertyme', %(connection)s, 'C' || n, 'Tenant ' || n, '', ''
FROM generate_series(1, %(properties)s) n;
INSERT INTO tenancies_leasetenant (id, created_at, updated_at, lease_id, tenant_id, is_primary)
SELECT pt_uuid7(), now(), now(), l.id, t.id, true FROM tenancies_lease l
JOIN tenancies_tenant t ON t.name = l.tenant_names;
INSERT INTO maintenance_workorder (id, created_at, updated_at, organisation_id, provider, connection_id, provider_id,
  property_id, unit_id, number, title, description, category, status, priority, supplier_name, currency, opened_at,
  edited_fields, manual_reason)
SELECT pt_uuid7(), now(), now(), %(organisation)s, 'propertyme', %(connection)s, 'J' || n, p.id, NULL, n::text,
  'Leaking tap ' || n, '', 'plumbing', (ARRAY['new','assigned','done'])[1 + n %% 3], 'none', '', 'AUD', now(), '[]', ''
FROM generate_series(1, %(orders)s) n
JOIN properties_property p ON p.street_number = (1 + n %% %(properties)s)::text;
INSERT INTO integrations_propertymapping (id, created_at, updated_at, organisation_id, connection_id,
  provider_property_id, provider_property_address, facts, property_id, state, auto_sync, metadata, suggestion_parts,
  suggested_property_id, suggestion_score)
SELECT pt_uuid7(), now(), now(), %(organisation)s, %(connection)s, 'L' || p.street_number,
  p.name || ', Newtown NSW 2042', '{}', CASE WHEN p.street_number::int %% 10 = 0 THEN NULL ELSE p.id END,
  CASE WHEN p.street_number::int %% 10 = 0 THEN 'unmapped' ELSE 'mapped' END, true, '{}', '[]',
  CASE WHEN p.street_number::int %% 10 = 0 THEN p.id END, CASE WHEN p.street_number::int %% 10 = 0 THEN 96 END
FROM properties_property p;
CREATE TEMP TABLE pt_fill AS SELECT row_number() OVER () AS n, p.id AS property_id, l.id AS lease_id, p.street_number
FROM properties_property p JOIN tenancies_lease l ON l.property_id = p.id;
CREATE INDEX ON pt_fill (n);
INSERT INTO accounting_transaction (id, created_at, updated_at, organisation_id, property_id, lease_id, category_id,
  kind, status, occurred_on, amount, currency, description, counterparty, reference, is_derived, job_ref,
  category_reason, provider, connection_id, provider_transaction_id)
SELECT pt_uuid7(), now(), now(), %(organisation)s, f.property_id, f.lease_id,
  CASE WHEN n.i %% 5 = 0 THEN %(expense)s ELSE %(income)s END, CASE WHEN n.i %% 5 = 0 THEN 'expense' ELSE 'income' END,
  'confirmed', current_date - (n.i %% 1500)::int, 400 + n.i %% 300, 'AUD', 'Rent ' || n.i, 'Tenant ' || f.street_number,
  'R' || n.i, false, '', '', 'propertyme', %(connection)s, 'P' || n.i
FROM generate_series(1, %(transactions)s) AS n(i) JOIN pt_fill f ON f.n = 1 + n.i %% %(properties)s;
INSERT INTO integrations_providerrecord (id, organisation_id, connection_id, resource, provider_id, content_hash,
  payload, facts, property_ref, related_ref, label, amount, occurred_on, is_void, verdict, reason, generation,
  first_seen_at, changed_at)
SELECT pt_uuid7(), %(organisation)s, %(connection)s, 'payment', 'P' || n, gen_random_uuid(),
  jsonb_build_object('Id', 'P' || n), '{}', 'L' || (1 + n %% %(properties)s), '', 'Rent ' || n, 400 + n %% 300,
  current_date - (n %% 1500)::int, false, CASE WHEN n %% 1000 = 0 THEN 'rejected' ELSE 'imported' END, '', 1, now(),
  now()
FROM generate_series(1, %(transactions)s) n;
DROP TABLE pt_fill;
"""


def fill(organisation: Organisation, user: User, *, properties: int, transactions: int) -> Connection:
    """Fills the tables and answers the connection that the rows say they came from."""
    from accounting.models import Category

    now = timezone.now()
    source = Connection.objects.create(
        organisation=organisation,
        provider="propertyme",
        account_id="bench",
        account_name="Benchmark",
        status_since=now,
        ledger_mode="line",
        last_sync_at=now,
        connected_by=user,
    )
    codes = dict(Category.objects.filter(organisation=organisation).values_list("code", "id"))
    with connection.cursor() as cursor:
        cursor.execute(
            _FILL,
            {
                "organisation": organisation.id,
                "connection": source.id,
                "properties": properties,
                "transactions": transactions,
                "orders": properties * 5,
                "income": codes["rental_income"],
                "expense": codes["council_rates"],
            },
        )
        cursor.execute("VACUUM ANALYZE")
    return source
