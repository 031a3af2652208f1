"""What the channel layer loses, delays or repeats costs time and never a message."""

import asyncio
import json
import multiprocessing
import threading
from functools import partial

import pytest
from channels.db import database_sync_to_async as in_thread
from channels.layers import get_channel_layer
from channels.testing import WebsocketCommunicator
from django.db import connection, transaction

from find_friend.chat import delivery
from find_friend.chat.consumers import ChatConsumer
from find_friend.chat.models import Message
from find_friend.friends.models import Friendship

pytestmark = pytest.mark.django_db(transaction=True)

BROKEN = "tests.apps.chat.site.BrokenLayer"


@pytest.fixture
def layer(settings):
    """``layer(broken=["group_send"])`` puts a layer in memory in place that fails there."""

    def use(**config):
        settings.CHANNEL_LAYERS = {"default": {"BACKEND": BROKEN, "CONFIG": config}}
        return get_channel_layer()

    return use


@pytest.fixture
def impatient(configure):
    configure(CHAT_LAYER_TIMEOUT=0.05)


async def post(chat, user, *texts):
    for text in texts:
        await in_thread(chat.post)(by=user, text=text)


async def test_the_echo_comes_after_the_commit(chat_socket, chat, ann, bob):
    """A message that is rolled back reaches nobody."""

    def post_and_roll_back():
        with transaction.atomic():
            chat.post(by=ann, text="rolled back")
            transaction.set_rollback(True)

    def post_and_look():
        with transaction.atomic():
            chat.post(by=ann, text="kept")
            still_nothing = asyncio.run_coroutine_threadsafe(socket.wire.receive_nothing(0.1), loop).result()
        return still_nothing

    loop = asyncio.get_running_loop()
    async with chat_socket(chat, bob) as socket:
        await in_thread(post_and_roll_back)()
        await socket.nothing()
        assert await in_thread(post_and_look)()
        assert await socket.texts(1) == ["kept"]


async def test_repeated_and_late_events_are_ignored(chat_socket, chat, ann, bob):
    async with chat_socket(chat, bob) as socket:
        await post(chat, ann, "one", "two")
        assert await socket.texts(2) == ["one", "two"]
        for message in await in_thread(lambda: list(Message.objects.order_by("-seq")))():
            await in_thread(delivery.publish)(message)
        await socket.nothing()
        await post(chat, ann, "three")
        assert await socket.texts(1) == ["three"]


async def test_a_gap_is_filled_from_the_database(chat_socket, chat, ann, bob, layer):
    layer(broken=["group_send"])
    async with chat_socket(chat, bob) as socket:
        await post(chat, ann, "lost 1", "lost 2")
        await socket.nothing()
        get_channel_layer().broken.clear()
        await post(chat, ann, "arrives")
        assert await socket.texts(3) == ["lost 1", "lost 2", "arrives"]
        await socket.nothing()


async def test_a_gap_of_any_size_is_filled(chat_socket, chat, ann, bob, layer, monkeypatch):
    monkeypatch.setattr("find_friend.chat.consumers.CATCH_UP_ROWS", 2)
    layer(broken=["group_send"])
    async with chat_socket(chat, bob) as socket:
        await post(chat, ann, *"12345")
        get_channel_layer().broken.clear()
        await post(chat, ann, "6")
        assert await socket.texts(6) == list("123456")


async def test_the_sweep_finds_lost_messages(chat_socket, chat, ann, bob, layer, configure):
    layer(broken=["group_send"])
    configure(CHAT_SWEEP_INTERVAL=0.1)
    async with chat_socket(chat, bob) as socket:
        await post(chat, ann, "lost", "lost too")
        assert await socket.texts(2) == ["lost", "lost too"]


async def test_a_full_layer_loses_nothing(chat_socket, chat, ann, bob, layer, configure):
    """One place in the mailbox, and the socket is busy while fifty messages come in."""
    layer(capacity=1)
    configure(CHAT_SWEEP_INTERVAL=0.2)
    texts = [str(number) for number in range(50)]
    async with chat_socket(chat, bob) as socket:

        def post_all():
            for text in texts:
                chat.post(by=ann, text=text)

        await in_thread(post_all)()
        assert await socket.texts(50) == texts
        await socket.nothing()


