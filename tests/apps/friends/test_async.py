"""Each twin does what its method does, in an async test and in an async view."""

import pytest

from find_friend.exceptions import UserNotThere
from find_friend.friends import exceptions
from find_friend.friends.models import Block, FriendRequest, Friendship
from tests import twins
from tests.twins import Story


def asked(people):
    FriendRequest.objects.send(by=people["ann"], to=people["bob"])


def befriended(people):
    Friendship.objects.befriend(people["ann"], people["bob"])


def blocked(people):
    Block.objects.block(by=people["ann"], user=people["bob"])


REQUESTS, REQUEST, FRIENDSHIPS, BLOCKS = (
    "FriendRequest.objects",
    "friend_request",
    "Friendship.objects",
    "Block.objects",
)
STORIES = [
    Story(REQUESTS, "asend", by="ann", to="bob", message="Remember me?", gives="FriendRequest"),
    Story(REQUESTS, "asend", by="bob", to="ann", set_up=asked, gives="FriendRequest"),
    Story(REQUESTS, "asend", by="ann", to="ann", gives=exceptions.SelfRequest),
    Story(REQUESTS, "asend", by="ann", to="gone", gives=UserNotThere),
    Story(REQUEST, "aaccept", by="bob", set_up=asked, gives=None),
    Story(REQUEST, "aaccept", by="ann", set_up=asked, gives=exceptions.NotRecipient),
    Story(REQUEST, "adecline", by="bob", set_up=asked, gives=None),
    Story(REQUEST, "adecline", by="ann", set_up=asked, gives=exceptions.NotRecipient),
    Story(REQUEST, "awithdraw", by="ann", set_up=asked, gives=None),
    Story(REQUEST, "awithdraw", by="bob", set_up=asked, gives=exceptions.NotSender),
    Story(FRIENDSHIPS, "abefriend", "ann", "bob", gives=True),
    Story(FRIENDSHIPS, "abefriend", "bob", "ann", set_up=befriended, gives=False),
    Story(FRIENDSHIPS, "abefriend", "ann", "bob", set_up=blocked, gives=exceptions.PairBlocked),
    Story(FRIENDSHIPS, "aunfriend", by="bob", friend="ann", set_up=befriended, gives=True),
    Story(FRIENDSHIPS, "aunfriend", by="bob", friend="ann", gives=False),
    Story(BLOCKS, "ablock", by="ann", user="bob", gives=("Block", True)),
    Story(BLOCKS, "ablock", by="ann", user="bob", set_up=blocked, gives=("Block", False)),
    Story(BLOCKS, "ablock", by="ann", user="ann", gives=exceptions.SelfBlock),
    Story(BLOCKS, "alift", by="ann", user="bob", set_up=blocked, gives=True),
    Story(BLOCKS, "alift", by="ann", user="bob", gives=False),
]


def test_every_twin_has_a_story():
    assert {(story.owner, story.twin) for story in STORIES} == twins.documented("friends")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("run", [twins.directly, twins.in_a_view])
@pytest.mark.parametrize("story", STORIES, ids=repr)
async def test_a_twin_does_the_same(story, run, settings, ann, bob, eve):
    settings.ROOT_URLCONF = "tests.twins"
    await twins.follow(story, "friends", run, ann, bob, eve)
