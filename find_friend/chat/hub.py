"""The open sockets of a process, chat by chat, and everything that reaches them."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import os
import random
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from channels.db import database_sync_to_async

from find_friend.conf import app_settings
from find_friend.logs import fields, without_text

from . import inspection, metrics
from .layer import Wire, process, start_afresh
from .news import Changed, Posted, packed, unpacked
from .presence import ASK, GONE, HERE, Presence
from .protocols import Close
from .reader import Reader
from .writer import Writer

logger = logging.getLogger("find_friend.chat")

GAP_WAIT = 0.2  # seconds that a message may be late before the database is asked for it
WELCOME_AFTER = 0.05  # seconds
CLOSING_PATIENCE = 1  # seconds for what is still running when the last socket leaves
PAGE = 200  # messages read at once
CHUNK = 100  # sockets that the sweep looks at in one go


class Room:
    """The sockets of one chat in this process.

    ``position`` is the number up to which its messages have been passed on, ``event`` the same for changes; both are
    None until the first socket knows them. What comes early waits in ``pending``.
    """

    __slots__ = ("changes", "chat", "event", "live", "pending", "position", "present", "repairing", "sockets", "timer")

    def __init__(self, chat: int) -> None:
        self.chat = chat
        self.sockets: list[Any] = []
        self.live: list[Any] = []
        self.position: Any = None
        self.event: Any = None
        self.pending: dict[int, Posted] = {}
        self.changes: list[Changed] = []
        self.present: dict[str, float] = {}
        self.repairing = False
        self.timer: Any = None


class Hub:
    """What the sockets of one event loop share. It is made for the first of them and ends with the last."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.rooms: dict[int, Room] = {}
        self.counts: Counter[str] = Counter()
        self.watchers: dict[str, tuple[Any, ...]] = {}
        self.tasks: set[asyncio.Task[Any]] = set()
        self.queue: asyncio.Task[Any] | None = None
        self.newcomers: list[Any] = []
        self.welcoming: asyncio.TimerHandle | None = None
        self.writer = Writer(self)
        self.reader = Reader()
        self.presence = Presence(self)
        self.wire = Wire(self.hear)
        self.sweeper = start_afresh(self.sweep_for_ever())

    # helpers

    async def in_thread(self, function: Callable[..., Any], *args: Any) -> Any:
        return await database_sync_to_async(function)(*args)

    def start(self, coroutine: Any) -> asyncio.Task[Any]:
        """Run it beside everything else; a failure is logged."""
        task = start_afresh(coroutine)
        self.tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[Any]) -> None:
        self.tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            logger.error(
                "Work of the chat failed.", exc_info=without_text(task.exception()), extra=fields("task_failed")
            )

    def call(self, function: Callable[..., Any], *args: Any) -> None:
        """From any thread: run it on the loop."""
        self.loop.call_soon_threadsafe(function, *args, context=contextvars.Context())

    def later(self, function: Callable[..., Any], *args: Any) -> None:
        """Run it in a thread, after what was given before."""
        before = self.queue

        async def run() -> None:
            if before is not None:
                await asyncio.wait([before])
            await self.in_thread(function, *args)

        self.queue = self.start(run())

    # coming and going

    def welcome(self, socket: Any) -> None:
        """Soon find out, for all newcomers at once, what their people show and how far they have read."""
        self.newcomers.append(socket)
        if len(self.newcomers) == 1:
            self.welcoming = self.loop.call_later(WELCOME_AFTER, lambda: self.start(self.introduce()))

    async def introduce(self) -> None:
        newcomers, self.newcomers = [socket for socket in self.newcomers if socket.is_open], []
        for start in range(0, len(newcomers), CHUNK):
            part = newcomers[start : start + CHUNK]
            manners = await self.in_thread(inspection.manners, {(socket.chat, socket.user_pk) for socket in part})
            for socket in part:
                if socket.is_open:
                    self.presence.introduce(socket, manners)

    def admit(self, user: str) -> bool:
        """Count one more socket of a user; False where they have as many as CHAT_SOCKETS_PER_USER already."""
        if self.counts[user] >= app_settings.CHAT_SOCKETS_PER_USER:
            return False
        self.counts[user] += 1
        return True

    def join(self, socket: Any) -> Room:
        room = self.rooms.get(socket.chat)
        if room is None:
            room = self.rooms[socket.chat] = Room(socket.chat)
        room.sockets.append(socket)
        return room

    def watch(self, socket: Any) -> None:
        """Look at the socket's rights again when something about one of its people changes."""
        for person in socket.people:
            self.watchers[person] = (*self.watchers.get(person, ()), socket)

    def unwatch(self, socket: Any) -> None:
        for person in socket.people:
            rest = tuple(other for other in self.watchers.get(person, ()) if other is not socket)
            if rest:
                self.watchers[person] = rest
            else:
                self.watchers.pop(person, None)

    def go_live(self, socket: Any, last_seq: int, last_event: int) -> bool:
        """Let what comes reach the socket, if it has everything that came before."""
        room: Room = socket.room
        if room.position is None or room.event is None:
            room.position, room.event = last_seq, last_event
            self.release(room)
        if socket.last_seq < room.position or (socket.rich and socket.last_event < room.event):
            return False
        room.live.append(socket)
        return True

    def leave(self, socket: Any) -> None:
        room: Room = socket.room
        room.sockets.remove(socket)
        self.lag(socket)
        self.presence.went(room, socket)
        self.unwatch(socket)
        if not room.sockets:
            if room.timer is not None:
                room.timer.cancel()
            del self.rooms[room.chat]

    def lag(self, socket: Any) -> None:
        """The socket goes on by itself, reading from the database, until it has caught up."""
        if socket in socket.room.live:
            socket.room.live.remove(socket)

    def dismiss(self, user: str) -> None:
        self.counts[user] -= 1
        if not self.counts[user]:
            del self.counts[user]

    async def close_if_empty(self) -> None:
        if self.counts or hubs.get(self.loop) is not self:
            return
        del hubs[self.loop]
        await self.close()

    async def close(self) -> None:
        self.sweeper.cancel()
        if self.welcoming is not None:
            self.welcoming.cancel()
        await self.writer.close()
        await self.reader.close()
        if self.tasks:
            await asyncio.wait(self.tasks, timeout=CLOSING_PATIENCE)
        for task in list(self.tasks):
            task.cancel()
        await self.wire.close()

    # news

    def spread(self, news: Sequence[Any]) -> None:
        """Bring news of this process to everybody, here and elsewhere."""
        self.take(news)
        for other in running_hubs():
            if other is not self:
                other.call(other.take, news)
        if self.wire.reaches_others:
            self.wire.publish({"news": packed(news)})

    def hear(self, event: dict[str, Any]) -> None:
        """What another process has to say."""
        if event.get("from") == process.name:
            return
        self.take(unpacked(event.get("news", ())))
        if event.get("rights"):
            self.recheck(event["rights"])

    def take(self, news: Iterable[Any]) -> None:
        touched: dict[int, Room] = {}
        for item in news:
            room = self.rooms.get(item.chat)
            if room is None:
                continue
            if isinstance(item, Posted):
                if room.position is None or item.seq > room.position:
                    room.pending[item.seq] = item
                    touched[room.chat] = room
            elif isinstance(item, Changed):
                room.changes.append(item)
                touched[room.chat] = room
            elif item.what in (HERE, GONE, ASK):
                self.presence.hear(room, item)
            else:
                for socket in room.sockets:
                    socket.hear(item)
        for room in touched.values():
            self.release(room)

    def release(self, room: Room) -> None:
        """Pass on what comes next; where something is missing, wait a moment and then look for it."""
        if room.position is None:
            return
        ready = []
        while (item := room.pending.pop(room.position + 1, None)) is not None:
            room.position += 1
            ready.append(item)
        if ready:
            for socket in list(room.live):
                socket.deliver(ready)
        if room.changes:
            self.release_changes(room)
        if room.pending and room.timer is None and not room.repairing:
            room.timer = self.loop.call_later(GAP_WAIT, self.look_at_gap, room, room.position)

    def look_at_gap(self, room: Room, position: int) -> None:
        """What was late may have come meanwhile, and something else be late now."""
        room.timer = None
        if room.position == position:
            self.repair(room)
        else:
            self.release(room)

    def release_changes(self, room: Room) -> None:
        """A change follows the message it is about."""
        room.changes.sort(key=lambda change: change.number)
        while room.changes and room.changes[0].seq <= room.position:
            if room.changes[0].number > room.event + 1:
                self.repair(room)
                return
            change = room.changes.pop(0)
            room.event = max(room.event, change.number)
            for socket in list(room.live):
                socket.deliver_change(change)

    # repair

    def repair(self, room: Room) -> None:
        """Read from the database what has not arrived."""
        if room.timer is not None:
            room.timer.cancel()
            room.timer = None
        if not room.repairing and room.position is not None and self.rooms.get(room.chat) is room:
            room.repairing = True
            self.start(self.repair_now(room))

    async def repair_now(self, room: Room) -> None:
        metrics.repairs.add()
        try:
            event = room.event
            newest = max((change.number for change in room.changes), default=0)
            items: list[Posted] | None = None
            while items is None or len(items) == PAGE:
                items = await self.in_thread(inspection.read_after, room.chat, room.position, PAGE)
                for item in items or ():
                    # A number that is not there was removed by hand; it is no gap.
                    if item.seq > room.position:
                        metrics.repaired.add()
                        room.position = item.seq
                        for socket in list(room.live):
                            socket.deliver([item])
            changes = await self.in_thread(inspection.changes_after, room.chat, event)
            for change in changes:
                if change.seq > room.position:
                    break  # its message comes first
                room.event = max(room.event, change.number)
                for socket in list(room.live):
                    socket.deliver_change(change)
            else:
                if len(changes) <= inspection.MOST_MISSED:
                    # What is not there was changed again or removed by hand.
                    room.event = max(room.event, newest)
            for seq in [seq for seq in room.pending if seq <= room.position]:
                del room.pending[seq]
        finally:
            room.repairing = False
        self.release(room)

    # rights

    def recheck(self, users: Iterable[str]) -> None:
        """Look at the rights of everybody who has to do with these users, given as texts of their keys."""
        sockets = {socket for user in users for socket in self.watchers.get(user, ())}
        if sockets:
            self.start(self.inspect(list(sockets), thoroughly=True))
        for socket in sockets:
            self.welcome(socket)

    async def inspect(self, sockets: list[Any], *, thoroughly: bool = False) -> None:
        verdicts = await self.in_thread(inspection.inspect, sockets, thoroughly)
        for socket, code in verdicts.items():
            socket.end(code)

    # now and then

    async def sweep_for_ever(self) -> None:
        while True:
            interval = app_settings.CHAT_SWEEP_INTERVAL * random.uniform(0.8, 1)  # noqa: S311
            await asyncio.sleep(interval / 2)
            try:
                await self.wire.renew()
                await self.sweep(interval / 2)
            except Exception:
                logger.exception("The sweep failed; it comes again.", extra=fields("sweep_failed"))

    async def sweep(self, seconds: float) -> None:
        """Whatever the channel layer has lost: rights, messages, changes. Spread over some seconds."""
        sockets = [socket for room in self.rooms.values() for socket in room.sockets if socket.is_open]
        parts = [sockets[start : start + CHUNK] for start in range(0, len(sockets), CHUNK)] or [[]]
        for part in parts:
            part = [socket for socket in part if socket.is_open]  # some have left since
            now = self.loop.time()
            for socket in part:
                socket.look_at_the_clock(now)
            if part:
                self.presence.renew({socket.room for socket in part})
                await self.inspect(part)
                await self.look_for_lost({socket.chat for socket in part})
            await asyncio.sleep(seconds / len(parts))

    async def look_for_lost(self, chats: set[int]) -> None:
        # From before the look: what is passed on meanwhile is no reason to believe that the database went back.
        before = {chat: self.rooms[chat].position or 0 for chat in chats if chat in self.rooms}
        for chat, seq, event in await self.in_thread(inspection.counters, chats):
            room = self.rooms.get(chat)
            if room is None or room.position is None or room.event is None:
                continue
            if seq > room.position or event > room.event:
                self.repair(room)
            elif seq < before.get(chat, 0):
                # An older state of the database was restored: begin anew.
                for socket in list(room.sockets):
                    socket.end(Close.TRY_LATER)


hubs: dict[asyncio.AbstractEventLoop, Hub] = {}


def current_hub() -> Hub:
    """The hub of the running loop."""
    loop = asyncio.get_running_loop()
    found = hubs.get(loop)
    if found is None:
        found = hubs[loop] = Hub(loop)
    return found


def running_hubs() -> list[Hub]:
    return [hub for loop, hub in list(hubs.items()) if loop.is_running()]


# A forked process does not have the sockets of its parent.
os.register_at_fork(after_in_child=hubs.clear)
