"""What the sockets of a process share: order, repair, slow readers, joining and leaving."""

import asyncio
import json
import signal
from contextlib import AsyncExitStack
from urllib.parse import quote

import pytest
from channels.db import database_sync_to_async as in_thread
from channels.routing import URLRouter
from channels.testing import WebsocketCommunicator
from django.db import OperationalError

from find_friend.accounts.models import AuthToken
from find_friend.chat import consumers, delivery, draining, inspection, middleware, reader
from find_friend.chat.consumers import Socket
from find_friend.chat.hub import current_hub, hubs, running_hubs
from find_friend.chat.models import Chat, Message
from find_friend.chat.news import Told
from find_friend.chat.protocols import Close
from find_friend.chat.signals import message_posted
from find_friend.friends.models import Friendship
from find_friend.routing import websocket_urlpatterns

from .elsewhere import Gate, elsewhere, event, in_json, post, posted_elsewhere, room_of, socket_of, tell, until

pytestmark = pytest.mark.django_db(transaction=True)

V1 = ["ff.chat.v1"]


async def frames_of(socket, type, count):
    found = []
    while len(found) < count:
        frame = await socket.next()
        if frame["type"] == type:
            found.append(frame)
    return found


def fail_with(error):
    def fail(*args, **kwargs):
        raise error

    return fail


# order and gaps


@pytest.mark.parametrize("order", ["321", "312", "231", "1323", "2131"])
async def test_messages_in_any_order(chat_socket, chat, ann, bob, order, monkeypatch):
    monkeypatch.setattr("find_friend.chat.hub.GAP_WAIT", 600)  # nothing is read from the database
    async with chat_socket(chat, bob) as socket:
        events = await posted_elsewhere(chat, ann, "1", "2", "3")
        await tell(*(events[int(number) - 1] for number in order))
        assert await socket.texts(3) == ["1", "2", "3"]
        await socket.nothing()


async def test_two_processes_cross(chat_socket, chat, ann, bob, monkeypatch):
    """One process' news take long, and the other's, later ones, come first."""
    monkeypatch.setattr("find_friend.chat.hub.GAP_WAIT", 600)
    async with chat_socket(chat, bob) as socket, chat_socket(chat, ann) as other:
        slow = await posted_elsewhere(chat, ann, "1", "2")
        await socket.post("3")
        await socket.nothing()
        await tell(*slow)
        assert await socket.texts(3) == await other.texts(3) == ["1", "2", "3"]
        assert room_of(chat).pending == {}


async def test_a_late_one_and_another_gap_behind_it(chat_socket, chat, ann, bob, monkeypatch):
    """What was late comes, and what is late then gets its time too."""
    async with chat_socket(chat, bob) as socket:
        one, two, three, four = await posted_elsewhere(chat, ann, *"1234")
        await tell(two, four)
        await until(lambda: room_of(chat).timer is not None)
        room, hub = room_of(chat), current_hub()
        await tell(one)
        assert await socket.texts(2) == ["1", "2"]
        timer = room.timer
        timer.cancel()
        monkeypatch.setattr("find_friend.chat.hub.GAP_WAIT", 600)
        hub.look_at_gap(room, 0)
        assert room.timer is not timer
        await socket.nothing()
        await tell(three)
        assert await socket.texts(2) == ["3", "4"]


async def test_holes_of_removed_rows(chat_socket, chat, ann, bob, eve):
    await post(chat, ann, "1", "2", "3")
    async with chat_socket(chat, bob) as socket:
        assert await socket.texts(3) == ["3", "2", "1"]
        events = await posted_elsewhere(chat, ann, "4", "5", "6")
        await in_thread(Message.objects.filter(seq__in=[2, 5]).delete)()
        await tell(events[2])
        assert await socket.texts(2) == ["4", "6"]
        await post(chat, ann, "7")
        assert await socket.texts(1) == ["7"]
    async with chat_socket(chat, bob) as socket:
        assert await socket.texts(5) == ["7", "6", "4", "3", "1"]


async def test_a_newest_row_that_was_removed(chat_socket, chat, ann, bob):
    async with chat_socket(chat, bob) as socket:
        await posted_elsewhere(chat, ann, "1", "2")
        await in_thread(Message.objects.filter(seq=2).delete)()
        await current_hub().sweep(0)
        assert await socket.texts(1) == ["1"]
        await post(chat, ann, "3")
        assert await socket.texts(1) == ["3"]


