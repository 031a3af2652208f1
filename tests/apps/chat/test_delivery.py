"""What the channel layer loses, delays or repeats costs time and never a message."""

import asyncio
import json
import multiprocessing
import threading
import uuid
from functools import partial

import pytest
from channels.db import database_sync_to_async as in_thread
from channels.layers import get_channel_layer
from channels.testing import WebsocketCommunicator
from django.db import connection, transaction
from django.utils import timezone

from find_friend.chat import delivery
from find_friend.chat import layer as layers
from find_friend.chat.hub import current_hub, hubs, running_hubs
from find_friend.chat.layer import EVENT, GROUP, Wire
from find_friend.chat.models import Chat, Message
from find_friend.chat.news import Renderer
from find_friend.chat.serializers import ChatMessageSerializer, MessageSerializer
from find_friend.friends.models import Friendship

from .elsewhere import elsewhere, event, post, posted_elsewhere, tell, until

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


async def test_a_gap_is_filled_from_the_database(chat_socket, chat, ann, bob):
    async with chat_socket(chat, bob) as socket:
        *_lost, arrives = await posted_elsewhere(chat, ann, "lost 1", "lost 2", "arrives")
        await tell(arrives)
        assert await socket.texts(3) == ["lost 1", "lost 2", "arrives"]
        await socket.nothing()


async def test_a_gap_of_any_size_is_filled(chat_socket, chat, ann, bob, monkeypatch):
    monkeypatch.setattr("find_friend.chat.hub.PAGE", 2)
    async with chat_socket(chat, bob) as socket:
        events = await posted_elsewhere(chat, ann, *"123456")
        await tell(events[-1])
        assert await socket.texts(6) == list("123456")


async def test_the_sweep_finds_lost_messages(chat_socket, chat, ann, bob):
    async with chat_socket(chat, bob) as socket:
        await posted_elsewhere(chat, ann, "lost", "lost too")
        await current_hub().sweep(0)
        assert await socket.texts(2) == ["lost", "lost too"]


async def test_a_full_layer_loses_nothing(chat_socket, chat, ann, bob, layer):
    """One place in the mailbox, and the socket is busy while fifty messages come in."""
    layer(capacity=1)
    texts = [str(number) for number in range(50)]
    async with chat_socket(chat, bob) as socket:
        await tell(*await posted_elsewhere(chat, ann, *texts))
        await socket.next()
        await current_hub().sweep(0)
        assert await socket.texts(49) == texts[1:]
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


async def test_a_layer_that_comes_back_is_used_again(chat_socket, chat, ann, bob, layer, impatient, caplog):
    broken = layer(broken=["new_channel", "group_add", "receive"])
    async with chat_socket(chat, bob) as socket:
        broken.broken.clear()
        await until(lambda: GROUP in broken.groups)
        await tell(*await posted_elsewhere(chat, ann, "by the layer"))
        assert await socket.texts(1) == ["by the layer"]
    assert "The channel layer failed in new_channel: ConnectionError('the layer is down')" in caplog.messages


async def test_a_receive_that_failed_is_tried_again(chat_socket, chat, ann, bob, layer, impatient, caplog):
    broken = layer(broken=["receive"])
    failed = "The channel layer failed in receive: ConnectionError('the layer is down')"
    async with chat_socket(chat, bob) as socket:
        await until(lambda: failed in caplog.messages)
        broken.broken.clear()
        await until(lambda: broken.channels)  # something waits there
        await tell(*await posted_elsewhere(chat, ann, "hello"))
        assert await socket.texts(1) == ["hello"]


async def test_a_layer_that_only_runs_out_of_patience_is_asked_again_at_once(
    chat_socket, chat, ann, bob, layer, impatient, caplog
):
    """As Redis does where nothing comes."""
    idle = layer()
    receive, tries = idle.receive, []

    async def tired(channel):
        tries.append(channel)
        try:
            return await asyncio.wait_for(receive(channel), 0.06)
        except TimeoutError:
            raise ConnectionError("nothing came") from None

    idle.receive = tired
    async with chat_socket(chat, bob) as socket:
        await until(lambda: len(tries) >= 3)
        assert len(set(tries)) == 1
        await tell(*await posted_elsewhere(chat, ann, "hello"))
        assert await socket.texts(1) == ["hello"]
    assert not [record for record in caplog.records if record.levelname == "WARNING"]


async def test_a_group_that_the_layer_forgot_is_joined_again(chat_socket, chat, ann, bob, layer, configure):
    memory = layer()
    configure(CHAT_SWEEP_INTERVAL=0.1)
    async with chat_socket(chat, bob) as socket:
        memory.groups.clear()
        await until(lambda: GROUP in memory.groups)
        configure(CHAT_SWEEP_INTERVAL=600)
        await tell(*await posted_elsewhere(chat, ann, "hello"))
        assert await socket.texts(1) == ["hello"]
    assert memory.groups == {}


