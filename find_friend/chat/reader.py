"""Reads for the sockets of a loop over one session of PostgreSQL: what waits meanwhile is the next round trip.

A thread, a cursor and the planner cost several times as much for each socket that opens.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from typing import Any

from django.db import OperationalError

from find_friend import kept
from find_friend.conf import app_settings
from find_friend.logs import fields

from .inspection import Asked, Read, facts_in, question, state_question
from .layer import start_afresh
from .pipeline import Command, Session, connect, dumped, numbered
from .postgres import is_pooled, is_usable, manners

logger = logging.getLogger("find_friend.chat")

LARGEST_TRIP = 8
Waiting = tuple[kept.Question, "asyncio.Future[list[Any] | None]"]


class Reader:
    """What it is asked meanwhile goes into the next trip."""

    def __init__(self) -> None:
        self.sessions: dict[str, Session] = {}
        self.commands: dict[Any, Any] = {}  # by the key of a question: the statement, and how it travels
        self.waiting: deque[Waiting] = deque()
        self.running: asyncio.Task[None] | None = None

    async def opening(self, asked: Asked) -> Read | None:
        """What a socket begins with; None where a thread has to look. Raises OperationalError."""
        found = await self.rows(question(asked))
        if found is None or found:
            return None if found is None else Read(found, facts_in(found))
        states = await self.rows(state_question(asked))
        return None if states is None else Read(found, facts_in(states))

    async def rows(self, wanted: kept.Question | None) -> list[Any] | None:
        """What the database answers; None where it has to be asked in a thread. Raises OperationalError."""
        if wanted is None or not is_usable(wanted.using) or is_pooled(wanted.using):
            return None
        answer: asyncio.Future[list[Any] | None] = asyncio.get_running_loop().create_future()
        self.waiting.append((wanted, answer))
        if self.running is None:
            self.running = start_afresh(self.run())
        return await answer

    async def close(self) -> None:
        if self.running is not None:
            self.running.cancel()
            await asyncio.wait([self.running])
            self.running = None
        waiting, self.waiting = list(self.waiting), deque()
        for answer in unanswered(waiting):
            answer.set_result(None)
        await self.hang_up()

    async def run(self) -> None:
        try:
            while self.waiting:
                trip = [self.waiting.popleft()]
                using = trip[0][0].using
                while self.waiting and len(trip) < LARGEST_TRIP and self.waiting[0][0].using == using:
                    trip.append(self.waiting.popleft())
                await self.travel(trip, using)
        finally:
            self.running = None

    async def travel(self, trip: list[Waiting], using: str) -> None:
        try:
            session = await self.connected(using)
            commands = [self.command(wanted, session) for wanted, _answer in trip]
            results = await session.run(commands, app_settings.CHAT_WRITE_TIMEOUT)
            for (_wanted, answer), result in zip(trip, results, strict=True):
                if not answer.done():
                    answer.set_result(session.rows(result))
        except TimeoutError:
            await self.hang_up()
            # Those who came meanwhile as well: they would wait as long once more, one trip after the other.
            for answer in unanswered([*trip, *self.taken(using)]):
                answer.set_exception(OperationalError("The database does not answer."))
        except Exception as error:
            kind = type(error).__name__
            logger.warning("Sockets are opened in threads for now: %s", kind, extra=fields("reader_failed", error=kind))
            await self.hang_up()
        finally:
            for answer in unanswered(trip):
                answer.set_result(None)

    def taken(self, using: str) -> list[Waiting]:
        """All that waits for a database, which does not wait any more."""
        waiting, self.waiting = self.waiting, deque()
        for each in waiting:
            if each[0].using != using:
                self.waiting.append(each)
        return [each for each in waiting if each[0].using == using]

    async def connected(self, using: str) -> Session:
        session = self.sessions.get(using)
        if session is None or not session.lives:
            await self.hang_up()
            session = self.sessions[using] = await connect(using, manners(using, local=False))
        return session

    def command(self, wanted: kept.Question, session: Session) -> Command:
        written = kept.statement(wanted.key, wanted.build, wanted.using)
        if self.commands.get(wanted.key, (None,))[0] is not written:
            params = [prepared(each, session) for each in written.params]
            self.commands[wanted.key] = written, numbered(written.sql), params
        _written, sql, params = self.commands[wanted.key]
        given = {name: str(value).encode() for name, value in wanted.values.items()}
        values = [given[value] if isinstance(value, str) else value for value, _type in params]
        return Command(sql, values, [kind for _value, kind in params])

    async def hang_up(self) -> None:
        sessions, self.sessions = self.sessions, {}
        for session in sessions.values():
            await session.close()


def unanswered(trip: list[Waiting]) -> list[asyncio.Future[list[Any] | None]]:
    return [answer for _wanted, answer in trip if not answer.done()]


def prepared(param: Any, session: Session) -> tuple[str | bytes | None, int]:
    """A constant as it travels with the number of its type; of what is given its name, and 0: the database knows it."""
    return (param.name, 0) if isinstance(param, kept.Given) else dumped(param, session.transformer)