async def test_a_repair_that_fails_is_made_again(chat_socket, chat, ann, bob, monkeypatch, caplog):
    async with chat_socket(chat, bob) as socket:
        await posted_elsewhere(chat, ann, "lost")
        with monkeypatch.context() as patch:
            patch.setattr(inspection, "read_after", fail_with(OperationalError("gone")))
            await current_hub().sweep(0)
            await until(lambda: "Work of the chat failed." in caplog.messages)
        await current_hub().sweep(0)
        assert await socket.texts(1) == ["lost"]


async def test_changes_that_are_too_many_for_one_look(chat_socket, chat, ann, bob, monkeypatch):
    monkeypatch.setattr(inspection, "MOST_MISSED", 2)
    await post(chat, ann, *"12345")
    async with chat_socket(chat, bob, subprotocols=V1) as socket:
        for seq in range(1, 6):
            events = await elsewhere(chat.edit, by=ann, seq=seq, text="x")
        await tell(*events)
        assert [frame["event"] for frame in await frames_of(socket, "edited", 5)] == [1, 2, 3, 4, 5]


async def test_a_change_found_before_its_message(chat_socket, chat, ann, bob, monkeypatch):
    """The message is committed after the messages were read, its change before the changes are."""
    await post(chat, ann, "one")
    original = inspection.changes_after

    def slow(*args, **kwargs):
        with monkeypatch.context() as patch:
            patch.setattr(delivery, "spread", lambda news, rights=(): None)
            chat.post(by=ann, text="two")
            chat.edit(by=ann, seq=2, text="too")
        monkeypatch.setattr(inspection, "changes_after", original)
        return original(*args, **kwargs)

    async with chat_socket(chat, bob, subprotocols=V1) as socket:
        await frames_of(socket, "read", 1)  # the last of what comes by itself
        await elsewhere(chat.edit, by=ann, seq=1, text="won")
        monkeypatch.setattr(inspection, "changes_after", slow)
        await current_hub().sweep(0)
        (first,) = await frames_of(socket, "edited", 1)
        await until(lambda: not room_of(chat).repairing)
        await current_hub().sweep(0)
        two, too = await socket.next(), await socket.next()
        assert (first["seq"], two["type"], too["type"], too["seq"]) == (1, "msg", "edited", 2)


async def test_a_repair_is_one_at_a_time(chat_socket, chat, ann, bob):
    async with chat_socket(chat, bob) as socket:
        _one, two = await posted_elsewhere(chat, ann, "1", "2")
        await tell(two)
        await until(lambda: room_of(chat).timer is not None)
        room, hub = room_of(chat), current_hub()
        hub.repair(room)
        hub.repair(room)
        assert room.timer is None
        assert await socket.texts(2) == ["1", "2"]
        socket_of(chat, bob).deliver(await in_thread(inspection.read_after)(chat.pk, 0, 2))
        await socket.nothing()


async def test_a_repair_that_comes_late_changes_nothing(chat_socket, chat, ann, bob, monkeypatch):
    """What it reads was passed on while it was reading."""
    async with chat_socket(chat, bob) as socket:
        await post(chat, ann, "1")
        assert await socket.texts(1) == ["1"]
        read = inspection.read_after
        monkeypatch.setattr(inspection, "read_after", lambda pk, seq, limit: read(pk, 0, limit))
        await current_hub().repair_now(room_of(chat))
        assert room_of(chat).position == 1
        await socket.nothing()


# slow readers


async def test_a_slow_reader_gets_everything_in_its_own_time(chat_socket, chat, ann, bob, configure, monkeypatch):
    monkeypatch.setattr("find_friend.chat.consumers.PAGE", 3)
    configure(CHAT_OUTBOX_SIZE=2)
    texts = [str(number) for number in range(12)]
    async with chat_socket(chat, bob) as slow, chat_socket(chat, bob) as quick:
        inner = room_of(chat).sockets[0]
        gate = Gate(inner)
        await post(chat, ann, *texts)
        assert await quick.texts(12) == texts
        assert len(inner.outbox) <= 2
        assert inner not in room_of(chat).live
        gate.open.set()
        assert await slow.texts(12) == texts
        await until(lambda: inner in room_of(chat).live)
        await post(chat, ann, "live")
        assert await slow.texts(1) == ["live"]
        await slow.nothing()


