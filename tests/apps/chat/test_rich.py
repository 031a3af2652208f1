"""The protocol ff.chat.v1, frame by frame."""

import datetime
import json
import uuid
from contextlib import asynccontextmanager

import pytest
from channels.db import database_sync_to_async as in_thread
from channels.testing import WebsocketCommunicator
from django.utils import timezone

from find_friend.chat.hub import current_hub
from find_friend.chat.models import Chat, Membership, Message, Privacy
from find_friend.friends.models import Friendship
from tests.conftest import hang_up

from .elsewhere import elsewhere, event, in_json, post, posted_elsewhere, socket_of, tell, until

pytestmark = pytest.mark.django_db(transaction=True)

V1 = "ff.chat.v1"
ONE, TWO = str(uuid.uuid4()), str(uuid.uuid4())


class Client:
    """An open socket of ff.chat.v1."""

    def __init__(self, socket):
        self.socket = socket

    async def say(self, type, **fields):
        await self.socket.post(json.dumps({"type": type, **fields}))

    async def hear(self, *types):
        """The next frames of these types, whatever comes in between; one for one type."""
        found = []
        while len(found) < len(types):
            frame = await self.socket.next()
            if frame["type"] in types:
                found.append(frame)
        return found[0] if len(types) == 1 else found

    async def next(self, *types):
        """The very next frames; exactly these."""
        found = [await self.socket.next() for _ in types]
        assert [frame["type"] for frame in found] == list(types), found
        return found[0] if len(types) == 1 else found

    async def quiet(self):
        """Let the server finish what it does with a newcomer."""
        await until(
            lambda: all(each.privacy is not None for room in current_hub().rooms.values() for each in room.sockets)
        )
        await self.say("ping")  # what was to be sent before is sent before the answer
        await self.hear("pong")

    async def nothing(self):
        await self.socket.nothing()

    async def closed(self):
        while True:
            frame = await self.socket.wire.receive_output(5)
            if frame["type"] == "websocket.close":
                return frame["code"]


@pytest.fixture
def open_rich(open_socket, token_header):
    @asynccontextmanager
    async def opened(chat, user, query="", hello=False):
        headers = [await token_header(user)]
        async with open_socket(f"/ws/chat/{chat.pk}/{query}", headers, [V1]) as (socket, accepted):
            assert accepted
            client = Client(socket)
            if not hello:
                await client.next("hello")
            yield client

    return opened


@pytest.fixture
def rich(open_rich):
    """``async with rich(chat, ann) as client``, past the hello."""
    return open_rich


async def test_hello(rich, chat, ann, configure):
    configure(CHAT_MESSAGE_MAX_LENGTH=7, CHAT_FRAME_RATE=5, CHAT_FRAME_BURST=6, CHAT_HEARTBEAT=8)
    await post(chat, ann, "one", "two")
    await in_thread(chat.edit)(by=ann, seq=1, text="won")
    async with rich(chat, ann, hello=True) as client:
        assert await client.next("hello") == {
            "type": "hello",
            "chat": chat.pk,
            "user": in_json(ann.pk),
            "last_seq": 2,
            "last_event": 1,
            "resumed": False,
            "limits": {"message_max_length": 7, "frame_rate": 5, "frame_burst": 6, "heartbeat": 8},
        }


@pytest.mark.parametrize(
    ("query", "offered", "answered"),
    [("", [V1], V1), ("", ["other", V1], V1), ("?v=1", [], None), ("?v=1", [V1], V1), ("?v=1&v=1", [], None)],
)
async def test_how_it_is_asked_for(token_header, chat, ann, query, offered, answered):
    from tests.projects.full.asgi import application

    headers = [await token_header(ann)]
    wire = WebsocketCommunicator(application, f"/ws/chat/{chat.pk}/{query}", headers=headers, subprotocols=offered)
    assert await wire.connect(5) == (True, answered)
    assert (await wire.receive_json_from())["type"] == "hello"
    await hang_up(wire)


