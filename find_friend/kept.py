"""Small statements that are written once: the ORM takes longer to write one than PostgreSQL to answer it."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import cache
from typing import Any, NamedTuple

from django.conf import settings
from django.db import connections, models
from django.db.models.expressions import RawSQL
from django.db.utils import load_backend


class Given(NamedTuple):
    """Stands for a value in a statement that is kept."""

    name: str


@cache
def vendor(engine: str) -> str:
    """Whose database it is, without the wrapper that Django makes anew for each task that asks for a connection."""
    return str(load_backend(engine).DatabaseWrapper.vendor)


def is_possible(using: str) -> bool:
    """Whether rows come as the ORM would give them: psycopg 3 leaves nothing to convert in plain columns."""
    if vendor(connections.settings[using]["ENGINE"]) != "postgresql":
        return False
    from django.db.backends.postgresql.psycopg_any import is_psycopg3

    return is_psycopg3


@cache
def is_plain(model: type[models.Model], using: str) -> bool:
    """Whether no column of a model is converted on its way out of the database, nor its key on the way in."""
    pk: Any = model._meta.pk
    return (
        is_possible(using)
        and type(pk.target_field if pk.remote_field else pk).__module__.startswith("django.db.models.")
        and not any(field.get_db_converters(connections[using]) for field in model._meta.concrete_fields)
    )


def given(name: str) -> RawSQL:
    """What ``rows`` puts a value of that name in the place of."""
    return RawSQL("%s", [Given(name)])


class Statement(NamedTuple):
    """SQL with ``%s``; ``params`` are values or stand for them."""

    sql: str
    params: tuple[Any, ...]

    def filled(self, values: dict[str, Any]) -> list[Any]:
        return [values[param.name] if isinstance(param, Given) else param for param in self.params]


_kept: dict[Hashable, tuple[Any, Statement]] = {}


def statement(key: Hashable, build: Callable[[], Any], using: str) -> Statement:
    """What reads the queryset of values that ``build`` makes with ``given`` ones.

    ``key`` stands for all that the statement depends on, besides the settings of the package.
    """
    site = getattr(settings, "FIND_FRIEND", None)
    if key not in _kept or _kept[key][0] is not site:
        sql, params = build().query.get_compiler(using).as_sql()
        _kept[key] = site, Statement(sql, tuple(params))
    return _kept[key][1]


class Question(NamedTuple):
    """A statement and the values it is to be run with."""

    key: Hashable
    build: Callable[[], Any]
    using: str
    values: dict[str, Any]


def rows(key: Hashable, build: Callable[[], Any], using: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    """The rows of ``statement`` for some values."""
    wanted = statement(key, build, using)
    with connections[using].cursor() as cursor:
        cursor.execute(wanted.sql, wanted.filled(values))
        return list(cursor.fetchall())
