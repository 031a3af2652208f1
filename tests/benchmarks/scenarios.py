"""What is measured, and against what. Every scenario starts its servers, asks them in turn, and ends them."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from . import generator
from .generator import SETTLE, Load, Meter, Result
from .people import Pair, last_seqs, make_pairs
from .servers import ROOT, SERVER_CORE, Backends, Server, Site, pin
from .stopped import stopped_reader

HISTORY = 30
OURS, BARE = "ours", "bare echo"
GOAL = 4  # times what the bare echo delivers, with a window of 8 in one process


@dataclass
class Options:
    rounds: int = 5
    seconds: float = 4.0
    warm_up: float = 1.0
    connections: int = 1000
    stopped_messages: int = 12_000
    protocol: str = "plain"
    layer: str = "pubsub"


@dataclass
class Figure:
    """One line of the summary: ours against a reference. ``ratios`` are one for each round."""

    name: str
    reference: str
    ours: list[float]
    theirs: list[float]
    goal: float | None = None
    at_most: bool = False  # the goal is a ceiling
    unit: str = ""

    @property
    def ratios(self) -> list[float]:
        return [one / other for one, other in zip(self.ours, self.theirs, strict=False) if other]

    @property
    def ratio(self) -> float:
        return median(self.ratios) if self.ratios else 0.0

    @property
    def reached(self) -> bool | None:
        if self.goal is None or not self.ratios:
            return None
        return self.ratio <= self.goal if self.at_most else self.ratio >= self.goal


@dataclass
class Bench:
    site: Site
    backends: Backends
    options: Options
    results: list[Result] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    pairs: list[Pair] = field(default_factory=list)
    lists: dict[str, Any] = field(default_factory=dict)  # what the program of that name has measured
    say: Callable[[str], None] = print

    def members(self, number: int) -> list[Pair]:
        """So many chats with history, made when they are first needed."""
        if len(self.pairs) < number:
            self.pairs += make_pairs(number - len(self.pairs), history=HISTORY)
        return self.pairs[:number]

    @contextmanager
    def servers(self, *starters: Callable[[], Server]) -> Iterator[list[Server]]:
        with ExitStack() as stack:
            started = []
            for starter in starters:
                try:
                    server = starter()
                except LookupError as missing:
                    self.note(f"Skipped: {missing}.")
                    continue
                stack.callback(server.stop)
                started.append(server)
            yield started
            for server in started:
                if complaints := server.complaints():
                    self.note(f"{server.name} has written {len(complaints)} lines, such as: {complaints[-1][:200]}")

    def note(self, text: str) -> None:
        self.notes.append(text)
        self.say(f"  ! {text}")

    def meter(self, server: Server) -> Meter:
        return Meter(lambda: {"server": server.cpu_seconds(), **self.backends.cpu_seconds()})

    def protocol(self, server: Server) -> str:
        return self.options.protocol if server.name == OURS else "plain"

    def keep(self, result: Result) -> Result:
        self.results.append(result)
        self.say(
            f"  {result.server:26} {result.rate:9.0f} msg/s  p50 {result.p50:8.2f}  p99 {result.p99:8.2f} ms  CPU "
            + " + ".join(f"{name} {used:.0f}" for name, used in result.cpu.items())
            + f" us  generator {result.generator_busy:.0%}  {result.count.faults or 'nothing lost'}"
            + (f"  closed {result.closed}" if result.closed else "")
        )
        if result.server == OURS and (result.count.faults or not result.count.sent):
            self.failures.append(f"{result.scenario}: {result.count.faults or 'nothing was sent'}")
        return result

    def figure(self, name: str, reference: str, ours: list[float], theirs: list[float], **more: Any) -> None:
        self.figures.append(Figure(name, reference, ours, theirs, **more))

    def of(self, scenario: str, server: str, value: str = "rate") -> list[float]:
        return [getattr(each, value) for each in self.results if (each.scenario, each.server) == (scenario, server)]

    # runs

    def talk(self, scenario: str, round_: int, server: Server, pairs: list[Pair], act: Callable[..., Any]) -> Result:
        """Connect, act, wait for the rest, count; for ours look into the database too."""
        protocol, meter = self.protocol(server), self.meter(server)

        async def main() -> Result:
            load = Load(server, pairs, protocol=protocol)
            await load.open(1 if load.v1 else 0)
            await asyncio.sleep(SETTLE)
            await act(load, meter)
            await load.drain()
            result = Result(scenario, server.name, round_, closed=load.closed_codes())
            await load.close()
            result.count = load.count()
            return meter.fill(result)

        before = last_seqs(pairs) if server.name == OURS else 0
        result = self.keep(generator.run(main()))
        if server.name == OURS and (stored := last_seqs(pairs) - before) != result.count.sent:
            self.failures.append(f"{scenario}: {result.count.sent} sent, but {stored} stored")
        return result

    def closed_loop(self, scenario: str, servers: list[Server], chats: int, window: int) -> None:
        pairs, options = self.members(chats), self.options
        for round_ in range(options.rounds):
            self.say(f"{scenario}, round {round_ + 1}")
            for server in servers:
                self.talk(
                    scenario, round_, server, pairs,
                    lambda load, meter: load.closed_loop(window, options.seconds, options.warm_up, meter),
                )  # fmt: skip


def raw(bench: Bench) -> None:
    """What the generator can take, and how fast the database is by itself."""
    with bench.servers(bench.site.echo) as servers:
        for chats in (10, 50):
            for window in (8, 1):
                bench.closed_loop(f"generator alone, {chats} chats, window {window}", servers, chats, window)
    dsn = database_dsn()
    for round_ in range(bench.options.rounds):
        command = [sys.executable, "-m", "tests.benchmarks.inserts", dsn, str(bench.options.seconds / 2)]
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        pin(process.pid, SERVER_CORE)
        rates = json.loads(process.communicate(timeout=120)[0])
        for name, rate in rates.items():
            bench.results.append(Result("rows of 50 by the database alone", name, round_, rate=rate))
        bench.say(f"database alone: {', '.join(f'{name} {rate:.0f} rows/s' for name, rate in rates.items())}")


def database_dsn() -> str:
    from django.db import connection

    values = connection.get_connection_params()
    names = ("dbname", "user", "password", "host", "port")
    return " ".join(f"{name}='{values[name]}'" for name in names if values.get(name))


def one_process(bench: Bench) -> None:
    site = bench.site
    with bench.servers(site.ours, site.bare, site.bare_insert, site.node, lambda: site.node(prepared=True)) as servers:
        for chats in (10, 50):
            for window in (8, 1):
                name = f"one process, {chats} chats, window {window}"
                bench.closed_loop(name, servers, chats, window)
                ours = bench.of(name, OURS)
                bench.figure(name, BARE, ours, bench.of(name, BARE), goal=GOAL if window == 8 else 2, unit="msg/s")
                for server in servers[2:]:
                    goal = 2 if server.name == "Node, INSERT" and window == 8 else None
                    bench.figure(name, server.name, ours, bench.of(name, server.name), goal=goal, unit="msg/s")
                if alone := bench.of("rows of 50 by the database alone", "unnest"):
                    bench.figure(name, "rows of 50, unnest", ours, alone, unit="msg/s")
            half_load(bench, servers[:2], chats)
        burst(bench, servers[:2], "one process")


def half_load(bench: Bench, servers: list[Server], chats: int) -> None:
    """Open loop at half of what each server has just managed by itself.

    Ours also at half of what the goal asks for, and at the half of the bare echo.
    """
    measured, options, pairs = f"one process, {chats} chats, window 8", bench.options, bench.members(chats)
    half = {server.name: max(median(bench.of(measured, server.name)) / 2, 1) for server in servers}
    own = f"half load, {chats} chats"
    goal = f"half of {GOAL} times the bare echo's load, {chats} chats"
    same = f"half of the bare echo's load, {chats} chats"
    runs = [(own, server, half[server.name]) for server in servers]
    for server in servers:
        if server.name == OURS:
            runs += [(goal, server, half[BARE] * GOAL), (same, server, half[BARE])]
    for round_ in range(options.rounds):
        bench.say(f"{own}, round {round_ + 1}")
        for name, server, rate in runs:
            bench.talk(
                name, round_, server, pairs,
                lambda load, meter, rate=rate: load.open_loop(rate, options.seconds, options.warm_up, meter),
            )  # fmt: skip
    for name in (own, goal, same):
        for value in ("p50", "p99"):
            most = 1 if value == "p99" else None
            ours, theirs = bench.of(name, OURS, value), bench.of(own, BARE, value)
            bench.figure(f"{name}, {value}", BARE, ours, theirs, goal=most, at_most=True, unit="ms")


def burst(bench: Bench, servers: list[Server], where: str) -> None:
    name, pairs = f"burst of 800, {where}", bench.members(50)
    for round_ in range(bench.options.rounds):
        bench.say(f"{name}, round {round_ + 1}")
        for server in servers:
            bench.talk(name, round_, server, pairs, lambda load, meter: load.burst(8, meter))
    bench.figure(f"{name}, p99", BARE, bench.of(name, OURS, "p99"), bench.of(name, BARE, "p99"), unit="ms")


def two_processes(bench: Bench) -> None:
    """The members of every chat on two processes, both on the servers' core."""
    layer = bench.options.layer
    with bench.servers(lambda: bench.site.ours(layer, 2), lambda: bench.site.bare("pubsub", 2)) as servers:
        for chats in (10, 50):
            for window in (8, 1):
                name = f"two processes, {chats} chats, window {window}"
                bench.closed_loop(name, servers, chats, window)
                goal = 8 if window == 8 else 3
                bench.figure(name, BARE, bench.of(name, OURS), bench.of(name, BARE), goal=goal, unit="msg/s")
        burst(bench, servers, "two processes")