@pytest.mark.parametrize("hang", [False, True])
@pytest.mark.parametrize(
    "broken",
    [
        ["group_send"],
        ["group_add"],
        ["new_channel"],
        ["group_discard"],
        ["receive"],
        ["new_channel", "receive", "group_add", "group_discard", "group_send"],
    ],
)
async def test_a_layer_that_fails_keeps_nobody_from_chatting(
    chat_socket, chat, ann, bob, layer, configure, impatient, broken, hang
):
    layer(broken=broken, hang=hang)
    configure(CHAT_SWEEP_INTERVAL=0.2)
    async with chat_socket(chat, ann) as left, chat_socket(chat, bob) as right:
        await left.post("hello")
        assert await left.texts(1) == ["hello"]
        assert await right.texts(1) == ["hello"]
        await in_thread(Friendship.objects.unfriend)(by=ann, friend=bob)
        assert [await left.closed(), await right.closed()] == [4403, 4403]


async def test_a_layer_that_comes_back_is_used_again(chat_socket, chat, ann, bob, layer, configure, impatient, caplog):
    broken = layer(broken=["new_channel", "group_add", "receive"])
    configure(CHAT_SWEEP_INTERVAL=0.1)
    async with chat_socket(chat, bob) as socket:
        broken.broken.clear()
        await asyncio.sleep(0.3)
        configure(CHAT_SWEEP_INTERVAL=600)
        await asyncio.sleep(0.3)
        await post(chat, ann, "by the layer")
        assert await socket.texts(1) == ["by the layer"]
    assert "The channel layer failed in new_channel: ConnectionError('the layer is down')" in caplog.messages


async def test_a_receive_that_failed_is_tried_again(chat_socket, chat, ann, bob, layer, impatient, caplog):
    broken = layer(broken=["receive"])
    async with chat_socket(chat, bob) as socket:
        await asyncio.sleep(0.1)
        broken.broken.clear()
        await post(chat, ann, "hello")
        assert await socket.texts(1) == ["hello"]
    assert "The channel layer failed in receive: ConnectionError('the layer is down')" in caplog.messages


async def test_groups_that_the_layer_forgot_are_joined_again(chat_socket, chat, ann, bob, layer, configure):
    memory = layer()
    configure(CHAT_SWEEP_INTERVAL=0.1)
    async with chat_socket(chat, bob) as socket:
        memory.groups.clear()
        await asyncio.sleep(0.4)
        assert delivery.chat_group(chat.pk) in memory.groups
        assert delivery.user_group(bob.pk) in memory.groups
        await post(chat, ann, "hello")
        assert await socket.texts(1) == ["hello"]
    assert memory.groups == {}


async def test_without_a_layer_the_sweep_delivers(chat_socket, chat, ann, bob, settings, configure):
    settings.CHANNEL_LAYERS = {}
    configure(CHAT_SWEEP_INTERVAL=0.1)
    async with chat_socket(chat, ann) as left, chat_socket(chat, bob) as right:
        await left.post("hello")
        assert await left.texts(1) == ["hello"]
        assert await right.texts(1) == ["hello"]


async def test_the_layer_may_have_another_name(chat_socket, chat, ann, bob, settings, configure):
    settings.CHANNEL_LAYERS = {"chat": {"BACKEND": BROKEN}}
    configure(CHAT_CHANNEL_LAYER="chat")
    async with chat_socket(chat, bob) as socket:
        await post(chat, ann, "hello")
        assert await socket.texts(1) == ["hello"]


# from wherever a message is posted


async def test_from_a_plain_thread_beside_the_server(chat_socket, chat, ann, bob):
    def work():
        try:
            chat.post(by=ann, text="from a thread")
        finally:
            connection.close()

    async with chat_socket(chat, bob) as socket:
        thread = threading.Thread(target=work)
        thread.start()
        assert await socket.texts(1) == ["from a thread"]
        thread.join()


def spy(monkeypatch, layer):
    sent = []
    original = layer.group_send

    async def group_send(group, event):
        sent.append((group, event["type"]))
        await original(group, event)

    monkeypatch.setattr(layer, "group_send", group_send)
    return sent


