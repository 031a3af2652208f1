"""A TCP proxy in front of a server, whose connections a scenario may cut or let hang."""

import asyncio
from contextlib import suppress

from tests.processes import HOST


class Proxy:
    """``async with Proxy(port) as proxy``: connections to ``proxy.port`` reach ``port``."""

    def __init__(self, target):
        self.target = target
        self.open = set()
        self.swallowed = set()
        self.swallowing = False

    async def __aenter__(self):
        self.server = await asyncio.start_server(self.accept, HOST, 0)
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *error):
        self.server.close()
        self.cut()

    async def accept(self, reader, writer):
        try:
            far_reader, far_writer = await asyncio.open_connection(HOST, self.target)
        except OSError:
            writer.transport.abort()
            return
        pair = (writer, far_writer)
        self.open.add(pair)
        tasks = [asyncio.ensure_future(self.carry(pair, *way)) for way in ((reader, far_writer), (far_reader, writer))]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.abort(pair)
            for task in tasks:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task

    async def carry(self, pair, reader, writer):
        with suppress(OSError):
            while data := await reader.read(65536):
                if self.swallowing:
                    self.swallowed.add(pair)  # what follows would make no sense without what is lost here
                if pair not in self.swallowed:
                    writer.write(data)
                    await writer.drain()
            while pair in self.swallowed:
                await asyncio.sleep(0.1)  # a half-open connection tells neither side that the other has gone

    def abort(self, pair):
        self.open.discard(pair)
        self.swallowed.discard(pair)
        for writer in pair:
            writer.transport.abort()

    def cut(self):
        """Break every connection, without a goodbye."""
        for pair in list(self.open):
            self.abort(pair)

    def stall(self):
        """From now on whatever arrives disappears, on the connections that are open and on new ones."""
        self.swallowing = True
        self.swallowed.update(self.open)

    def resume(self):
        """New connections work again. Those that lost bytes stay half-open until somebody gives them up."""
        self.swallowing = False
