"""The one writer of a process: what arrived while the last batch was stored is the next batch."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict, deque
from collections.abc import Sequence
from typing import Any

from django.db import router

from find_friend.conf import app_settings
from find_friend.logs import fields, without_text

from . import metrics, postgres, signals
from .content import Flagged, reviewed, tell_flagged
from .exceptions import ContentRefused
from .layer import start_afresh
from .models import Message
from .news import Posted, Renderer, timestamp
from .protocols import BadFrame
from .rights import bulk_policy
from .storing import Contention, Down, Draft, Held, OrmLane, Outcome, Refused, Stored, Unsure, send_signals

logger = logging.getLogger("find_friend.chat")

LARGEST_BATCH = 128
RETRY_EVERY = 0.05  # seconds


class Writer:
    """Stores the messages of all sockets of a loop, and tells each socket what became of its own.

    A batch that fails is tried again in parts, and a chat that another transaction holds waits aside, with a
    connection of its own, so neither delays the others.
    """

    def __init__(self, hub: Any) -> None:
        self.hub = hub
        self.waiting: deque[Draft] = deque()
        self.held: dict[int, deque[Draft]] = {}
        self.lanes: dict[str, Any] = {}
        self.running: asyncio.Task[None] | None = None
        self.aside: asyncio.Task[None] | None = None
        self.settling: asyncio.Task[None] | None = None

    @property
    def is_full(self) -> bool:
        return len(self.waiting) >= app_settings.CHAT_QUEUE_SIZE

    def put(self, draft: Draft) -> None:
        self.waiting.append(draft)
        if self.running is None:
            self.running = start_afresh(self.run())

    async def close(self) -> None:
        """Finish what is waiting, as far as that is possible."""
        for name in ("running", "aside", "settling"):
            # What a batch leaves to be settled is known only after it.
            if (task := getattr(self, name)) is not None:
                await asyncio.wait([task], timeout=app_settings.CHAT_WRITE_TIMEOUT)
                task.cancel()
                await asyncio.wait([task], timeout=1)
        for lane in self.lanes.values():
            await lane.close()
        self.lanes.clear()

    # batches

    async def run(self) -> None:
        try:
            while batch := self.take():
                await self.write(batch)
        finally:
            self.running = None

    def take(self) -> list[Draft]:
        """The next batch: no chat that is held, no client_id twice."""
        batch: list[Draft] = []
        later: list[Draft] = []
        seen = set()
        while self.waiting and len(batch) < LARGEST_BATCH:
            draft = self.waiting.popleft()
            key = draft.chat, draft.sender, draft.client_id
            if draft.chat in self.held:
                self.held[draft.chat].append(draft)
            elif draft.client_id is not None and key in seen:
                later.append(draft)
            else:
                seen.add(key)
                batch.append(draft)
        self.waiting.extendleft(reversed(later))
        return batch

    def lane(self, name: str) -> Any:
        """The way into the database. Only a policy that answers in bulk can be asked inside of a statement."""
        using = router.db_for_write(Message)
        kind = postgres.PostgresLane if bulk_policy() and postgres.is_usable(using) else OrmLane
        key = f"{name} {kind.__name__} {using}"
        if key not in self.lanes:
            self.lanes[key] = kind()
        return self.lanes[key]

    async def write(self, batch: list[Draft]) -> None:
        """Store a batch and settle all of it; nothing is raised."""
        try:
            if not all(draft.checked for draft in batch):
                batch = await self.checked(batch)
            outcomes = await self.lane("main").store(batch) if batch else []
        except Contention:
            await self.write_what_is_free(batch)
        except Down:
            await self.postpone(batch)
        except Unsure:
            self.repeat(batch)
        except Exception:
            await self.write_in_parts(batch)
        else:
            await self.settle_soon(batch, outcomes)

    async def settle_soon(self, batch: Sequence[Draft], outcomes: Sequence[Outcome]) -> None:
        """Settle a batch while the database works at the next one, and after the one before."""
        while self.settling is not None and not self.settling.done():
            await asyncio.wait([self.settling])
        self.settling = self.hub.start(self.settle(batch, outcomes))

    async def checked(self, batch: Sequence[Draft]) -> list[Draft]:
        """The drafts whose texts the site's own serializer and content hook take, as they leave them."""
        good = []
        for draft, problem in zip(batch, await self.hub.in_thread(check, batch), strict=True):
            if problem is None:
                good.append(draft)
            else:
                draft.socket.not_taken(draft, problem)
        return good

    async def write_what_is_free(self, batch: list[Draft]) -> None:
        try:
            outcomes = await self.lane("main").store(batch, skip_locked=True)
        except Exception:
            outcomes = [Held] * len(batch)
        held = [draft for draft, outcome in zip(batch, outcomes, strict=True) if outcome is Held]
        self.hold(held)
        await self.settle_soon(batch, outcomes)

    async def write_in_parts(self, batch: list[Draft]) -> None:
        """One of them is bad; find out which."""
        chats = by_chat(batch)
        if len(batch) == 1:
            logger.exception(
                "A message of chat %s could not be stored.",
                batch[0].chat,
                exc_info=without_text(),
                extra=fields("store_failed", chat=batch[0].chat, user=batch[0].sender),
            )
            self.fail(batch)
        elif len(chats) > 1:
            for drafts in chats.values():
                await self.write(drafts)
        else:
            for draft in batch:
                await self.write([draft])

    async def postpone(self, batch: Sequence[Draft]) -> None:
        """The database is away and nothing was stored: a little later, as long as senders have patience."""
        logger.warning(
            "The database cannot be reached; %s messages wait.",
            len(batch),
            extra=fields("database_unreachable", count=len(batch)),
        )
        self.waiting.extendleft(reversed(self.expire(batch)))
        self.waiting = deque(self.expire(self.waiting))
        await asyncio.sleep(RETRY_EVERY * 4)

    def repeat(self, batch: Sequence[Draft]) -> None:
        """Nobody knows whether they were stored. What has a ``client_id`` can be stored again without harm."""
        logger.warning(
            "The database was lost while %s messages were stored.",
            len(batch),
            extra=fields("database_lost", count=len(batch)),
        )
        again = [draft for draft in batch if draft.client_id is not None and not draft.tries]
        self.fail([draft for draft in batch if draft.client_id is None or draft.tries])
        for draft in again:
            draft.tries += 1
        self.waiting.extendleft(reversed(self.expire(again)))

    def expire(self, drafts: Sequence[Draft]) -> list[Draft]:
        """Give up those that have waited too long."""
        oldest = self.hub.loop.time() - app_settings.CHAT_WRITE_TIMEOUT
        self.fail([draft for draft in drafts if draft.arrived < oldest])
        return [draft for draft in drafts if draft.arrived >= oldest]

    def fail(self, drafts: Sequence[Draft]) -> None:
        metrics.failed.add(amount=len(drafts))
        for draft in drafts:
            draft.socket.not_stored(draft)

    # chats that others hold

    def hold(self, drafts: Sequence[Draft]) -> None:
        for draft in drafts:
            self.held.setdefault(draft.chat, deque()).append(draft)
        if self.held and self.aside is None:
            self.aside = start_afresh(self.run_aside())

    async def run_aside(self) -> None:
        try:
            while self.held:
                for chat in list(self.held):
                    await self.write_held(chat)
                await asyncio.sleep(RETRY_EVERY)
        finally:
            self.aside = None

    async def write_held(self, chat: int) -> None:
        drafts = self.held[chat] = deque(self.expire(self.held[chat]))
        batch = list(drafts)[:LARGEST_BATCH]
        outcomes: list[Outcome] = []
        if batch:
            try:
                outcomes = await self.lane("aside").store(batch, skip_locked=True)
            except Exception as error:
                outcomes = [Held] * len(batch)
                if not isinstance(error, (Contention, Down)):
                    # Back to the others, with those that came after them.
                    self.drop(drafts, batch)
                    self.waiting.extendleft(reversed(drafts))
                    drafts.clear()
                    if isinstance(error, Unsure):
                        self.repeat(batch)
                    else:
                        self.waiting.extendleft(reversed(batch))
        if Held not in outcomes:
            self.drop(drafts, batch)
            await self.settle_soon(batch, outcomes)
        if not drafts:
            del self.held[chat]
        if self.waiting and self.running is None:
            self.running = start_afresh(self.run())

    def drop(self, drafts: deque[Draft], done: Sequence[Draft]) -> None:
        for _ in done:
            drafts.popleft()

    # after the commit

    async def settle(self, batch: Sequence[Draft], outcomes: Sequence[Outcome]) -> None:
        """Tell the senders, then everybody in the chats."""
        fresh: list[tuple[Draft, Stored]] = []
        created = {stored.created for stored in outcomes if isinstance(stored, Stored)}
        moments = {moment: timestamp(moment) for moment in created}
        for draft, outcome in zip(batch, outcomes, strict=True):
            if outcome is Refused:
                draft.socket.refused(draft)
            elif isinstance(outcome, Stored):
                if not outcome.is_repeat:
                    fresh.append((draft, outcome))
                draft.socket.stored(draft, outcome, moments[outcome.created])
        if fresh:
            await self.tell(fresh, moments)
        for socket in {draft.socket for draft in batch}:
            socket.start_sending()

    async def tell(self, fresh: Sequence[tuple[Draft, Stored]], moments: dict[Any, str]) -> None:
        metrics.messages.add("socket", len(fresh))
        try:
            self.hub.spread(await self.render(fresh, moments))
        except Exception:
            logger.exception(
                "Stored messages could not be written out.",
                exc_info=without_text(),
                extra=fields("render_failed", count=len(fresh)),
            )
            self.fail([draft for draft, _stored in fresh])
        if signals.message_posted.has_listeners(Message):
            self.hub.later(send_signals, [message_of(*pair) for pair in fresh])
        if flagged := [message_of(*pair) for pair in fresh if isinstance(pair[0].text, Flagged)]:
            self.hub.later(tell_flagged, flagged)

    async def render(self, fresh: Sequence[tuple[Draft, Stored]], moments: dict[Any, str]) -> list[Posted]:
        renderer = Renderer()
        if not renderer.by_hand:
            return await self.hub.in_thread(lambda: [renderer.posted(message_of(*pair)) for pair in fresh])
        return [
            renderer.quick(
                draft.chat, stored.seq, stored.pk, draft.sender, draft.text, moments[stored.created], draft.client_id
            )
            for draft, stored in fresh
        ]


