"""Fixtures that every test may use."""

import importlib.util
import os
import re
import socket
import time
from contextlib import asynccontextmanager
from functools import cache as once
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest
from asgiref.sync import sync_to_async
from django.conf import settings as site
from django.core.cache import cache
from django.utils import translation
from rest_framework.test import APIClient

from find_friend import testing
from find_friend.testing import PASSWORD, ChatSocket
from find_friend.testing.sockets import hang_up

pytest_plugins = ["find_friend.testing.plugin", "tests.flushing"]
__all__ = ["PASSWORD", "hang_up"]
ABSENT = pytest.StashKey()
NUL_IN_COOKIE = r'sessionid="abcdefgh\000"'  # how a cookie can have one


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


def text_of(answer):
    """What a page says, with single spaces."""
    return re.sub(r"\s+", " ", answer.content.decode())


def left_out():
    """The apps of the package that this project does without."""
    return [name for name in ("accounts", "friends", "chat") if f"find_friend.{name}" not in site.INSTALLED_APPS]


def pytest_ignore_collect(collection_path):
    """The tests of an app that is left out."""
    return True if collection_path in [Path(__file__).parent / "apps" / name for name in left_out()] else None


def pytest_collection(session):
    if left_out():
        from tests.projects.any.absent import Finder

        session.config.stash[ABSENT] = Finder([f"find_friend.{name}" for name in left_out()])
        session.config.stash[ABSENT].install()


def pytest_collection_finish(session):
    if left_out():
        session.config.stash[ABSENT].remove()


def pytest_runtest_setup(item):
    """A test whose server is missing is skipped on a developer's machine, and fails in CI."""
    for marker in item.iter_markers("needs"):
        if set(marker.args) & set(left_out()):
            pytest.skip(f"needs find_friend.{' and find_friend.'.join(marker.args)}")
    for marker in item.iter_markers():
        reason = what_is_missing(marker.name)
        if reason and os.environ.get("CI"):
            pytest.fail(reason, pytrace=False)
        elif reason:
            pytest.skip(reason)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    """A test that has used an app that is left out, and was not skipped by that, has proved nothing."""
    if not left_out():
        return (yield)
    from tests.projects.any.absent import Absent

    Absent.missed.clear()
    try:
        return (yield)
    except pytest.skip.Exception:
        Absent.missed.clear()
        raise
    finally:
        if Absent.missed:
            pytest.fail(f"uses {', '.join(Absent.missed)} where that cannot skip it: mark it needs(...)", pytrace=False)


@pytest.fixture(autouse=True)
def _fresh_cache():
    """Rate limits live in the cache; each test starts with none spent."""
    cache.clear()
    yield
    cache.clear()


@pytest.fixture(autouse=True)
def _language_of_the_site():
    """A request leaves its language to whatever comes next in its thread."""
    yield
    translation.deactivate()


@pytest.fixture(autouse=True)
def _windows_begin_now(monkeypatch):
    """Calls are counted in fixed windows; one that ended in the middle of a test would forget them."""
    from find_friend import throttling

    since_midnight = time.time() % 86400
    monkeypatch.setattr(throttling, "time", SimpleNamespace(time=lambda: time.time() - since_midnight))


@pytest.fixture(autouse=True)
def _mail_at_once(settings):
    if "find_friend.accounts" not in settings.INSTALLED_APPS:
        return
    settings.FIND_FRIEND = {**settings.FIND_FRIEND, "EMAIL_SENDER": "find_friend.accounts.mail.send_now"}


@pytest.fixture
def configure(find_friend_configure):
    return find_friend_configure


@pytest.fixture
def user_factory(find_friend_user):
    return find_friend_user


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
def api(find_friend_api):
    return find_friend_api


@pytest.fixture
def befriend():
    """Makes friends of two users. Where there is no friendship the projects let everybody write to everybody."""
    return (lambda first, second: False) if "friends" in left_out() else testing.create_friendship


@pytest.fixture
def chat(ann, bob, befriend):
    """A chat of two friends, Ann who began it and Bob."""
    befriend(ann, bob)
    return testing.create_chat(ann, bob)


@pytest.fixture
def open_socket():
    """``async with open_socket(path, headers) as (socket, accepted)`` for handshakes that may be refused."""

    @asynccontextmanager
    async def opened(path, headers=(), subprotocols=()):
        socket = ChatSocket(path, headers, subprotocols)
        accepted, _detail = await socket.connect()
        try:
            yield socket, accepted
        finally:
            await socket.leave()

    return opened


@pytest.fixture
def token_header():
    """The handshake header of a user who has just signed in."""
    if "accounts" in left_out():
        pytest.skip("needs find_friend.accounts")

    async def header(user):
        return b"authorization", f"Token {await sync_to_async(testing.create_token)(user)}".encode()

    return header


@pytest.fixture
def handshake(request):
    """The headers of a user's handshake: a token, or the session where there are no tokens."""
    if "accounts" not in left_out():
        token_header = request.getfixturevalue("token_header")

        async def by_token(user):
            return [await token_header(user)]

        return by_token

    async def by_session(user):
        client = APIClient()
        await sync_to_async(client.force_login)(user)
        cookie = f"{site.SESSION_COOKIE_NAME}={client.cookies[site.SESSION_COOKIE_NAME].value}"
        return [(b"host", b"testserver"), (b"origin", b"http://testserver"), (b"cookie", cookie.encode())]

    return by_session


@pytest.fixture
def chat_socket(open_socket, handshake):
    """``async with chat_socket(chat, ann) as socket``: Ann's open socket of a chat."""

    @asynccontextmanager
    async def opened(chat, user, **kwargs):
        headers = await handshake(user)
        async with open_socket(f"/ws/chat/{chat.pk}/", headers, **kwargs) as (socket, accepted):
            assert accepted
            yield socket

    return opened
