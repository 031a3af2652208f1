import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIRequestFactory

from find_friend import serializers
from find_friend.exceptions import UserNotThere
from tests.apps.core.probes import EntrySerializer

pytestmark = pytest.mark.django_db

PLAIN = {
    "user": "find_friend.serializers.UserSerializer",
    "chat_member": "find_friend.serializers.ChatMemberSerializer",
}


@pytest.fixture
def context(ann):
    request = APIRequestFactory().get("/")
    request.user = ann
    return {"request": request}


class Card(serializers.UserSerializer):
    def get_city(self, user):
        return "Paris"


class NameOnly(serializers.serializers.Serializer):
    """A card of a site that shows no relationship."""

    name = serializers.serializers.CharField(source="first_name")

    @classmethod
    def prepare(cls, queryset):
        return queryset


def test_roles_come_from_the_apps_and_settings_win(configure):
    assert {"user", "chat_member"} <= serializers.default_roles().keys()
    configure(SERIALIZERS={"user": f"{__name__}.Card"})
    assert serializers.serializer_class("user") is Card
    assert serializers.serializer_class("chat_member").__name__ == "ChatMemberSerializer"
    with pytest.raises(KeyError):
        serializers.serializer_class("no_such_role")


def test_plain_card_has_every_key(configure, ann, bob, context):
    configure(SERIALIZERS=PLAIN)
    assert serializers.user_cards([ann.pk, bob.pk], context) == {
        ann.pk: {
            "id": ann.pk,
            "first_name": "Ann",
            "last_name": "Archer",
            "age": None,
            "city": None,
            "avatar": None,
            "interests": [],
            "relationship": "self",
        },
        bob.pk: {
            "id": bob.pk,
            "first_name": "Bob",
            "last_name": "Baker",
            "age": None,
            "city": None,
            "avatar": None,
            "interests": [],
            "relationship": "none",
        },
    }


def test_relationship_comes_from_the_policy(befriend, ann, bob, context):
    befriend(ann, bob)
    assert serializers.user_cards([bob.pk], context)[bob.pk]["relationship"] == "friends"


def test_a_card_of_the_site_replaces_ours(configure, ann, bob, context):
    configure(SERIALIZERS={"user": f"{__name__}.Card"})
    assert serializers.user_cards([bob.pk], context)[bob.pk]["city"] == "Paris"


def test_a_card_without_a_relationship_asks_for_none(configure, bob, context, django_assert_num_queries):
    configure(SERIALIZERS={"user": f"{__name__}.NameOnly"})
    with django_assert_num_queries(1):
        assert serializers.user_cards([bob.pk], context) == {bob.pk: {"name": "Bob"}}


def test_unknown_keys_have_no_card(ann, context):
    assert set(serializers.user_cards([ann.pk, None], context)) == {ann.pk}
    assert serializers.user_cards([], context) == {}


def test_cards_cost_the_same_however_many(user_factory, ann, context, django_assert_max_num_queries):
    pks = [user_factory().pk for _ in range(12)]
    with django_assert_max_num_queries(5) as queries:
        assert len(serializers.user_cards(pks[:2], context)) == 2
    few = len(queries)
    with django_assert_max_num_queries(few):
        assert len(serializers.user_cards(pks, context)) == 12


def test_member_of_a_chat_shows_an_address(configure, bob, context):
    configure(SERIALIZERS=PLAIN)
    assert serializers.user_cards([bob.pk], context, role="chat_member")[bob.pk] == {
        "email": "bob@example.com",
        "first_name": "Bob",
        "last_name": "Baker",
        "age": None,
        "city": None,
    }


def test_member_has_none_where_the_site_keeps_none(configure, bob, context, monkeypatch):
    configure(SERIALIZERS=PLAIN)
    monkeypatch.setattr(type(bob), "EMAIL_FIELD", "no_such_column")
    assert serializers.user_cards([bob.pk], context, role="chat_member")[bob.pk]["email"] is None


def entry(user):
    return LogEntry.objects.create(user=user, action_flag=CHANGE, object_repr="x")


def test_one_row_renders_its_card(ann, bob, context):
    assert EntrySerializer(entry(bob), context=context).data["user"]["first_name"] == "Bob"


def test_a_page_of_rows_renders_all_cards_at_once(user_factory, ann, bob, context):
    rows = [entry(bob), entry(bob), entry(ann)]
    with CaptureQueriesContext(connection) as few:
        data = EntrySerializer(rows, many=True, context=dict(context)).data
    assert [item["user"]["first_name"] for item in data] == ["Bob", "Bob", "Ann"]
    more = [*rows, *(entry(user_factory()) for _ in range(9))]
    with CaptureQueriesContext(connection) as many:
        assert len(EntrySerializer(more, many=True, context=dict(context)).data) == 12
    assert len(many) == len(few)


def test_a_key_read_from_a_body_becomes_the_user(bob):
    field = serializers.UserKeyField()
    assert field.run_validation(str(bob.pk)) == bob
    assert field.to_representation(bob.pk) == bob.pk


@pytest.mark.parametrize("value", [True, 1.5, [], {}, ["1"]])
def test_what_can_be_no_key_is_a_wrong_field(value):
    with pytest.raises(serializers.serializers.ValidationError) as caught:
        serializers.UserKeyField().run_validation(value)
    assert caught.value.get_codes() == ["invalid"]


@pytest.mark.parametrize("value", ["nobody", "", "\x00", 10**30, 0])
def test_what_is_nobodys_key_is_a_user_who_is_not_there(value):
    with pytest.raises(UserNotThere):
        serializers.UserKeyField().run_validation(value)
