"""The socket clients of the kit."""

import pytest
from channels.db import database_sync_to_async as in_thread

from find_friend.friends.models import Friendship
from find_friend.testing import Refused, chat_socket, sockets

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize(("rich", "code"), [(False, 4403), (True, 4403)])
async def test_a_stranger_is_refused(chat, eve, rich, code):
    with pytest.raises(Refused) as refusal:
        async with chat_socket(chat, eve, rich=rich):
            pytest.fail("A stranger is in.")
    assert (refusal.value.code, str(refusal.value)) == (code, f"The socket was closed with {code}.")


@pytest.mark.parametrize("rich", [False, True])
async def test_a_guest_is_refused(chat, rich):
    with pytest.raises(Refused, match="4401"):
        async with chat_socket(chat, rich=rich):
            pytest.fail("A guest is in.")


async def test_more_headers_and_another_address(chat, ann):
    foreign = [(b"host", b"example.com"), (b"origin", b"https://elsewhere.example.com")]
    with pytest.raises(Refused):
        async with chat_socket(chat, ann, headers=foreign):
            pytest.fail("A foreign page is in.")
    with pytest.raises(Refused):
        async with chat_socket(chat, ann, prefix="/elsewhere/"):
            pytest.fail("There is nothing.")


async def test_what_comes(find_friend_socket, chat, ann, bob):
    async with find_friend_socket(chat, ann, rich=True) as left, find_friend_socket(chat, bob) as right:
        assert left.hello["chat"] == chat.pk
        client_id = await left.post("one")
        assert (await left.hear("ack", "err"))["client_id"] == client_id
        await left.say("ping")
        await right.post("two")
        assert sorted(await left.texts(2)) == await right.texts(2) == ["one", "two"]
        await right.nothing()
    async with chat_socket(chat, ann, rich=True, query="after=1") as left:
        assert left.hello["resumed"]
        assert await left.texts(1) == ["two"]


async def test_a_frame_where_none_should_be(chat, ann):
    async with chat_socket(chat, ann) as socket:
        for wrong in (socket.nothing, socket.closed):
            await socket.post("hello")
            with pytest.raises(AssertionError, match=r"A frame came: .*hello"):
                await wrong()


async def test_nothing_comes_and_then_something(chat, ann, monkeypatch):
    async with chat_socket(chat, ann) as socket:
        monkeypatch.setattr(sockets, "PATIENCE", 0.1)
        with pytest.raises(TimeoutError, match=r"Nothing came for 0\.1 seconds"):
            await socket.next()
        monkeypatch.undo()
        await socket.post("hello")
        assert (await socket.message())["text"] == "hello"


async def test_the_server_closes(chat, ann, bob):
    async with chat_socket(chat, ann) as left, chat_socket(chat, bob, rich=True) as right:
        await left.post("hello")
        assert (await left.message())["text"] == "hello"
        await in_thread(Friendship.objects.unfriend)(by=ann, friend=bob)
        with pytest.raises(Refused, match="4403"):
            await left.next()
        assert await right.closed() == 4403  # after the frame of the message


async def test_a_ticket_opens_it_where_the_site_takes_no_tokens(chat, ann, configure):
    configure(AUTHENTICATION_CLASSES=["rest_framework.authentication.SessionAuthentication"])
    async with chat_socket(chat, ann) as socket:
        await socket.post("hello")
        assert await socket.texts(1) == ["hello"]
