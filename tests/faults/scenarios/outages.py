"""Redis and databases that stop, restart, fill up or are locked, and clocks that jump."""

import asyncio
import random
import sqlite3
import time
from contextlib import ExitStack, closing, suppress

import psycopg

from tests.faults.checker import closes, slowest_answer
from tests.faults.server import FAKETIME
from tests.faults.site import Site


async def redis_outage(machine, *, what, layer="core", seconds=4.0, rate=5, sweep=3.0, quickly=2.0):
    """Redis is paused, killed, flushed, or has room for one message. Sends are acknowledged as ever."""
    redis = machine.redis
    options = {"capacity": 1} if what == "capacity" else {}
    actions = {
        "pause": (redis.pause, redis.resume),
        "kill": (redis.kill, redis.start),
        "flush": (redis.flush, lambda: None),
        "capacity": (lambda: None, lambda: None),
    }
    async with Site(machine, f"redis_{what}_{layer}", layer=layer, layer_options=options, sweep=sweep) as site:
        left, right = await site.serve(2)
        people = [
            site.join(chat, side, ports=[one.port]) for chat in range(3) for side, one in enumerate((left, right))
        ]
        people.append(site.join_plain(0, 1, ports=[left.port]))
        await site.online(people[:-1])
        talking = asyncio.ensure_future(site.talk(people[:-1], seconds=seconds + 3, rate=rate))
        await asyncio.sleep(1)
        began, ended = await site.fault("redis", seconds, *actions[what])
        await talking
        outcome = await site.verdict()
        slowest = slowest_answer(site.history.events, began, ended)
        closed = closes(site.history.events, began - 1, ended + 1)
        site.figures |= {"slowest ack": round(slowest, 2)}
        site.expect(slowest <= quickly, f"an acknowledgement took {slowest:.1f} s")
        site.expect(not closed, f"{len(closed)} sockets were closed", *closed)
        return outcome


async def joining_without_redis(machine, *, seconds=4.0, sweep=3.0):
    """While Redis hangs, new sockets get in and talk."""
    async with Site(machine, "redis_join", sweep=sweep) as site:
        await site.serve(2)

        async def come():
            await site.join_all(2)
            await site.talk(site.clients, seconds=1, rate=3)

        coming = asyncio.ensure_future(come())
        began, ended = await site.fault("redis", seconds, machine.redis.pause, machine.redis.resume)
        await coming
        hellos = [event["t"] for event in site.history.of("hello")]
        site.figures["last hello after"] = round(max(hellos) - began, 1)
        site.expect(max(hellos) < ended, "nobody got in before Redis was back")
        return await site.verdict()


async def postgres_outage(machine, *, what, seconds=3.0, sweep=3.0):
    """The database hangs, restarts, or takes no connection. Nothing is acknowledged that is not stored."""
    postgres = machine.postgres
    actions = {"pause": (postgres.pause, postgres.resume), "restart": (postgres.kill, postgres.start)}
    role = "site" if what == "full" else None
    if role:
        create_role(postgres, role)
    async with Site(machine, f"postgres_{what}", sweep=sweep, role=role) as site, Crowd(site, role) as crowd:
        if role:
            grant(postgres, site.database, role)
            actions["full"] = (crowd.fill, crowd.leave)
        left, right = await site.serve(2)
        people = [
            site.join(chat, side, ports=[one.port]) for chat in range(3) for side, one in enumerate((left, right))
        ]
        people.append(site.join_plain(0, 1, ports=[left.port]))
        await site.online(people[:-1])
        api = site.api(3, 0)

        async def post():
            end = time.monotonic() + seconds + 3
            while time.monotonic() < end:
                await api.post(site.chat(3), f"over HTTP {random.getrandbits(64)}")
                await asyncio.sleep(0.3)

        posting = asyncio.ensure_future(post())
        talking = asyncio.ensure_future(site.talk(people, seconds=seconds + 3, rate=4))
        await asyncio.sleep(1)
        began, ended = await site.fault("postgres", seconds, *actions[what])
        await asyncio.wait_for(asyncio.gather(talking, posting), seconds + 60)
        outcome = await site.verdict()
        busy = [event for event in site.history.of("err") if event["code"] == "busy"]
        site.figures |= {
            "busy": len(busy),
            "HTTP refused": sorted({event["status"] for event in site.history.of("answer")}),
            "closed": len(closes(site.history.events, began, ended)),
        }
        others = [event for event in site.history.of("err") if event["code"] != "busy"]
        site.expect(not others, f"{len(others)} errors besides busy", *others)
        return outcome


def create_role(postgres, role):
    with suppress(psycopg.errors.DuplicateObject):
        postgres.execute(f"CREATE ROLE {role} LOGIN")


def grant(postgres, database, role):
    for things in ("TABLES", "SEQUENCES"):
        postgres.execute(f"GRANT ALL ON ALL {things} IN SCHEMA public TO {role}", database)


