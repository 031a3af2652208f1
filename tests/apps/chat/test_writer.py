"""From a socket into the database and back: whatever happens to one message, the others go on."""

import asyncio
import threading
import uuid

import pytest
from channels.db import database_sync_to_async as in_thread
from django.contrib.auth import get_user_model
from django.db import OperationalError, connections
from rest_framework import serializers

from find_friend.chat import postgres, signals, writer
from find_friend.chat.hub import current_hub
from find_friend.chat.models import Chat, Message
from find_friend.chat.postgres import PostgresLane
from find_friend.chat.serializers import MessageSerializer
from find_friend.chat.storing import Contention, Down, OrmLane, Unsure
from find_friend.chat.writer import Writer

from .drafts import Sender, eventually, foreign_transaction, is_whole, kept, key

pytestmark = pytest.mark.django_db(transaction=True)

V1 = ["ff.chat.v1"]
AGAIN = 1013
LANES = {"orm": OrmLane, "postgres": PostgresLane}


@pytest.fixture(params=["orm", pytest.param("postgres", marks=pytest.mark.postgres)])
def lane(request, monkeypatch):
    """The class of the way into the database that sockets take."""
    if request.param == "orm":
        monkeypatch.setattr(postgres, "is_usable", lambda using: False)
    return LANES[request.param]


@pytest.fixture
def other_chat(ann, eve, befriend):
    befriend(ann, eve)
    return Chat.objects.direct(by=eve, to=ann)[0]


class FakeHub:
    """What the writer needs of its hub. ``news`` is what it has told everybody."""

    def __init__(self):
        self.loop = asyncio.get_running_loop()
        self.news, self.hops = [], []

    def spread(self, news):
        self.news += news

    def later(self, function, *args):
        function(*args)

    def start(self, coroutine):
        return asyncio.ensure_future(coroutine)

    async def in_thread(self, function, *args):
        self.hops.append(function)
        return await in_thread(function)(*args)


@pytest.fixture
async def alone(lane):
    """A writer without sockets."""
    made = Writer(FakeHub())
    yield made
    await made.close()
    await in_thread(connections.close_all)()


async def done(made):
    """Everything is stored and told."""
    await eventually(lambda: not (made.waiting or made.held or made.running))
    if made.settling is not None:
        await asyncio.wait_for(made.settling, 5)


async def send(socket, text, client_id=None):
    client_id = client_id or uuid.uuid4()
    await socket.wire.send_json_to({"type": "send", "text": text, "client_id": str(client_id)})
    return str(client_id)


async def until(socket, kind):
    """The next frame of that type."""
    for _ in range(50):
        frame = await socket.next()
        if frame["type"] == kind:
            return frame
    raise AssertionError(f"No {kind} among fifty frames.")


def fail_once(monkeypatch, lane, error, *, after=False):
    """The next batch fails, before anything is stored or after the commit. Gives the batches that were tried."""
    batches, store = [], lane.store

    async def failing(self, drafts, **kwargs):
        batches.append([draft.text for draft in drafts])
        if len(batches) > 1:
            return await store(self, drafts, **kwargs)
        if after:
            await store(self, drafts, **kwargs)
        raise error

    monkeypatch.setattr(lane, "store", failing)
    return batches


# the usual way


async def test_messages_that_come_at_once_are_few_batches(alone, lane, chat, ann, bob, monkeypatch):
    batches, store = [], lane.store

    async def counted(self, drafts, **kwargs):
        batches.append(len(drafts))
        return await store(self, drafts, **kwargs)

    monkeypatch.setattr(lane, "store", counted)
    monkeypatch.setattr(writer, "LARGEST_BATCH", 8)
    left, right = Sender(chat, ann), Sender(chat, bob)
    for number in range(10):
        alone.put(left.draft(f"{number} left"))
        alone.put(right.draft(f"{number} right"))
    await done(alone)
    assert batches == [8, 8, 4]
    assert [item.seq for item in alone.hub.news] == list(range(1, 21))
    assert left.told == [(f"{number} left", "stored") for number in range(10)]
    assert [text for _seq, sender, text in await kept(chat) if sender == ann.pk] == [text for text, _ in left.told]
    assert await is_whole(chat)