def check(batch: Sequence[Draft]) -> list[BadFrame | Exception | None]:
    """What the ``message`` serializer and the content hook have against each draft. They may also change the text."""
    return [None if draft.checked else check_one(draft) for draft in batch]


def check_one(draft: Draft) -> BadFrame | Exception | None:
    from find_friend.serializers import serializer_class

    try:
        checked = serializer_class("message")(data={"text": draft.text})
        if not checked.is_valid():
            codes = {error.code for errors in checked.errors.values() for error in errors}
            return BadFrame(",".join(sorted(codes)))
        draft.text = reviewed(checked.validated_data["text"], sender=draft.sender, chat=draft.chat)
        draft.checked = True
    except ContentRefused as refused:
        return BadFrame(refused.code)
    except Exception as error:
        logger.exception(
            "The serializer or content hook of messages failed in chat %s.",
            draft.chat,
            exc_info=without_text(),
            extra=fields("serializer_failed", chat=draft.chat, user=draft.sender),
        )
        return error
    return None


def by_chat(drafts: Sequence[Draft]) -> dict[int, list[Draft]]:
    chats: dict[int, list[Draft]] = defaultdict(list)
    for draft in drafts:
        chats[draft.chat].append(draft)
    return chats


def message_of(draft: Draft, stored: Stored) -> Message:
    """The stored message as an object, without a look at the database."""
    return Message(
        pk=stored.pk,
        chat_id=draft.chat,
        seq=stored.seq,
        sender_id=draft.sender,
        text=draft.text,
        client_id=draft.client_id,
        created=stored.created,
    )