async def test_a_slow_reader_of_changes(chat_socket, chat, ann, bob, configure, monkeypatch):
    configure(CHAT_OUTBOX_SIZE=2)
    monkeypatch.setattr(inspection, "MOST_MISSED", 2)
    await post(chat, ann, *"12345")
    async with chat_socket(chat, bob, subprotocols=V1) as slow:
        await frames_of(slow, "read", 1)
        inner = socket_of(chat, bob)
        gate = Gate(inner)
        for seq in range(1, 6):
            await in_thread(chat.edit)(by=ann, seq=seq, text="x")
        await until(lambda: inner not in room_of(chat).live)
        gate.open.set()
        assert [frame["event"] for frame in await frames_of(slow, "edited", 5)] == [1, 2, 3, 4, 5]
        await until(lambda: inner in room_of(chat).live)


async def test_catching_up_leaves_changes_of_later_messages(chat_socket, chat, ann, bob):
    await post(chat, ann, "one")
    async with chat_socket(chat, bob, subprotocols=V1) as socket:
        await frames_of(socket, "read", 1)
        inner = socket_of(chat, bob)
        await posted_elsewhere(chat, ann, "two")
        await elsewhere(chat.edit, by=ann, seq=2, text="too")
        await inner.catch_up_changes()
        assert inner.last_event == 0
        await current_hub().sweep(0)
        await frames_of(socket, "msg", 1)


async def test_a_reader_that_takes_nothing_is_closed(chat_socket, chat, ann, bob, configure, monkeypatch):
    monkeypatch.setattr("find_friend.chat.consumers.SEND_PATIENCE", 0.05)
    configure(CHAT_SEND_TIMEOUT=30)
    async with chat_socket(chat, ann) as quick:
        async with chat_socket(chat, bob) as slow:
            inner = socket_of(chat, bob)
            Gate(inner)
            await post(chat, ann, "one")
            await until(lambda: inner.sending_since is not None)
            inner.look_at_the_clock(inner.sending_since + 29)
            assert inner.closing is None
            inner.look_at_the_clock(inner.sending_since + 31)
            assert await slow.closed() == 4508
            await until(lambda: slow.wire.future.done())
        assert await quick.texts(1) == ["one"]


async def test_the_connection_of_such_a_reader_is_dropped(chat_socket, chat, bob, monkeypatch):
    """As uvicorn has it: the transport behind the method that sends."""
    monkeypatch.setattr("find_friend.chat.consumers.SEND_PATIENCE", 0.05)

    class Transport:
        aborted = False

        def abort(self):
            self.aborted = True

    async with chat_socket(chat, bob) as slow:
        inner = socket_of(chat, bob)
        gate = Gate(inner)
        gate.transport = Transport()
        inner.end(Close.SLOW)
        await until(lambda: slow.wire.future.done())
        assert gate.transport.aborted


async def test_a_catch_up_that_fails_closes(chat_socket, chat, ann, bob, monkeypatch):
    async with chat_socket(chat, bob) as socket:
        monkeypatch.setattr(inspection, "read_after", fail_with(OperationalError("gone")))
        socket_of(chat, bob).fall_behind()
        assert await socket.closed() == 1013


async def test_messages_that_come_while_one_catches_up(chat_socket, chat, ann, bob, monkeypatch):
    original = inspection.read_after

    def slow(*args):
        found = original(*args)
        monkeypatch.setattr(inspection, "read_after", original)
        chat.post(by=ann, text="meanwhile")
        return found

    async with chat_socket(chat, bob) as socket:
        monkeypatch.setattr(inspection, "read_after", slow)
        inner = socket_of(chat, bob)
        inner.fall_behind()
        assert await socket.texts(1) == ["meanwhile"]
        await until(lambda: inner in room_of(chat).live)
    await inner.catch_up()  # the socket has ended; there is nothing to do any more
    assert inner.room is None


async def test_a_reader_that_leaves_with_frames_on_the_way(chat_socket, chat, ann, bob):
    async with chat_socket(chat, bob):
        inner = socket_of(chat, bob)
        Gate(inner)
        await post(chat, ann, "one")
        await until(lambda: inner.flusher is not None)
        flusher = inner.flusher
    assert flusher.cancelled() or flusher.done()
    inner.give_up()
    assert inner.task is None


