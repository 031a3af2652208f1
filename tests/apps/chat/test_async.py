"""Each twin does what its method does, in an async test and in an async view."""

from uuid import UUID

import pytest
from django.contrib.auth import get_user_model

from find_friend.chat import exceptions
from find_friend.chat.models import Chat
from find_friend.exceptions import UserNotThere
from find_friend.friends.models import Friendship
from tests import twins
from tests.twins import Story

CLIENT_ID = UUID("12345678123456781234567812345678")


def befriended(people):
    Friendship.objects.befriend(people["ann"], people["bob"])


def strangers(people):
    assert not Friendship.objects.of(people["bob"]).exists()


def begun(people):
    befriended(people)
    Chat.objects.direct(by=people["ann"], to=people["bob"])


def posted(people):
    begun(people)
    Chat.objects.get().post(by=people["ann"], text="hello", client_id=CLIENT_ID)


def parted(people):
    posted(people)
    Friendship.objects.unfriend(by=people["ann"], friend=people["bob"])


CHATS, PRIVACY = "Chat.objects", "Privacy.objects"
STORIES = [
    Story(CHATS, "adirect", by="ann", to="bob", set_up=befriended, gives=("Chat", True)),
    Story(CHATS, "adirect", by="bob", to="ann", set_up=begun, gives=("Chat", False)),
    Story(CHATS, "adirect", by="bob", to="ann", set_up=strangers, gives=exceptions.NotFriends),
    Story(CHATS, "adirect", by="bob", to="gone", gives=UserNotThere),
    Story("chat", "apost", by="ann", text="hello", set_up=begun, gives="Message"),
    Story("chat", "apost", by="ann", text="hello", client_id=CLIENT_ID, set_up=posted, gives="Message"),
    Story("chat", "apost", by="ann", text="x", client_id=CLIENT_ID, set_up=posted, gives=exceptions.ClientIdReused),
    Story("chat", "apost", by="gone", text="hello", set_up=begun, gives=exceptions.NotMember),
    Story("chat", "apost", by="ann", text="hello", set_up=parted, gives=exceptions.PostNotAllowed),
    Story("chat", "aedit", by="ann", seq=1, text="hello!", set_up=posted, gives="Message"),
    Story("chat", "aedit", by="bob", seq=1, text="hello!", set_up=posted, gives=exceptions.NotSender),
    Story("chat", "aedit", by="ann", seq=2, text="hello!", set_up=posted, gives=exceptions.MessageNotThere),
    Story("chat", "aerase", by="ann", seq=1, set_up=posted, gives="Message"),
    Story("chat", "aerase", by="bob", seq=1, set_up=posted, gives=exceptions.NotSender),
    Story("chat", "aread", by="bob", seq=1, set_up=posted, gives="Membership"),
    Story("chat", "aread", by="gone", seq=1, set_up=posted, gives=exceptions.NotMember),
    Story("chat", "aother", "ann", set_up=begun, gives=get_user_model().__name__),
    Story(PRIVACY, "aof", "ann", gives="Privacy"),
    Story(PRIVACY, "achoose", "ann", typing=False, gives="Privacy"),
    Story(PRIVACY, "achoose", "gone", typing=False, gives=UserNotThere),
    Story("Ticket.objects", "aissue", user="ann", gives=47),
]


def test_every_twin_has_a_story():
    assert {(story.owner, story.twin) for story in STORIES} == twins.documented("chat")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("run", [twins.directly, twins.in_a_view])
@pytest.mark.parametrize("story", STORIES, ids=repr)
async def test_a_twin_does_the_same(story, run, settings, ann, bob, eve):
    settings.ROOT_URLCONF = "tests.twins"
    await twins.follow(story, "chat", run, ann, bob, eve)