def test_from_a_process_without_sockets(chat, ann, bob, layer, monkeypatch):
    """A worker, a shell, a WSGI server: the layer has the event before the call returns."""
    sent = spy(monkeypatch, layer())
    chat.post(by=ann, text="hello")
    assert sent == [(delivery.chat_group(chat.pk), "chat.message")]
    Friendship.objects.unfriend(by=ann, friend=bob)
    assert sorted(sent[1:]) == sorted((delivery.user_group(user.pk), "rights.changed") for user in (ann, bob))


def test_from_such_a_process_with_a_layer_that_fails(chat, ann, layer, impatient, caplog):
    layer(broken=["group_send"], hang=True)
    assert chat.post(by=ann, text="hello").seq == 1
    assert "The channel layer failed in group_send: TimeoutError()" in caplog.messages


def send_in_child(queue):
    delivery.push(["some.group"], {"type": "chat.message"})
    queue.put(delivery.background._loop is not None)


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_from_a_forked_process(layer):
    layer()
    delivery.push(["some.group"], {"type": "chat.message"})  # the parent has its loop and thread by now
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    child = context.Process(target=send_in_child, args=(queue,))
    child.start()
    assert queue.get(timeout=10) is True
    child.join(10)
    assert child.exitcode == 0


# faults that are no fault of the layer


async def test_what_could_not_be_stored_closes_the_socket(chat_socket, chat, ann, configure, caplog):
    async with chat_socket(chat, ann) as socket:
        configure(POLICY="tests.apps.chat.site.FailingPolicy")
        await socket.post("hello")
        assert await socket.closed() == 1013
    assert f"A socket of chat {chat.pk} failed." in caplog.messages
    assert not await in_thread(Message.objects.exists)()


async def test_a_fault_while_connecting_refuses(open_socket, token_header, chat, ann, configure, caplog):
    header = await token_header(ann)
    configure(POLICY="tests.apps.chat.site.FailingPolicy")
    async with open_socket(f"/ws/chat/{chat.pk}/", [header]) as (_socket, accepted):
        assert not accepted
    assert f"A socket of chat {chat.pk} failed." in caplog.messages


@pytest.mark.parametrize("error", [ConnectionResetError, RuntimeError])
async def test_a_client_that_has_gone_is_no_error(token_header, chat, ann, caplog, error):
    """Servers answer a send to a client that has gone by an error."""
    from tests.projects.full.asgi import application

    await post(chat, ann, "hello")
    wire = WebsocketCommunicator(application, f"/ws/chat/{chat.pk}/", headers=[await token_header(ann)])
    frames = [{"type": "websocket.connect"}]

    async def receive():
        return frames.pop(0) if frames else await asyncio.sleep(3600)

    async def send(event):
        if event["type"] == "websocket.send":
            raise error

    await asyncio.wait_for(application(wire.scope, receive, send), 5)
    assert delivery.open_sockets.loop is None
    assert not [record for record in caplog.records if record.exc_info]


class Connection:
    """Daphne's side of a socket: it takes no codes below 3000 from an application, and has another way for them."""

    closed = None

    def sendCloseFrame(self, code):
        self.closed = code


async def daphne_send(connection, event):
    if event["type"] == "websocket.close" and event["code"] < 3000:
        raise Exception("invalid close code")


@pytest.mark.parametrize("known", [True, False])
async def test_daphne_closes_with_1013_too(token_header, chat, ann, configure, known):
    from tests.projects.full.asgi import application

    connection = Connection()
    wire = WebsocketCommunicator(application, f"/ws/chat/{chat.pk}/", headers=[await token_header(ann)])
    frames = [{"type": "websocket.connect"}, {"type": "websocket.receive", "text": "hello"}]

    async def receive():
        if not frames:
            return {"type": "websocket.disconnect", "code": 1013}
        if len(frames) == 1:
            configure(POLICY="tests.apps.chat.site.FailingPolicy")
        return frames.pop(0)

    send = partial(daphne_send, connection)
    if known:
        await application(wire.scope, receive, send)
        assert connection.closed == 1013
    else:
        with pytest.raises(Exception, match="invalid close code"):
            await application(wire.scope, receive, lambda event: send(event))


def test_frames_are_the_same_for_everybody(chat, ann):
    from django.utils import timezone

    with timezone.override("Asia/Vladivostok"):
        frame = json.loads(ChatConsumer.protocol.render(chat.post(by=ann, text="Привет")))
    assert frame["timestamp"].endswith("+03:00")
    assert frame["text"] == "Привет"
