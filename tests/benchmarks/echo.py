"""The least a server can do, to see what the generator can take: both members of a chat get the frame, unparsed.

python -m tests.benchmarks.echo PORT
"""

from __future__ import annotations

import asyncio
import sys

from .wire import MASKED

ANSWER = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
HEAD, KEY = 2, 4


class Echo(asyncio.Protocol):
    """Frames of fewer than 126 bytes, all masked with the generator's one key."""

    chats: dict[bytes, list[asyncio.Transport]] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport, self.members, self.rest = transport, [], b""

    def connection_lost(self, error: Exception | None) -> None:
        if self.transport in self.members:
            self.members.remove(self.transport)

    def data_received(self, data: bytes) -> None:
        if not self.members:
            self.members = self.chats.setdefault(data.split(b" ", 2)[1], [])
            self.members.append(self.transport)
            self.transport.write(ANSWER)
            return
        data = self.rest + data
        at, out = 0, []
        while len(data) - at > HEAD:
            length = data[at + 1] & 0x7F
            stop = at + HEAD + KEY + length
            if stop > len(data):
                break
            if data[at] == 0x88:
                self.transport.write(b"\x88\x00")
                self.transport.close()
            out += (data[at : at + 1], bytes((length,)), data[at + HEAD + KEY : stop].translate(MASKED))
            at = stop
        self.rest = data[at:]
        whole = b"".join(out)
        for member in self.members:
            member.write(whole)


async def main(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Echo, "127.0.0.1", port, backlog=2048)
    await server.serve_forever()


if __name__ == "__main__":
    try:
        import uvloop as loops
    except ImportError:
        loops = asyncio
    loops.run(main(int(sys.argv[1])))