async def test_a_client_id_twice_in_one_batch_is_stored_once(alone, chat, ann):
    sender = Sender(chat, ann)
    for text, number in (("one", 1), ("one", 1), ("two", 2), ("one", 1), ("two", 2)):
        alone.put(sender.draft(text, key(number)))
    await done(alone)
    assert [text for _seq, _sender, text in await kept(chat)] == ["one", "two"]
    assert sorted(sender.told) == [("one", "repeat")] * 2 + [("one", "stored"), ("two", "repeat"), ("two", "stored")]
    assert [item.seq for item in alone.hub.news] == [1, 2]


async def test_refused_ones_take_no_number(alone, chat, ann, eve):
    good, stranger = Sender(chat, ann), Sender(chat, eve)
    for sender in (stranger, good, stranger, good):
        alone.put(sender.draft())
    await done(alone)
    assert (good.told, stranger.told) == ([("hello", "stored")] * 2, [("hello", "refused")] * 2)
    assert [item.seq for item in alone.hub.news] == [1, 2]


@pytest.mark.parametrize("lane", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True)
async def test_without_receivers_and_serializers_there_is_no_thread(alone, chat, ann):
    alone.put(Sender(chat, ann).draft())
    await done(alone)
    assert [item.seq for item in alone.hub.news] == [1]
    assert alone.hub.hops == []


async def test_closing_finishes_what_is_waiting(alone, chat, ann):
    sender = Sender(chat, ann)
    for number in range(3):
        alone.put(sender.draft(f"{number}"))
    await alone.close()
    assert sender.told == [("0", "stored"), ("1", "stored"), ("2", "stored")]
    assert [item.seq for item in alone.hub.news] == [1, 2, 3]
    assert alone.lanes == {}


async def test_the_last_message_before_leaving_is_stored_and_told(lane, chat_socket, chat, ann):
    posted = []
    receiver = lambda message, **kwargs: posted.append(message.text)  # noqa: E731
    signals.message_posted.connect(receiver)
    try:
        async with chat_socket(chat, ann) as socket:
            await socket.post("bye")
    finally:
        signals.message_posted.disconnect(receiver)
    assert await kept(chat) == [(1, ann.pk, "bye")]
    assert posted == ["bye"]


# signals


@pytest.fixture
def receiver():
    """What receivers of ``message_posted`` got; one before it fails each time."""
    got = []

    def failing(**kwargs):
        raise OSError("a fault of the site")

    def collecting(message, **kwargs):
        got.append((message.pk, message.seq, message.text, message.sender_id, message.chat.last_seq > 0))

    signals.message_posted.connect(failing)
    signals.message_posted.connect(collecting)
    yield got
    signals.message_posted.disconnect(failing)
    signals.message_posted.disconnect(collecting)


async def test_receivers_get_every_message_once_in_order(lane, receiver, chat_socket, chat, ann):
    async with chat_socket(chat, ann) as socket:
        for number in range(12):
            await socket.post(f"{number}")
        assert await socket.texts(12) == [f"{number}" for number in range(12)]
        await eventually(lambda: len(receiver) == 12)
    rows = await in_thread(list)(Message.objects.order_by("seq").values_list("pk", "seq", "text", "sender"))
    assert receiver == [(*row, True) for row in rows]


# a chat or a person that another transaction holds


def locked_chat(chat, bob):
    return Chat.objects.filter(pk=chat.pk)


def locked_sender(chat, bob):
    return get_user_model()._base_manager.filter(pk=bob.pk)