async def test_without_a_layer_the_sweep_delivers(chat_socket, chat, ann, bob, settings):
    settings.CHANNEL_LAYERS = {}
    async with chat_socket(chat, ann) as left, chat_socket(chat, bob) as right:
        await left.post("hello")
        assert await left.texts(1) == ["hello"]
        assert await right.texts(1) == ["hello"]
        await posted_elsewhere(chat, ann, "of another process")
        await current_hub().sweep(0)
        assert await right.texts(1) == ["of another process"]


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


@pytest.fixture
def sent(monkeypatch):
    """What was given to a layer in memory."""
    found = []

    async def group_send(self, group, publication):
        found.append((group, publication))

    monkeypatch.setattr("tests.apps.chat.site.BrokenLayer.group_send", group_send)
    return found


def test_from_a_process_without_sockets(chat, ann, bob, layer, sent):
    """A worker, a shell, a WSGI server: the layer has the event before the call returns."""
    layer()
    message = chat.post(by=ann, text="hello")
    ((group, publication),) = sent
    assert (group, publication["type"], publication["rights"]) == (GROUP, EVENT, [])
    assert publication["news"] == [["posted", *Renderer().posted(message)]]
    Friendship.objects.unfriend(by=ann, friend=bob)
    assert [(each["news"], sorted(each["rights"])) for _group, each in sent[1:]] == [
        ([], sorted([str(ann.pk), str(bob.pk)]))
    ]


def test_from_such_a_process_without_a_layer(chat, ann, settings):
    settings.CHANNEL_LAYERS = {}
    assert chat.post(by=ann, text="hello").seq == 1


def test_from_such_a_process_with_a_layer_that_fails(chat, ann, layer, impatient, caplog):
    layer(broken=["group_send"], hang=True)
    assert chat.post(by=ann, text="hello").seq == 1
    assert "The channel layer failed in group_send: TimeoutError()" in caplog.messages


def send_in_child(queue):
    delivery.recheck([1])
    queue.put((delivery.background._loop is not None, layers.process.name, len(hubs)))


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_from_a_forked_process(layer):
    layer()
    delivery.recheck([1])  # the parent has its loop and thread by now
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    child = context.Process(target=send_in_child, args=(queue,))
    child.start()
    has_loop, name, count = queue.get(timeout=10)
    assert has_loop
    assert name != layers.process.name
    assert count == 0
    child.join(10)
    assert child.exitcode == 0


# between processes


async def test_what_a_process_says_itself_it_does_not_hear(chat_socket, chat, ann, bob):
    async with chat_socket(chat, bob) as socket:
        (mine,) = await posted_elsewhere(chat, ann, "hello")
        await tell({**mine, "from": layers.process.name})
        await socket.nothing()
        await tell(mine)
        assert await socket.texts(1) == ["hello"]


async def test_rights_that_end_in_another_process(chat_socket, chat, ann, bob):
    async with chat_socket(chat, ann) as left, chat_socket(chat, bob) as right:
        await tell(*await elsewhere(Friendship.objects.unfriend, by=ann, friend=bob))
        assert [await left.closed(), await right.closed()] == [4403, 4403]


async def test_news_of_chats_that_nobody_has_open_are_passed_over(chat_socket, chat, ann, bob, eve, befriend):
    await in_thread(befriend)(ann, eve)
    other, _created = await in_thread(Chat.objects.direct)(by=ann, to=eve)
    async with chat_socket(chat, bob) as socket:
        await tell(*await posted_elsewhere(other, ann, "elsewhere"), event())
        await post(other, ann, "here")
        await socket.nothing()


async def test_posts_at_once_are_one_publication(layer, sent, configure):
    configure(CHAT_LAYER_TIMEOUT=1)
    layer()
    wire = Wire(lambda heard: None)
    await wire.ready()
    wire.publish({"news": [["posted", 1]], "rights": ["7"]})
    wire.publish({"news": [["posted", 2]]})
    await wire.close()
    (publication,) = [each for _group, each in sent]
    assert (publication["news"], publication["rights"]) == ([["posted", 1], ["posted", 2]], ["7"])


async def test_a_publication_has_a_largest_size(layer, sent, configure, monkeypatch):
    configure(CHAT_LAYER_TIMEOUT=1)
    monkeypatch.setattr(layers, "LARGEST_PUBLICATION", 2)
    layer()
    wire = Wire(lambda heard: None)
    for number in range(5):
        wire.publish({"news": [number]})
    await wire.close()
    assert [each["news"] for _group, each in sent] == [[0, 1], [2, 3], [4]]


# faults that are no fault of the layer


async def test_what_could_not_be_stored_closes_the_socket(chat_socket, chat, ann, configure, caplog):
    async with chat_socket(chat, ann) as socket:
        configure(POLICY="tests.apps.chat.site.FailingPolicy")
        await socket.post("hello")
        assert await socket.closed() == 1013
    assert f"A message of chat {chat.pk} could not be stored." in caplog.messages
    assert not await in_thread(Message.objects.exists)()


