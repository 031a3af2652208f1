"""Storing many messages in one round trip to PostgreSQL.

One transaction, sent as a pipeline: first the chats are locked in the order of their keys, then one statement decides
and writes. Being a statement of its own it sees what was committed while the first one waited: rights, ``client_id``
and numbers are never decided on a snapshot older than the locks. Refused and repeated rows drop out before numbering.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connections, models, router
from django.db.backends.signals import connection_created
from django.db.models.expressions import RawSQL
from django.db.utils import load_backend
from django.utils import timezone

from find_friend import kept
from find_friend.conf import app_settings
from find_friend.locks import CONTENTION_STATES
from find_friend.policies import Policy

from . import metrics
from .models import Chat, Membership, Message
from .pipeline import Command, connect, dumped, numbered
from .rights import bulk_policy, open_memberships, unexpired
from .storing import Contention, Down, Draft, Held, Outcome, Refused, Stored, Unsure

logger = logging.getLogger("find_friend.chat")

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.get_fixed_timezone(0))
# What was prepared is no more, or no longer fits: tables that changed, a pooler that nobody has told us of.
STALE_STATES = {"0A000", "26000"}
LOCKED = "current_setting('find_friend.locked')::bigint[]"


def is_usable(using: str) -> bool:
    """Whether the database is PostgreSQL, reached through psycopg 3 from a loop that it can work on."""
    # Django takes on another role by a statement of its own, which our sessions would have to repeat.
    if not kept.is_possible(using) or connections.settings[using].get("OPTIONS", {}).get("assume_role"):
        return False
    if has_receivers(using):
        return False
    add_reader = getattr(type(asyncio.get_running_loop()), "add_reader", None)
    if add_reader in (None, asyncio.AbstractEventLoop.add_reader):
        return False
    from psycopg import AsyncPipeline

    return AsyncPipeline.is_supported()


def has_receivers(using: str) -> bool:
    """Whether the site does something to each new connection of Django's: a search path, a tenant, a role.

    Receivers take a connection of Django's, so they cannot do it to ours. Django's own have to do with types alone.
    """
    signal: Any = connection_created
    backend = load_backend(connections.settings[using]["ENGINE"]).DatabaseWrapper
    receivers = (receiver for kind in signal._live_receivers(backend) for receiver in kind)
    return not all(receiver.__module__.startswith("django.") for receiver in receivers)


def is_pooled(using: str) -> bool:
    """Whether a site has a pooler before its database: no session is its own for longer than a transaction.

    It says so by the setting that Django needs for the same reason.
    """
    return bool(connections.settings[using].get("DISABLE_SERVER_SIDE_CURSORS"))


class Statement:
    """The two statements for one policy and the kinds of credentials in a batch."""

    def __init__(self, rules: Policy, kinds: tuple[type[models.Model], ...], using: str) -> None:
        connection = connections[using]
        quote = connection.ops.quote_name
        names = {
            "chat": quote(Chat._meta.db_table),
            "place": quote(Membership._meta.db_table),
            "message": quote(Message._meta.db_table),
            "counter": counter(using),
            "user": self.type_of(Message._meta.get_field("sender"), connection),
        }
        places, place_params = self.compiled(self.open_places(rules, names), using)
        rows, columns, row_params = "", "", []
        checks = ["encode(sha256(convert_to(place.password, 'UTF8')), 'hex') = asked.stamp"]
        for index, kind in enumerate(kinds):
            alive: Any = unexpired(kind)
            there = f"{quote(kind._meta.db_table)}.{quote(str(kind._meta.pk.column))} = asked.row_{index}"
            # A value with a limit, not EXISTS: that one PostgreSQL may answer by reading all there is.
            sql, params = self.compiled(alive.filter(condition(there)).order_by().values("pk")[:1], using)
            rows += f", %s::{self.type_of(kind._meta.pk, connection)}[]"
            columns += f", row_{index}"
            checks.append(f"(asked.row_{index} IS NULL OR ({sql}) IS NOT NULL)")
            row_params += params
        self.kinds, self.conditions = kinds, [*place_params, *row_params]
        self.between: list[tuple[bytes | None, int]] | None = None
        lock = (
            "SELECT set_config('find_friend.locked', coalesce(array_agg(id)::text, '{{}}'), true) FROM ("
            "SELECT id FROM {chat} WHERE id = ANY(%s::bigint[]) ORDER BY id FOR NO KEY UPDATE{skip}) AS held"
        )
        self.lock = numbered(lock.format(skip="", **names))
        self.lock_free = numbered(lock.format(skip=" SKIP LOCKED", **names))
        self.write = numbered(f"""
