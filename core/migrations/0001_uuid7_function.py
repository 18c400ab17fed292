"""`pt_uuid7()`: UUIDv7 keys for rows written set-based, on any PostgreSQL from 14 on."""

from __future__ import annotations

from django.db import migrations

# PostgreSQL 18 has uuidv7(); before it, RFC 9562 by hand: 48 bits of milliseconds over a random v4 value.
CREATE = """
DO $do$
BEGIN
  IF current_setting('server_version_num')::int >= 180000 THEN
    EXECUTE 'CREATE OR REPLACE FUNCTION pt_uuid7() RETURNS uuid LANGUAGE sql VOLATILE PARALLEL SAFE AS ''SELECT uuidv7()''';
  ELSE
    EXECUTE $body$
      CREATE OR REPLACE FUNCTION pt_uuid7() RETURNS uuid LANGUAGE sql VOLATILE PARALLEL SAFE AS $fn$
        SELECT encode(
          set_bit(set_bit(
            overlay(uuid_send(gen_random_uuid())
              PLACING substring(int8send((extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3)
              FROM 1 FOR 6), 52, 1), 53, 1), 'hex')::uuid
      $fn$
    $body$;
  END IF;
END
$do$;
"""


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [migrations.RunSQL(CREATE, "DROP FUNCTION IF EXISTS pt_uuid7()")]