async def test_a_fault_while_connecting_refuses(open_socket, token_header, chat, ann, configure, caplog):
    header = await token_header(ann)
    configure(POLICY="tests.apps.chat.site.FailingPolicy")
    async with open_socket(f"/ws/chat/{chat.pk}/", [header]) as (_socket, accepted):
        assert not accepted
    assert f"A socket of chat {chat.pk} failed." in caplog.messages


@pytest.mark.parametrize("failing", [["websocket.send"], ["websocket.accept", "websocket.send", "websocket.close"]])
@pytest.mark.parametrize("error", [ConnectionResetError, RuntimeError])
async def test_a_client_that_has_gone_is_no_error(token_header, chat, ann, caplog, monkeypatch, error, failing):
    """Servers answer a send to a client that has gone by an error; even if that is all they say, the socket ends."""
    from tests.projects.full.asgi import application

    monkeypatch.setattr("find_friend.chat.consumers.SEND_PATIENCE", 0.05)
    await post(chat, ann, "hello")
    wire = WebsocketCommunicator(application, f"/ws/chat/{chat.pk}/", headers=[await token_header(ann)])
    frames = [{"type": "websocket.connect"}]

    async def receive():
        return frames.pop(0) if frames else await asyncio.sleep(3600)

    async def send(event):
        if event["type"] in failing:
            raise error

    await asyncio.wait_for(application(wire.scope, receive, send), 5)
    assert running_hubs() == []
    assert not [record for record in caplog.records if record.exc_info]


class Connection:
    """Daphne's side of a socket: it takes no codes below 3000 from an application, and has another way for them."""

    closed = None

    def sendCloseFrame(self, code):
        self.closed = code


async def daphne_send(connection, event):
    if event["type"] == "websocket.close" and event["code"] < 3000:
        connection.asked = event["code"]
        raise Exception("invalid close code")


@pytest.mark.parametrize("known", [True, False])
async def test_daphne_closes_with_1013_too(token_header, chat, ann, configure, known, monkeypatch):
    """A server that refuses codes and has no other way for them keeps its connection, but no application."""
    from tests.projects.full.asgi import application

    monkeypatch.setattr("find_friend.chat.consumers.SEND_PATIENCE", 0.05)
    connection = Connection()
    wire = WebsocketCommunicator(application, f"/ws/chat/{chat.pk}/", headers=[await token_header(ann)])
    frames = [{"type": "websocket.connect"}, {"type": "websocket.receive", "text": "hello"}]

    async def receive():
        if not frames:
            await asyncio.sleep(3600)
        if len(frames) == 1:
            configure(POLICY="tests.apps.chat.site.FailingPolicy")
        return frames.pop(0)

    send = partial(daphne_send, connection)
    await asyncio.wait_for(application(wire.scope, receive, send if known else lambda event: send(event)), 5)
    assert connection.asked == 1013
    assert connection.closed == (1013 if known else None)


# frames


def test_frames_are_the_same_for_everybody(chat, ann):
    with timezone.override("Asia/Vladivostok"):
        frame = json.loads(Renderer().posted(chat.post(by=ann, text="Привет")).plain)
    assert frame["timestamp"].endswith("+03:00")
    assert frame["text"] == "Привет"


@pytest.mark.parametrize("text", ["hello", '"quotes" \\ and\n\x07', "привет 👋🏽", "\u2028</script>", " "])
@pytest.mark.parametrize("sender", ["ann", None])
def test_frames_by_hand_are_those_of_the_serializers(chat, ann, text, sender):
    message = chat.post(by=ann, text=text, client_id=uuid.uuid4())
    if sender is None:
        message.sender = None
    by_hand, by_serializers = Renderer(), Renderer()
    assert by_hand.by_hand
    by_serializers.by_hand = False
    quick, slow = by_hand.posted(message), by_serializers.posted(message)
    assert quick[:4] == slow[:4]
    assert json.loads(quick.plain) == json.loads(slow.plain)
    for own in (True, False):
        frame = json.loads(quick.rich_frame(own=own))
        assert frame == json.loads(slow.rich_frame(own=own))
        assert ("client_id" in frame) is own


class LoudMessageSerializer(MessageSerializer):
    def to_representation(self, instance):
        return {**super().to_representation(instance), "text": instance.text.upper()}


class LoudChatMessageSerializer(ChatMessageSerializer):
    def to_representation(self, instance):
        return {**super().to_representation(instance), "text": instance.text.upper()}


@pytest.mark.parametrize(
    ("role", "plain", "rich"),
    [("message", "hello", "HELLO"), ("chat_message", "HELLO", "hello")],
)
async def test_serializers_of_the_site_write_the_frames(chat_socket, chat, ann, bob, configure, role, plain, rich):
    name = "LoudMessageSerializer" if role == "message" else "LoudChatMessageSerializer"
    configure(SERIALIZERS={role: f"{__name__}.{name}"})
    async with chat_socket(chat, ann) as left, chat_socket(chat, bob, subprotocols=["ff.chat.v1"]) as right:
        await left.post("hello")
        assert await left.texts(1) == [plain]
        while (frame := await right.next())["type"] != "msg":
            pass
        assert frame["text"] == rich
