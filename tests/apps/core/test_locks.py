import threading

import pytest
from django.contrib.auth import get_user_model
from django.db import OperationalError, connection, transaction

from find_friend.locks import is_contention, lock, lock_what_is_free, locked_users


@pytest.mark.django_db(transaction=True)
def test_rows_are_locked_by_the_first_statement(ann, bob, django_assert_num_queries):
    users = get_user_model()._base_manager.filter(pk__in=[ann.pk, bob.pk])
    with transaction.atomic(), django_assert_num_queries(1) as queries:
        lock(users)
    sql = queries.captured_queries[0]["sql"]
    if connection.features.has_select_for_update:
        assert "FOR NO KEY UPDATE" in sql or "FOR UPDATE" in sql
        assert "ORDER BY" in sql
    else:
        assert sql.startswith("UPDATE")


@pytest.mark.django_db(transaction=True)
def test_two_users_are_held_until_the_end_of_the_block(ann, bob):
    with locked_users(ann, bob):
        assert connection.in_atomic_block
    assert not connection.in_atomic_block


@pytest.mark.django_db(transaction=True)
def test_a_failure_inside_undoes_the_block(ann):
    def change():
        with locked_users(ann, ann):
            ann.last_name = "Changed"
            ann.save()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        change()
    ann.refresh_from_db()
    assert ann.last_name == "Archer"


@pytest.mark.django_db(transaction=True)
def test_of_two_that_meet_the_second_waits_for_the_first(ann, bob):
    order = []
    inside = threading.Event()

    def second():
        try:
            inside.wait(10)
            order.append("second asks")
            with locked_users(bob, ann):
                order.append("second in")
        finally:
            connection.close()

    thread = threading.Thread(target=second)
    thread.start()
    with locked_users(ann, bob):
        inside.set()
        while "second asks" not in order:
            thread.join(0.01)
        thread.join(0.3)
        order.append("first out")
    thread.join(20)
    assert order == ["second asks", "first out", "second in"]


def in_order(*users):
    return sorted(user.pk for user in users)


def people(*users):
    return get_user_model()._base_manager.filter(pk__in=[user.pk for user in users])


@pytest.mark.django_db(transaction=True)
def test_what_nobody_holds_is_locked_in_order(ann, bob, eve):
    with transaction.atomic():
        assert lock_what_is_free(people(bob, ann)) == in_order(ann, bob)
        assert lock_what_is_free(people(eve)) == [eve.pk]
        assert lock_what_is_free(people()) == []


@pytest.mark.django_db(transaction=True)
def test_where_nothing_can_be_left_out_all_is_waited_for(ann, bob, monkeypatch):
    monkeypatch.setattr(type(connection.features), "has_select_for_update_skip_locked", False)
    with transaction.atomic():
        assert sorted(lock_what_is_free(people(bob, ann))) == in_order(ann, bob)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_what_somebody_holds_is_left_out(ann, bob):
    held, go_on = threading.Event(), threading.Event()

    def hold():
        try:
            with locked_users(ann):
                held.set()
                go_on.wait(10)
        finally:
            connection.close()

    thread = threading.Thread(target=hold)
    thread.start()
    try:
        assert held.wait(10)
        with transaction.atomic():
            assert lock_what_is_free(people(ann, bob)) == [bob.pk]
    finally:
        go_on.set()
        thread.join(20)
    with transaction.atomic():
        assert lock_what_is_free(people(ann, bob)) == in_order(ann, bob)


class DriverError(Exception):
    def __init__(self, *args, sqlstate=None):
        super().__init__(*args)
        if sqlstate:
            self.sqlstate = sqlstate


def wrapped(text, cause):
    error = OperationalError(text)
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (wrapped("deadlock detected", DriverError(sqlstate="40P01")), True),
        (wrapped("could not serialize", DriverError(sqlstate="40001")), True),
        (wrapped("lock not available", DriverError(sqlstate="55P03")), True),
        (wrapped("connection failure", DriverError(sqlstate="08006")), False),
        (wrapped("Deadlock found", DriverError(1213, "Deadlock found")), True),
        (wrapped("Lock wait timeout exceeded", DriverError(1205, "Lock wait timeout exceeded")), True),
        (wrapped("Record has changed", DriverError(1020, "Record has changed")), True),
        (wrapped("Server has gone away", DriverError(2006, "Server has gone away")), False),
        (wrapped("database is locked", DriverError("database is locked")), True),
        (OperationalError("database table is locked"), True),
        (wrapped("disk I/O error", DriverError()), False),
        (OperationalError("no such table: people"), False),
    ],
)
def test_contention_is_told_from_other_failures(error, expected):
    assert is_contention(error) is expected
