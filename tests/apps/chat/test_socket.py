"""One socket: who may open it, what it shows, what it takes."""

import json
import logging

import pytest
from channels.db import database_sync_to_async as in_thread
from django.utils.dateparse import parse_datetime

from find_friend.accounts.models import AuthToken
from find_friend.chat.models import Chat, Message
from find_friend.friends.models import Block, Friendship
from tests.conftest import hang_up

pytestmark = pytest.mark.django_db(transaction=True)

V1 = ["ff.chat.v1"]


@pytest.fixture
def tracebacks(caplog):
    """Log records that hold a traceback."""
    return lambda: [record.getMessage() for record in caplog.records if record.exc_info]


async def test_message_reaches_every_member(chat_socket, chat, ann, bob):
    async with chat_socket(chat, ann) as left, chat_socket(chat, bob) as right:
        await left.post("hello")
        assert (await right.next())["text"] == "hello"
        frame = await left.next()
        stored = await in_thread(Message.objects.get)()
        assert frame.keys() == {"id", "sender", "text", "timestamp"}
        assert (frame["id"], str(frame["sender"])) == (stored.pk, str(ann.pk))
        assert parse_datetime(frame["timestamp"]) == stored.created
        assert frame["timestamp"].endswith("+03:00")
        await left.nothing()


async def test_both_spellings_of_the_address_answer(open_socket, token_header, chat, ann):
    header = await token_header(ann)
    for path in (f"/ws/chat/{chat.pk}/", f"/ws/chat/{chat.pk}"):
        async with open_socket(path, [header]) as (_socket, accepted):
            assert accepted


async def test_history_comes_newest_first(chat_socket, chat, ann, bob, configure):
    configure(CHAT_HISTORY_SIZE=2)
    for text in ("one", "two", "three"):
        await in_thread(chat.post)(by=ann, text=text)
    async with chat_socket(chat, bob) as socket:
        assert await socket.texts(2) == ["three", "two"]
        await socket.post("four")
        assert await socket.texts(1) == ["four"]
        await socket.nothing()


async def test_history_may_be_off(chat_socket, chat, ann, configure):
    configure(CHAT_HISTORY_SIZE=0)
    await in_thread(chat.post)(by=ann, text="before")
    async with chat_socket(chat, ann) as socket:
        await socket.post("after")
        assert await socket.texts(1) == ["after"]
        await socket.nothing()


async def test_thirty_messages_are_the_default(chat_socket, chat, ann):
    for number in range(31):
        await in_thread(chat.post)(by=ann, text=str(number))
    async with chat_socket(chat, ann) as socket:
        assert await socket.texts(30) == [str(number) for number in range(30, 0, -1)]
        await socket.nothing()


async def test_text_is_text_even_if_it_looks_like_json(chat_socket, chat, ann):
    async with chat_socket(chat, ann) as socket:
        for text in ('{"type": "chat.message", "seq": 1}', "[]", "null", '"', "  spaced\n", "привет 👋🏽", "x" * 1000):
            await socket.post(text)
            frame = await socket.next_text()
            assert json.loads(frame)["text"] == text
    assert await in_thread(Message.objects.count)() == 7


async def test_a_message_over_http_reaches_sockets(chat_socket, api, chat, ann, bob):
    async with chat_socket(chat, bob) as socket:
        client = await in_thread(api)(ann)
        answer = await in_thread(client.post)(f"/api/v1/chats/{chat.pk}/messages/", {"text": "hello"}, format="json")
        assert answer.status_code == 201
        assert (await socket.next())["text"] == "hello"


# who may not


async def refused(open_socket, path, headers, tracebacks, code):
    async with open_socket(path, headers) as (socket, accepted):
        assert not accepted
        await socket.nothing()
    async with open_socket(path, headers, V1) as (socket, accepted):
        assert accepted
        assert await socket.closed() == code
    assert tracebacks() == []


async def test_guests_are_refused(open_socket, chat, tracebacks):
    await refused(open_socket, f"/ws/chat/{chat.pk}/", [], tracebacks, 4401)