@pytest.mark.postgres
@pytest.mark.parametrize("held", [locked_chat, locked_sender])
async def test_a_held_chat_does_not_delay_others(lane, chat_socket, chat, other_chat, ann, bob, eve, configure, held):
    """In the same batch and in later ones; afterwards its messages come in order."""
    configure(CHAT_LOCK_TIMEOUT=0.05)
    async with (
        chat_socket(chat, bob, subprotocols=V1) as left,
        chat_socket(other_chat, eve, subprotocols=V1) as right,
        foreign_transaction() as foreign,
    ):
        hub = current_hub()
        await foreign.hold(held(chat, bob))
        await send(left, "held 1")
        await send(right, "free 1")
        assert (await until(right, "ack"))["seq"] == 1
        await eventually(lambda: chat.pk in hub.writer.held)
        for number in range(2, 6):
            await send(left, f"held {number}")
            await send(right, f"free {number}")
            assert (await until(right, "ack"))["seq"] == number
        assert chat.pk in hub.writer.held
        assert await kept(chat) == []
        await foreign.commit()
        assert [(await until(left, "ack"))["seq"] for _ in range(5)] == [1, 2, 3, 4, 5]
        await eventually(lambda: not hub.writer.held and hub.writer.aside is None)
    assert [text for _seq, _sender, text in await kept(chat)] == [f"held {number}" for number in range(1, 6)]
    assert await is_whole(other_chat)


@pytest.mark.postgres
async def test_a_chat_held_for_some_seconds(lane, chat_socket, chat, ann, bob):
    async with chat_socket(chat, ann) as left, chat_socket(chat, bob) as right, foreign_transaction() as foreign:
        await foreign.hold(Chat.objects.filter(pk=chat.pk))
        for number in range(3):
            await left.post(f"{number}")
        await asyncio.sleep(1.5)
        assert await kept(chat) == []
        await foreign.commit()
        assert await right.texts(3) == ["0", "1", "2"]
        assert await left.texts(3) == ["0", "1", "2"]


@pytest.mark.postgres
@pytest.mark.parametrize("held", [locked_chat, locked_sender])
async def test_a_chat_held_too_long_is_given_up(lane, chat_socket, chat, bob, configure, held):
    configure(CHAT_LOCK_TIMEOUT=0.05, CHAT_WRITE_TIMEOUT=0.5)
    async with (
        chat_socket(chat, bob) as plain,
        chat_socket(chat, bob, subprotocols=V1) as rich,
        foreign_transaction() as foreign,
    ):
        await foreign.hold(held(chat, bob))
        await plain.post("lost")
        client_id = await send(rich, "lost too")
        frame = await until(rich, "err")
        assert (frame["code"], frame["client_id"], frame["retry_after"]) == ("busy", client_id, 1)
        assert await plain.closed() == AGAIN
        await eventually(lambda: not current_hub().writer.held)
        await foreign.commit()
        await send(rich, "lost too", uuid.UUID(client_id))
        assert (await until(rich, "ack"))["seq"] == 1
    assert await kept(chat) == [(1, bob.pk, "lost too")]


@pytest.mark.postgres
async def test_repeats_of_a_held_chat(alone, chat, ann, configure):
    """The client has lost patience and sent again."""
    configure(CHAT_LOCK_TIMEOUT=0.05)
    sender = Sender(chat, ann)
    async with foreign_transaction() as foreign:
        await foreign.hold(Chat.objects.filter(pk=chat.pk))
        for text, number in (("one", 1), ("two", 2), ("one", 1), ("three", 3), ("two", 2)):
            alone.put(sender.draft(text, key(number)))
            await eventually(lambda: chat.pk in alone.held)
        await foreign.commit()
        await done(alone)
    assert [text for _seq, _sender, text in await kept(chat)] == ["one", "two", "three"]
    assert sorted(what for _text, what in sender.told) == ["repeat"] * 2 + ["stored"] * 3


# failures


@pytest.mark.parametrize("error", [Contention(), Down(), Unsure()])
async def test_what_fails_once_is_stored_once(alone, lane, chat, other_chat, ann, eve, monkeypatch, error):
    batches = fail_once(monkeypatch, lane, error)
    left, right = Sender(chat, ann), Sender(other_chat, eve)
    alone.put(left.draft("one", key(1)))
    alone.put(right.draft("two", key(2)))
    await done(alone)
    assert batches == [["one", "two"]] * 2
    assert (left.told, right.told) == ([("one", "stored")], [("two", "stored")])
    assert await is_whole(chat)


