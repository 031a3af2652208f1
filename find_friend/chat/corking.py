"""A WebSocket protocol for uvicorn that sends all that is written to a socket at one moment with one system call.

    uvicorn --ws find_friend.chat.corking:CorkedProtocol mysite.asgi:application

Members of a busy chat get several frames at once, and whoever connects gets the history. Needs uvicorn 0.40 or newer
with its extra ``standard``.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

__all__ = ["CorkedProtocol"]

LARGEST_WRITE = 64 * 1024  # bytes; beyond it the transport decides whether the socket takes more


class Corked:
    """Stands before a transport and keeps what is written until the loop comes round."""

    __slots__ = ("frames", "loop", "size", "transport")

    def __init__(self, transport: Any, loop: asyncio.AbstractEventLoop) -> None:
        self.transport, self.loop = transport, loop
        self.frames: list[bytes] | None = None
        self.size = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.transport, name)

    def write(self, data: bytes) -> None:
        if self.frames is None:
            self.frames, self.size = [], 0
            self.loop.call_soon(self.flush)
        self.frames.append(data)
        self.size += len(data)
        if self.size > LARGEST_WRITE:
            self.flush()

    def flush(self) -> None:
        frames, self.frames = self.frames, None
        if frames and not self.transport.is_closing():
            self.transport.write(b"".join(frames))

    def close(self) -> None:
        self.flush()
        self.transport.close()


class CorkedProtocol(WebSocketsSansIOProtocol):
    """For uvicorn's option ``--ws``; the module says what it is good for."""

    def connection_made(self, transport: Any) -> None:
        super().connection_made(Corked(transport, self.loop))  # type: ignore[arg-type]
