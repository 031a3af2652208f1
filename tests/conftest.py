"""Fixtures that every test may use."""

import importlib.util
import itertools
import json
import os
import socket
from contextlib import asynccontextmanager
from functools import cache as once
from urllib.parse import urlsplit

import pytest
from channels.db import database_sync_to_async
from django.conf import settings as site
from django.contrib.auth import get_user_model
from django.core.cache import cache
from rest_framework.test import APIClient

PASSWORD = "correct horse battery"


@once
def redis_answers(url):
    parts = urlsplit(url)
    try:
        socket.create_connection((parts.hostname, parts.port or 6379), timeout=3).close()
    except OSError:
        return False
    return True


def what_is_missing(marker):
    """Why a test with this marker cannot run here, or None."""
    if marker == "postgres" and "postgresql" not in site.DATABASES["default"]["ENGINE"]:
        return "needs PostgreSQL: set FIND_FRIEND_DATABASE=postgres"
    if marker == "redis" and not (site.REDIS_URL and redis_answers(site.REDIS_URL)):
        return "needs a Redis server that answers: set FIND_FRIEND_REDIS_URL=redis://127.0.0.1:6379/0"
    if marker == "server":
        absent = [name for name in ("daphne", "uvicorn", "websockets") if importlib.util.find_spec(name) is None]
        return f"needs {', '.join(absent)}" if absent else None
    return None


def pytest_runtest_setup(item):
    """A test whose server is missing is skipped on a developer's machine, and fails in CI."""
    for marker in item.iter_markers():
        reason = what_is_missing(marker.name)
        if reason and os.environ.get("CI"):
            pytest.fail(reason, pytrace=False)
        elif reason:
            pytest.skip(reason)


@pytest.fixture(autouse=True)
def _fresh_cache():
    """Rate limits live in the cache; each test starts with none spent."""
    cache.clear()
    yield
    cache.clear()


@pytest.fixture(autouse=True)
def _mail_at_once(settings):
    settings.FIND_FRIEND = {**settings.FIND_FRIEND, "EMAIL_SENDER": "find_friend.accounts.mail.send_now"}


@pytest.fixture
def configure(settings):
    """``configure(CHAT_HISTORY_SIZE=2)`` changes settings of the package for one test."""

    def change(**values):
        settings.FIND_FRIEND = {**settings.FIND_FRIEND, **values}

    return change


@pytest.fixture
def user_factory(db):
    """``user_factory(first_name="Ann")`` makes a user of whichever model the project has."""
    numbers = itertools.count(1)
    model = get_user_model()

    def make(password=PASSWORD, **fields):
        number = next(numbers)
        fields.setdefault("email", f"person{number}@example.com")
        fields.setdefault("first_name", f"First{number}")
        fields.setdefault("last_name", f"Last{number}")
        if model.USERNAME_FIELD != "email":
            fields.setdefault(model.USERNAME_FIELD, f"name-{number}")
        user = model(**fields)
        user.set_password(password)
        user.save()
        return user

    return make


@pytest.fixture
def ann(user_factory):
    return user_factory(first_name="Ann", last_name="Archer", email="ann@example.com")


@pytest.fixture
def bob(user_factory):
    return user_factory(first_name="Bob", last_name="Baker", email="bob@example.com")


@pytest.fixture
def eve(user_factory):
    return user_factory(first_name="Eve", last_name="Evans", email="eve@example.com")


@pytest.fixture
def staff(user_factory):
    return user_factory(
        first_name="Sam", last_name="Staff", email="staff@example.com", is_staff=True, is_superuser=True
    )


@pytest.fixture
def api():
    """``api(ann)`` is a client signed in as Ann with a token; ``api()`` is a guest."""

    def client(user=None):
        made = APIClient()
        if user is not None:
            from find_friend.accounts.models import AuthToken

            made.credentials(HTTP_AUTHORIZATION=f"Token {AuthToken.objects.issue(user)[1]}")
        return made

    return client


@pytest.fixture
def befriend():
    def make(first, second):
        from find_friend.friends.models import Friendship

        return Friendship.objects.befriend(first, second)

    return make


@pytest.fixture
def chat(ann, bob, befriend):
    """A chat of two friends, Ann who began it and Bob."""
    from find_friend.chat.models import Chat

    befriend(ann, bob)
    return Chat.objects.direct(by=ann, to=bob)[0]


async def hang_up(wire):
    """Leave a socket as a client does; its application ends."""
    from django.db import connections

    if not wire.future.done():
        await wire.send_input({"type": "websocket.disconnect", "code": 1000})
    await wire.wait(timeout=5)
    # channels.testing keeps the connections of the database thread open, and so the test database in use.
    await database_sync_to_async(connections.close_all)()


class ChatSocket:
    """An open socket: ``post`` a text, wait for the ``next`` message, make sure that there is ``nothing``."""

    def __init__(self, path, headers, subprotocols=()):
        from channels.testing import WebsocketCommunicator

        from tests.projects.full.asgi import application

        self.wire = WebsocketCommunicator(application, path, headers=headers, subprotocols=list(subprotocols))

    async def connect(self):
        """What the server did first: ``(True, subprotocol)`` or ``(False, code)``."""
        return await self.wire.connect(timeout=5)

    async def post(self, text):
        await self.wire.send_input({"type": "websocket.receive", "text": text})

    async def frame(self, **event):
        await self.wire.send_input({"type": "websocket.receive", **event})

    async def next_text(self):
        return await self.wire.receive_from(timeout=5)

    async def next(self):
        return json.loads(await self.next_text())

    async def texts(self, count):
        return [(await self.next())["text"] for _ in range(count)]

    async def nothing(self, timeout=0.2):
        assert await self.wire.receive_nothing(timeout)

    async def closed(self, timeout=5):
        """The code with which the server closes."""
        event = await self.wire.receive_output(timeout)
        assert event["type"] == "websocket.close", event
        return event["code"]

    async def leave(self):
        await hang_up(self.wire)


@pytest.fixture
def open_socket():
    """``async with open_socket(path, headers) as (socket, accepted)`` for handshakes that may be refused."""

    @asynccontextmanager
    async def opened(path, headers=(), subprotocols=()):
        socket = ChatSocket(path, [(name, value) for name, value in headers], subprotocols)
        accepted, _detail = await socket.connect()
        try:
            yield socket, accepted
        finally:
            await socket.leave()

    return opened


@pytest.fixture
def token_header():
    """The handshake header of a user who has just signed in."""

    async def header(user):
        from find_friend.accounts.models import AuthToken

        _token, key = await database_sync_to_async(AuthToken.objects.issue)(user)
        return b"authorization", f"Token {key}".encode()

    return header


@pytest.fixture
def chat_socket(open_socket, token_header):
    """``async with chat_socket(chat, ann) as socket``: Ann's open socket of a chat."""

    @asynccontextmanager
    async def opened(chat, user, **kwargs):
        header = await token_header(user)
        async with open_socket(f"/ws/chat/{chat.pk}/", [header], **kwargs) as (socket, accepted):
            assert accepted
            yield socket

    return opened