@pytest.mark.parametrize("query", ["?v=2", "?v=", "?v=1&v=2"])
async def test_other_versions_are_the_plain_protocol(open_socket, token_header, chat, ann, query):
    async with open_socket(f"/ws/chat/{chat.pk}/{query}", [await token_header(ann)]) as (socket, accepted):
        assert accepted
        await socket.nothing()


# messages


async def test_a_message_and_its_ack(rich, chat, ann, bob):
    async with rich(chat, ann) as left, rich(chat, ann) as second, rich(chat, bob) as right:
        await left.say("send", client_id=ONE.upper(), text="hello")
        ack, msg = sorted(await left.hear("ack", "msg"), key=lambda frame: frame["type"])
        stored = await in_thread(Message.objects.get)()
        assert ack == {
            "type": "ack",
            "client_id": ONE,
            "id": stored.pk,
            "seq": 1,
            "timestamp": msg["timestamp"],
            "dup": False,
        }
        expected = {
            "type": "msg",
            "seq": 1,
            "id": stored.pk,
            "sender": in_json(ann.pk),
            "text": "hello",
            "timestamp": ack["timestamp"],
            "edited_at": None,
            "deleted_at": None,
        }
        assert msg == await second.hear("msg") == {**expected, "client_id": ONE}
        assert await right.hear("msg") == expected


async def test_the_same_again_and_another_text(rich, chat, ann):
    async with rich(chat, ann) as client:
        await client.say("send", client_id=ONE, text="hello")
        first = await client.hear("ack")
        await client.say("send", client_id=ONE, text="hello")
        assert await client.hear("ack") == {**first, "dup": True}
        await client.say("send", client_id=ONE, text="other")
        assert await client.hear("err") == {"type": "err", "code": "conflict", "client_id": ONE}
        # What it said before it was edited, nobody knows.
        await client.say("edit", seq=1, text="edited")
        await client.hear("edited")
        await client.say("send", client_id=ONE, text="hello")
        assert await client.hear("ack") == {**first, "dup": True}
    assert await in_thread(Message.objects.count)() == 1


async def test_both_protocols_in_one_chat(rich, chat_socket, chat, ann, bob):
    async with rich(chat, ann) as left, chat_socket(chat, bob) as right:
        await left.say("send", client_id=ONE, text="one")
        frame = await right.next()
        assert frame.keys() == {"id", "sender", "text", "timestamp"}
        await right.post("two")
        await right.next()
        _one, two = await left.hear("msg", "msg")
        assert (two["text"], two["seq"]) == ("two", 2)
        await left.say("edit", seq=1, text="won")
        assert (await left.hear("edited"))["text"] == "won"
        await left.say("typing")
        await right.nothing()


# errors


