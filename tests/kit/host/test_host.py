import sys

import pytest
from django.apps import apps
from django.test import TestCase, TransactionTestCase, override_settings

from find_friend import testing

CHAT, FRIENDS, ACCOUNTS = (apps.is_installed(f"find_friend.{name}") for name in ("chat", "friends", "accounts"))
FORGETFUL = override_settings(FIND_FRIEND={"POLICY": "tests.kit.host.rules.Forgetful"})


def hire(scene):
    scene.other.is_staff = True
    scene.other.save(update_fields=["is_staff"])


def meet_and_hire(scene):
    if FRIENDS:
        testing.create_friendship(scene.viewer, scene.other)
    if CHAT:
        scene.chat = testing.create_chat(scene.viewer, scene.other, ["Hello.", "Good evening."])
    hire(scene)


RELATIONS = {"hired": meet_and_hire, "hired stranger": hire}


class OnlyHired:
    relations = RELATIONS

    def every_relation(self):
        return {name: relation for name, relation in super().every_relation().items() if name in RELATIONS}


class TestRight(testing.HttpLeaks, TestCase):
    relations = RELATIONS


class TestRightSockets(testing.SocketLeaks, TransactionTestCase):
    relations = RELATIONS


@FORGETFUL
class TestForgetful(OnlyHired, testing.HttpLeaks, TestCase):
    def test_no_endpoint_tells_more_than_the_policy(self):
        where = "find_friend_accounts:user-list" if ACCOUNTS else "find_friend_chat:chat-list"
        if FRIENDS:
            where = "find_friend_friends:friend-list"
        with pytest.raises(AssertionError, match=f"hired: GET {where}: names somebody whom the policy hides"):
            super().test_no_endpoint_tells_more_than_the_policy()


@pytest.mark.skipif(not CHAT, reason="no sockets")
@FORGETFUL
class TestForgetfulSockets(OnlyHired, testing.SocketLeaks, TransactionTestCase):
    def test_no_socket_tells_more_than_the_policy(self):
        with pytest.raises(AssertionError, match="hired: plain protocol: lets somebody in whom the policy keeps out"):
            super().test_no_socket_tells_more_than_the_policy()


def test_a_client(find_friend_user, find_friend_api):
    ann = find_friend_user()
    name = "find_friend_accounts:user-me" if ACCOUNTS else "find_friend_friends:friend-list"
    if not ACCOUNTS and not FRIENDS:
        name = "find_friend_chat:chat-list"
    from django.urls import reverse

    assert find_friend_api().get(reverse(name)).status_code == 401
    assert find_friend_api(ann).get(reverse(name)).status_code == 200
    assert find_friend_api(ann, forced=True).get(reverse(name)).status_code == 200


def test_channels_is_imported_only_for_chat():
    assert ("channels" in sys.modules) == CHAT


@pytest.mark.skipif(not CHAT, reason="no sockets")
@pytest.mark.parametrize("rich", [False, True])
async def test_two_people_talk(find_friend_user, find_friend_socket, rich):
    from asgiref.sync import sync_to_async

    ann, bob = [await sync_to_async(find_friend_user)() for _ in range(2)]
    if FRIENDS:
        await sync_to_async(testing.create_friendship)(ann, bob)
    chat = await sync_to_async(testing.create_chat)(ann, bob)
    async with find_friend_socket(chat, ann, rich=rich) as left, find_friend_socket(chat, bob) as right:
        await left.post("hello")
        assert (await right.message())["text"] == (await left.message())["text"] == "hello"