async def test_what_was_stored_before_the_connection_broke_is_a_repeat(alone, lane, chat, ann, monkeypatch):
    """What has no client_id is not tried again: it may be there already."""
    fail_once(monkeypatch, lane, Unsure(), after=True)
    sender = Sender(chat, ann)
    alone.put(sender.draft("with", key(1)))
    alone.put(sender.draft("without"))
    await done(alone)
    assert sender.told == [("without", "not stored"), ("with", "repeat")]
    assert [text for _seq, _sender, text in await kept(chat)] == ["with", "without"]


async def test_a_message_is_tried_twice_at_most(alone, lane, chat, ann, monkeypatch):
    async def lost(self, drafts, **kwargs):
        raise Unsure

    monkeypatch.setattr(lane, "store", lost)
    sender = Sender(chat, ann)
    alone.put(sender.draft("lost", key(1)))
    await done(alone)
    assert sender.told == [("lost", "not stored")]


async def test_a_database_that_stays_away(alone, lane, chat, ann, monkeypatch, configure):
    async def away(self, drafts, **kwargs):
        raise Down

    configure(CHAT_WRITE_TIMEOUT=0.3)
    monkeypatch.setattr(lane, "store", away)
    sender = Sender(chat, ann)
    alone.put(sender.draft("one"))
    await asyncio.sleep(0)
    alone.put(sender.draft("two"))
    await done(alone)
    assert sorted(sender.told) == [("one", "not stored"), ("two", "not stored")]


async def test_a_database_that_comes_back(alone, chat, ann, monkeypatch, caplog):
    wrapper, nowhere = type(connections["default"]), {"host": "127.0.0.1", "port": 1, "database": "/nowhere/at/all"}
    params, sender = wrapper.get_connection_params, Sender(chat, ann)
    with monkeypatch.context() as patch:
        patch.setattr(
            wrapper,
            "get_connection_params",
            lambda self: {name: nowhere.get(name, value) for name, value in params(self).items()},
        )
        alone.put(sender.draft("one"))
        await eventually(lambda: caplog.messages)
        alone.put(sender.draft("two"))
        await asyncio.sleep(0.3)
    await done(alone)
    assert "The database cannot be reached; 1 messages wait." in caplog.messages
    assert sender.told == [("one", "stored"), ("two", "stored")]
    assert await is_whole(chat)


async def test_nothing_works_while_others_hold_a_chat(alone, lane, chat, other_chat, ann, eve, monkeypatch):
    """Not even what is free can be stored at once: each chat waits by itself."""
    left, right, store, calls = Sender(chat, ann), Sender(other_chat, eve), lane.store, []

    async def failing(self, drafts, *, skip_locked=False):
        calls.append(([draft.text for draft in drafts], skip_locked))
        if len(calls) < 4:
            raise Contention
        return await store(self, drafts, skip_locked=skip_locked)

    monkeypatch.setattr(lane, "store", failing)
    alone.put(left.draft("one"))
    alone.put(right.draft("two"))
    await done(alone)
    both = ["one", "two"]
    assert calls == [(both, False), (both, True), (["one"], True), (["two"], True), (["one"], True)]
    assert (left.told, right.told) == ([("one", "stored")], [("two", "stored")])


async def test_a_bad_message_fails_alone(alone, chat, other_chat, ann, bob, eve, caplog):
    senders = [Sender(chat, ann), Sender(chat, bob), Sender(other_chat, eve)]
    bad = Sender(chat, ann)
    for sender in senders:
        alone.put(sender.draft("before"))
    alone.put(bad.draft("half a pair \ud83d"))
    for sender in senders:
        alone.put(sender.draft("after"))
    await done(alone)
    assert bad.told == [("half a pair \ud83d", "not stored")]
    assert [sender.told for sender in senders] == [[("before", "stored"), ("after", "stored")]] * 3
    assert [text for _seq, _sender, text in await kept(chat)] == ["before", "before", "after", "after"]
    assert f"A message of chat {chat.pk} could not be stored." in caplog.messages