@pytest.mark.parametrize(
    ("frame", "error"),
    [
        ("no json", {"code": "malformed"}),
        ("", {"code": "malformed"}),
        ("[]", {"code": "malformed"}),
        ("[" * 100_000, {"code": "malformed"}),
        ('{"seq": ' + "9" * 5000 + "}", {"code": "malformed"}),
        ({}, {"code": "malformed"}),
        ({"type": 7}, {"code": "malformed"}),
        ({"type": "dance"}, {"code": "malformed"}),
        ({"type": "hello"}, {"code": "malformed"}),
        ({"type": "send", "text": "x"}, {"code": "malformed"}),
        ({"type": "send", "client_id": 7, "text": "x"}, {"code": "malformed"}),
        ({"type": "send", "client_id": "x", "text": "x"}, {"code": "malformed"}),
        ({"type": "send", "client_id": ONE}, {"code": "malformed"}),
        ({"type": "send", "client_id": ONE, "text": 7}, {"code": "malformed"}),
        ({"type": "send", "client_id": ONE * 2, "text": "x"}, {"code": "malformed"}),
        ({"type": "send", "client_id": "\ud800", "text": "x"}, {"code": "malformed"}),
        ({"type": "send", "client_id": ONE, "text": " \n"}, {"code": "blank"}),
        ({"type": "send", "client_id": ONE, "text": "x" * 1001}, {"code": "too_long"}),
        ({"type": "send", "client_id": ONE, "text": "\0"}, {"code": "invalid"}),
        ({"type": "send", "client_id": ONE, "text": "\ud800"}, {"code": "invalid"}),
        ({"type": "edit", "seq": 1}, {"code": "malformed", "seq": 1}),
        ({"type": "edit", "text": "x"}, {"code": "malformed"}),
        ({"type": "edit", "seq": "a", "text": "x"}, {"code": "malformed"}),
        ({"type": "edit", "seq": 0, "text": "x"}, {"code": "malformed"}),
        ({"type": "edit", "seq": True, "text": "x"}, {"code": "malformed"}),
        ({"type": "edit", "seq": 2**63, "text": "x"}, {"code": "malformed"}),
        ({"type": "edit", "seq": 1, "text": " "}, {"code": "blank", "seq": 1}),
        ({"type": "edit", "seq": 1, "text": "x" * 1001}, {"code": "too_long", "seq": 1}),
        ({"type": "edit", "seq": 1, "text": "\ud800"}, {"code": "malformed", "seq": 1}),
        ({"type": "edit", "seq": 9, "text": "x"}, {"code": "not_found", "seq": 9}),
        ({"type": "delete", "seq": 9}, {"code": "not_found", "seq": 9}),
        ({"type": "delete"}, {"code": "malformed"}),
        ({"type": "read", "seq": -1}, {"code": "malformed"}),
        ({"type": "read", "seq": None}, {"code": "malformed"}),
    ],
)
async def test_what_is_refused(rich, chat, ann, frame, error):
    async with rich(chat, ann) as client:
        await client.socket.post(frame if isinstance(frame, str) else json.dumps(frame))
        if isinstance(frame, dict) and frame.get("client_id") == ONE:
            error = {**error, "client_id": ONE}
        elif isinstance(frame, dict) and frame.get("client_id") == "x":
            error = {**error, "client_id": "x"}
        assert await client.hear("err") == {"type": "err", **error}
        await client.say("ping", unknown="keys are ignored")
        await client.hear("pong")


async def test_binary_frames_are_refused(rich, chat, ann):
    async with rich(chat, ann) as client:
        await client.socket.frame(bytes=b"{}")
        assert await client.hear("err") == {"type": "err", "code": "malformed"}


async def test_whose_message_and_how_old(rich, chat, ann, bob, configure):
    configure(CHAT_EDIT_WINDOW=datetime.timedelta(hours=1))
    await post(chat, bob, "his")
    await post(chat, ann, "old", "deleted")
    await in_thread(Message.objects.filter(seq=2).update)(created=timezone.now() - datetime.timedelta(hours=2))
    await in_thread(chat.erase)(by=ann, seq=3)
    async with rich(chat, ann) as client:
        for type, seq, code in [
            ("edit", 1, "not_sender"),
            ("delete", 1, "not_sender"),
            ("edit", 2, "too_late"),
            ("delete", 2, "too_late"),
            ("edit", 3, "not_found"),
        ]:
            await client.say(type, seq=seq, text="x")
            assert await client.hear("err") == {"type": "err", "code": code, "seq": seq}


async def test_too_many_frames(rich, chat, ann, configure, caplog):
    configure(CHAT_FRAME_BURST=1, CHAT_FRAME_RATE=0.001)
    async with rich(chat, ann) as client:
        await client.say("ping")
        await client.say("send", client_id=ONE, text="x")
        await client.socket.post("no json")
        first, second = await client.hear("err", "err")
        assert first == {"type": "err", "code": "rate", "retry_after": 1, "client_id": ONE}
        assert second == {"type": "err", "code": "rate", "retry_after": 1}
    assert len([line for line in caplog.messages if line.startswith("Frame dropped: too_fast")]) == 1


async def test_a_client_that_is_told_too_much_is_told_no_more(rich, chat, ann, configure):
    async with rich(chat, ann) as client:
        await client.quiet()
        inner = socket_of(chat, ann)
        configure(CHAT_OUTBOX_SIZE=0)
        inner.complain("malformed", {})
        await client.nothing()


