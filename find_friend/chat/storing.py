"""Storing many messages in one transaction: what goes in, what comes out, and the way through the ORM.

``postgres.py`` has the short way for PostgreSQL; results are the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from channels.db import database_sync_to_async
from django.db import InterfaceError, OperationalError, connections, router, transaction
from django.utils import timezone

from find_friend.conf import app_settings
from find_friend.locks import is_contention, lock, lock_what_is_free

from . import metrics, signals
from .models import Chat, Membership, Message
from .rights import living, open_pairs


class Draft:
    """A message on its way into the database, and the socket that has sent it."""

    __slots__ = ("arrived", "chat", "checked", "client_id", "sender", "socket", "text", "tries")

    def __init__(self, socket: Any, text: str, client_id: UUID | None, *, arrived: float, checked: bool) -> None:
        self.socket, self.text, self.client_id, self.arrived = socket, text, client_id, arrived
        self.chat, self.sender, self.checked = socket.chat, socket.user_pk, checked
        self.tries = 0


class Stored(NamedTuple):
    pk: int
    seq: int
    created: datetime
    is_repeat: bool = False  # there was a message with that client_id
    earlier_text: str | None = None  # what it says, unless it has been edited or deleted


class Refused:
    """The sender may not post there now."""


class Held:
    """Another transaction holds the chat; nothing was done."""


Outcome = Stored | type[Refused] | type[Held]


class Contention(Exception):
    """A lock was not to be had in time; nothing was stored."""


class Down(Exception):
    """The database could not be reached; nothing was stored."""


class Unsure(Exception):
    """The connection was lost on the way; nobody knows whether the messages were stored."""


class OrmLane:
    """Stores batches in a thread with a connection of its own."""

    def __init__(self) -> None:
        self.executor = ThreadPoolExecutor(1, "find_friend.writer")
        self.using = router.db_for_write(Message)

    async def call(self, function: Any, *args: Any) -> Any:
        return await database_sync_to_async(function, thread_sensitive=False, executor=self.executor)(*args)

    @metrics.batched
    async def store(self, drafts: Sequence[Draft], *, skip_locked: bool = False) -> list[Outcome]:
        """The outcome of each draft. Raises Contention, Down, Unsure, and whatever a bad row raises."""
        return await self.call(self._store, drafts, skip_locked)

    async def close(self) -> None:
        await asyncio.get_running_loop().run_in_executor(self.executor, connections.close_all)
        self.executor.shutdown(wait=False)

    def _store(self, drafts: Sequence[Draft], skip_locked: bool) -> list[Outcome]:
        connection = connections[self.using]
        try:
            connection.ensure_connection()
        except (OperationalError, InterfaceError) as error:
            raise Down from error
        wire = connection.connection
        try:
            with transaction.atomic(using=self.using):
                return Batch(drafts, self.using, skip_locked).store()
        except (OperationalError, InterfaceError) as error:
            if is_contention(error):
                raise Contention from error
            # Where the connection was lost, Django may have made another by now.
            if connection.connection is wire and connection.is_usable():
                raise
            connection.close()
            raise Unsure from error


class Batch:
    """One transaction of the ORM lane."""

    def __init__(self, drafts: Sequence[Draft], using: str, skip_locked: bool) -> None:
        self.drafts, self.using, self.skip_locked = drafts, using, skip_locked
        self.now = timezone.now()
        self.fresh: list[Message] = []

    def store(self) -> list[Outcome]:
        locked = self.lock_chats({draft.chat for draft in self.drafts})
        pairs = {(draft.chat, draft.sender) for draft in self.drafts if draft.chat in locked}
        stamps = open_pairs(pairs)
        rows = living({row for draft in self.drafts if (row := draft.socket.right[3]) is not None})
        repeats = self.earlier(pairs)
        outcomes: list[Any] = []
        for draft in self.drafts:
            _chat, _sender, stamp, row = draft.socket.right
            if draft.chat not in locked:
                outcomes.append(Held if self.skip_locked else Refused)
            elif stamps.get((draft.chat, draft.sender)) != stamp or (row is not None and row not in rows):
                outcomes.append(Refused)
            elif earlier := repeats.get((draft.chat, draft.sender, draft.client_id)):
                text = None if earlier.is_changed else earlier.text
                outcomes.append(Stored(earlier.pk, earlier.seq, earlier.created, True, text))
            else:
                outcomes.append(self.number(draft, locked))
        self.write(locked)
        return [
            Stored(outcome.pk, outcome.seq, outcome.created) if isinstance(outcome, Message) else outcome
            for outcome in outcomes
        ]

    def lock_chats(self, pks: set[int]) -> dict[int, int]:
        """Hold the chats; the newest number of each of them that is there."""
        connection = connections[self.using]
        milliseconds = max(1, int(app_settings.CHAT_LOCK_TIMEOUT * 1000))
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute("SELECT set_config('lock_timeout', %s, true)", [f"{milliseconds}ms"])
            elif connection.vendor == "mysql":
                cursor.execute("SET SESSION innodb_lock_wait_timeout = %s", [max(1, milliseconds // 1000)])
        chats = Chat.objects.using(self.using).filter(pk__in=pks)
        if self.skip_locked:
            chats = chats.filter(pk__in=lock_what_is_free(chats))
        else:
            lock(chats)
        return dict(chats.values_list("pk", "last_seq"))

    def earlier(self, pairs: set[tuple[int, Any]]) -> dict[tuple[int, Any, UUID | None], Message]:
        client_ids = {draft.client_id for draft in self.drafts if draft.client_id is not None}
        if not client_ids:
            return {}
        found = Message.objects.using(self.using).filter(
            chat__in={chat for chat, _ in pairs}, sender__in={sender for _, sender in pairs}, client_id__in=client_ids
        )
        return {(message.chat_id, message.sender_id, message.client_id): message for message in found}

    def number(self, draft: Draft, locked: dict[int, int]) -> Message:
        locked[draft.chat] += 1
        message = Message(
            chat_id=draft.chat,
            seq=locked[draft.chat],
            sender_id=draft.sender,
            text=draft.text,
            client_id=draft.client_id,
            created=self.now,
        )
        self.fresh.append(message)
        return message

    def write(self, locked: dict[int, int]) -> None:
        if not self.fresh:
            return
        Message.objects.using(self.using).bulk_create(self.fresh)
        if any(message.pk is None for message in self.fresh):
            self.read_keys()
        newest = {message.chat_id: message.seq for message in self.fresh}
        for chat, seq in newest.items():
            Chat.objects.using(self.using).filter(pk=chat).update(last_seq=seq, modified=self.now)
        read = {(message.chat_id, message.sender_id): message.seq for message in self.fresh}
        for (chat, sender), seq in read.items():
            Membership.objects.using(self.using).filter(chat=chat, user=sender).update(read_seq=seq)

    def read_keys(self) -> None:
        """MySQL gives no keys for many rows at once."""
        for message in self.fresh:
            message.pk = Message.objects.using(self.using).get(chat=message.chat_id, seq=message.seq).pk


def send_signals(messages: Sequence[Message]) -> None:
    for message in messages:
        signals.message_posted.send_robust(Message, message=message)