def stopped(bench: Bench) -> None:
    name = "stopped reader"
    for protocol in {"plain", bench.options.protocol}:
        with bench.servers(bench.site.ours) as [server]:
            bench.say(f"{name}, {protocol} protocol")
            [pair] = make_pairs(1)
            meter = bench.meter(server)
            bench.keep(generator.run(stopped_reader(server, pair, protocol, bench.options.stopped_messages, meter)))
        bench.note(f"{name}, {protocol}: {bench.results[-1].more}, closed with {bench.results[-1].closed}")


def connections(bench: Bench) -> None:
    """Memory of idle sockets and how fast they are opened, in fresh processes after a short load."""
    number = bench.options.connections
    pairs = bench.members(number // 2)
    for round_ in range(bench.options.rounds):
        for starter in (bench.site.ours, bench.site.bare):
            with bench.servers(starter) as [server]:
                bench.talk(
                    "warming up", round_, server, pairs[:10],
                    lambda load, meter: load.closed_loop(8, 1, 0, meter),
                )  # fmt: skip
                sessions = sessions_later(bench, bench.backends.sessions())
                result = generator.run(open_idle(server, pairs, bench.protocol(server), sessions))
                result.round = round_
                bench.results.append(result)
                cpu, kib = result.cpu["server"], result.more["kib"]
                bench.say(f"  {server.name:26} {result.rate:.0f} connects/s, {cpu:.0f} us of CPU, {kib:.1f} KiB each")
    name = "connections"
    title = f"connects/s, ours with {HISTORY} messages of history"
    bench.figure(title, BARE, bench.of(name, OURS), bench.of(name, BARE), goal=0.4)
    ours, theirs = ([each.more for each in bench.results if (each.scenario, each.server) == (name, server)]
                    for server in (OURS, BARE))  # fmt: skip
    kib = ([each["kib"] for each in some] for some in (ours, theirs))
    bench.figure("KiB for each idle connection", BARE, *kib, goal=0.9, at_most=True)
    new = [each["sessions"] for each in ours]
    bench.note(f"New database sessions while {number} sockets connected: {new}")


def sessions_later(bench: Bench, before: int) -> Callable[[], int]:
    def later() -> int:
        time.sleep(1.5)  # the statistics come late
        return bench.backends.sessions() - before

    return later


async def open_idle(server: Server, pairs: list[Pair], protocol: str, sessions: Callable[[], int]) -> Result:
    result = Result("connections", server.name, 0)
    before = server.memory()
    load = Load(server, pairs, protocol=protocol)
    frames = (HISTORY + load.v1) if server.name == OURS else 0
    cpu = server.cpu_seconds()
    result.seconds = await load.open(frames)
    count = len(load.members)
    result.rate = count / result.seconds
    result.cpu = {"server": generator.spent(cpu, server.cpu_seconds()) / count * 1e6}
    await asyncio.sleep(2)
    result.more["kib"] = (server.memory() - before) / count / 1024
    result.more["sessions"] = await asyncio.to_thread(sessions)
    await load.close()
    return result


def idle(bench: Bench, number: int, minutes: float, rate: float = 100) -> None:
    """Many sockets that mostly say nothing, for minutes; several source addresses, as one has too few ports."""
    pairs = make_pairs(number // 2, history=HISTORY)
    samples: list[dict[str, float]] = []

    async def main(server: Server) -> Result:
        load = Load(server, pairs, protocol=bench.protocol(server), sources=8)
        seconds = await load.open(HISTORY + load.v1)
        bench.say(f"  {len(load.members)} sockets open after {seconds:.0f} s")

        def sample(now: float, last: bool = False) -> None:
            if last or now >= len(samples) * 30:
                samples.append({"seconds": now, "mib": server.memory() / 2**20})
                bench.say(f"  {now:5.0f} s  {samples[-1]['mib']:.1f} MiB")

        meter = bench.meter(server)
        await load.open_loop(rate, minutes * 60, 0, meter, sample)
        await load.drain()
        sample(minutes * 60, last=True)
        result = Result("idle", server.name, 0, closed=load.closed_codes())
        await load.close()
        result.count, result.more = load.count(), {"samples": samples, "sockets": len(load.members)}
        return meter.fill(result)

    with bench.servers(bench.site.ours) as [server]:
        bench.say(f"idle: {number} sockets, {rate:.0f} messages/s, {minutes:g} minutes")
        bench.keep(generator.run(main(server)))
    first, last = samples[0]["mib"], samples[-1]["mib"]
    bench.figure(f"{number} idle sockets: MiB at the end", "at the beginning", [last], [first], goal=1.1, at_most=True)


SCENARIOS: dict[str, Callable[[Bench], None]] = {
    "raw": raw,
    "one": one_process,
    "two": two_processes,
    "stopped": stopped,
    "connections": connections,
}