async def test_busy(rich, chat, ann, configure):
    async with rich(chat, ann) as client:
        await client.quiet()
        configure(CHAT_QUEUE_SIZE=0)
        await client.say("send", client_id=ONE, text="x")
        assert await client.hear("err") == {"type": "err", "code": "busy", "retry_after": 1, "client_id": ONE}
        socket_of(chat, ann).drafts = 8
        await client.say("read", seq=1)
        assert await client.hear("err") == {"type": "err", "code": "busy", "retry_after": 1, "seq": 1}
        socket_of(chat, ann).drafts = 0


async def test_what_cannot_be_done_now_is_busy(rich, chat, ann, configure, caplog):
    async with rich(chat, ann) as client:
        await client.quiet()
        configure(POLICY="tests.apps.chat.site.FailingPolicy")
        await client.say("send", client_id=ONE, text="x")
        assert await client.hear("err") == {"type": "err", "code": "busy", "retry_after": 1, "client_id": ONE}
        await post_without_rights(chat, ann)
        await client.say("delete", seq=1)
        assert await client.hear("err") == {"type": "err", "code": "busy", "retry_after": 1, "seq": 1}
    assert "Work of the chat failed." in caplog.messages


async def post_without_rights(chat, user):
    await in_thread(Message.objects.create)(chat=chat, seq=1, sender=user, text="hello")


@pytest.mark.parametrize("frame", [{"type": "edit", "seq": 1, "text": "x"}, {"type": "delete", "seq": 1}])
async def test_changes_without_rights(rich, chat, ann, bob, frame):
    await post(chat, ann, "hello")
    async with rich(chat, ann) as client:
        await elsewhere(Friendship.objects.unfriend, by=ann, friend=bob)
        await client.say(**frame)
        assert await client.hear("err") == {"type": "err", "code": "forbidden", "seq": 1}
        assert await client.closed() == 4403


@pytest.mark.parametrize("frame", [{"type": "send", "client_id": ONE, "text": "x"}, {"type": "read", "seq": 1}])
async def test_frames_of_one_who_has_signed_out(rich, chat, ann, frame):
    async with rich(chat, ann) as client:
        await in_thread(type(ann).objects.filter(pk=ann.pk).update)(is_active=False)
        await client.say(**frame)
        if frame["type"] == "read":  # a message can still be sent by who signs in again
            assert (await client.hear("err"))["code"] == "forbidden"
        assert await client.closed() == 4401


async def test_frames_for_a_chat_that_is_no_more(rich, chat, ann):
    async with rich(chat, ann) as client:
        await in_thread(Chat.objects.filter(pk=chat.pk).delete)()
        await client.say("read", seq=1)
        assert (await client.hear("err"))["code"] == "forbidden"
        assert await client.closed() == 4403


async def test_sends_without_rights(rich, chat, ann, bob):
    async with rich(chat, ann) as client:
        await elsewhere(Friendship.objects.unfriend, by=ann, friend=bob)
        await client.say("send", client_id=ONE, text="x")
        assert await client.hear("err") == {"type": "err", "code": "forbidden", "client_id": ONE}
        assert await client.closed() == 4403


class StrictSerializer:
    def __new__(cls, *args, **kwargs):
        from rest_framework import serializers

        from find_friend.chat.serializers import MessageSerializer

        class Strict(MessageSerializer):
            def validate_text(self, value):
                if value == "fault":
                    raise KeyError(value)
                if value == "rude":
                    raise serializers.ValidationError("No.", code="rude")
                return super().validate_text(value).upper()

        return Strict(*args, **kwargs)