async def test_one_who_sends_without_reading_is_read_no_more(chat_socket, chat, ann, configure):
    configure(CHAT_OUTBOX_SIZE=2)
    async with chat_socket(chat, ann, subprotocols=V1) as socket:
        inner = socket_of(chat, ann)
        await until(lambda: inner.privacy is not None)
        gate = Gate(inner)
        for _ in range(8):
            await socket.post('{"type": "ping"}')
        await until(lambda: inner.room_to_breathe is not None)
        assert not socket.wire.input_queue.empty()
        gate.open.set()
        await frames_of(socket, "pong", 8)
        await until(lambda: inner.room_to_breathe is None)


# coming and going


async def test_joining_while_messages_come(chat_socket, chat, ann, bob, configure):
    """Whenever a socket comes, it has each message once, and what is new in order."""

    async def all_of(socket):
        found = []
        while len(found) < 40:
            found.append(int((await socket.next())["text"]))
        return found

    configure(CHAT_HISTORY_SIZE=100)
    async with AsyncExitStack() as stack:
        posting = asyncio.create_task(post(chat, ann, *map(str, range(1, 41))))
        sockets = []
        for _ in range(5):
            await asyncio.sleep(0.02)
            sockets.append(await stack.enter_async_context(chat_socket(chat, bob)))
        await posting
        for socket in sockets:
            found = await all_of(socket)
            old = found.index(1) + 1 if found[0] != 1 else 0  # history comes newest first
            assert found == [*range(old, 0, -1), *range(old + 1, 41)]
            await socket.nothing(0.01)


def look_in_threads(monkeypatch):
    """What a test does meanwhile needs the ORM; on PostgreSQL sockets would be opened on the loop."""
    monkeypatch.setattr(reader, "is_usable", lambda using: False)


async def test_a_socket_that_comes_behind_the_others_catches_up(chat_socket, chat, ann, bob, monkeypatch):
    original = inspection.read_opening

    def slow(*args):
        opening = original(*args)
        if not opening.missed:
            chat.post(by=ann, text="meanwhile")
        return opening

    async with chat_socket(chat, ann) as early:
        look_in_threads(monkeypatch)
        monkeypatch.setattr(inspection, "read_opening", slow)
        async with chat_socket(chat, bob) as late:
            assert await late.texts(1) == ["meanwhile"]
        assert await early.texts(1) == ["meanwhile"]


async def test_what_came_before_the_first_socket_was_ready(chat_socket, chat, ann, bob, monkeypatch):
    original = inspection.read_opening

    def slow(*args):
        opening = original(*args)
        chat.post(by=ann, text="meanwhile")
        return opening

    look_in_threads(monkeypatch)
    monkeypatch.setattr(inspection, "read_opening", slow)
    async with chat_socket(chat, bob) as socket:
        assert await socket.texts(1) == ["meanwhile"]
        await socket.nothing()


@pytest.mark.needs("friends")
@pytest.mark.parametrize("offered", [[], V1])
async def test_rights_that_end_while_the_socket_opens(open_socket, token_header, chat, ann, bob, monkeypatch, offered):
    """One close, and nothing after it."""
    original = inspection.read_opening

    def slow(*args):
        opening = original(*args)
        Friendship.objects.unfriend(by=ann, friend=bob)
        return opening

    async def later(*args):
        found = await reading(*args)
        await until(lambda: room_of(chat).sockets[0].closing is not None)
        return found

    reading = Socket.read_opening
    look_in_threads(monkeypatch)
    monkeypatch.setattr(inspection, "read_opening", slow)
    monkeypatch.setattr(Socket, "read_opening", later)
    header = await token_header(ann)
    async with open_socket(f"/ws/chat/{chat.pk}/", [header], offered) as (socket, accepted):
        assert accepted is bool(offered)
        if offered:
            assert await socket.closed() == 4403
        await socket.nothing()


async def test_a_socket_that_ends_while_it_is_accepted(open_socket, token_header, chat, ann, monkeypatch):
    accept = consumers.accept

    async def accept_and_end(*args):
        await accept(*args)
        socket_of(chat, ann).end(Close.RESTART)

    monkeypatch.setattr(consumers, "accept", accept_and_end)
    async with open_socket(f"/ws/chat/{chat.pk}/", [await token_header(ann)]) as (socket, accepted):
        assert accepted
        assert await socket.closed() == 1012
        await socket.nothing()