@pytest.mark.postgres
@pytest.mark.parametrize("error", [Unsure(), OSError("a fault"), Down()])
async def test_a_failure_while_a_held_chat_is_tried_keeps_the_order(
    alone, lane, chat, ann, configure, monkeypatch, error
):
    configure(CHAT_LOCK_TIMEOUT=0.05)
    sender, store, failed = Sender(chat, ann), lane.store, []

    async def failing(self, drafts, **kwargs):
        if self is alone.lanes.get(f"aside {lane.__name__} default") and not failed:
            failed.append(drafts)
            alone.put(sender.draft("three", key(3)))
            await asyncio.sleep(0.05)
            raise error
        return await store(self, drafts, **kwargs)

    monkeypatch.setattr(lane, "store", failing)
    async with foreign_transaction() as foreign:
        await foreign.hold(Chat.objects.filter(pk=chat.pk))
        alone.put(sender.draft("one", key(1)))
        alone.put(sender.draft("two", key(2)))
        await eventually(lambda: failed)
        await foreign.commit()
        await done(alone)
    assert sender.told == [(text, "stored") for text in ("one", "two", "three")]
    assert [text for _seq, _sender, text in await kept(chat)] == ["one", "two", "three"]


async def test_what_cannot_be_written_out_is_stored_all_the_same(alone, chat, ann, monkeypatch, caplog):
    def broken(*args):
        raise OSError("a fault of the site")

    monkeypatch.setattr(writer.Renderer, "quick", broken)
    sender = Sender(chat, ann)
    alone.put(sender.draft())
    await done(alone)
    assert sender.told == [("hello", "stored"), ("hello", "not stored")]
    assert await kept(chat) == [(1, ann.pk, "hello")]
    assert "Stored messages could not be written out." in caplog.messages


@pytest.mark.postgres
async def test_a_connection_that_is_killed(lane, chat_socket, chat, ann, bob, configure):
    """The one that waits for a lock dies: what has a client_id is stored once, the others' sockets close."""
    configure(CHAT_LOCK_TIMEOUT=20, CHAT_WRITE_TIMEOUT=30)

    def kill_who_waits():
        with connections["default"].cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE wait_event_type = 'Lock' AND datname = current_database()"
            )
            return len(cursor.fetchall())

    async with (
        chat_socket(chat, ann) as plain,
        chat_socket(chat, bob, subprotocols=V1) as rich,
        foreign_transaction() as foreign,
    ):
        await foreign.hold(Chat.objects.filter(pk=chat.pk))
        await plain.post("perhaps")
        await send(rich, "surely")
        killed = 0
        for _ in range(200):
            killed += await in_thread(kill_who_waits)()
            if killed or await asyncio.sleep(0.01):
                break
        assert killed == 1
        await foreign.commit()
        assert await plain.closed() == AGAIN
        assert (await until(rich, "ack"))["dup"] is False
        await send(rich, "next")
        assert (await until(rich, "ack"))["seq"] == 2
    assert [text for _seq, _sender, text in await kept(chat)] == ["surely", "next"]


@pytest.mark.postgres
async def test_a_deadlock_is_tried_again(lane, chat_socket, chat, bob, configure):
    """The foreign transaction has the sender and wants the chat; the writer has the chat and wants the sender."""
    configure(CHAT_LOCK_TIMEOUT=20, CHAT_WRITE_TIMEOUT=30)
    async with chat_socket(chat, bob, subprotocols=V1) as socket, foreign_transaction() as foreign:
        await foreign.hold(get_user_model()._base_manager.filter(pk=bob.pk))
        await send(socket, "hello")
        await asyncio.sleep(0.3)
        wanting = asyncio.create_task(foreign.hold(Chat.objects.filter(pk=chat.pk)))
        await asyncio.wait([wanting], timeout=10)
        failure = wanting.exception()
        assert failure is None or isinstance(failure, OperationalError)
        if failure is None:
            await foreign.commit()
        else:
            await foreign.end()
        assert (await until(socket, "ack"))["seq"] == 1
    assert await is_whole(chat)


