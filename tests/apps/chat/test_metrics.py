"""What a process counts about its chat."""

import re
from pathlib import Path

import pytest
from channels.db import database_sync_to_async as in_thread
from django.test import Client

import find_friend.chat
from find_friend.chat import draining, metrics, postgres
from find_friend.chat.hub import current_hub
from find_friend.chat.models import Message
from find_friend.chat.storing import Contention, Down, Held, OrmLane, Unsure

from .elsewhere import Gate, post, posted_elsewhere, room_of, until

pytestmark = pytest.mark.django_db(transaction=True)

V1 = ["ff.chat.v1"]
SECRET = "a long and secret token"


@pytest.fixture(autouse=True)
def _from_nothing():
    metrics.reset()
    yield
    metrics.reset()


def now(*names):
    found = metrics.snapshot()
    return found[names[0]] if len(names) == 1 else tuple(found[name] for name in names)


def counted(name):
    """The values of a counter that are not 0."""
    return {value: count for value, count in now(name).items() if count}


# sockets


async def test_sockets_come_and_go(chat_socket, chat, ann, bob):
    async with chat_socket(chat, ann), chat_socket(chat, bob, subprotocols=V1):
        assert now("sockets", "open_chats", "sockets_opened", "sockets_catching_up") == (2, 1, 2, 0)
        assert counted("sockets_closed") == {}
    await until(lambda: now("sockets") == 0)
    assert now("open_chats", "sockets_opened") == (0, 2)
    assert counted("sockets_closed") == {"none": 2}
    assert counted("handshakes_refused") == {}


@pytest.mark.needs("friends")
async def test_sockets_that_we_close(chat_socket, chat, ann, bob, befriend):
    from find_friend.friends.models import Friendship

    async with chat_socket(chat, ann) as socket:
        await in_thread(Friendship.objects.unfriend)(by=bob, friend=ann)
        assert await socket.closed() == 4403
    assert counted("sockets_closed") == {"4403": 1}


async def test_handshakes_that_are_refused(open_socket, token_header, chat, ann, eve, configure, chat_socket):
    async with open_socket(f"/ws/chat/{chat.pk}/") as (_socket, accepted):
        assert not accepted
    async with open_socket(f"/ws/chat/{chat.pk}/", [await token_header(eve)], V1) as (socket, _accepted):
        assert await socket.closed() == 4403
    async with open_socket("/ws/nowhere/", [await token_header(eve)]) as (_socket, accepted):
        assert not accepted
    configure(CHAT_SOCKETS_PER_USER=1)
    async with chat_socket(chat, ann), open_socket(f"/ws/chat/{chat.pk}/", [await token_header(ann)]) as (_, accepted):
        assert not accepted
    assert counted("handshakes_refused") == {"4401": 1, "4403": 2, "4429": 1}
    assert now("sockets_opened") == 1


async def test_slow_readers(chat_socket, chat, ann, bob, configure):
    configure(CHAT_OUTBOX_SIZE=2)
    async with chat_socket(chat, bob) as slow:
        gate = Gate(room_of(chat).sockets[0])
        await post(chat, ann, *"123456")
        await until(lambda: now("sockets_catching_up") == 1)
        assert now("slow_readers") == 1
        gate.open.set()
        assert await slow.texts(6) == [*"123456"]
        await until(lambda: now("sockets_catching_up") == 0)


# messages


async def test_messages_by_the_way_they_came(chat_socket, chat, ann):
    await post(chat, ann, "one", "two")
    async with chat_socket(chat, ann) as socket:
        assert await socket.texts(2) == ["two", "one"]
        await socket.post("three")
        assert await socket.texts(1) == ["three"]
    assert now("messages") == {"socket": 1, "post": 2}
    assert now("batch_size")[:2] == [1, 0]
    assert sum(now("commit_seconds")) == 1
    assert metrics.commit_seconds.sum > 0
    assert now("messages_failed", "queue_depth", "queue_held") == (0, 0, 0)
    assert counted("commit_failures") == {}


@pytest.mark.parametrize(
    ("error", "reason", "failed"),
    [(Contention, "contention", 0), (Down, "down", 0), (Unsure, "unsure", 1), (OSError, "error", 1)],
)
async def test_batches_that_are_not_taken(chat_socket, chat, ann, monkeypatch, error, reason, failed):
    stored = OrmLane.store.__wrapped__
    tries = []

    @metrics.batched
    async def store(lane, drafts, **options):
        tries.append(options)
        if len(tries) == 1 or (error is OSError and len(tries) < 4):
            raise error
        return await stored(lane, drafts, **options)

    monkeypatch.setattr(postgres, "is_usable", lambda using: False)
    monkeypatch.setattr(OrmLane, "store", store)
    async with chat_socket(chat, ann) as socket:
        await socket.post("hello")
        if failed:
            assert await socket.closed() == 1013
        else:
            assert await socket.texts(1) == ["hello"]
    assert counted("commit_failures").keys() == {reason}
    assert now("messages_failed") == failed
    assert await in_thread(Message.objects.count)() == 1 - failed


async def test_messages_that_wait(chat_socket, chat, ann, monkeypatch):
    async def store(lane, drafts, **options):
        if not options:
            raise Contention
        return [Held] * len(drafts)

    monkeypatch.setattr(postgres, "is_usable", lambda using: False)
    monkeypatch.setattr(OrmLane, "store", store)
    async with chat_socket(chat, ann) as socket:
        await socket.post("hello")
        await until(lambda: now("queue_held") == 1)
        current_hub().writer.waiting.append(object())
        assert now("queue_depth", "queue_held") == (1, 1)
        current_hub().writer.waiting.clear()
        current_hub().writer.held.clear()