async def test_who_signs_out_while_the_socket_opens(open_socket, token_header, chat, ann, monkeypatch):
    original = inspection.read_opening

    def slow(*args):
        with monkeypatch.context() as patch:
            patch.setattr(delivery, "spread", lambda news, rights=(): None)
            AuthToken.objects.revoke_all(ann)
        return original(*args)

    headers = [await token_header(ann)]
    look_in_threads(monkeypatch)
    monkeypatch.setattr(inspection, "read_opening", slow)
    async with open_socket(f"/ws/chat/{chat.pk}/", headers, V1) as (socket, accepted):
        assert accepted
        assert await socket.closed() == 4401


@pytest.mark.parametrize("query", ["", "?after=0"])
async def test_the_first_message_while_the_socket_opens(open_socket, token_header, chat, ann, bob, monkeypatch, query):
    original = inspection.state_of

    def slow(asked):
        with monkeypatch.context() as patch:
            patch.setattr(delivery, "spread", lambda news, rights=(): None)
            chat.post(by=ann, text="meanwhile")
        return original(asked)

    headers = [await token_header(bob)]
    look_in_threads(monkeypatch)
    monkeypatch.setattr(inspection, "state_of", slow)
    async with open_socket(f"/ws/chat/{chat.pk}/{query}", headers, V1) as (socket, accepted):
        assert accepted
        await current_hub().sweep(0)
        (frame,) = await frames_of(socket, "msg", 1)
        assert frame["text"] == "meanwhile"


async def test_a_crowd_at_the_door_comes_back_later(open_socket, token_header, chat, ann, monkeypatch):
    monkeypatch.setattr(middleware, "MOST_WAITING", 0)
    headers = [await token_header(ann)]
    async with open_socket(f"/ws/chat/{chat.pk}/", headers) as (_socket, accepted):
        assert not accepted
    async with open_socket(f"/ws/chat/{chat.pk}/", headers, V1) as (socket, accepted):
        assert accepted
        assert await socket.closed() == 4429
    monkeypatch.setattr(middleware, "MOST_WAITING", 1)
    async with open_socket(f"/ws/chat/{chat.pk}/", headers) as (_socket, accepted):
        assert accepted


async def test_a_password_stored_anew_ends_nothing(open_socket, chat, ann, configure):
    """Where the credential lives on: the message is refused, and goes once more."""
    configure(AUTHENTICATION_CLASSES=["tests.apps.chat.site.KeyAuthentication"])
    headers = [(b"x-key", quote(str(ann.pk)).encode())]
    async with open_socket(f"/ws/chat/{chat.pk}/", headers) as (socket, accepted):
        assert accepted
        await in_thread(type(ann).objects.filter(pk=ann.pk).update)(password="stored anew")
        await socket.post("hello")
        assert await socket.texts(1) == ["hello"]


async def test_what_is_refused_after_the_end(chat_socket, chat, ann):
    async with chat_socket(chat, ann) as socket:
        inner = socket_of(chat, ann)
        inner.drafts = 1
        inner.end(Close.RESTART)
        inner.refused(None)
        inner.end(Close.FORBIDDEN)
        assert inner.drafts == 0
        assert await socket.closed() == 1012
        await socket.nothing()


async def test_a_full_queue_closes_a_plain_socket(chat_socket, chat, ann, configure):
    configure(CHAT_QUEUE_SIZE=0)
    async with chat_socket(chat, ann) as socket:
        await socket.post("hello")
        assert await socket.closed() == 1013


async def test_signals_are_sent_in_order(chat_socket, chat, ann):
    heard = []

    def hear(message, **kwargs):
        heard.append(message.text)

    message_posted.connect(hear)
    try:
        async with chat_socket(chat, ann) as socket:
            for text in "123":
                await socket.post(text)
                assert await socket.texts(1) == [text]
            await until(lambda: len(heard) == 3)
    finally:
        message_posted.disconnect(hear)
    assert heard == ["1", "2", "3"]


async def test_a_hub_does_not_wait_for_ever(chat_socket, chat, ann, monkeypatch):
    monkeypatch.setattr("find_friend.chat.hub.CLOSING_PATIENCE", 0.05)
    async with chat_socket(chat, ann):
        current_hub().recheck(["nobody here"])
        endless = current_hub().start(asyncio.sleep(3600))
    await until(endless.cancelled)