async def test_the_sites_serializer_decides(rich, chat, ann, configure):
    configure(SERIALIZERS={"message": f"{__name__}.StrictSerializer"})
    async with rich(chat, ann) as client:
        await client.say("send", client_id=ONE, text="rude")
        assert await client.hear("err") == {"type": "err", "code": "invalid", "client_id": ONE}
        await client.say("send", client_id=ONE, text=" ")
        assert await client.hear("err") == {"type": "err", "code": "blank", "client_id": ONE}
        await client.say("send", client_id=ONE, text="fault")
        assert await client.hear("err") == {"type": "err", "code": "busy", "retry_after": 1, "client_id": ONE}
        await client.say("send", client_id=ONE, text="polite")
        assert (await client.hear("msg"))["text"] == "POLITE"
        await client.say("edit", seq=1, text="kind")
        assert (await client.hear("edited"))["text"] == "KIND"
        await client.say("edit", seq=1, text="rude")
        assert await client.hear("err") == {"type": "err", "code": "invalid", "seq": 1}


async def test_the_sites_serializer_decides_for_plain_sockets(chat_socket, chat, ann, configure, caplog):
    configure(SERIALIZERS={"message": f"{__name__}.StrictSerializer"})
    async with chat_socket(chat, ann) as socket:
        await socket.post("rude")
        await socket.post("polite")
        assert await socket.texts(1) == ["POLITE"]
        assert f"Frame dropped: rude (chat {chat.pk}, user {ann.pk})." in caplog.messages
        await socket.post("fault")
        assert await socket.closed() == 1013


# resuming


async def test_order_of_frames_on_connect(rich, chat, ann, bob):
    await post(chat, ann, "1", "2", "3", "4")
    await in_thread(chat.edit)(by=ann, seq=1, text="won")
    await in_thread(chat.erase)(by=ann, seq=2)
    await in_thread(chat.edit)(by=ann, seq=4, text="for")
    await in_thread(chat.read)(by=bob, seq=1)
    async with rich(chat, bob), rich(chat, ann, "?after=2&after_event=0", hello=True) as client:
        hello, three, four, edited, deleted, read, presence = await client.next(
            "hello", "msg", "msg", "edited", "deleted", "read", "presence"
        )
        assert hello["resumed"] is True
        assert [(frame["seq"], frame["text"]) for frame in (three, four)] == [(3, "3"), (4, "for")]
        assert four["edited_at"].endswith("+03:00")
        assert {**edited, "edited_at": None} == {
            "type": "edited",
            "event": 1,
            "seq": 1,
            "text": "won",
            "edited_at": None,
        }
        assert (deleted["event"], deleted["seq"]) == (2, 2)
        assert read == {"type": "read", "user": in_json(bob.pk), "seq": 1}
        assert presence == {"type": "presence", "user": in_json(bob.pk), "online": True}
        await post(chat, ann, "5")
        assert (await client.hear("msg"))["seq"] == 5
        await in_thread(chat.erase)(by=ann, seq=5)
        assert (await client.hear("deleted"))["event"] == 4


async def test_without_after_the_newest_oldest_first(rich, chat, ann, configure):
    configure(CHAT_HISTORY_SIZE=2)
    await post(chat, ann, "1", "2", "3")
    async with rich(chat, ann) as client:
        assert [frame["text"] for frame in await client.next("msg", "msg")] == ["2", "3"]


@pytest.mark.parametrize("after", [0, 3, 4])
async def test_after(rich, chat, ann, after):
    await post(chat, ann, *"1234")
    async with rich(chat, ann, f"?after={after}") as client:
        for text in "1234"[after:]:
            assert (await client.next("msg"))["text"] == text
        await post(chat, ann, "5")
        assert (await client.hear("msg"))["text"] == "5"


async def many(chat, user, count):
    def create():
        rows = [Message(chat=chat, seq=seq, sender=user, text=str(seq)) for seq in range(1, count + 1)]
        Message.objects.bulk_create(rows)
        Chat.objects.filter(pk=chat.pk).update(last_seq=count)

    await in_thread(create)()


async def test_reset_after_too_much_was_missed(rich, chat, ann, configure):
    configure(CHAT_HISTORY_SIZE=2)
    await many(chat, ann, 503)
    async with rich(chat, ann, "?after=3") as client:
        await client.next(*["msg"] * 500)
    async with rich(chat, ann, "?after=2", hello=True) as client:
        hello, reset, first, second = await client.next("hello", "reset", "msg", "msg")
        assert hello["resumed"] is False
        assert reset == {"type": "reset", "first_seq": 502, "last_seq": 503, "last_event": 0}
        assert [first["seq"], second["seq"]] == [502, 503]


