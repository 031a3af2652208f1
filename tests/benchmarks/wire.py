"""WebSocket by hand, as little of it as a load generator needs: short texts, no fragments, no compression."""

from __future__ import annotations

import asyncio

TEXT, CLOSE, PING, PONG = 0x81, 0x88, 0x89, 0x8A
MASK = 0x2A
MASKED = bytes(byte ^ MASK for byte in range(256))
MASKING_KEY = bytes([MASK] * 4)
SWITCHED = b"HTTP/1.1 101"


def frame(payload: bytes, kind: int = TEXT) -> bytes:
    """A frame of the client. Its masking key is four times the same byte, so that C code does the masking."""
    length = len(payload)
    size = bytes((0x80 | length,)) if length < 126 else bytes((0x80 | 126,)) + length.to_bytes(2, "big")
    return bytes((kind,)) + size + MASKING_KEY + payload.translate(MASKED)


class Wire(asyncio.Protocol):
    """One client socket. Subclasses say what a text frame means: ``take(data, start, stop)``."""

    transport: asyncio.Transport

    def __init__(self, path: str, headers: dict[str, str]) -> None:
        self.path, self.headers = path, headers
        self.rest = b""
        self.open = False
        self.opened = asyncio.get_running_loop().create_future()
        self.closed = asyncio.get_running_loop().create_future()
        self.close_code = 1006

    async def connect(self, port: int, source: str | None = None, timeout: float = 60) -> None:
        """Raises OSError where the server says no."""
        loop = asyncio.get_running_loop()
        local = (source, 0) if source else None
        await loop.create_connection(lambda: self, "127.0.0.1", port, local_addr=local)
        await asyncio.wait_for(self.opened, timeout)

    async def close(self) -> None:
        if not self.closed.done():
            self.transport.write(frame((1000).to_bytes(2, "big"), CLOSE))
            try:
                await asyncio.wait_for(asyncio.shield(self.closed), 10)
            except TimeoutError:
                self.transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]
        lines = [
            f"GET {self.path} HTTP/1.1",
            "Host: 127.0.0.1",
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            "Sec-WebSocket-Version: 13",
            *(f"{name}: {value}" for name, value in self.headers.items()),
        ]
        self.transport.write(("\r\n".join(lines) + "\r\n\r\n").encode())

    def connection_lost(self, error: Exception | None) -> None:
        self.open = False
        if not self.opened.done():
            self.opened.set_exception(ConnectionError(f"Closed before it was open: {error}"))
        if not self.closed.done():
            self.closed.set_result(self.close_code)

    def data_received(self, data: bytes) -> None:
        if self.rest:
            data = self.rest + data
        at, end = 0, len(data)
        if not self.open:
            at = self.read_answer(data)
            if at < 0:
                self.rest = data
                return
        while end - at >= 2:
            start, length = at + 2, data[at + 1]
            if length >= 126:
                size = 2 if length == 126 else 8
                start += size
                if start > end:
                    break
                length = int.from_bytes(data[at + 2 : start], "big")
            stop = start + length
            if stop > end:
                break
            if data[at] == TEXT:
                self.take(data, start, stop)
            else:
                self.control(data[at], data[start:stop])
            at = stop
        self.rest = data[at:]
        self.taken()

    def read_answer(self, data: bytes) -> int:
        """Where the frames begin; -1 as long as the answer is not whole."""
        end = data.find(b"\r\n\r\n")
        if end < 0:
            return -1
        if not data.startswith(SWITCHED):
            self.opened.set_exception(ConnectionError(data[: data.find(b"\r\n")].decode(errors="replace")))
            self.transport.abort()
            return len(data)
        self.open = True
        self.opened.set_result(None)
        return end + 4

    def control(self, kind: int, payload: bytes) -> None:
        if kind == PING:
            self.transport.write(frame(payload, PONG))
        elif kind == CLOSE:
            self.close_code = int.from_bytes(payload[:2], "big") if payload else 1005
            self.transport.write(frame(payload[:2], CLOSE))
            self.transport.close()
        elif kind != PONG:
            raise ValueError(f"A frame of kind {kind:#x} is not for this client.")

    def take(self, data: bytes, start: int, stop: int) -> None:
        raise NotImplementedError

    def taken(self) -> None:
        """All frames that came at once have been taken."""