class Crowd:
    """Foreign connections, so many that the database takes no more of ordinary roles."""

    def __init__(self, site, role):
        self.site, self.role = site, role
        self.connections = ExitStack()

    async def __aenter__(self):
        return self

    async def __aexit__(self, *error):
        self.leave()

    def fill(self):
        # The site's own connections end, or it would not need a new one.
        postgres = self.site.machine.postgres
        for _ in range(3):
            postgres.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{self.role}' "
                             f"AND datname = '{self.site.database}'")  # fmt: skip
            try:
                while True:
                    self.connections.callback(postgres.connect(user=self.role).close)
            except psycopg.OperationalError:
                pass

    def leave(self):
        self.connections.close()


async def sqlite_locked(machine, *, seconds=5.0, sweep=3.0):
    """A foreign transaction holds the whole file; senders wait or repeat, and nothing is lost or doubled."""
    async with Site(machine, "sqlite_locked", database="sqlite", layer="memory", sweep=sweep) as site:
        await site.serve(1)
        people = await site.join_all(3)
        talking = asyncio.ensure_future(site.talk(people, seconds=seconds + 3, rate=3))
        await asyncio.sleep(1)
        foreign = sqlite3.connect(site.database, isolation_level=None, timeout=10, check_same_thread=False)
        with closing(foreign):
            await site.fault(
                "lock", seconds, lambda: foreign.execute("BEGIN IMMEDIATE"), lambda: foreign.execute("ROLLBACK")
            )
        await talking
        outcome = await site.verdict()
        site.figures["busy"] = len([event for event in site.history.of("err") if event["code"] == "busy"])
        return outcome


async def sqlite_writers(machine, *, workers=4, seconds=4.0, rate=10, sweep=3.0):
    """Several processes write to one file and hear nothing of each other but through it."""
    async with Site(machine, "sqlite_writers", database="sqlite", layer="memory", sweep=sweep) as site:
        await site.serve(workers)
        ports = site.ports
        people = [
            site.join(number, side, ports=[ports[(number + side) % workers]]) for number in range(4) for side in (0, 1)
        ]
        people.append(site.join_plain(0, 1, ports=[ports[0]]))
        await site.online(people[:-1])
        await site.talk(people[:-1], seconds=seconds, rate=rate)
        outcome = await site.verdict()
        locked = site.written().count("database is locked")
        site.expect(not locked, f'"database is locked" was logged {locked} times')
        return outcome


async def clock_steps(machine, *, step=3600, sweep=3.0):
    """One worker's time of day jumps forward and back; numbers keep the order and nobody is signed out."""
    async with Site(machine, "clock", sweep=sweep) as site:
        [odd] = await site.serve(1, steps_clock=True)
        [good] = await site.serve(1)
        people = [site.join(chat, side, ports=[one.port]) for chat in range(2) for side, one in enumerate((odd, good))]
        await site.online(people)
        talking = asyncio.ensure_future(site.talk(people, seconds=5, rate=6))
        for offset in (step, -step, 0):
            await asyncio.sleep(1.2)
            odd.set_clock(offset)
        await talking
        site.figures["clock"] = "libfaketime" if FAKETIME else "patched in the server"
        outcome = await site.verdict()
        ends = [event for event in site.history.of("close") if event["code"] in (4401, 4403)]
        site.expect(not ends, "somebody was signed out", *ends)
        return outcome


async def held_chat(machine, *, seconds=5.0, chats=5, rate=5, sweep=3.0):
    """A foreign transaction holds one chat's row. The others do not notice."""
    async with Site(machine, "held", sweep=sweep) as site:
        await site.serve(1)
        people = await site.join_all(chats)
        blocked, others = people[:2], people[2:]
        with machine.postgres.connect(site.database, autocommit=False) as foreign:

            def hold():
                foreign.execute("SELECT 1 FROM find_friend_chat_chat WHERE id = %s FOR UPDATE", [site.chat(0)])

            talking = asyncio.ensure_future(site.talk(people, seconds=seconds + 3, rate=rate))
            await asyncio.sleep(1)
            began, ended = await site.fault("row", seconds, hold, foreign.rollback)
            await talking
        outcome = await site.verdict()
        mine = {client.name for client in others}
        slowest = slowest_answer([event for event in site.history.events if event.get("client") in mine], began, ended)
        site.figures["slowest ack elsewhere"] = round(slowest, 2)
        site.expect(slowest < 1, f"another chat waited {slowest:.2f} s for an acknowledgement")
        early = [event for event in site.history.of("ack") if began + 0.1 < event["t"] < ended - 0.2]
        early = [event for event in early if event["client"] in {client.name for client in blocked}]
        site.expect(not early, "acknowledged while the row was held", *early)
        return outcome


async def memory_layer(machine, *, seconds=3.0, sweep=3.0, database="postgres"):
    """Two processes with a layer in memory each: a mistake of the site, which the sweep mends."""
    async with Site(machine, "memory", layer="memory", sweep=sweep, database=database) as site:
        left, right = await site.serve(2)
        people = [
            site.join(chat, side, ports=[one.port]) for chat in range(2) for side, one in enumerate((left, right))
        ]
        people.append(site.join_plain(0, 0, ports=[right.port]))
        await site.online(people[:-1])
        await site.talk(people, seconds=seconds, rate=4)
        return await site.verdict()