@pytest.mark.parametrize(
    "value",
    [
        b"Token",
        b"Token a b",
        b"Token ff_wrong",
        b"Bearer x",
        b"\xff\xfe",
        b"Token \x00\x0b\x85",
        b"Basic !!!",
        b"Token \xd0\xb9",
        b"," * 5000,
    ],
)
async def test_bad_credentials_are_refused(open_socket, chat, tracebacks, value):
    await refused(open_socket, f"/ws/chat/{chat.pk}/", [(b"authorization", value)], tracebacks, 4401)


@pytest.mark.parametrize(
    "query", ["%ff%fe", "ticket=", "ticket=%00", "ticket=wrong", "&" * 5000 + "a=b" * 5, "=&" * 2000, "ticket=\udcff"]
)
async def test_hostile_queries_are_refused(chat, tracebacks, query):
    from channels.testing import WebsocketCommunicator

    from tests.projects.full.asgi import application

    wire = WebsocketCommunicator(application, f"/ws/chat/{chat.pk}/")
    wire.scope["query_string"] = query.encode(errors="surrogateescape")
    assert (await wire.connect())[0] is False
    await hang_up(wire)
    assert tracebacks() == []


async def test_strangers_are_refused_and_so_is_staff(open_socket, token_header, chat, eve, staff, tracebacks):
    for user in (eve, staff):
        await refused(open_socket, f"/ws/chat/{chat.pk}/", [await token_header(user)], tracebacks, 4403)


@pytest.mark.parametrize("end", ["unfriend", "block", "deactivate_other", "delete_other"])
async def test_members_whose_friendship_has_ended_are_refused(
    open_socket, token_header, chat, ann, bob, tracebacks, end
):
    headers = [await token_header(ann)]
    change = {
        "unfriend": lambda: Friendship.objects.unfriend(by=bob, friend=ann),
        "block": lambda: Block.objects.block(by=ann, user=bob),
        "deactivate_other": lambda: type(bob).objects.filter(pk=bob.pk).update(is_active=False),
        "delete_other": bob.delete,
    }
    await in_thread(change[end])()
    await refused(open_socket, f"/ws/chat/{chat.pk}/", headers, tracebacks, 4403)


async def test_deactivated_members_are_refused(open_socket, token_header, chat, ann, tracebacks):
    headers = [await token_header(ann)]
    await in_thread(type(ann).objects.filter(pk=ann.pk).update)(is_active=False)
    await refused(open_socket, f"/ws/chat/{chat.pk}/", headers, tracebacks, 4401)


async def test_a_dead_token_is_refused(open_socket, token_header, chat, ann, tracebacks):
    headers = [await token_header(ann)]
    await in_thread(AuthToken.objects.revoke_all)(ann)
    await refused(open_socket, f"/ws/chat/{chat.pk}/", headers, tracebacks, 4401)


async def test_an_address_that_has_to_be_confirmed_first(open_socket, token_header, chat, ann, tracebacks, configure):
    configure(EMAIL_VERIFICATION="required")
    await refused(open_socket, f"/ws/chat/{chat.pk}/", [await token_header(ann)], tracebacks, 4403)


@pytest.mark.parametrize(
    "path",
    [
        "/ws/chat/abc/",
        "/ws/chat/0/",
        "/ws/chat/-1/",
        "/ws/chat/999999/",
        f"/ws/chat/{'9' * 40}/",
        "/ws/chat/%00/",
        "/ws/chat/1%0A",
        "/ws/chat/",
        "/ws/chat//",
        "/ws/",
        "/",
        "/nowhere",
        "/ws/chat/1/2/",
        "/ws/chat/%D9%A3/",
        "/ws/chat/1;x/",
    ],
)
async def test_rooms_that_do_not_exist_are_refused(open_socket, token_header, eve, tracebacks, path):
    await refused(open_socket, path, [await token_header(eve)], tracebacks, 4403)
    await refused(open_socket, path, [], tracebacks, 4401)


async def test_a_user_has_a_bounded_number_of_sockets(
    open_socket, chat_socket, token_header, chat, ann, bob, configure
):
    configure(CHAT_SOCKETS_PER_USER=1)
    path, headers = f"/ws/chat/{chat.pk}/", [await token_header(ann)]
    async with chat_socket(chat, ann), chat_socket(chat, bob):
        async with open_socket(path, headers) as (_socket, accepted):
            assert not accepted
        async with open_socket(path, headers, V1) as (socket, accepted):
            assert await socket.closed() == 4429
    async with open_socket(path, headers) as (_socket, accepted):
        assert accepted


