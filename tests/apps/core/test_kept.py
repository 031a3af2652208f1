"""Statements that are kept give what the ORM gives."""

import pytest
from django.contrib.auth import get_user_model
from django.db import models

from find_friend import kept
from find_friend.accounts.models import AuthToken

pytestmark = pytest.mark.django_db


def people(name):
    def build():
        return get_user_model().objects.filter(first_name=kept.given("name")).values_list("pk", "last_name")

    return kept.rows("people", build, "default", {"name": name})


def test_one_statement_for_many_values(ann, bob, django_assert_num_queries):
    with django_assert_num_queries(2):
        assert [last for _pk, last in people("Ann")] == ["Archer"]
        assert [last for _pk, last in people("Bob")] == ["Baker"]
    assert people("%s") == []


def test_it_is_written_anew_for_other_settings(ann, configure):
    people("Ann")
    first = kept._kept["people"]
    people("Bob")
    assert kept._kept["people"] is first
    configure(CHAT_HISTORY_SIZE=3)
    people("Ann")
    assert kept._kept["people"] is not first


@pytest.mark.postgres
def test_columns_that_are_converted_are_left_to_the_orm(monkeypatch):
    user = get_user_model()
    assert kept.is_plain(user, "default")
    kept.is_plain.cache_clear()
    monkeypatch.setattr(
        type(user._meta.get_field("first_name")), "get_db_converters", lambda self, connection: [lambda *args: "x"]
    )
    assert not kept.is_plain(user, "default")
    kept.is_plain.cache_clear()


def test_the_token_of_a_key_is_the_orms_token(ann, bob):
    token, key = AuthToken.objects.issue(ann)
    found = AuthToken.objects.for_key(key)
    read = AuthToken.objects.select_related("user").get(pk=token.pk)
    for one, other in ((found, read), (found.user, read.user)):
        for field in one._meta.concrete_fields:
            assert getattr(one, field.attname) == getattr(other, field.attname), field
    assert (found._state.adding, found._state.db, found.user._state.adding) == (False, "default", False)
    assert AuthToken.objects.for_key("ff_wrong") is None


def test_a_narrower_queryset_stays_narrow(ann, bob):
    _token, key = AuthToken.objects.issue(ann)
    assert AuthToken.objects.filter(user=ann.pk).for_key(key) is not None
    assert AuthToken.objects.filter(user=bob.pk).for_key(key) is None


@pytest.mark.postgres
def test_a_key_costs_one_query(ann, django_assert_num_queries, monkeypatch):
    _token, key = AuthToken.objects.issue(ann)
    with django_assert_num_queries(1):
        assert AuthToken.objects.for_key(key).user == ann
    monkeypatch.setattr(models.QuerySet, "first", None)
    assert AuthToken.objects.for_key(key).user == ann, "no ORM was needed"
