"""Real server processes on a free port of 127.0.0.1, on the test database of this run."""

import json
import os
import subprocess
import sys
import time
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import httpx
import pytest
import websockets
from django.conf import settings
from django.db import connections

from tests.processes import end, free_port

APPLICATION = "tests.projects.full.asgi:application"
CORKED = "find_friend.chat.corking:CorkedProtocol"
COMMANDS = {
    "daphne": ["daphne", "-b", "127.0.0.1", "-p", "{port}", APPLICATION],
    "uvicorn": ["uvicorn", "--host", "127.0.0.1", "--port", "{port}", APPLICATION],
    "corked": ["uvicorn", "--host", "127.0.0.1", "--port", "{port}", "--ws", CORKED, APPLICATION],
}


class Server:
    """A running server, and what it has written to its log."""

    def __init__(self, kind, log):
        self.port, self.log = free_port(), log
        command = [part.format(port=self.port) for part in COMMANDS[kind]]
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", *command],
                cwd=Path(__file__).parents[2],
                env={**os.environ, **self.environment()},
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def environment(self):
        layer = settings.CHANNEL_LAYERS["default"].get("CONFIG", {})
        return {
            "DJANGO_SETTINGS_MODULE": "tests.servers.settings",
            "FIND_FRIEND_SERVED_SETTINGS": os.environ.get("DJANGO_SETTINGS_MODULE") or settings.SETTINGS_MODULE,
            "FIND_FRIEND_SERVED_DATABASE": str(connections["default"].settings_dict["NAME"]),
            "FIND_FRIEND_SERVED_PREFIX": layer.get("prefix", ""),
            "PYTHONUNBUFFERED": "1",
        }

    def wait(self):
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            assert self.process.poll() is None, self.written()
            try:
                return httpx.get(f"{self.url}/api/v1/", timeout=5).raise_for_status()
            except httpx.TransportError:
                time.sleep(0.1)
        raise AssertionError(self.written())

    def stop(self):
        end(self.process)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def written(self):
        return self.log.read_text(errors="replace")

    @asynccontextmanager
    async def socket(self, chat, key=None, path=None, **kwargs):
        headers = {"Authorization": f"Token {key}"} if key else {}
        address = f"ws://127.0.0.1:{self.port}{path or f'/ws/chat/{chat.pk}/'}"
        async with websockets.connect(address, additional_headers=headers, proxy=None, **kwargs) as wire:
            yield wire

    def client(self, key=None):
        headers = {"Authorization": f"Token {key}"} if key else {}
        return httpx.AsyncClient(base_url=f"{self.url}/api/v1/", headers=headers, timeout=30)


@contextmanager
def running(kind, log):
    server = Server(kind, log)
    try:
        server.wait()
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session", params=["daphne", "uvicorn", "corked"])
def server_process(request, django_db_setup, django_db_blocker, tmp_path_factory):
    if request.param == "corked":
        pytest.importorskip("find_friend.chat.corking", reason="needs a newer uvicorn")
    with running(request.param, tmp_path_factory.mktemp("server") / "log") as server:
        yield server


@pytest.fixture
def server(server_process, transactional_db):
    """The server; a test in which it has written a traceback has failed."""
    before = len(server_process.written())
    yield server_process
    assert "Traceback" not in server_process.written()[before:], server_process.written()[before:]


@pytest.fixture
def received():
    """``await received(wire)`` is the next frame, as the object that it holds."""
    import asyncio

    async def frame(wire, timeout=10):
        return json.loads(await asyncio.wait_for(wire.recv(), timeout))

    return frame
