"""One site of a scenario: a fresh database, a layer, server processes, clients and the history of what they saw."""

import asyncio
import shutil
import signal
import sqlite3
import time
import uuid
from contextlib import closing

import httpx

from . import checker, server
from .checker import Problem
from .client import Api, PlainClient, V1Client
from .history import History
from .scenarios import Outcome
from .services import PostgreSQL, Redis

QUERY = "SELECT id, chat_id, seq, sender_id, text, client_id, edited_at, deleted_at FROM find_friend_chat_message"
COLUMNS = ["id", "chat", "seq", "sender", "text", "client_id", "edited_at", "deleted_at"]
PAIRS = 60


class Machine:
    """The private servers that scenarios share, and filled databases to copy."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o755)
        self.postgres = self.redis = None
        self.filled = {}

    def start(self):
        self.postgres = PostgreSQL(self.folder).start()
        self.redis = Redis(self.folder).start()
        return self

    def stop(self):
        for service in (self.postgres, self.redis):
            if service is not None:
                service.stop()

    def mend(self):
        """Whatever the scenario before has left behind."""
        for service in (self.postgres, self.redis):
            if service.process.poll() is not None:
                service.start()
            service.resume()
        self.redis.flush()

    def copy(self, kind, name):
        """A filled database under a new name, and what is in it."""
        template = self.template(kind)
        if kind == "postgres":
            self.postgres.create(name, template=template["name"])
            return name, template["world"]
        path = self.folder / f"{name}.sqlite3"
        shutil.copy(template["name"], path)
        return str(path), template["world"]

    def template(self, kind):
        if kind not in self.filled:
            name = "filled" if kind == "postgres" else str(self.folder / "filled.sqlite3")
            if kind == "postgres":
                self.postgres.create(name)
            site = {"database": kind, "name": name, "database_port": self.postgres.port, "layer": "memory"}
            world = server.fill(site, PAIRS)
            if kind == "sqlite":
                with closing(sqlite3.connect(name)) as connection:
                    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self.filled[kind] = {"name": name, "world": world}
        return self.filled[kind]


class Site:
    """``async with Site(machine, "name", ...) as site``: nothing runs yet; ``await site.serve(2)`` starts servers."""

    def __init__(
        self,
        machine,
        name,
        *,
        database="postgres",
        layer="core",
        layer_options=None,
        sweep=3.0,
        role=None,
        database_port=None,
        redis=None,
        **find_friend,
    ):
        self.machine, self.name, self.kind, self.sweep = machine, name, database, sweep
        self.folder = machine.folder / f"{name}-{uuid.uuid4().hex[:6]}"
        self.folder.mkdir()
        self.database, self.world = machine.copy(database, self.folder.name)
        self.settings = {
            "database": database,
            "name": self.database,
            "database_port": database_port or machine.postgres.port,
            "role": role or "postgres",
            "layer": layer,
            "redis": redis or machine.redis.url,
            "layer_options": layer_options or {},
            "find_friend": {"CHAT_SWEEP_INTERVAL": sweep, **find_friend},
        }
        self.history = History(self.folder / "history.jsonl")
        self.servers, self.clients, self.apis, self.worker = [], [], [], None
        self.members = {chat["id"]: {one["id"] for one in chat["people"]} for chat in self.world["chats"]}
        self.figures, self.problems = {}, []

    @property
    def bound(self):
        """The promise, 30 s with a sweep each 25 s, for the interval of this site: a sweep and 5 s."""
        return self.sweep + 5

    @property
    def ports(self):
        return [one.port for one in self.servers]

    async def __aenter__(self):
        return self

    async def __aexit__(self, *error):
        await asyncio.gather(*(client.stop() for client in self.clients))
        for api in self.apis:
            await api.http.aclose()
        for one in self.servers:
            one.signal(signal.SIGCONT)
            one.kill()
        if self.worker is not None:
            self.worker.stop()
        self.history.close()

    # processes

    async def serve(self, count=1, **options):
        fresh = []
        for _ in range(count):
            name = f"server{len(self.servers) + 1}"
            fresh.append(server.Server(self.settings, self.folder, name=name, kind=options.get("kind", "uvicorn")))
            self.servers.append(fresh[-1])
        started = {name: value for name, value in options.items() if name != "kind"}
        for one in fresh:
            one.start(**started)
        for one in fresh:
            await one.ready()
        return fresh

    async def again(self, one, **options):
        """Start a server that has ended."""
        await one.start(**options).ready()

    async def act(self, do, **arguments):
        if self.worker is None:
            self.worker = server.Worker(self.settings, self.folder)
        return await self.worker.act(do, **arguments)

    def written(self):
        return "".join(one.written() for one in self.servers)

    # people

    def person(self, chat, side):
        return self.world["chats"][chat]["people"][side]

    def chat(self, number):
        return self.world["chats"][number]["id"]

    def join(self, chat=0, side=0, *, kind=V1Client, ports=None, **options):
        """A client of one member of a chat, by the numbers of both."""
        person = self.person(chat, side)
        client = kind(self.history, person, self.chat(chat), self.ports if ports is None else ports, **options)
        self.clients.append(client)
        return client.start()

    async def join_all(self, chats, **options):
        """Both members of the first ``chats`` chats, once they are online."""
        joined = [self.join(chat, side, **options) for chat in range(chats) for side in (0, 1)]
        await self.online(joined)
        return joined

    async def online(self, clients, seconds=30):
        for client in clients:
            arrived = await client.wait_until(lambda client=client: client.online.is_set() or client.ended, seconds)
            assert arrived, f"{client.name} did not get in within {seconds} s\n{self.written()[-3000:]}"

    def join_plain(self, chat=0, side=0, **options):
        return self.join(chat, side, kind=PlainClient, **options)

    def api(self, chat=0, side=0, port=None):
        self.apis.append(Api(self.history, self.person(chat, side), port or self.ports[0]))
        return self.apis[-1]

    async def talk(self, clients, *, seconds, rate):
        """Each of the clients sends ``rate`` messages a second for so long; spread evenly, whatever happens."""
        end = time.monotonic() + seconds
        pause = 1 / (rate * len(clients))
        due = time.monotonic()
        while time.monotonic() < end:
            for client in clients:
                if not client.ended:
                    sent = client.send()
                    if asyncio.iscoroutine(sent):
                        await sent
                due += pause
                await asyncio.sleep(max(0.0, due - time.monotonic()))

    async def fault(self, what, seconds, begin, end):
        """Break something for so long. ``begin`` and ``end`` may take their time; they run in a thread."""
        self.history.write("fault", what=what)
        began = time.monotonic()
        try:
            await asyncio.to_thread(begin)
            await asyncio.sleep(seconds)
        finally:
            await asyncio.to_thread(end)
            self.history.write("healed", what=what)
        return began, time.monotonic()

    # the end

    def rows(self):
        """What the database holds. It is asked directly, past the site."""
        if self.kind == "postgres":
            with self.machine.postgres.connect(self.database) as connection:
                rows = connection.execute(f"{QUERY} ORDER BY chat_id, seq").fetchall()
        else:
            with closing(sqlite3.connect(self.database, timeout=30)) as connection:
                rows = connection.execute(f"{QUERY} ORDER BY chat_id, seq").fetchall()
        found = [dict(zip(COLUMNS, row, strict=True)) for row in rows]
        for row in found:
            row["client_id"] = None if row["client_id"] is None else str(uuid.UUID(str(row["client_id"])))
            row["edited_at"] = None if row["edited_at"] is None else str(row["edited_at"])
            row["deleted_at"] = None if row["deleted_at"] is None else str(row["deleted_at"])
        return found

    async def settle(self, seconds=None):
        """Wait until everybody has everything, at most until the bound has passed."""
        limit = time.monotonic() + (seconds or self.bound + 1)
        while time.monotonic() < limit:
            rows = await asyncio.to_thread(self.rows)
            newest, ids = {}, {}
            for row in rows:
                newest[row["chat"]] = max(newest.get(row["chat"], 0), row["seq"])
                ids.setdefault(row["chat"], {})[row["seq"]] = row["id"]
            waiting = [client for client in self.clients if not client.ended and not self.has_all(client, newest, ids)]
            if not waiting:
                return True
            await asyncio.sleep(0.2)
        return False

    def has_all(self, client, newest, ids):
        last = newest.get(client.chat, 0)
        if isinstance(client, PlainClient):
            return not last or ids[client.chat][last] in client.received
        return client.has_all(last)

    def expect(self, holds, text, *evidence):
        """An invariant besides I0."""
        if not holds:
            self.problems.append(Problem("broken", text, list(evidence)))

    async def verdict(self, *, since=None, **bounds):
        """Let things settle, stop the clients, and check. ``since``: only what came after that time."""
        await self.settle()
        await asyncio.gather(*(client.stop() for client in self.clients))
        rows = await asyncio.to_thread(self.rows)
        events = self.history.events if since is None else begun_anew(self.history.events, since)
        self.problems += checker.check(events, rows, self.members, checker.Bounds(delivery=self.bound, **bounds))
        acked = {(event["user"], event.get("client_id") or event["id"]) for event in self.history.of("ack")}
        self.figures |= {"stored": len(rows), "acknowledged": len(acked)}
        if tracebacks := self.written().count("Traceback"):
            self.figures["tracebacks"] = tracebacks
        return Outcome(self.problems, self.figures, self.folder)

    async def http_get(self, port, path):
        async with httpx.AsyncClient(timeout=5, trust_env=False) as http:
            return await http.get(f"http://127.0.0.1:{port}{path}")


def begun_anew(events, since):
    """The history after a backup was restored: who was there, what still waits for an answer, and all that follows."""
    answered = {event["client_id"] for event in events if event["e"] == "ack" and event["t"] <= since}
    kept = []
    for event in events:
        waits = event["e"] == "invoke" and event["client_id"] not in answered
        if event["t"] > since or event["e"] == "start" or waits:
            kept.append(event)
        elif event["e"] == "invoke":
            # Its row may be in the backup, and nobody owes an answer any more.
            kept.append({**event, "client": "before"})
    return kept