async def test_many_sockets_of_one_user(chat_socket, chat, ann, bob):
    async with AsyncExitStack() as stack:
        sockets = [await stack.enter_async_context(chat_socket(chat, ann)) for _ in range(5)]
        hub = current_hub()
        assert hub.counts == {str(ann.pk): 5}
        await sockets[0].post("hello")
        for socket in sockets:
            assert await socket.texts(1) == ["hello"]
        await sockets[0].leave()
        assert hub.counts == {str(ann.pk): 4}
        await elsewhere(Friendship.objects.unfriend, by=ann, friend=bob)
        hub.recheck([str(bob.pk)])
        for socket in sockets[1:]:
            assert await socket.closed() == 4403


async def test_a_hub_ends_with_its_last_socket(chat_socket, chat, ann, bob):
    before = asyncio.all_tasks()
    async with chat_socket(chat, ann) as left, chat_socket(chat, bob):
        hub = current_hub()
        await left.post("hello")
        await left.next()
    assert running_hubs() == []
    assert (hub.rooms, dict(hub.counts), hub.watchers, hub.writer.lanes) == ({}, {}, {}, {})
    await until(lambda: asyncio.all_tasks() <= before)


async def test_nothing_is_begun_after_the_last_one_has_left(chat_socket, chat, ann, monkeypatch):
    monkeypatch.setattr("find_friend.chat.hub.WELCOME_AFTER", 600)
    async with chat_socket(chat, ann):
        hub = current_hub()
        assert not hub.welcoming.cancelled()
    assert hub.welcoming.cancelled()


async def test_a_hub_that_ended_while_somebody_came(chat_socket, chat, ann, bob, monkeypatch):
    """A site's own middleware: whom it names is looked up first, and meanwhile the last socket may leave."""
    wire = WebsocketCommunicator(URLRouter(websocket_urlpatterns), f"/ws/chat/{chat.pk}/")
    wire.scope["user"] = ann
    async with chat_socket(chat, bob):
        old = current_hub()
        looking, called = Socket.identify, []

        async def slow(self, scope):
            called.append(scope)
            found = await looking(self, scope)
            await until(lambda: hubs.get(self.hub.loop) is not old)
            return found

        monkeypatch.setattr(Socket, "identify", slow)
        await wire.send_input({"type": "websocket.connect"})
        await until(lambda: called)
    assert (await wire.receive_output(5))["type"] == "websocket.accept"
    await post(chat, bob, "hello")
    assert json.loads(await wire.receive_from(5))["text"] == "hello"
    await wire.send_input({"type": "websocket.disconnect", "code": 1000})
    await wire.wait(5)
    assert running_hubs() == []


async def test_a_server_that_cancels_is_obeyed(token_header, chat, ann):
    from tests.projects.full.asgi import application

    wire = WebsocketCommunicator(application, f"/ws/chat/{chat.pk}/", headers=[await token_header(ann)])
    assert (await wire.connect(5))[0]
    wire.future.cancel()
    with pytest.raises(asyncio.CancelledError):
        await wire.future
    assert running_hubs() == []


async def test_a_socket_that_leaves_before_it_is_introduced(chat_socket, chat, ann, monkeypatch):
    original, asked = inspection.manners, []

    def slow(pairs):
        asked.append(pairs)
        socket_of_loop.closing = Close.RESTART
        return original(pairs)

    async with chat_socket(chat, ann):
        monkeypatch.setattr(inspection, "manners", slow)
        socket_of_loop = inner = socket_of(chat, ann)
        await until(lambda: asked)
        await asyncio.sleep(0.05)
        assert inner.privacy is None


async def test_a_gap_that_nobody_waits_for_any_more(chat_socket, chat, ann, bob):
    async with chat_socket(chat, bob):
        _one, two = await posted_elsewhere(chat, ann, "1", "2")
        await tell(two)
        await until(lambda: room_of(chat).timer is not None)
        timer = room_of(chat).timer
    assert timer.cancelled()


# the sweep


async def test_the_sweep_ends_sockets_without_rights(chat_socket, chat, ann, bob):
    async with chat_socket(chat, ann) as left, chat_socket(chat, bob) as right:
        await elsewhere(Friendship.objects.unfriend, by=ann, friend=bob)
        await current_hub().sweep(0)
        assert [await left.closed(), await right.closed()] == [4403, 4403]