async def test_reset_after_too_many_changes(rich, chat, ann, monkeypatch):
    monkeypatch.setattr("find_friend.chat.inspection.MOST_MISSED", 2)
    await post(chat, ann, *"123")
    for seq in (1, 2, 3):
        await in_thread(chat.edit)(by=ann, seq=seq, text="x")
    async with rich(chat, ann, "?after=3&after_event=1") as client:
        assert [frame["event"] for frame in await client.next("edited", "edited")] == [2, 3]
    async with rich(chat, ann, "?after=3") as client:
        reset = await client.next("reset")
        assert reset == {"type": "reset", "first_seq": 1, "last_seq": 3, "last_event": 3}


@pytest.mark.parametrize("query", ["?after=4", "?after=3&after_event=1"])
@pytest.mark.parametrize("history", [0, 30])
async def test_reset_of_what_never_was(rich, chat, ann, query, history, configure):
    configure(CHAT_HISTORY_SIZE=history)
    await post(chat, ann, "1", "2", "3")
    async with rich(chat, ann, query, hello=True) as client:
        hello, reset = await client.next("hello", "reset")
        assert hello["resumed"] is False
        first = 1 if history else 4
        assert reset == {"type": "reset", "first_seq": first, "last_seq": 3, "last_event": 0}


@pytest.mark.parametrize(
    "query",
    [
        "?after=abc",
        "?after=-1",
        "?after=1.5",
        "?after=%D9%A3",
        f"?after={2**63}",
        f"?after={'9' * 5000}",
        "?after_event=x",
        "?after=1&after_event=-1",
        "?after=1" + "&a=b" * 100,
    ],
)
async def test_addresses_that_are_malformed(open_socket, token_header, chat, ann, query):
    headers = [await token_header(ann)]
    async with open_socket(f"/ws/chat/{chat.pk}/{query}", headers, [V1]) as (socket, accepted):
        assert accepted
        assert await socket.closed() == 4400


async def test_a_change_between_the_looks_comes_once(rich, chat, ann, monkeypatch):
    """Live, since the socket listens before it looks."""
    from find_friend.chat import inspection

    await post(chat, ann, "one", "two")
    await in_thread(chat.edit)(by=ann, seq=1, text="first")
    original = inspection.changes_after

    def slow(*args, **kwargs):
        monkeypatch.setattr(inspection, "changes_after", original)
        chat.edit(by=ann, seq=2, text="second")
        return original(*args, **kwargs)

    monkeypatch.setattr(inspection, "changes_after", slow)
    async with rich(chat, ann, "?after=2") as client:
        first, second = await client.next("edited", "edited")
        assert [first["event"], second["event"]] == [1, 2]
        await client.quiet()
        await client.nothing()


# changes


async def test_edits_and_deletions(rich, chat, ann, bob):
    async with rich(chat, ann) as left, rich(chat, bob) as right:
        await left.say("send", client_id=ONE, text="hello")
        await right.hear("msg")
        await left.say("edit", seq=1, text="bye")
        stored = await right.hear("edited")
        assert stored == await left.hear("edited")
        assert {**stored, "edited_at": None} == {
            "type": "edited",
            "event": 1,
            "seq": 1,
            "text": "bye",
            "edited_at": None,
        }
        await left.say("edit", seq=1, text="bye")  # changes nothing
        await left.say("delete", seq=1)
        deleted = await right.hear("deleted")
        assert (deleted["event"], deleted["seq"]) == (2, 1)
        assert deleted["deleted_at"].endswith("+03:00")


async def test_a_lost_change_is_repaired(rich, chat, ann, bob):
    await post(chat, ann, "one", "two")
    async with rich(chat, bob) as client:
        await client.quiet()
        await elsewhere(chat.edit, by=ann, seq=1, text="lost")
        (second,) = await elsewhere(chat.edit, by=ann, seq=2, text="arrives")
        await tell(second)
        assert [frame["text"] for frame in await client.hear("edited", "edited")] == ["lost", "arrives"]
        await client.nothing()


