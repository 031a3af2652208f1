"""Several statements in one round trip over a connection of psycopg 3, and nothing in between.

psycopg's own pipeline speaks the same protocol with a cursor for each statement and a generator for each step, which
costs as much as all the rest of a small batch. This one is two callbacks on the descriptor of the connection.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from django.db import connections

from find_friend.conf import app_settings
from find_friend.logs import fields

logger = logging.getLogger("find_friend.chat")

CANCEL_PATIENCE = 1  # seconds


class Command(NamedTuple):
    """A statement with ``$1`` and so on. One that has values is prepared, where the session may keep it."""

    sql: bytes
    values: Sequence[bytes | None] | None = None
    types: Sequence[int] = ()  # of the values, by number; 0 leaves it to the database


class Session:
    """A connection, what is prepared in it, and the way of the site to read its values."""

    def __init__(self, wire: Any, *, keeps: bool) -> None:
        from psycopg.adapt import Transformer

        self.wire, self.keeps = wire, keeps
        self.transformer: Any = Transformer(wire)
        self.names: dict[bytes, bytes] = {}
        self.numbers = itertools.count()

    @property
    def lives(self) -> bool:
        """Whether the server is still there, as far as it has said: nothing is sent to find out."""
        from psycopg import OperationalError

        try:
            for _each in ("what it has said last", "that it has gone"):
                self.wire.pgconn.consume_input()
        except OperationalError:
            return False
        return True

    async def run(self, commands: Sequence[Command], timeout: float) -> list[Any]:
        """The result of each command, all sent at once.

        Raises the psycopg error of the first command that failed: those after it were not run, and an open transaction
        is to be rolled back. After any other exception, TimeoutError or a cancellation, the connection is of no use.
        """
        from psycopg import OperationalError
        from psycopg.pq import ExecStatus

        trip = Trip(self.wire.pgconn)
        names, prepared, answers = dict(self.names), {}, []
        for command in commands:
            if command.sql not in names and self.keeps and command.values is not None:
                names[command.sql], prepared[command.sql] = b"find_friend_%d" % next(self.numbers), trip.sent
                trip.send(trip.pgconn.send_prepare, names[command.sql], command.sql, command.types)
            name = names.get(command.sql)
            answers.append(trip.sent)
            if name is None:
                trip.send(trip.pgconn.send_query_params, command.sql, command.values, command.types)
            else:
                trip.send(trip.pgconn.send_query_prepared, name, command.values)
        results = await trip.finish(timeout)
        if len(results) != trip.sent:
            raise OperationalError(f"{trip.sent} commands, and {len(results)} answers.")
        for sql, number in prepared.items():
            if results[number].status == ExecStatus.COMMAND_OK:
                self.names[sql] = names[sql]
        raise_first_error(results)
        return [results[number] for number in answers]

    def rows(self, result: Any) -> list[tuple[Any, ...]]:
        self.transformer.set_pgresult(result)
        rows: list[tuple[Any, ...]] = self.transformer.load_rows(0, result.ntuples, tuple)
        return rows

    async def abandon(self) -> None:
        """End it in the middle of something. What waits for a lock by now shall not be done once that is free."""
        try:
            await self.wire.cancel_safe(timeout=CANCEL_PATIENCE)
        except Exception:
            logger.debug("What the database is doing could not be cancelled.", extra=fields("cancel_failed"))
        await self.close()

    async def close(self) -> None:
        try:
            await self.wire.close()
        except Exception:
            logger.debug("The connection was gone already.", extra=fields("connection_gone"))


async def connect(using: str, setup: str | None) -> Session:
    """A session of our own in one of the site's databases; without ``setup`` it keeps nothing.

    Raises psycopg.Error, TimeoutError, OSError.
    """
    import psycopg
    from psycopg.errors import ConnectionTimeout

    params = dict(connections[using].get_connection_params())
    for name in ("cursor_factory", "row_factory", "prepare_threshold", "autocommit", "pool"):
        params.pop(name, None)
    opening = psycopg.AsyncConnection.connect(**params, autocommit=True)
    try:
        wire = await asyncio.wait_for(opening, app_settings.CHAT_WRITE_TIMEOUT)
    except (ConnectionTimeout, asyncio.TimeoutError):  # the latter is another than TimeoutError on Python 3.10
        raise TimeoutError from None
    session = Session(wire, keeps=setup is not None)
    if setup is not None:
        try:
            await session.run([Command(setup.encode())], app_settings.CHAT_WRITE_TIMEOUT)
        except BaseException:
            await session.close()
            raise
    return session


class Trip:
    """One round trip."""

    def __init__(self, pgconn: Any) -> None:
        self.pgconn, self.sent = pgconn, 0
        self.loop = asyncio.get_running_loop()
        self.results: list[Any] = []
        self.arrived: asyncio.Future[None] = self.loop.create_future()
        pgconn.enter_pipeline_mode()

    def send(self, command: Callable[..., None], *args: Any) -> None:
        command(*args)
        self.sent += 1

    async def finish(self, timeout: float) -> list[Any]:
        self.pgconn.pipeline_sync()
        descriptor = self.pgconn.socket
        patience = self.loop.call_later(timeout, self.attempt, give_up)
        self.loop.add_reader(descriptor, self.attempt, self.read)
        try:
            self.attempt(self.write)
            await self.arrived
        finally:
            patience.cancel()
            self.loop.remove_reader(descriptor)
            self.loop.remove_writer(descriptor)
        self.pgconn.exit_pipeline_mode()
        return self.results

    def attempt(self, step: Callable[[], None]) -> None:
        try:
            step()
        except Exception as error:
            if not self.arrived.done():
                self.arrived.set_exception(error)

    def write(self) -> None:
        """What the system does not take now goes out as soon as it does."""
        if self.pgconn.flush():
            self.loop.add_writer(self.pgconn.socket, self.attempt, self.write)
        else:
            self.loop.remove_writer(self.pgconn.socket)

    def read(self) -> None:
        from psycopg import OperationalError
        from psycopg.pq import ConnStatus, ExecStatus

        self.pgconn.consume_input()
        while not self.arrived.done() and not self.pgconn.is_busy():
            result = self.pgconn.get_result()
            if self.pgconn.status == ConnStatus.BAD:
                raise OperationalError("The database said what nobody can read.")
            if result is None:
                continue  # between the results of two commands
            if result.status == ExecStatus.PIPELINE_SYNC:
                self.arrived.set_result(None)
            else:
                self.results.append(result)


def give_up() -> None:
    raise TimeoutError


def raise_first_error(results: Sequence[Any]) -> None:
    from psycopg.errors import error_from_result
    from psycopg.pq import ExecStatus

    for result in results:
        if result.status == ExecStatus.FATAL_ERROR:
            raise error_from_result(result)


def numbered(sql: str) -> bytes:
    """A statement with its placeholders as the protocol has them."""
    numbers = itertools.count(1)
    return re.sub("%(s|%)", lambda found: f"${next(numbers)}" if found[1] == "s" else "%", sql).encode()


def dumped(value: Any, transformer: Any) -> tuple[bytes | None, int]:
    """A value as it travels, and the number of its type."""
    from psycopg.adapt import PyFormat

    if value is None:
        return None, 0
    dumper = transformer.get_dumper(value, PyFormat.TEXT)
    dumper = dumper.upgrade(value, PyFormat.TEXT)
    return bytes(dumper.dump(value)), dumper.oid
