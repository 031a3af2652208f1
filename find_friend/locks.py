"""Locks that decide races between people, on every database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import connections, router, transaction
from django.db.models import F, QuerySet

from .exceptions import UserNotThere

# SQLSTATE of PostgreSQL (serialization failure, deadlock, lock not available) and error numbers of MariaDB
# (record changed, lock wait timeout, deadlock); SQLite has only its text.
CONTENTION_STATES = {"40001", "40P01", "55P03"}
CONTENTION_NUMBERS = {1020, 1205, 1213}


def lock(queryset: QuerySet[Any]) -> int:
    """Lock the rows of ``queryset`` in key order until the transaction ends, and return how many there are.

    SQLite knows no row locks; there a write that changes nothing takes the one write lock of the database, which
    also makes it the first statement of the transaction: reading first and writing later fails at once on SQLite.
    """
    connection = connections[router.db_for_write(queryset.model)]
    queryset = queryset.using(connection.alias)
    if connection.features.has_select_for_update:
        return len(_held(queryset))
    key = queryset.model._meta.pk.attname
    return queryset.order_by().update(**{key: F(key)})


def lock_what_is_free(queryset: QuerySet[Any]) -> list[Any]:
    """Lock those rows of ``queryset`` that nobody else holds, and return their keys.

    A database that cannot leave out what is held, such as SQLite, waits for all of them.
    """
    connection = connections[router.db_for_write(queryset.model)]
    if connection.features.has_select_for_update_skip_locked:
        return _held(queryset.using(connection.alias), skip_locked=True)
    lock(queryset)
    return list(queryset.using(connection.alias).order_by().values_list("pk", flat=True))


def _held(queryset: QuerySet[Any], *, skip_locked: bool = False) -> list[Any]:
    # NO KEY: rows that only refer to these (a message to its sender) need not wait on PostgreSQL.
    no_key = connections[queryset.db].features.has_select_for_no_key_update
    held = queryset.order_by("pk").select_for_update(no_key=no_key, skip_locked=skip_locked)
    return list(held.values_list("pk", flat=True))


@contextmanager
def locked_users(*users: AbstractBaseUser) -> Iterator[None]:
    """A transaction that holds the rows of ``users``, always locked in the same order.

    Every write about two people runs inside, so of two that contradict each other one is first. UserNotThere if
    one of them has been deleted meanwhile.
    """
    model = get_user_model()
    pks = {user.pk for user in users}
    with transaction.atomic(using=router.db_for_write(model)):
        if lock(model._base_manager.filter(pk__in=pks)) < len(pks):
            raise UserNotThere
        yield


def is_contention(error: Exception) -> bool:
    """Whether the database gave up on a lock, so that the same work may succeed a moment later."""
    cause = error.__cause__
    if getattr(cause, "sqlstate", None) in CONTENTION_STATES:
        return True
    number = cause.args[0] if cause is not None and cause.args else None
    return number in CONTENTION_NUMBERS or "database is locked" in str(error) or "table is locked" in str(error)