# too much


async def test_a_full_queue_is_busy(chat_socket, chat, ann, bob, configure):
    async with chat_socket(chat, ann) as plain, chat_socket(chat, bob, subprotocols=V1) as rich:
        configure(CHAT_QUEUE_SIZE=0)
        client_id = await send(rich, "too much")
        frame = await until(rich, "err")
        assert (frame["code"], frame["client_id"], frame["retry_after"]) == ("busy", client_id, 1)
        await plain.post("too much")
        assert await plain.closed() == AGAIN
        configure(CHAT_QUEUE_SIZE=10)
        await send(rich, "fits")
        assert (await until(rich, "ack"))["seq"] == 1
    assert await kept(chat) == [(1, bob.pk, "fits")]


# a site's own serializer of messages


class SiteSerializer(MessageSerializer):
    """Rewrites, refuses and breaks."""

    def validate_text(self, text):
        if text == "rude":
            raise serializers.ValidationError("Be polite.", code="rude")
        if text == "break":
            raise OSError("a fault of the site")
        return text.replace("damn", "****")


@pytest.fixture
def own_serializer(configure):
    configure(SERIALIZERS={"message": f"{__name__}.SiteSerializer"})


async def test_a_sites_own_serializer_decides(lane, own_serializer, chat_socket, chat, ann, bob, caplog):
    async with chat_socket(chat, ann) as plain, chat_socket(chat, bob, subprotocols=V1) as rich:
        await plain.post("damn it")
        assert (await plain.next())["text"] == "**** it"
        await plain.post("rude")
        await send(rich, "rude")
        assert (await until(rich, "err"))["code"] == "invalid"
        await send(rich, "")
        assert (await until(rich, "err"))["code"] == "blank"
        await send(rich, "break")
        assert (await until(rich, "err"))["code"] == "busy"
        await send(rich, "damn nice")
        assert (await until(rich, "ack"))["seq"] == 2
        assert (await plain.next())["text"] == "**** nice"
        await plain.post("break")
        assert await plain.closed() == AGAIN
    assert [text for _seq, _sender, text in await kept(chat)] == ["**** it", "**** nice"]
    assert f"Frame dropped: rude (chat {chat.pk}, user {ann.pk})." in caplog.messages
    assert f"The serializer or content hook of messages failed in chat {chat.pk}." in caplog.messages


# several loops


def test_many_writers_on_one_database(lane, chat, ann, bob):
    """Four loops, each with a writer of its own, post at once over the ORM."""
    senders, failures = [], []

    async def post(number):
        made = Writer(FakeHub())
        mine = [Sender(chat, ann), Sender(chat, bob)]
        senders.extend(mine)
        for count in range(25):
            made.put(mine[count % 2].draft(f"{number} {count}"))
            await asyncio.sleep(0)
        await done(made)
        await made.close()

    def run(number):
        try:
            asyncio.run(post(number))
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []
    assert [what for sender in senders for _text, what in sender.told] == ["stored"] * 100
    messages = list(Message.objects.order_by("seq").values_list("seq", "text"))
    assert [seq for seq, _text in messages] == list(range(1, 101))
    for number in range(4):
        own = [text for _seq, text in messages if text.startswith(f"{number} ")]
        assert own == [f"{number} {count}" for count in range(25)]
    connections.close_all()


async def test_batches_are_settled_one_after_the_other():
    class Hub:
        start = staticmethod(asyncio.ensure_future)

    async def settle(batch, outcomes):
        await asyncio.sleep(0.01 if batch == [1] else 0)
        settled.append(batch)

    settled, writer = [], Writer(Hub())
    writer.settle = settle
    await writer.settle_soon([1], [])
    await writer.settle_soon([2], [])
    await writer.settling
    assert settled == [[1], [2]]
