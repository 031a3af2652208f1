"""The whole story over HTTP and sockets of real servers."""

import asyncio
import os

import pytest
import websockets
from channels.db import database_sync_to_async as in_thread

from find_friend.accounts.models import AuthToken
from find_friend.chat.models import Message
from find_friend.friends.models import Friendship
from tests.conftest import PASSWORD
from tests.servers.faults import BREAKING

pytestmark = [pytest.mark.server, pytest.mark.django_db(transaction=True)]


async def key_of(user):
    return (await in_thread(AuthToken.objects.issue)(user))[1]


async def close_code(wire, timeout=5):
    with pytest.raises(websockets.ConnectionClosed):
        await asyncio.wait_for(wire.recv(), timeout)
    return wire.close_code


async def refusal(server, *args, **kwargs):
    with pytest.raises(websockets.InvalidStatus) as error:
        async with server.socket(*args, **kwargs):
            pass
    return error.value.response.status_code


async def test_from_signing_up_to_talking(server, received):
    people = [
        {"email": f"{name}@example.com", "password": PASSWORD, "first_name": name, "last_name": "Example"}
        for name in ("Ann", "Bob")
    ]
    keys = []
    async with server.client() as guest:
        for person in people:
            assert (await guest.post("users/", json=person)).status_code == 201
            answer = await guest.post("auth/token/login/", json=person)
            keys.append(answer.json()["auth_token"])
    async with server.client(keys[0]) as ann, server.client(keys[1]) as bob:
        request = {"to_user": (await bob.get("users/me/")).json()["id"]}
        sent = (await ann.post("friend-requests/", json=request)).json()
        assert (await bob.post(f"friend-requests/{sent['id']}/accept/")).json()["status"] == "accepted"
        chat = (await ann.post("chats/start/", json={"email": "bob@example.com"})).json()
        path = f"/ws/chat/{chat['id']}"
        async with server.socket(None, keys[0], path) as left, server.socket(None, keys[1], path) as right:
            await left.send("Hello!")
            assert (await received(left))["text"] == (await received(right))["text"] == "Hello!"
            await right.send("Hello yourself!")
            assert (await received(left))["text"] == (await received(right))["text"] == "Hello yourself!"
        shown = (await bob.get(f"chats/{chat['id']}/")).json()
        assert [message["text"] for message in shown["chat_messages"]] == ["Hello yourself!", "Hello!"]
        async with server.socket(None, keys[1], path) as again:
            assert [await received(again), await received(again)] == shown["chat_messages"]


async def test_refused_before_it_is_accepted(server, chat, ann, eve):
    assert await refusal(server, chat) == 403
    assert await refusal(server, chat, "ff_wrong") == 403
    assert await refusal(server, chat, await key_of(eve)) == 403
    key = await key_of(ann)
    for path in (
        "/ws/chat/abc/",
        "/ws/chat/999999/",
        f"/ws/chat/{'9' * 60}/",
        "/ws/chat/%00/",
        "/ws/chat/%ff/",
        "/nowhere",
    ):
        assert await refusal(server, chat, key, path) == 403
    assert await refusal(server, chat, key, origin="http://evil.example") == 403
    async with server.socket(chat, key, origin=server.url):
        pass


async def test_a_refusal_can_be_read_by_those_who_speak_the_richer_protocol(server, chat, eve):
    for key, code in ((None, 4401), (await key_of(eve), 4403)):
        async with server.socket(chat, key, subprotocols=["ff.chat.v1"]) as wire:
            assert wire.subprotocol == "ff.chat.v1"
            assert await close_code(wire) == code


