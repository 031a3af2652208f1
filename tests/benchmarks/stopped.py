"""A member who stops reading while a lot comes in, and then wants all of it."""

from __future__ import annotations

import asyncio
import json
import socket
import time
import urllib.request

from .counting import KEY, SEQ, Talk
from .generator import PATIENCE, QUIET, Load, Member, Meter, Result
from .people import Pair
from .servers import Server

STOP_SECONDS = 16
SIZE = 900
BUFFER = 64 * 1024  # of the reader's kernel, so that the server has to cope and not the kernel
WINDOW = 100  # the sender waits for its own echoes
MOST_SECONDS = 180


async def stopped_reader(server: Server, pair: Pair, protocol: str, messages: int, meter: Meter) -> Result:
    """The talk's history is what the member had in the end: by the socket, by a new one, and over HTTP."""
    load = Load(server, [pair], protocol=protocol, size=SIZE)
    sender, reader = load.members
    await load.open(1 if load.v1 else 0)
    await asyncio.sleep(0.3)
    reader.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
    reader.transport.pause_reading()
    meter.start(load)
    before = most = server.memory()
    began, sent = time.perf_counter(), 0
    reading = False
    while time.perf_counter() < began + MOST_SECONDS:
        now = time.perf_counter() - began
        due = min(messages, int(now * messages / STOP_SECONDS) + 1)
        room = len(sender.got) + WINDOW - sent
        if (count := min(due - sent, room)) > 0 and sender.open:
            sender.send(count, time.perf_counter())
            sent += count
        if not reading and now >= STOP_SECONDS:
            reading = True
            if not reader.closed.done():
                reader.transport.resume_reading()
        if sent == messages and reading:
            break
        most = max(most, server.memory()) if int(now * 50) % 10 == 0 else most
        await asyncio.sleep(0.01)
    await finished(load, 2 * messages)
    result = Result("stopped reader", server.name, 0, closed=load.closed_codes())
    result.more = {"memory_growth": most - before, "over_socket": len(reader.got)}
    if reader.closed.done():
        await come_back(load, reader, result)
    await sender.close()
    await reader.close()
    meter.stop(load)
    result.count = load.count()
    return meter.fill(result)


async def finished(load: Load, frames: int) -> None:
    """Until both have everything, the reader's socket has been closed, or nothing has come in for a long time."""
    present, changed = -1, time.perf_counter()
    while present < frames and not load.members[1].closed.done() and time.perf_counter() - changed < PATIENCE:
        now = sum(len(member.got) for member in load.members)
        if now != present:
            present, changed = now, time.perf_counter()
        await asyncio.sleep(0.05)
    await asyncio.sleep(QUIET)


async def come_back(load: Load, reader: Member, result: Result) -> None:
    """Connect again and read what is missing, as a client would: by resuming, and the rest over HTTP."""
    seqs = [int(found[1]) for frame in reader.got if KEY.search(frame) and (found := SEQ.search(frame))]
    again = Talk(load.run, 0)
    query = f"?after={max(seqs, default=0)}" if load.v1 else ""
    returned = Member(load, again, "B", reader.pair, query)
    returned.other = reader.other
    await returned.connect(load.server.port(1))
    await asyncio.sleep(3)
    await returned.close()
    pages = await asyncio.to_thread(read_history, load.server.port(1), reader.pair)
    result.more |= {"returned": len(again.got["B"]), "over_http": len(pages)}
    known = {found[4] for frame in reader.got if (found := KEY.search(frame))}
    missed = {found[4]: frame for frame in [*pages, *again.got["B"]] if (found := KEY.search(frame))}
    reader.got += [missed[number] for number in sorted(missed) if number not in known]


def read_history(port: int, pair: Pair) -> list[bytes]:
    """The whole chat, oldest first, in pages."""
    after, messages = 0, []
    while True:
        address = f"http://127.0.0.1:{port}/api/v1/chats/{pair.chat}/messages/?after_seq={after}&limit=100"
        request = urllib.request.Request(address, headers={"Authorization": f"Token {pair.keys[1]}"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            page = json.load(answer)["results"]
        if not page:
            return messages
        messages += [json.dumps(message).encode() for message in page]
        after = page[-1]["seq"]