async def test_messages_that_the_layer_has_lost(chat_socket, chat, ann, bob):
    async with chat_socket(chat, bob) as socket:
        await current_hub().sweep(0)
        assert now("repairs", "repaired_messages") == (0, 0)
        await posted_elsewhere(chat, ann, "1", "2")
        await current_hub().sweep(0)
        assert await socket.texts(2) == ["1", "2"]
    assert now("repairs", "repaired_messages") == (1, 2)


async def test_a_layer_that_fails(chat_socket, chat, ann, settings, configure):
    configure(CHAT_LAYER_TIMEOUT=0.1)
    config = {"broken": ["group_send", "receive"]}
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "tests.apps.chat.site.BrokenLayer", "CONFIG": config}}
    async with chat_socket(chat, ann) as socket:
        await socket.post("hello")
        assert await socket.texts(1) == ["hello"]
        await until(lambda: counted("layer_failures").keys() == {"group_send", "receive"})


def test_operations_are_those_of_the_code():
    sources = [path.read_text(encoding="utf-8") for path in Path(find_friend.chat.__file__).parent.rglob("*.py")]
    named = set(re.findall(r'\battempt\(.+, "(\w+)"\)', "\n".join(sources)))
    assert named | {"receive"} == set(metrics.OPERATIONS)


def test_draining(monkeypatch):
    assert now("draining") == 0
    monkeypatch.setitem(draining._state, "draining", True)
    assert now("draining") == 1


def test_a_forked_process_begins_anew():
    metrics.opened.add(amount=3)
    metrics.batch_size.observe(1000)
    assert (now("sockets_opened"), now("batch_size")[-1], metrics.batch_size.sum) == (3, 1, 1000)
    metrics.reset()
    assert (now("sockets_opened"), sum(now("batch_size")), metrics.batch_size.sum) == (0, 0, 0)


# Prometheus


@pytest.fixture
def exported():
    """Every family by its name, as a registry of the site shows them."""
    client = pytest.importorskip("prometheus_client")
    from prometheus_client.parser import text_string_to_metric_families

    from find_friend.chat.metrics.prometheus import register

    registry = client.CollectorRegistry()
    register(registry)
    with pytest.raises(ValueError, match="find_friend_chat_"):
        register(registry)

    def read():
        text = client.generate_latest(registry).decode()
        return {family.name: family for family in text_string_to_metric_families(text)}

    return read


def values(family):
    return {(sample.name, *sample.labels.values()): sample.value for sample in family.samples}


def test_numbers_reach_prometheus(exported):
    metrics.repaired.add(amount=2)
    metrics.refused.add("4401")
    metrics.batch_size.observe(1)
    metrics.batch_size.observe(3)
    metrics.batch_size.observe(500)
    families = exported()
    assert values(families["find_friend_chat_repaired_messages"]) == {("find_friend_chat_repaired_messages_total",): 2}
    refused = values(families["find_friend_chat_handshakes_refused"])
    assert refused.pop(("find_friend_chat_handshakes_refused_total", "4401")) == 1
    assert set(refused.values()) == {0}
    assert ("find_friend_chat_handshakes_refused_total", "1013") in refused
    sizes = values(families["find_friend_chat_batch_size"])
    name = "find_friend_chat_batch_size"
    assert [sizes[f"{name}_bucket", bound] for bound in ("1.0", "2.0", "4.0", "128.0", "+Inf")] == [1, 1, 2, 2, 3]
    assert (sizes[f"{name}_count",], sizes[f"{name}_sum",]) == (3, 504)
    assert values(families["find_friend_chat_sockets"]) == {("find_friend_chat_sockets",): 0}


@pytest.mark.urls("tests.apps.chat.metrics_urls")
@pytest.mark.parametrize(
    ("token", "sent", "status"),
    [
        (None, None, 403),
        (None, "Bearer None", 403),
        ("", "Bearer ", 403),
        (SECRET, None, 403),
        (SECRET, SECRET, 403),
        (SECRET, f"Bearer {SECRET}?", 403),
        (SECRET, f"Bearer {SECRET}", 200),
    ],
)
def test_the_page_asks_for_the_token(client, configure, token, sent, status):
    pytest.importorskip("prometheus_client")
    configure(METRICS_TOKEN=token)
    answer = client.get("/metrics", headers={} if sent is None else {"Authorization": sent})
    assert answer.status_code == status
    assert "no-store" in answer["Cache-Control"]
    assert SECRET not in answer.content.decode()
    assert ("find_friend_chat_sockets 0.0" in answer.content.decode()) == (status == 200)
    assert client.post("/metrics").status_code == 405


@pytest.mark.urls("tests.apps.chat.metrics_urls")
def test_prometheus_may_call_a_process_by_its_address(settings, configure):
    pytest.importorskip("prometheus_client")
    configure(METRICS_TOKEN=SECRET)
    settings.ALLOWED_HOSTS, settings.SECURE_SSL_REDIRECT = ["example.com"], True
    settings.MIDDLEWARE = ["find_friend.chat.metrics.middleware.metrics_middleware", *settings.MIDDLEWARE]
    client = Client(SERVER_NAME="10.0.0.7", headers={"Authorization": f"Bearer {SECRET}"})
    assert b"find_friend_chat_sockets 0.0" in client.get("/metrics").content
    assert client.get("/metrics/").status_code == 400