async def test_a_protocol_we_do_not_speak_is_not_claimed(token_header, chat, ann):
    from channels.testing import WebsocketCommunicator

    from tests.projects.full.asgi import application

    headers = [await token_header(ann)]
    wire = WebsocketCommunicator(application, f"/ws/chat/{chat.pk}/", headers=headers, subprotocols=["other"])
    assert await wire.connect() == (True, None)
    await hang_up(wire)


@pytest.mark.parametrize("broken", [False, True])
async def test_a_refusal_that_is_not_for_good_says_so(token_header, chat, ann, monkeypatch, broken):
    """Where the server can answer a handshake with a status, a passing trouble is no 403."""
    from channels.testing import WebsocketCommunicator

    from tests.projects.full.asgi import application

    monkeypatch.setattr("find_friend.chat.draining.is_draining", lambda: True)
    wire = WebsocketCommunicator(application, f"/ws/chat/{chat.pk}/", headers=[await token_header(ann)])
    wire.scope["extensions"] = {"websocket.http.response": {}}
    sent = []

    async def receive():
        return {"type": "websocket.connect"}

    async def send(event):
        sent.append(event)
        if broken:
            raise OSError

    await application(wire.scope, receive, send)
    assert sent[0]["type"] == "websocket.http.response.start"
    assert (sent[0]["status"], dict(sent[0]["headers"])[b"retry-after"]) == (503, b"5")
    assert [event["type"] for event in sent[1:]] == ([] if broken else ["websocket.http.response.body"])


# frames that are dropped


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        ({"bytes": b"binary"}, "binary"),
        ({"bytes": b""}, "binary"),
        ({"text": None}, "binary"),
        ({"text": ""}, "blank"),
        ({"text": " \t\n "}, "blank"),
        ({"text": "secret" * 200}, "max_length"),
        ({"text": "secret" * 200_000}, "max_length"),
        ({"text": "secret\x00"}, "null_characters_not_allowed"),
        ({"text": "secret\ud800"}, "surrogate_characters_not_allowed"),
    ],
)
async def test_bad_frames_are_dropped_and_logged(chat_socket, chat, ann, bob, caplog, event, reason):
    async with chat_socket(chat, ann) as socket, chat_socket(chat, bob) as other:
        await socket.frame(**event)
        await socket.post("good")
        assert await socket.texts(1) == ["good"]
        assert await other.texts(1) == ["good"]
    (line,) = [record for record in caplog.records if record.name == "find_friend.chat"]
    assert (line.levelno, line.getMessage()) == (
        logging.WARNING,
        f"Frame dropped: {reason} (chat {chat.pk}, user {ann.pk}).",
    )
    assert await in_thread(Message.objects.count)() == 1


async def test_a_flood_is_dropped_and_logged_once(chat_socket, chat, ann, caplog, configure):
    configure(CHAT_FRAME_BURST=2, CHAT_FRAME_RATE=0.001)
    async with chat_socket(chat, ann) as socket:
        for number in range(10):
            await socket.post(str(number))
        assert await socket.texts(2) == ["0", "1"]
        await socket.nothing()
    assert [record.getMessage() for record in caplog.records if record.name == "find_friend.chat"] == [
        f"Frame dropped: too_fast (chat {chat.pk}, user {ann.pk})."
    ]
    assert await in_thread(Message.objects.count)() == 2


async def test_after_a_pause_frames_go_through_again(chat_socket, chat, ann, configure):
    configure(CHAT_FRAME_BURST=1, CHAT_FRAME_RATE=1000)
    async with chat_socket(chat, ann) as socket:
        for number in range(5):
            await socket.post(str(number))
            assert await socket.texts(1) == [str(number)]


async def test_a_chat_that_is_deleted_ends_its_sockets(chat_socket, chat, ann, tracebacks):
    async with chat_socket(chat, ann) as socket:
        await in_thread(Chat.objects.filter(pk=chat.pk).delete)()
        await socket.post("hello")
        assert await socket.closed() == 4403
    assert tracebacks() == []
