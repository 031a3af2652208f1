"""What lists and histories cost in queries, and that the quick way shows what the usual one shows."""

import json

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework import serializers
from rest_framework.utils.encoders import JSONEncoder

from find_friend.accounts.models import City, Profile
from find_friend.accounts.serializers import ChatMemberSerializer
from find_friend.chat.models import Chat, Membership
from find_friend.chat.serializers import ChatListItemSerializer, ChatMessageSerializer
from find_friend.friends.models import Block
from find_friend.friends.policies import FriendsPolicy

pytestmark = pytest.mark.django_db

LIST = "/api/v1/chats/"
TOKEN = 1  # query of the authentication


class SameItem(ChatListItemSerializer):
    """Changes nothing, and still is the site's."""


class Item(ChatListItemSerializer):
    number = serializers.IntegerField(source="chat.last_seq")


class SameMessage(ChatMessageSerializer):
    pass


class ShortMessage(serializers.Serializer):
    id = serializers.IntegerField()
    seq = serializers.IntegerField()


class Member(ChatMemberSerializer):
    initials = serializers.SerializerMethodField()
    email = serializers.SerializerMethodField(method_name="no_email")

    def get_initials(self, user):
        assert self.instance == user
        return user.first_name[:1] + user.last_name[:1]

    def no_email(self, user):
        return None


class NamedMember(ChatMemberSerializer):
    first_name = serializers.CharField()


class LoudMember(ChatMemberSerializer):
    def to_representation(self, instance):
        return {key: str(value).upper() for key, value in super().to_representation(instance).items()}


class OneByOne(FriendsPolicy):
    def may_see(self, user, other):
        return super().may_see(user, other) and other.first_name != "Eve"


class Hidden(FriendsPolicy):
    """Hides people from themselves."""

    def visible_users(self, queryset, viewer):
        return super().visible_users(queryset, viewer).exclude(pk=viewer.pk)

    def may_see(self, user, other):
        return user.pk != other.pk and super().may_see(user, other)

    def may_know_of(self, user, other):
        return super().may_know_of(user, other)


def here(cls):
    return f"{__name__}.{cls.__name__}"


def cost(client, path, status=200):
    with CaptureQueriesContext(connection) as queries:
        assert client.get(path).status_code == status
    return len(queries)


@pytest.fixture
def chats(ann, bob, eve, user_factory, befriend):
    """Ann's: with Bob, who has a profile; with Eve, no message; with one who blocked her; with one who is gone."""
    blocker, leaver = user_factory(), user_factory()
    city = City.objects.create(name="Москва", country="RU")
    Profile.objects.update_or_create(user=bob, defaults={"birthday": "2000-02-29", "city": city})
    made = []
    for other in (bob, eve, blocker, leaver):
        befriend(ann, other)
        made.append(Chat.objects.direct(by=other, to=ann)[0])
    for chat, sender in ((made[0], ann), (made[0], bob), (made[2], blocker), (made[3], leaver)):
        chat.post(by=sender, text=f"Привет, {sender.first_name} 👋")
    made[0].read(by=ann, seq=1)
    Block.objects.block(by=blocker, user=ann)
    leaver.delete()
    return made


def test_the_quick_way_and_the_usual_one_show_the_same(api, ann, chats, configure):
    client = api(ann)
    quick = client.get(LIST).json()
    assert [item["id"] for item in quick] == [chats[index].pk for index in (3, 2, 0, 1)]
    gone, blocked, known, quiet = quick
    assert gone["initiator"] is blocked["initiator"] is quiet["last_message"] is None
    assert gone["last_message"]["sender"] is None
    assert (known["initiator"]["city"], known["receiver"]["city"]) == ("Москва", None)
    assert isinstance(known["initiator"]["age"], int)
    assert [item["unread_count"] for item in quick] == [1, 1, 1, 0]
    for roles in (
        {"chat_list_item": here(SameItem)},
        {"chat_message": here(SameMessage)},
        {"chat_list_item": here(SameItem), "chat_message": here(SameMessage)},
    ):
        configure(SERIALIZERS=roles)
        assert client.get(LIST).json() == quick
    configure(SERIALIZERS={})
    rows = ChatListItemSerializer(list(Membership.objects.of(ann)), many=True, context=context(ann)).data
    assert json.loads(json.dumps(rows, cls=JSONEncoder)) == quick


def context(user):
    class Request:
        pass

    Request.user = user
    return {"request": Request}


