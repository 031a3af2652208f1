"""Locks that decide races between people, on every database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import OperationalError, connections, router, transaction
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
        # NO KEY: rows that only refer to these (a message to its sender) need not wait on PostgreSQL.
        no_key = connection.features.has_select_for_no_key_update
        return len(queryset.order_by("pk").select_for_update(no_key=no_key).values_list("pk"))
    key = queryset.model._meta.pk.attname
    return queryset.order_by().update(**{key: F(key)})


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


def is_contention(error: OperationalError) -> bool:
    """Whether the database gave up on a lock, so that the same work may succeed a moment later."""
    cause = error.__cause__
    if getattr(cause, "sqlstate", None) in CONTENTION_STATES:
        return True
    number = cause.args[0] if cause is not None and cause.args else None
    return number in CONTENTION_NUMBERS or "database is locked" in str(error) or "table is locked" in str(error)