async def test_changes_in_the_wrong_order(rich, chat, ann, bob):
    await post(chat, ann, "one", "two")
    async with rich(chat, bob) as client:
        (first,) = await elsewhere(chat.edit, by=ann, seq=1, text="first")
        (second,) = await elsewhere(chat.edit, by=ann, seq=2, text="second")
        await tell(second, first, second)
        assert [frame["event"] for frame in await client.hear("edited", "edited")] == [1, 2]
        await client.quiet()
        await client.nothing()


async def test_a_change_whose_row_was_replaced(rich, chat, ann, bob):
    """A message changed twice keeps its newest number; the earlier one is nowhere and nobody waits for it."""
    await post(chat, ann, "one")
    async with rich(chat, bob) as client:
        await elsewhere(chat.edit, by=ann, seq=1, text="first")
        (second,) = await elsewhere(chat.edit, by=ann, seq=1, text="second")
        await tell(second)
        edited = await client.hear("edited")
        assert (edited["event"], edited["text"]) == (2, "second")
        await in_thread(chat.erase)(by=ann, seq=1)
        assert (await client.hear("deleted"))["event"] == 3


async def test_a_change_does_not_overtake_its_message(rich, chat, ann, bob):
    async with rich(chat, bob) as client:
        (message,) = await posted_elsewhere(chat, ann, "hello")
        (change,) = await elsewhere(chat.edit, by=ann, seq=1, text="bye")
        await tell(change, message)
        msg, edited = await client.hear("msg", "edited")
        assert (msg["type"], edited["type"], edited["text"]) == ("msg", "edited", "bye")


async def test_the_sweep_finds_lost_changes(rich, chat, ann, bob):
    await post(chat, ann, "one")
    async with rich(chat, bob) as client:
        await elsewhere(chat.edit, by=ann, seq=1, text="lost")
        await current_hub().sweep(0)
        assert (await client.hear("edited"))["text"] == "lost"


# read marks, typing, presence


async def hide(user, **what):
    await in_thread(Privacy.objects.choose)(user, **what)


async def settle(*clients):
    for client in clients:
        await client.quiet()


async def test_read_marks(rich, chat, ann, bob):
    await post(chat, ann, "one")
    async with rich(chat, ann) as left, rich(chat, bob) as right, rich(chat, bob) as second:
        await settle(left, right, second)
        await right.say("read", seq=1)
        for client in (left, right, second):
            assert await client.next("read") == {"type": "read", "user": in_json(bob.pk), "seq": 1}
        await right.say("read", seq=1)  # again: no news
        await settle(left, right, second)
        await left.nothing()
    assert (await in_thread(Membership.objects.get)(user=bob)).read_seq == 1


@pytest.mark.parametrize("who", ["reader", "other"])
async def test_read_marks_are_private_both_ways(rich, chat, ann, bob, who):
    await post(chat, ann, "one")
    await hide(bob if who == "reader" else ann, read_receipts=False)
    async with rich(chat, ann) as left, rich(chat, bob) as right, rich(chat, bob) as second:
        await settle(left, right, second)
        await right.say("read", seq=1)
        assert (await second.next("read"))["seq"] == 1  # one's own other device
        await left.nothing()
        async with rich(chat, ann, "?after=1") as third:
            await third.next("presence")
            await third.nothing()


async def test_typing(rich, chat, ann, bob):
    async with rich(chat, ann) as left, rich(chat, ann) as second, rich(chat, bob) as right:
        await settle(left, second, right)
        await left.say("typing")
        await left.say("typing")
        assert await right.next("typing") == {"type": "typing", "user": in_json(ann.pk)}
        await right.nothing()
        await second.nothing()
        socket_of(chat, ann).typed = 0
        await second.say("typing")
        await right.next("typing")


@pytest.mark.parametrize("who", ["writer", "other"])
async def test_typing_is_private_both_ways(rich, chat, ann, bob, who):
    await hide(ann if who == "writer" else bob, typing=False)
    async with rich(chat, ann) as left, rich(chat, bob) as right:
        await settle(left, right)
        await left.say("typing")
        await right.nothing()


