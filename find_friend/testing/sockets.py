"""Sockets of a chat, opened at the site's own ``ASGI_APPLICATION`` without a server."""

from __future__ import annotations

import json
import uuid
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

from asgiref.sync import sync_to_async

from .clients import takes_tokens
from .factories import create_ticket, create_token

V1 = "ff.chat.v1"
PATIENCE = 5.0  # seconds to wait for what has to come


class Refused(Exception):
    """The server closed a socket, or would not let it in; ``code`` is what it closed with."""

    def __init__(self, code: int) -> None:
        super().__init__(f"The socket was closed with {code}.")
        self.code = code


class ChatSocket:
    """A socket of the plain protocol: ``post`` a text, take the next ``message``, or make sure of ``nothing``."""

    def __init__(
        self, path: str, headers: Iterable[tuple[bytes, bytes]] = (), subprotocols: Iterable[str] = ()
    ) -> None:
        from channels.routing import get_default_application
        from channels.testing import WebsocketCommunicator

        self.wire = WebsocketCommunicator(
            get_default_application(), path, headers=list(headers), subprotocols=list(subprotocols)
        )

    async def connect(self) -> tuple[bool, Any]:
        """What the server did first: ``(True, subprotocol)`` or ``(False, code)``."""
        return await self.wire.connect(PATIENCE)

    async def enter(self) -> None:
        """Connect. Raises Refused."""
        accepted, code = await self.connect()
        if not accepted:
            raise Refused(code)

    async def frame(self, **event: Any) -> None:
        """Send a frame as it is: ``text`` or ``bytes``."""
        await self.wire.send_input({"type": "websocket.receive", **event})

    async def post(self, text: str) -> Any:
        """Write a message."""
        await self.frame(text=text)

    async def next_text(self) -> str:
        """The next frame as the server wrote it. Raises TimeoutError, and Refused where the server closes."""
        event = await self.event()
        if event["type"] == "websocket.close":
            raise Refused(event["code"])
        return event["text"]

    async def event(self, timeout: float | None = None) -> dict[str, Any]:
        """What the server does next. Raises TimeoutError; the socket stays open, unlike that of channels.testing."""
        timeout = PATIENCE if timeout is None else timeout
        if await self.wire.receive_nothing(timeout, interval=0.005):
            raise TimeoutError(f"Nothing came for {timeout} seconds.")
        return await self.wire.receive_output(timeout)

    async def next(self) -> Any:
        """The next frame, read."""
        return json.loads(await self.next_text())

    async def message(self) -> dict[str, Any]:
        """The next message."""
        return await self.next()

    async def texts(self, count: int) -> list[str]:
        """The texts of the next messages."""
        return [(await self.message())["text"] for _ in range(count)]

    async def nothing(self, timeout: float = 0.2) -> None:
        """Nothing comes for so many seconds; AssertionError where something does."""
        if not await self.wire.receive_nothing(timeout):
            raise AssertionError(f"A frame came: {await self.event()}")

    async def closed(self, timeout: float | None = None) -> int:
        """The code with which the server closes now; AssertionError where it sends a frame."""
        event = await self.event(timeout)
        if event["type"] != "websocket.close":
            raise AssertionError(f"A frame came: {event}")
        return event["code"]

    async def leave(self) -> None:
        """Hang up, as a client does."""
        await hang_up(self.wire)


class RichChatSocket(ChatSocket):
    """A socket of ``ff.chat.v1``: ``say`` a frame, ``hear`` the next one of a type."""

    hello: dict[str, Any]

    async def enter(self) -> None:
        """Connect and take the first frame, which is kept as ``hello``. Raises Refused."""
        await super().enter()
        self.hello = await self.next()

    async def say(self, type: str, **fields: Any) -> None:
        """Send a frame of a type."""
        await self.frame(text=json.dumps({"type": type, **fields}))

    async def hear(self, *types: str) -> dict[str, Any]:
        """The next frame of one of these types, whatever comes before it."""
        while True:
            found = await self.next()
            if found["type"] in types:
                return found

    async def post(self, text: str) -> str:
        """Write a message; returns the ``client_id``, which its ``ack`` or ``err`` frame will name."""
        client_id = str(uuid.uuid4())
        await self.say("send", client_id=client_id, text=text)
        return client_id

    async def message(self) -> dict[str, Any]:
        """The next message, whatever comes before it."""
        return await self.hear("msg")

    async def closed(self, timeout: float | None = None) -> int:
        """The code with which the server closes, whatever it sends before."""
        while True:
            event = await self.event(timeout)
            if event["type"] == "websocket.close":
                return event["code"]


async def hang_up(wire: Any) -> None:
    """Leave as a client does; the application of the socket ends."""
    from django.db import connections

    if not wire.future.done():
        await wire.send_input({"type": "websocket.disconnect", "code": 1000})
    await wire.wait(timeout=PATIENCE)
    # channels.testing keeps the connections of the database thread open, and so the test database in use.
    await sync_to_async(connections.close_all)()


async def credentials(user: Any) -> tuple[list[tuple[bytes, bytes]], str]:
    """Headers and query of a handshake that is signed in: by a token, or by a ticket where the site takes none."""
    if user is None:
        return [], ""
    if takes_tokens():
        return [(b"authorization", f"Token {await sync_to_async(create_token)(user)}".encode())], ""
    return [], f"ticket={await sync_to_async(create_ticket)(user)}"


@asynccontextmanager
async def chat_socket(
    chat: Any,
    user: Any = None,
    *,
    rich: bool = False,
    query: str = "",
    headers: Iterable[tuple[bytes, bytes]] = (),
    prefix: str = "/ws/chat/",
) -> AsyncIterator[Any]:
    """``async with chat_socket(chat, ann) as socket:`` opens a socket of a chat, signed in as ``user`` or as a guest.

    ``rich`` speaks ``ff.chat.v1``, with ``query`` such as ``"after=7"``. ``headers`` are more headers of the handshake,
    and ``prefix`` is for a site that serves its sockets somewhere else. Raises Refused.
    """
    signed, key = await credentials(user)
    path = f"{prefix}{chat.pk}/?{'&'.join(filter(None, (query, key)))}"
    cls = RichChatSocket if rich else ChatSocket
    socket = cls(path, [*signed, *headers], [V1] if rich else [])
    try:
        await socket.enter()
        yield socket
    finally:
        await socket.leave()
