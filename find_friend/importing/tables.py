"""Tables of other packages, read through Django without the models of those packages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.apps.registry import Apps
from django.core.management.base import CommandError
from django.db import connections, models


class Key(models.Field):
    """A key as the database gives it: what type another package's keys have is not ours to know."""


class OldTable:
    """Name and columns of a table; ``id`` is its key where none of the columns is."""

    def __init__(self, name: str, /, **columns: models.Field) -> None:
        self.name = name
        self.columns = columns
        if not any(column.primary_key for column in columns.values()):
            self.columns = {"id": Key(primary_key=True), **columns}

    def open(self, using: str, prefix: str = "") -> models.QuerySet[Any]:
        """Its rows in the database ``using``. CommandError where the table or one of the columns is not there."""
        name = prefix + self.name
        model = self._model(name)
        connection = connections[using]
        with connection.cursor() as cursor:
            if name not in connection.introspection.table_names(cursor, include_views=True):
                raise CommandError(
                    f'There is no table "{name}" in the database "{using}". Look at --database and --prefix.'
                )
            there = {column.name for column in connection.introspection.get_table_description(cursor, name)}
        missing = sorted({field.column for field in model._meta.concrete_fields} - there)
        if missing:
            raise CommandError(f'The table "{name}" has no column {", ".join(missing)}: it is of an unknown version.')
        return model._base_manager.using(using)

    def _model(self, name: str) -> Any:
        # A registry of its own: the site's models, migrations and checks never hear of it.
        options = {"app_label": "find_friend_importing", "apps": Apps(), "db_table": name, "managed": False}
        fields = {name: column.clone() for name, column in self.columns.items()}
        return type("OldRow", (models.Model,), {"__module__": __name__, "Meta": type("Meta", (), options), **fields})


def batches(rows: models.QuerySet[Any], size: int) -> Iterator[list[Any]]:
    """The rows in the order of their keys, ``size`` at a time; no more than that is held in memory."""
    rows = rows.order_by("pk")
    batch = list(rows[:size])
    while batch:
        yield batch
        batch = list(rows.filter(pk__gt=batch[-1].pk)[:size])