async def test_a_sweep_that_fails_comes_again(chat_socket, chat, ann, bob, configure, monkeypatch, caplog):
    configure(CHAT_SWEEP_INTERVAL=0.02)
    async with chat_socket(chat, bob) as socket:
        with monkeypatch.context() as patch:
            patch.setattr(inspection, "counters", fail_with(OperationalError("gone")))
            await until(lambda: "The sweep failed; it comes again." in caplog.messages)
        await posted_elsewhere(chat, ann, "lost")
        assert await socket.texts(1) == ["lost"]


async def test_an_older_database_was_restored(chat_socket, chat, ann, bob):
    await post(chat, ann, "1", "2")
    async with chat_socket(chat, bob) as socket:
        await socket.texts(2)
        await in_thread(Message.objects.filter(seq=2).delete)()
        await in_thread(Chat.objects.filter(pk=chat.pk).update)(last_seq=1)
        await current_hub().sweep(0)
        assert await socket.closed() == 1013


async def test_a_chat_that_goes_on_while_the_sweep_looks(chat_socket, chat, ann, bob, monkeypatch):
    """What it reads is old by the time it has it; that is no older database."""
    original = inspection.counters

    def slow(chats):
        found = original(chats)
        monkeypatch.setattr(inspection, "counters", original)
        chat.post(by=ann, text="meanwhile")
        return found

    async with chat_socket(chat, bob) as socket:
        monkeypatch.setattr(inspection, "counters", slow)
        await current_hub().sweep(0)
        assert await socket.texts(1) == ["meanwhile"]
        await socket.nothing()


async def test_a_chat_whose_sockets_leave_while_the_sweep_looks(chat_socket, chat, ann):
    async with chat_socket(chat, ann):
        hub = current_hub()
        room = hub.rooms.pop(chat.pk)
        await hub.look_for_lost({chat.pk})
        hub.rooms[chat.pk] = room
        assert room.repairing is False


async def test_sockets_that_leave_between_two_parts_of_the_sweep(chat_socket, chat, ann, bob, monkeypatch, caplog):
    monkeypatch.setattr("find_friend.chat.hub.CHUNK", 1)
    async with chat_socket(chat, ann), chat_socket(chat, bob) as late:
        sweep = asyncio.ensure_future(current_hub().sweep(1))
        await asyncio.sleep(0.1)
        await late.leave()
        await sweep
    assert caplog.messages == []


@pytest.mark.parametrize("failing", ["open_pairs", "living"])
async def test_rights_that_cannot_be_read_end_nobody(chat_socket, chat, ann, monkeypatch, caplog, failing):
    async with chat_socket(chat, ann) as socket:
        with monkeypatch.context() as patch:
            patch.setattr(inspection, failing, fail_with(OperationalError("gone")))
            await current_hub().sweep(0)
        assert "Rights of 1 sockets could not be read." in caplog.messages
        await socket.post("hello")
        assert await socket.texts(1) == ["hello"]


@pytest.mark.parametrize(("error", "code"), [(OperationalError("gone"), None), (KeyError("a fault"), 1013)])
async def test_credentials_that_cannot_be_asked(chat_socket, chat, ann, monkeypatch, error, code):
    async with chat_socket(chat, ann) as socket:
        credential = socket_of(chat, ann).credential
        monkeypatch.setattr(type(credential), "current_user", fail_with(error))
        current_hub().recheck([str(ann.pk)])
        if code is None:
            await socket.nothing()
        else:
            assert await socket.closed() == code


async def test_a_policy_that_fails_closes_only_whom_it_is_about(chat_socket, chat, ann, bob, configure, caplog):
    async with chat_socket(chat, ann) as left, chat_socket(chat, bob) as right:
        configure(POLICY="tests.apps.chat.site.FailingPolicy")
        await current_hub().sweep(0)
        assert [await left.closed(), await right.closed()] == [1013, 1013]
    assert f"The rights of a socket of chat {chat.pk} could not be decided." in caplog.messages