def test_serializers_of_the_site_are_honored(api, ann, chats, configure):
    client = api(ann)
    usual = client.get(LIST).json()
    configure(SERIALIZERS={"chat_list_item": here(Item)})
    assert client.get(LIST).json() == [{**item, "number": Chat.objects.get(pk=item["id"]).last_seq} for item in usual]
    configure(SERIALIZERS={"chat_message": here(ShortMessage)})
    assert [item["last_message"] and item["last_message"].keys() for item in client.get(LIST).json()] == [
        {"id", "seq"},
        {"id", "seq"},
        {"id", "seq"},
        None,
    ]
    configure(SERIALIZERS={"chat_member": here(Member)})
    card = client.get(LIST).json()[2]["receiver"]
    assert (card["initials"], card["email"], card["first_name"]) == ("AA", None, "Ann")
    configure(SERIALIZERS={"chat_member": here(NamedMember)})
    assert client.get(LIST).json() == usual
    configure(SERIALIZERS={"chat_member": here(LoudMember)})
    assert client.get(LIST).json()[2]["receiver"]["first_name"] == "ANN"


def test_a_policy_of_single_answers_is_asked(api, ann, chats, configure):
    configure(POLICY=here(OneByOne))
    shown = {item["id"]: item["initiator"] for item in api(ann).get(LIST).json()}
    assert shown[chats[0].pk]["first_name"] == "Bob"
    assert shown[chats[1].pk] is None  # Eve


def test_one_always_sees_oneself(api, ann, chats, configure):
    usual = api(ann).get(LIST).json()
    configure(POLICY=here(Hidden))
    assert api(ann).get(LIST).json() == usual


@pytest.mark.needs("accounts")
def test_a_list_costs_the_same_however_long(api, ann, user_factory, befriend):
    client, costs = api(ann), []
    for count in (1, 29):
        for _ in range(count):
            friend = user_factory()
            befriend(ann, friend)
            Chat.objects.direct(by=friend, to=ann)[0].post(by=friend, text="hello")
        costs.append(cost(client, LIST))
    assert len(client.get(LIST).json()) == 30
    assert costs == [TOKEN + 2, TOKEN + 2]


@pytest.mark.needs("accounts")
@pytest.mark.parametrize("query", ["", "?after_seq=0", "?before_seq=20", "?after_seq=3&before_seq=9&limit=100"])
def test_a_page_of_history_costs_one_query(api, chat, ann, query):
    client, costs = api(ann), []
    for count in (10, 30):
        for _ in range(count):
            chat.post(by=ann, text="x")
        costs.append(cost(client, f"{LIST}{chat.pk}/messages/{query}"))
    assert costs == [TOKEN + 1, TOKEN + 1]


@pytest.mark.needs("accounts")
def test_a_chat_costs_two_queries(api, chat, ann):
    client, address = api(ann), f"{LIST}{chat.pk}/"
    assert cost(client, address) == TOKEN + 3  # without a message it takes one more to tell why there are none
    for _ in range(40):
        chat.post(by=ann, text="x")
    assert cost(client, address) == TOKEN + 2


def test_no_page_shows_what_its_reader_may_not_see(api, chat, ann, bob, eve, staff, configure):
    for path in ("", "messages/", "messages/?after_seq=0", "messages/?after_seq=9"):
        address = f"{LIST}{chat.pk}/{path}"
        for _ in range(2):  # without messages, and with one
            assert api(eve).get(address).json() == {"detail": "You may not view this chat.", "code": "not_member"}
            assert api(staff).get(address).status_code == 200
            assert api(eve).get(f"{LIST}{chat.pk + 1}/{path}").json()["code"] == "chat_not_found"
            chat.post(by=ann, text="secret")
    configure(CHAT_HISTORY_SIZE=0)
    assert api(bob).get(f"{LIST}{chat.pk}/").json()["chat_messages"] == []
    assert api(eve).get(f"{LIST}{chat.pk}/").status_code == 403


def test_a_bad_question_about_another_chat_is_refused_first(api, chat, ann, eve):
    path = "messages/?after_seq=x"
    assert api(eve).get(f"{LIST}{chat.pk}/{path}").status_code == 403
    assert api(eve).get(f"{LIST}0/{path}").status_code == 404
    assert api(ann).get(f"{LIST}{chat.pk}/{path}").status_code == 400


def test_chats_of_no_pair_are_listed_too(api, ann):
    chat = Chat.objects.create()
    chat.memberships.create(user=ann)
    chat.post(by=ann, text="hello")
    (item,) = api(ann).get(LIST).json()
    assert (item["initiator"], item["receiver"], item["last_message"]["text"]) == (None, None, "hello")
    assert get_user_model().objects.get() == ann
