"""Thousands of hostile requests and frames: never a 5xx, never a traceback, and nobody else is harmed."""

import asyncio
import os
import random
import re
import struct
import subprocess
import sys
from pathlib import Path

import pytest
import websockets
from channels.db import database_sync_to_async as in_thread

from find_friend.accounts.models import AuthToken, City, Interest
from find_friend.chat.models import Message
from find_friend.friends.models import FriendRequest
from tests.servers.conftest import Server

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif("FIND_FRIEND_FUZZ" not in os.environ, reason="takes minutes: tox run -e fuzz"),
]

REQUESTS = int(os.environ.get("FIND_FRIEND_FUZZ_REQUESTS", "5000"))
FRAMES = int(os.environ.get("FIND_FRIEND_FUZZ_FRAMES", "5000"))
# What would end the session that fuzzes, so that the rest would be asked by a guest.
ENDING = ("auth_token_logout", "auth_token_logout_all", "auth_tokens_destroy", "users_me_destroy")


class Unlimited(Server):
    """A server without rate limits, which would answer most of the fuzz."""

    def environment(self):
        return {**super().environment(), "FIND_FRIEND_SERVED_UNLIMITED": "1"}


@pytest.fixture(params=["uvicorn", "daphne"])
def unlimited(request, transactional_db, tmp_path):
    server = Unlimited(request.param, tmp_path / "log")
    try:
        server.wait()
        yield server
    finally:
        server.stop()


@pytest.fixture
def world(chat, ann, bob, eve, staff):
    """Something to find, so that not every answer is a 404."""
    City.objects.create(name="Москва")
    Interest.objects.create(name="chess")
    for number in range(3):
        chat.post(by=ann, text=f"message {number}")
    FriendRequest.objects.send(by=eve, to=ann)
    return {"guest": None, "user": AuthToken.objects.issue(ann)[1], "staff": AuthToken.objects.issue(staff)[1]}


def tracebacks(server):
    """Tracebacks in the log that pass through our code or a framework.

    A server may log one of its own for a frame that breaks its protocol: uvicorn does so for text that is no UTF-8, and
    for more of it while it closes.
    """
    found = re.findall(r"Traceback \(most recent call last\):\n((?:  .*\n)+.*\n)", server.written())
    own = re.compile(r'File "(.*/)?(uvloop|uvicorn|websockets|daphne|twisted|autobahn)/')
    return [text for text in found if not all(map(own.search, re.findall(r"  File .*", text)))]


def logged_requests(server):
    return len(re.findall(r'"?(?:GET|POST|PUT|PATCH|DELETE|OPTIONS|HEAD|TRACE|QUERY|CONNECT) /api/', server.written()))


@pytest.mark.parametrize("unlimited", ["uvicorn"], indirect=True)
@pytest.mark.parametrize("role", ["guest", "user", "staff"])
def test_requests_made_from_the_description(unlimited, world, role, tmp_path):
    options = ["--header", f"Authorization: Token {world[role]}"] if world[role] else []
    options += [part for name in ENDING if world[role] for part in ("--exclude-operation-id", name)]
    wanted, seed = REQUESTS // 3, 1
    while logged_requests(unlimited) < wanted:
        done = subprocess.run(
            [
                str(Path(sys.executable).with_name("schemathesis")),
                "run",
                f"{unlimited.url}/swagger.json",
                *("--checks", "not_a_server_error", "--phases", "examples,coverage,fuzzing"),
                *("--max-examples", str(max(20, wanted // 60)), "--seed", str(seed), "--workers", "2"),
                *("--suppress-health-check", "all", "--generation-database", ":memory:", "--no-color"),
                *("--request-timeout", "20", "--warnings", "off", *options),
            ],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=900,
        )
        assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]
        seed += 1
        assert seed < 8, "schemathesis makes no progress"
    assert tracebacks(unlimited) == []
    assert not re.findall(r'HTTP/1\.[01]" 5\d\d', unlimited.written())


def frame(rng):
    """The bytes of one frame as a client might send it, and now and then as none may (RFC 6455, section 5.2)."""
    opcode = rng.choice([1, 1, 1, 1, 2, 0, 9, 10, 8, 3, 11])
    payload = rng.choice(
        [
            b"",
            b" \n",
            b"\0",
            b"hello",
            "привет 🙂".encode(),
            b'{"type": "send", "text": "x"}',
            b"[" * 5000,
            b"\xff\xfe\xfa",
            b"\xed\xa0\x80",
            b"a\0b",
            b"x" * 1001,
            b"x" * 70_000,
            "\u202e\u0000\u2028".encode(),
            rng.randbytes(rng.randrange(200)),
        ]
    )
    if opcode >= 8:
        payload = payload[: rng.choice([0, 2, 125, 200])]
    final, reserved = rng.random() < 0.9, rng.choice([0] * 12 + [1, 4])
    masked = rng.random() < 0.95
    head = bytes([final << 7 | reserved << 4 | opcode])
    size = len(payload)
    if size < 126:
        head += bytes([masked << 7 | size])
    elif size < 65536:
        head += bytes([masked << 7 | 126]) + struct.pack("!H", size)
    else:
        head += bytes([masked << 7 | 127]) + struct.pack("!Q", size)
    if not masked:
        return head + payload
    mask = rng.randbytes(4)
    return head + mask + bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))


async def handshake(server, chat, key):
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    lines = [
        f"GET /ws/chat/{chat.pk}/ HTTP/1.1",
        f"Host: 127.0.0.1:{server.port}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        f"Authorization: Token {key}",
    ]
    writer.write("\r\n".join([*lines, "", ""]).encode())
    answer = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
    assert answer.startswith(b"HTTP/1.1 101"), answer
    return reader, writer


async def attack(server, chat, key, rng, count):
    """Send so many frames over as many connections as the server's closing makes necessary."""
    sent = 0
    while sent < count:
        reader, writer = await handshake(server, chat, key)
        swallow = asyncio.ensure_future(reader.read(-1))
        try:
            while sent < count and not swallow.done():
                writer.write(frame(rng))
                sent += 1
                await writer.drain()
                await asyncio.sleep(0)
        except OSError:
            pass
        writer.close()
        swallow.cancel()


async def test_frames_that_no_client_sends(unlimited, chat, ann, bob):
    key = (await in_thread(AuthToken.objects.issue)(ann))[1]
    other = (await in_thread(AuthToken.objects.issue)(bob))[1]
    rng = random.Random(6455)
    async with unlimited.socket(chat, other) as bystander:
        reads = asyncio.ensure_future(count_frames(bystander))
        await asyncio.wait_for(attack(unlimited, chat, key, rng, FRAMES), 300)
        await bystander.send("still here")
        await asyncio.wait_for(reads, 60)
    stored = await in_thread(lambda: list(Message.objects.values_list("seq", "text").order_by("seq")))()
    assert [seq for seq, _ in stored] == list(range(1, len(stored) + 1))
    assert all(text.strip() and "\0" not in text and len(text) <= 1000 for _, text in stored)
    assert tracebacks(unlimited) == []


async def count_frames(wire):
    """Read until one's own last word comes back; the socket of a bystander is never closed."""
    async for text in wire:
        if "still here" in text:
            return
    raise websockets.ConnectionClosedError(None, None)