async def test_a_database_that_is_away_refuses(open_socket, token_header, chat, ann, monkeypatch, caplog):
    headers = [await token_header(ann)]
    monkeypatch.setattr(inspection, "read_opening", fail_with(OperationalError("gone")))
    async with open_socket(f"/ws/chat/{chat.pk}/", headers) as (_socket, accepted):
        assert not accepted
    async with open_socket(f"/ws/chat/{chat.pk}/", headers, V1) as (socket, accepted):
        assert accepted
        assert await socket.closed() == 1013
    assert f"The database could not be read for a socket of chat {chat.pk}." in caplog.messages
    assert running_hubs() == []


# presence between processes


async def presence_of(socket):
    (frame,) = await frames_of(socket, "presence", 1)
    return frame["user"], frame["online"]


async def test_presence_in_another_process(chat_socket, chat, ann, bob):
    def told(what, user):
        return event(Told(chat.pk, what, str(user.pk)))

    async with chat_socket(chat, ann, subprotocols=V1) as socket:
        await until(lambda: socket_of(chat, ann).privacy is not None)
        await tell(told("here", bob))
        assert await presence_of(socket) == (in_json(bob.pk), True)
        await tell(told("here", bob))
        await tell(told("gone", bob))
        assert await presence_of(socket) == (in_json(bob.pk), False)
        await tell(told("gone", bob))
        sent = []
        hub = current_hub()
        hub.wire.publish = sent.append
        hub.hear(told("ask", bob))
        assert sent == [{"news": [["told", chat.pk, "here", str(ann.pk), ""]]}]
        # Another socket of hers has gone elsewhere, but here is one.
        hub.hear(told("gone", ann))
        assert len(sent) == 2
        await socket.nothing()


async def test_presence_runs_out(chat_socket, chat, ann, bob):
    async with chat_socket(chat, ann, subprotocols=V1) as socket:
        await until(lambda: socket_of(chat, ann).privacy is not None)
        await tell(event(Told(chat.pk, "here", str(bob.pk))))
        assert await presence_of(socket) == (in_json(bob.pk), True)
        hub, room, sent = current_hub(), room_of(chat), []
        hub.wire.publish = sent.append
        hub.presence.renew([room])
        assert sent == [{"news": [["told", chat.pk, "here", str(ann.pk), ""]]}]
        room.present[str(bob.pk)] = hub.loop.time() - 1
        hub.presence.renew([room])
        assert await presence_of(socket) == (in_json(bob.pk), False)
        hub.presence.renew([room])
        assert str(bob.pk) not in room.present
        del hub.wire.publish


# another loop in the same process


async def test_news_reach_other_loops_of_the_process(chat_socket, chat, ann, bob, monkeypatch):
    taken = []

    class Other:
        take = "take"

        def call(self, function, news):
            taken.append((function, news))

    async with chat_socket(chat, ann) as socket:
        hub = current_hub()
        monkeypatch.setattr("find_friend.chat.hub.running_hubs", lambda: [hub, Other()])
        await socket.post("hello")
        assert await socket.texts(1) == ["hello"]
    ((function, news),) = [each for each in taken if hasattr(each[1][0], "seq")]
    assert (function, news[0].seq) == ("take", 1)


# draining


@pytest.fixture
def in_service():
    yield
    draining._state["draining"] = False


async def test_draining(chat_socket, open_socket, token_header, chat, ann, bob, configure, in_service):
    configure(CHAT_DRAIN_SECONDS=0.1)
    headers = [await token_header(ann)]
    handler = signal.getsignal(signal.SIGUSR1)
    try:
        draining.on_signal(signal.SIGUSR1)
        async with chat_socket(chat, ann) as left, chat_socket(chat, bob, subprotocols=V1) as right:
            assert not draining.is_draining()
            await right.next()
            await until(lambda: socket_of(chat, bob).privacy is not None)
            signal.raise_signal(signal.SIGUSR1)
            draining.drain()  # a second time is one time
            assert draining.is_draining()
            assert await left.closed() == 1012
            await until(lambda: not right.wire.output_queue.empty())
            while (frame := await right.wire.receive_output(5))["type"] != "websocket.close":
                pass
            assert frame["code"] == 1012
            async with open_socket(f"/ws/chat/{chat.pk}/", headers) as (_socket, accepted):
                assert not accepted
            async with open_socket(f"/ws/chat/{chat.pk}/", headers, V1) as (socket, accepted):
                assert await socket.closed() == 1012
    finally:
        signal.signal(signal.SIGUSR1, handler)


def test_draining_a_process_without_sockets(in_service):
    draining.drain()
    assert draining.is_draining()
