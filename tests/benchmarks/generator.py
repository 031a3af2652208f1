"""Members who talk to each other as fast as they are let, or at a given rate, and remember everything they get."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from .counting import SIDES, Count, Talk, client_id, key, percentile
from .people import Pair
from .servers import Server
from .wire import MASKED, Wire, frame

PATIENCE = 35  # seconds without any message after which what is missing is lost
QUIET = 0.3
SETTLE = 0.3
CONNECTING = 100  # at once
V1 = "ff.chat.v1"


class Member(Wire):
    """One side of a chat. ``other`` is the other side, whose receipt is what counts."""

    other: Member

    def __init__(self, load: Load, talk: Talk, side: str, pair: Pair, query: str = "") -> None:
        headers = {"Authorization": f"Token {pair.keys[SIDES.index(side)]}"}
        if load.v1:
            headers["Sec-WebSocket-Protocol"] = V1
        super().__init__(f"/ws/chat/{pair.chat}/{query}", headers)
        self.load, self.talk, self.side, self.pair = load, talk, side, pair
        self.got = talk.got[side]
        self.sent_at: list[float] = []  # 0 once the other has received it
        self.awaited = key(talk.run, talk.chat, SIDES[side == "A"], 0)[:10].encode()
        self.template = self.make_template()
        payload = self.template % self.numbers(0)
        self.head = frame(payload)[: -len(payload)]
        self.window = 0
        self.free = 0
        self.enough: tuple[int, asyncio.Future[None]] | None = None

    def make_template(self) -> bytes:
        """The payload of every message, but for its number."""
        text = key(self.talk.run, self.talk.chat, self.side, 0).ljust(self.load.size, "x").replace("0000000~", "%07d~")
        if not self.load.v1:
            return text.encode()
        name = client_id(self.talk.run, self.talk.chat, self.side, 0)[:-12] + "%012d"
        return f'{{"type":"send","client_id":"{name}","text":"{text}"}}'.encode()

    def numbers(self, number: int) -> tuple[int, ...]:
        return (number, number) if self.load.v1 else (number,)

    # sending

    def send(self, count: int, at: float) -> None:
        """Send so many; ``at`` is when they were due."""
        first = len(self.sent_at)
        frames = []
        for number in range(first, first + count):
            frames += (self.head, (self.template % self.numbers(number)).translate(MASKED))
        self.sent_at += [at] * count
        self.talk.sent[self.side] += count
        self.load.sent += count
        self.transport.write(b"".join(frames))

    def start(self, window: int) -> None:
        self.window = window
        self.send(window, time.perf_counter())

    def go_on(self, now: float) -> None:
        """As many as the other has received since."""
        free, self.free = self.free, 0
        if self.load.sending:
            left = self.load.limit - len(self.sent_at)
            if left > 0 and self.open:
                self.send(min(free, left), now)

    # receiving

    def take(self, data: bytes, start: int, stop: int) -> None:
        self.got.append(data[start:stop])
        at = data.find(b"~", start, stop)
        if at < 0 or not data.startswith(self.awaited, at):
            return
        sent_at = self.other.sent_at
        number = int(data[at + 10 : at + 17])
        began = sent_at[number]
        if began:
            sent_at[number] = 0.0
            self.load.latencies.append(time.perf_counter() - began)
            self.other.free += 1

    def taken(self) -> None:
        other = self.other
        if other.free:
            if other.window:
                other.go_on(time.perf_counter())
            else:
                other.free = 0
        if self.enough and len(self.got) >= self.enough[0]:
            future, self.enough = self.enough[1], None
            if not future.done():
                future.set_result(None)

    async def have(self, frames: int) -> None:
        """Until so many frames have come in all."""
        if len(self.got) < frames:
            future = asyncio.get_running_loop().create_future()
            self.enough = (frames, future)
            await asyncio.wait_for(future, 60)


@dataclass
class Result:
    """One run against one server. CPU is in microseconds per delivered message, latency in milliseconds."""

    scenario: str
    server: str
    round: int
    seconds: float = 0.0
    rate: float = 0.0
    p50: float = 0.0
    p99: float = 0.0
    cpu: dict[str, float] = field(default_factory=dict)
    generator_busy: float = 0.0  # share of its core
    count: Count = field(default_factory=Count)
    closed: list[int] = field(default_factory=list)  # codes of sockets that the server has closed
    more: dict[str, Any] = field(default_factory=dict)


class Load:
    """The sockets of one run."""

    runs = 0

    def __init__(
        self, server: Server, pairs: list[Pair], *, protocol: str = "plain", size: int = 64, sources: int = 0
    ) -> None:
        Load.runs += 1
        self.run = Load.runs
        self.server, self.v1, self.size, self.sources = server, protocol == "v1", size, sources
        self.sending, self.limit, self.sent = False, 10**7 - 1, 0
        self.latencies: list[float] = []
        self.talks = [Talk(self.run, number) for number in range(len(pairs))]
        self.members = []
        for talk, pair in zip(self.talks, pairs, strict=True):
            one, other = (Member(self, talk, side, pair) for side in SIDES)
            one.other, other.other = other, one
            self.members += [one, other]

    async def open(self, frames: int = 0) -> float:
        """Connect everybody and wait for so many frames at each; the seconds it took."""
        waiting = iter(enumerate(self.members))

        async def connect() -> None:
            for number, member in waiting:
                source = f"127.0.0.{2 + number % self.sources}" if self.sources else None
                await member.connect(self.server.port(number % 2), source)
                await member.have(frames)

        began = time.perf_counter()
        await asyncio.gather(*(connect() for _each in range(CONNECTING)))
        return time.perf_counter() - began

    async def close(self) -> None:
        for some in batches(self.members, 100):
            await asyncio.gather(*(member.close() for member in some))

    # what the members do

    async def closed_loop(self, window: int, seconds: float, warm_up: float, meter: Meter) -> None:
        """Every member keeps ``window`` messages on their way."""
        self.sending = True
        for member in self.members:
            member.start(window)
        await asyncio.sleep(warm_up)
        meter.start(self)
        await asyncio.sleep(seconds)
        meter.stop(self)
        self.sending = False

    async def burst(self, each: int, meter: Meter) -> None:
        """Everybody sends so many at once."""
        meter.start(self)
        now = time.perf_counter()
        for member in self.members:
            member.send(each, now)
        await self.drain()
        meter.stop(self)

    async def open_loop(
        self, rate: float, seconds: float, warm_up: float, meter: Meter, every: Callable[[float], None] | None = None
    ) -> None:
        """Messages at a fixed rate, whatever comes back. Latency counts from when a message was due."""
        senders = self.members[::2] + self.members[1::2]
        began, number, measuring = time.perf_counter(), 0, False
        while (now := time.perf_counter()) < began + warm_up + seconds:
            if not measuring and now >= began + warm_up:
                measuring = True
                meter.start(self)
            while (due := began + number / rate) <= now:
                sender = senders[number % len(senders)]
                if sender.open:
                    sender.send(1, due)
                number += 1
            if every:
                every(now - began)
            await asyncio.sleep(0.001)
        meter.stop(self)

    async def drain(self) -> None:
        """Until everything has arrived, or nothing has for so long that it is lost."""
        frames, changed = -1, time.perf_counter()
        while True:
            now, present = time.perf_counter(), sum(len(member.got) for member in self.members)
            if present != frames:
                frames, changed = present, now
            missing = self.sent - len(self.latencies)
            if now - changed > (PATIENCE if missing else QUIET):
                return
            await asyncio.sleep(0.02)

    def count(self) -> Count:
        return sum((talk.count(numbered=self.v1) for talk in self.talks), Count())

    def closed_codes(self) -> list[int]:
        return sorted({member.close_code for member in self.members if member.closed.done()})


class Meter:
    """What happened between start and stop."""

    def __init__(self, costs: Callable[[], dict[str, dict[int, float]]]) -> None:
        self.costs = costs

    def start(self, load: Load) -> None:
        self.began, self.process, self.first = time.perf_counter(), time.process_time(), len(load.latencies)
        self.before = self.costs()

    def stop(self, load: Load) -> None:
        self.seconds, self.latencies = time.perf_counter() - self.began, load.latencies[self.first :]
        self.busy = (time.process_time() - self.process) / self.seconds
        after = self.costs()
        self.used = {name: spent(self.before[name], now) for name, now in after.items()}

    def fill(self, result: Result) -> Result:
        delivered = len(self.latencies)
        result.seconds, result.rate, result.generator_busy = self.seconds, delivered / self.seconds, self.busy
        result.p50, result.p99 = (percentile(self.latencies, percent) * 1e3 for percent in (50, 99))
        result.cpu = {name: used / delivered * 1e6 if delivered else 0.0 for name, used in self.used.items()}
        return result


def spent(before: dict[int, float], after: dict[int, float]) -> float:
    """By the processes that are still there; those that have ended since did nothing of weight."""
    return sum(seconds - before.get(pid, 0.0) for pid, seconds in after.items())


def batches(items: list[Any], size: int) -> Iterable[list[Any]]:
    return (items[at : at + size] for at in range(0, len(items), size))


def run(main: Any) -> Any:
    """asyncio.run on the fastest loop there is, without pauses of the garbage collector."""
    try:
        import uvloop as loops
    except ImportError:
        loops = asyncio
    gc.collect()
    gc.disable()
    try:
        return loops.run(main)
    finally:
        gc.enable()
