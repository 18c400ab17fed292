"""All rows of the database, kept in memory and put back: many trials from the very same state."""

from __future__ import annotations

from django.db import connection, transaction


class Snapshot:
    """The rows of every table as they are now."""

    def __init__(self) -> None:
        self._tables = connection.introspection.django_table_names(only_existing=True)
        self._rows: dict[str, bytes] = {}
        with connection.cursor() as cursor:
            for table in self._tables:
                with cursor.copy(f'COPY "{table}" TO STDOUT') as copy:
                    rows = b"".join(bytes(part) for part in copy)
                if rows:
                    self._rows[table] = rows

    def restore(self) -> None:
        """Puts the rows back and removes all others, without firing triggers."""
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")
            cursor.execute("; ".join(f'DELETE FROM "{table}"' for table in self._tables))  # noqa: S608
            for table, rows in self._rows.items():
                with cursor.copy(f'COPY "{table}" FROM STDIN') as copy:
                    copy.write(rows)