async def test_presence(rich, chat, ann, bob):
    async with rich(chat, bob) as right:
        await settle(right)
        async with rich(chat, ann) as left:
            assert await right.next("presence") == {"type": "presence", "user": in_json(ann.pk), "online": True}
            assert await left.next("presence") == {"type": "presence", "user": in_json(bob.pk), "online": True}
            async with rich(chat, ann) as second:
                await second.next("presence")
                await settle(second)
            await right.nothing()  # one socket of hers is left
        assert await right.next("presence") == {"type": "presence", "user": in_json(ann.pk), "online": False}


@pytest.mark.parametrize("who", ["ann", "bob"])
async def test_presence_is_private_both_ways(rich, chat, ann, bob, who):
    await hide(ann if who == "ann" else bob, presence=False)
    async with rich(chat, bob) as right:
        await settle(right)
        async with rich(chat, ann) as left:
            await settle(left)
            await left.nothing()
        await right.nothing()


async def test_presence_is_switched_off_and_on(rich, chat, ann, bob):
    async with rich(chat, bob) as right, rich(chat, ann) as left, rich(chat, ann) as second:
        await settle(right, left, second)
        await hide(ann, presence=False)
        here = {"type": "presence", "user": in_json(ann.pk), "online": True}
        while (told := await right.hear("presence")) == here:
            pass  # that she has come was still on its way
        assert told == {**here, "online": False}
        await right.nothing()
        await hide(ann, presence=True)
        assert await right.next("presence") == {"type": "presence", "user": in_json(ann.pk), "online": True}
        for client in (left, second):
            assert await client.next("presence") == {"type": "presence", "user": in_json(bob.pk), "online": True}


async def test_what_is_not_stored_does_not_wait_for_slow_readers(rich, chat, ann, bob, configure):
    async with rich(chat, ann) as left, rich(chat, bob) as right:
        await settle(left, right)
        configure(CHAT_OUTBOX_SIZE=0)
        socket_of(chat, ann).take_typing({})
        await right.nothing()


async def test_users_with_keys_that_are_no_numbers(rich, chat, ann):
    async with rich(chat, ann) as client:
        await client.quiet()
        inner = socket_of(chat, ann)
        inner.user_pk = 7
        assert inner.key_of("7") == 7
        inner.user_pk = key = uuid.uuid4()
        assert inner.key_of(str(key)) == str(key)
        inner.user_pk = ann.pk


# time


async def test_ping_and_pong(rich, chat, ann):
    async with rich(chat, ann) as client:
        await client.say("ping")
        assert await client.next("pong") == {"type": "pong"}
        await client.say("pong")
        await client.nothing()


async def test_silence(rich, chat, ann, configure):
    configure(CHAT_HEARTBEAT=10)
    async with rich(chat, ann) as client:
        await client.quiet()
        inner, now = socket_of(chat, ann), current_hub().loop.time()
        inner.look_at_the_clock(now + 19)
        await client.nothing()
        inner.look_at_the_clock(now + 21)
        assert await client.next("ping") == {"type": "ping"}
        await client.say("pong")
        await until(lambda: inner.heard > now)
        inner.look_at_the_clock(inner.heard + 31)
        assert await client.closed() == 4408


async def test_nobody_stays_for_ever(rich, chat, ann, configure):
    configure(CHAT_SOCKET_MAX_AGE=datetime.timedelta(seconds=0))
    async with rich(chat, ann) as client:
        await current_hub().sweep(0)
        assert await client.closed() == 1012


async def test_a_told_closing_takes_nothing_more(rich, chat, ann):
    async with rich(chat, ann) as client:
        await client.quiet()
        inner = socket_of(chat, ann)
        inner.end(1012)
        await client.say("send", client_id=TWO, text="too late")
        await tell(event(rights=[str(ann.pk)]))
        assert await client.closed() == 1012
    assert not await in_thread(Message.objects.exists)()