WITH asked AS MATERIALIZED (
    SELECT * FROM unnest(%s::bigint[], %s::{names["user"]}[], %s::text[]{rows})
    WITH ORDINALITY AS given (chat_id, sender_id, stamp{columns}, n) WHERE chat_id = ANY({LOCKED})
), allowed AS MATERIALIZED (
    SELECT asked.n, asked.chat_id, asked.sender_id
    FROM asked CROSS JOIN LATERAL ({places}) AS place (password)
    WHERE {" AND ".join(checks)}
), draft AS MATERIALIZED (
    SELECT given.n, allowed.chat_id, allowed.sender_id, given.text, given.client_id, earlier.*
    FROM ROWS FROM (unnest(%s::bigint[], %s::uuid[]), json_array_elements_text(%s::json))
        WITH ORDINALITY AS given (asked, client_id, text, n)
    JOIN allowed ON allowed.n = given.asked
    LEFT JOIN LATERAL (
        SELECT id, seq, (extract(epoch FROM created) * 1000000)::bigint,
            CASE WHEN coalesce(edited_at, deleted_at) IS NULL THEN text END
        FROM {names["message"]} AS message WHERE message.chat_id = allowed.chat_id
        AND message.sender_id = allowed.sender_id AND message.client_id = given.client_id LIMIT 1
    ) AS earlier (old_id, old_seq, old_created, old_text) ON given.client_id IS NOT NULL
), fresh AS MATERIALIZED (
    SELECT draft.*, nextval({names["counter"]}) AS id,
        chat.last_seq + row_number() OVER (PARTITION BY draft.chat_id ORDER BY draft.n) AS seq
    FROM draft JOIN {names["chat"]} AS chat ON chat.id = draft.chat_id WHERE draft.old_id IS NULL
), stored AS (
    INSERT INTO {names["message"]} (id, chat_id, seq, sender_id, text, client_id, created)
    SELECT id, chat_id, seq, sender_id, text, client_id, %s::timestamptz FROM fresh ORDER BY n
), counted AS (
    UPDATE {names["chat"]} AS chat SET last_seq = newest.seq, modified = %s::timestamptz
    FROM (SELECT chat_id, max(seq) AS seq FROM fresh GROUP BY chat_id) AS newest WHERE chat.id = newest.chat_id
), marked AS (
    UPDATE {names["place"]} AS place SET read_seq = newest.seq
    FROM (SELECT chat_id, sender_id, max(seq) AS seq FROM fresh GROUP BY chat_id, sender_id) AS newest
    WHERE place.chat_id = newest.chat_id AND place.user_id = newest.sender_id
)
SELECT n, id, seq, old_created, old_text FROM fresh
UNION ALL SELECT n, old_id, old_seq, old_created, old_text FROM draft WHERE old_id IS NOT NULL""")  # noqa: S608

    @staticmethod
    def type_of(field: Any, connection: Any) -> str:
        """The column type of a key, without what makes it a counter."""
        return field.cast_db_type(connection) if field.remote_field is None else field.db_type(connection)

    @staticmethod
    def open_places(rules: Policy, names: dict[str, str]) -> Any:
        """One row, the stored password, where the asked one may post. The database looks it up for each by keys."""
        place = names["place"]
        asked = condition(f"{place}.chat_id = asked.chat_id AND {place}.user_id = asked.sender_id")
        return open_memberships(rules).filter(asked).order_by().values_list("user__password")[:1]

    @staticmethod
    def compiled(queryset: Any, using: str) -> tuple[str, list[Any]]:
        sql, params = queryset.query.get_compiler(using).as_sql()
        return sql, list(params)

    def command(self, drafts: Sequence[Draft], connection: Any, now: Any, transformer: Any) -> Command:
        """The write statement for some drafts."""
        sockets: dict[Any, int] = {}
        numbers = [sockets.setdefault(draft.socket, len(sockets) + 1) for draft in drafts]
        chats, senders, stamps, rows = zip(*(socket.right for socket in sockets), strict=True)
        sender = Message._meta.get_field("sender").target_field
        before = [chats, [sender.get_db_prep_value(pk, connection) for pk in senders], stamps]
        for kind in self.kinds:
            key = kind._meta.pk
            found = [key.get_db_prep_value(row[1], connection) if row and row[0] is kind else None for row in rows]
            before.append(found)
        if self.between is None:
            self.between = [dumped(value, transformer) for value in self.conditions]
        between, types = zip(*self.between, strict=True) if self.between else ((), ())
        moment = str(now).encode()
        after = [array(numbers), array([draft.client_id for draft in drafts])]
        after += [TEXTS.encode([draft.text for draft in drafts]).encode(), moment, moment]
        values = [*map(array, before), *between, *after]
        return Command(self.write, values, [*[0] * len(before), *types, *[0] * len(after)])


TEXTS = json.JSONEncoder(ensure_ascii=False)
QUOTED = str.maketrans({"\\": "\\\\", '"': '\\"'})


def array(values: Iterable[Any]) -> bytes:
    """An array as PostgreSQL reads it, for values whose text is what the database takes."""
    return ("{" + ",".join(map(element, values)) + "}").encode()


def element(value: Any) -> str:
    if isinstance(value, int):
        return str(value)
    if value is None:
        return "NULL"
    if isinstance(value, UUID):
        return value.hex
    text = str(value)
    return f'"{text}"' if text.isalnum() else f'"{text.translate(QUOTED)}"'


def counter(using: str) -> str:
    """The sequence that numbers the rows of messages, as a literal."""
    return f"pg_get_serial_sequence('{connections[using].ops.quote_name(Message._meta.db_table)}', 'id')"


def condition(sql: str) -> RawSQL:
    return RawSQL(sql, [], output_field=models.BooleanField())  # noqa: S611


def manners(using: str, *, local: bool) -> str:
    """Sets how a connection behaves: all is looked up by keys, whatever the planner believes of young tables."""
    milliseconds = max(1, int(app_settings.CHAT_LOCK_TIMEOUT * 1000))
    values = {
        # Django reads moments in the belief that the session has its time zone.
        "TimeZone": connections[using].timezone_name,
        "lock_timeout": f"{milliseconds}ms",
        "jit": "off",
        "enable_seqscan": "off",
        "plan_cache_mode": "force_generic_plan",
    }
    return "SELECT " + ", ".join(f"set_config('{name}', '{value}', {local})" for name, value in values.items())


class PostgresLane:
    """Stores batches over a connection of its own, on the loop of the sockets."""

    def __init__(self) -> None:
        self.using = router.db_for_write(Message)
        self.connection = connections[self.using]  # asked how values are written, never for a query
        self.session: Any = None
        self.is_pooled = is_pooled(self.using)
        self.statements: dict[Any, Statement] = {}
        self.site: Any = None

    @metrics.batched
    async def store(self, drafts: Sequence[Draft], *, skip_locked: bool = False) -> list[Outcome]:
        """The outcome of each draft. Raises Contention, Down, Unsure, and whatever a bad row raises."""
        import psycopg

        statement, now = self.statement(drafts), timezone.now()
        await self.connect()
        try:
            held, rows = await self.run(statement, drafts, now, skip_locked)
        except psycopg.Error as error:
            if self.session is None or self.session.wire.closed:
                await self.close()
                raise Unsure from error
            await self.undo()
            if error.sqlstate in STALE_STATES:
                await self.close()
            if error.sqlstate in CONTENTION_STATES:
                raise Contention from error
            raise
        except BaseException as error:
            # Cancelled or out of time, in the middle of something: this connection is of no use any more.
            session, self.session = self.session, None
            await session.abandon()
            if isinstance(error, TimeoutError):
                raise Unsure from error
            raise
        outcomes: list[Outcome] = [Refused if draft.chat in held or not skip_locked else Held for draft in drafts]
        for n, pk, seq, created, text in rows:
            moment = now if created is None else self.moment(created)
            outcomes[n - 1] = Stored(pk, seq, moment, created is not None, text)
        return outcomes

    def moment(self, microseconds: int) -> Any:
        """As Django would have read it. Behind a pooler the session's time zone may be any by the time of reading."""
        found = EPOCH + timedelta(microseconds=microseconds)
        return found if settings.USE_TZ else timezone.make_naive(found, self.connection.timezone)

    def statement(self, drafts: Sequence[Draft]) -> Statement:
        rules: Any = bulk_policy()
        kinds = {row[0] for draft in drafts if (row := draft.socket.right[3]) is not None}
        ordered = tuple(sorted(kinds, key=lambda kind: kind._meta.label))
        # Conditions may depend on settings; another dictionary is another site as far as we know.
        site = getattr(settings, "FIND_FRIEND", None)
        if site is not self.site:
            self.site, self.statements = site, {}
        key = type(rules), ordered
        if key not in self.statements:
            self.statements[key] = Statement(rules, ordered, self.using)
        return self.statements[key]

    async def run(
        self, statement: Statement, drafts: Sequence[Draft], now: Any, skip_locked: bool
    ) -> tuple[set[int], list[Any]]:
        """The chats that we hold, where only free ones are wanted, and the rows of the write statement."""
        chats = array(sorted({draft.chat for draft in drafts}))
        trip = [
            Command(b"BEGIN ISOLATION LEVEL READ COMMITTED"),
            Command(statement.lock_free if skip_locked else statement.lock, [chats], [0]),
            statement.command(drafts, self.connection, now, self.session.transformer),
            Command(b"COMMIT"),
        ]
        if self.is_pooled:
            trip.insert(1, Command(manners(self.using, local=True).encode()))
        *_, locked, written, end = await self.session.run(trip, app_settings.CHAT_WRITE_TIMEOUT)
        if end.command_status != b"COMMIT":
            raise RuntimeError("The database rolled a batch back.")
        held = locked.get_value(0, 0).strip(b"{}") if skip_locked else b""
        return {int(pk) for pk in held.split(b",") if pk}, self.session.rows(written)

    async def connect(self) -> None:
        if self.session is not None and self.session.lives:
            return
        import psycopg

        await self.close()
        try:
            self.session = await connect(self.using, None if self.is_pooled else manners(self.using, local=False))
        except (psycopg.Error, TimeoutError, OSError) as error:
            raise Down from error

    async def undo(self) -> None:
        try:
            await self.session.run([Command(b"ROLLBACK")], app_settings.CHAT_WRITE_TIMEOUT)
        except Exception:
            await self.close()

    async def close(self) -> None:
        session, self.session = self.session, None
        if session is not None:
            await session.close()