@pytest.mark.parametrize(
    "header",
    [
        b"Authorization: Token \x85\x0b",
        b"Authorization: \xff\xfe",
        b"Cookie: sessionid=\x01\xff; a=\x7f",
        b"Origin: \xff",
        b"Origin: http://[",
        b"Host: \xff",
        b"Content-Type: text/plain; charset=\xff",
        b"Authorization: " + b"x" * 6000,
    ],
)
async def test_hostile_headers(server, chat, header):
    """Refused by the server or by us, and whoever comes next is served."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    lines = [
        f"GET /ws/chat/{chat.pk}/?ticket=%ff HTTP/1.1".encode(),
        b"Host: 127.0.0.1",
        b"Upgrade: websocket",
        b"Connection: Upgrade",
        b"Sec-WebSocket-Version: 13",
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        header,
    ]
    writer.write(b"\r\n".join([*lines, b"", b""]))
    try:
        answer = await asyncio.wait_for(reader.readline(), 10)
    finally:
        writer.close()
        await asyncio.wait_for(writer.wait_closed(), 10)
    # Older uvicorns hang up on header bytes that are no text, without an answer.
    assert answer[:12] in (b"HTTP/1.1 403", b"HTTP/1.1 400", b"")


async def test_bad_frames_cost_nothing_but_themselves(server, chat, ann, received):
    async with server.socket(chat, await key_of(ann)) as wire:
        for frame in (b"binary", b"", "", "  ", "x" * 1001, "x" * 900_000, "a\x00b"):
            await wire.send(frame)
        await wire.send("good")
        assert (await received(wire))["text"] == "good"
    assert await in_thread(Message.objects.count)() == 1
    assert "Frame dropped: null_characters_not_allowed" in server.written()


async def test_what_could_not_be_stored_closes_the_socket(server_process, transactional_db, chat, ann):
    async with server_process.socket(chat, await key_of(ann)) as wire:
        await wire.send(BREAKING)
        assert await close_code(wire) == 1013
    assert f"The serializer or content hook of messages failed in chat {chat.pk}." in server_process.written()


async def test_rights_that_end_close_the_socket(server, chat, ann, bob):
    key, other = await key_of(ann), await key_of(bob)
    async with server.client(key) as client:
        async with server.socket(chat, key) as wire:
            assert (await client.post("auth/token/logout/")).status_code == 204
            assert await close_code(wire, 1.5) == 4401
        assert await refusal(server, chat, key) == 403
        assert (await client.get("users/me/")).status_code == 401
    async with server.client(other) as client, server.socket(chat, await key_of(ann)) as wire:
        assert (await client.delete(f"friends/{ann.pk}/")).status_code == 204
        assert await close_code(wire, 1.5) == 4403


async def test_a_ticket_in_the_address(server, chat, ann, received):
    async with server.client(await key_of(ann)) as client:
        ticket = (await client.post("auth/ws-ticket/")).json()["ticket"]
    path = f"/ws/chat/{chat.pk}/?ticket={ticket}"
    async with server.socket(chat, path=path) as wire:
        await wire.send("hello")
        assert (await received(wire))["text"] == "hello"
    assert await refusal(server, chat, path=path) == 403


async def test_many_at_once_see_one_order(server, chat, ann, bob, received):
    keys = [await key_of(user) for user in (ann, bob)] * 2
    async with (
        server.socket(chat, keys[0]) as a,
        server.socket(chat, keys[1]) as b,
        server.socket(chat, keys[2]) as c,
        server.socket(chat, keys[3]) as d,
    ):
        wires = [a, b, c, d]

        async def talk(number, wire):
            for count in range(10):
                await wire.send(f"{number}.{count}")
                await asyncio.sleep(0.01)

        await asyncio.gather(*(talk(number, wire) for number, wire in enumerate(wires)))
        seen = []
        for wire in wires:
            seen.append([(await received(wire))["id"] for _ in range(40)])
    assert seen[0] == seen[1] == seen[2] == seen[3] == sorted(seen[0])
    numbers = await in_thread(lambda: list(Message.objects.order_by("seq").values_list("seq", flat=True)))()
    assert numbers == list(range(1, 41))


async def test_clients_that_vanish_leave_no_traceback(server, chat, ann, bob, received):
    async with server.socket(chat, await key_of(bob)) as stays:
        for _ in range(5):
            async with server.socket(chat, await key_of(ann)) as wire:
                await wire.send("and gone")
                wire.transport.abort()
        await stays.send("still here")
        while (await received(stays))["text"] != "still here":
            pass


@pytest.mark.redis
async def test_other_processes_reach_the_sockets(server, chat, ann, bob, received):
    """This process stands for another server or a worker; the two share the channel layer."""
    async with server.socket(chat, await key_of(ann)) as left, server.socket(chat, await key_of(bob)) as right:
        await in_thread(chat.post)(by=ann, text="from elsewhere")
        assert (await received(left))["text"] == (await received(right))["text"] == "from elsewhere"
        await in_thread(Friendship.objects.unfriend)(by=ann, friend=bob)
        assert [await close_code(left, 1.5), await close_code(right, 1.5)] == [4403, 4403]
    assert os.getpid() != server.process.pid
