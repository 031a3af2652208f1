"""Empties the database after a transactional test, in a small part of the time that Django's own flush takes.

Most of that goes into making content types and permissions anew, which stay here, and on PostgreSQL into new files for
every table that is truncated.
"""

import pytest
from django.core.management.commands import flush

# What ``migrate`` fills by itself, and does not change.
KEPT = {"django_content_type", "auth_permission"}


def deletions(style, connection, reset_sequences=True, allow_cascade=False):
    """The statements that ``flush`` runs in one transaction."""
    found = connection.introspection.django_table_names(only_existing=True, include_views=False)
    tables = [table for table in found if table not in KEPT]
    if connection.vendor != "postgresql" or reset_sequences:
        return connection.ops.sql_flush(style, tables, reset_sequences=reset_sequences, allow_cascade=allow_cascade)
    names = [connection.ops.quote_name(table) for table in tables]
    # The lock is that of TRUNCATE: what another session still writes is waited for, and then seen.
    return [f"LOCK TABLE {', '.join(names)};", *(f"DELETE FROM {name};" for name in names)]


@pytest.fixture(autouse=True, scope="session")
def _quick_flush():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flush, "sql_flush", deletions)
        patch.setattr(flush, "emit_post_migrate_signal", lambda *args, **options: None)
        yield
