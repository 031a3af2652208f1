"""The leak suite finds nothing in what the package ships, and finds what a site gives away."""

import pytest
from django.test import TestCase, TransactionTestCase

from find_friend.testing import HttpLeaks, SocketLeaks, sockets
from find_friend.testing.leaks.calls import CALLS
from tests.permissions.test_matrix import every_route

HERE = "tests.kit.overrides"


class TestHttp(HttpLeaks, TestCase):
    pass


class TestSockets(SocketLeaks, TransactionTestCase):
    pass


def test_every_route_is_called():
    called = {(call.name.partition(":")[2], call.method) for calls in CALLS.values() for call in calls}
    routes = {(name, method) for name, methods, _module in every_route() if name for method in methods}
    assert called == routes - {("find_friend-root", "get")}


def leaks(suite, *relations):
    """The lines of the report without the first, for some of the relations."""

    class Some(suite):
        def every_relation(self):
            return {name: relation for name, relation in super().every_relation().items() if name in relations}

    test = next(getattr(Some(), name) for name in dir(suite) if name.startswith("test_"))
    try:
        test()
    except AssertionError as error:
        return str(error).splitlines()[1:]
    return []


@pytest.mark.parametrize("policy", ["OnlyFriendsSee", "SingleAnswers", "OneWay"])
@pytest.mark.django_db
def test_a_right_policy(configure, policy):
    configure(POLICY=f"{HERE}.{policy}")
    assert leaks(HttpLeaks, "stranger", "friend", "requested", "blocker", "blocked") == []


NAMED = "names somebody whom the policy hides"
MAILED = "shows the e-mail address of somebody else"


@pytest.mark.parametrize(
    ("role", "override", "relation", "told"),
    [
        (None, "ListsEverybody", "stranger", f"GET find_friend_accounts:user-list: {NAMED}"),
        (None, "ListsEverybody", "ex_friend", f"GET find_friend_chat:chat-detail: {NAMED}"),
        (None, "ListsEverybody", "ex_friend", f"GET find_friend_chat:chat-list: {MAILED}"),
        (
            None,
            "ListsNobody",
            "friend",
            "GET find_friend_friends:friend-list: leaves out somebody whom the policy shows",
        ),
        (
            None,
            "ListsNobody",
            "requested",
            "POST find_friend_friends:friend-request-decline: answers 404 where the policy wants 200",
        ),
        (
            "friend_request_create",
            "SaysWhy",
            "blocked",
            "POST find_friend_friends:friend-request-list: answers in other words than for somebody who does not exist",
        ),
        ("user", "CardWithEmail", "stranger", f"GET find_friend_accounts:user-detail: {MAILED}"),
        (
            "user",
            "CardWithBirthday",
            "friend",
            "GET find_friend_friends:friend-list: shows the birthday of somebody else",
        ),
        (
            "start_chat",
            "WritesBeforeItIsRefused",
            "stranger",
            "POST find_friend_chat:chat-start: is refused and changes find_friend_accounts.Interest",
        ),
    ],
)
@pytest.mark.django_db
def test_what_gives_something_away(configure, role, override, relation, told):
    path = f"{HERE}.{override}"
    configure(**({"POLICY": path} if role is None else {"SERIALIZERS": {role: path}}))
    found = leaks(HttpLeaks, relation)
    assert f"{relation}: {told}" in found, found


@pytest.mark.parametrize(
    ("role", "override", "relation", "told"),
    [
        (None, "OneWay", "friend", None),
        (None, "OtherWay", "friend", None),
        (None, "SocketsForEverybody", "blocked", "plain protocol: lets somebody in whom the policy keeps out"),
        (None, "SocketsForNobody", "friend", "ff.chat.v1: keeps somebody out (4403) whom the policy lets in"),
        ("chat_message", "LosesTexts", "friend", "plain protocol: does not bring the message of the other"),
        (
            "message",
            "RichLosesTexts",
            "friend",
            "ff.chat.v1: takes no message of somebody whom the policy lets write",
        ),
    ],
)
@pytest.mark.django_db(transaction=True)
def test_sockets_that_give_something_away(configure, monkeypatch, role, override, relation, told):
    monkeypatch.setattr(sockets, "PATIENCE", 1.0)
    path = f"{HERE}.{override}"
    configure(**({"POLICY": path} if role is None else {"SERIALIZERS": {role: path}}))
    found = leaks(SocketLeaks, relation)
    assert f"{relation}: {told}" in found if told else found == [], found
