"""The socket of a chat: a plain ASGI application, since a thread hop and a task for each event is what costs most.

Whatever brings a message, a socket sends it only in its turn by ``seq``. Frames to the client go through ``outbox``, so
nobody waits for a slow reader; what does not fit is read from the database once the reader has caught up.
"""

from __future__ import annotations

import asyncio
import logging
import random
import sys
from collections import deque
from collections.abc import Awaitable, Callable, Collection
from typing import Any
from urllib.parse import parse_qs

from django.db import InterfaceError, OperationalError

from find_friend.conf import app_settings
from find_friend.logs import fields, without_text
from find_friend.serializers import serializer_class

from . import draining, inspection, metrics
from .hub import PAGE, current_hub
from .middleware import ScopeUser
from .news import Changed, Posted, Told
from .protocols import V1, BadFrame, Bucket, Close, check_text
from .serializers import MessageSerializer
from .storing import Draft, Stored

logger = logging.getLogger("find_friend.chat")

Send = Callable[[dict[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[dict[str, Any]]]

EMPTY: Collection[str] = ()
MOST_UNSTORED = 64  # messages of one socket on their way into the database; it is read again when there are fewer
LATER = {Close.RESTART: 503, Close.TRY_LATER: 503, Close.TOO_MANY: 429}  # what a refused handshake is answered with
SEND_PATIENCE = 5  # seconds to wait for a client that is told goodbye


# A task whose first steps are done at once, where Python can do that.
EAGERLY: dict[str, Any] = {"eager_start": True} if sys.version_info >= (3, 12) else {}


class Ended(Exception):
    """The socket may not go on; ``code`` says why."""

    def __init__(self, code: Close) -> None:
        super().__init__(code)
        self.code = code


class Socket:
    """One member's open chat, spoken in the plain protocol: text in, one JSON object per message out."""

    __slots__ = (
        "accepted",
        "bucket",
        "chat",
        "closing",
        "credential",
        "drafts",
        "expires",
        "flooding",
        "flusher",
        "heard",
        "hub",
        "last_event",
        "last_seq",
        "offered",
        "outbox",
        "people",
        "pinged",
        "privacy",
        "room",
        "room_to_breathe",
        "send",
        "sending_since",
        "stamp",
        "task",
        "typed",
        "user_pk",
    )
    rich = False

    def __init__(self, scope: dict[str, Any], send: Send) -> None:
        self.send, self.offered = send, V1 in scope.get("subprotocols", ())
        self.hub = current_hub()
        self.chat = 0
        self.room: Any = None
        self.user_pk: Any = None
        self.people: tuple[str, ...] = ()
        self.stamp = ""
        self.last_seq = self.last_event = 0
        self.outbox: Collection[str] = EMPTY
        self.flusher: asyncio.Task[None] | None = None
        self.sending_since: float | None = None
        self.accepted = False
        self.closing: Close | None = None
        self.flooding = False
        self.drafts = 0
        self.room_to_breathe: asyncio.Future[None] | None = None
        self.bucket = Bucket()
        self.task = asyncio.current_task()
        now = self.hub.loop.time()
        # Not all at once: sockets that came together shall not come back together.
        self.expires = now + app_settings.CHAT_SOCKET_MAX_AGE.total_seconds() * random.uniform(0.9, 1)  # noqa: S311
        self.heard, self.pinged, self.typed = now, 0.0, 0.0
        self.privacy: Any = None

    @property
    def right(self) -> tuple[int, Any, str, Any]:
        """What has to hold for each message: chat, sender, the sender's stamp, and the row they signed in by."""
        credential = self.credential
        return self.chat, self.user_pk, self.stamp, credential.row if credential.by_row else None

    @property
    def is_open(self) -> bool:
        return self.accepted and self.closing is None

    # connecting

    async def enter(self, scope: dict[str, Any]) -> None:
        """Take the socket in, or raise Ended."""
        self.credential = scope.get("find_friend") or ScopeUser(scope.get("user"))
        user = await self.identify(scope)
        key = scope["url_route"]["kwargs"]["room_name"]
        if not (key.isascii() and key.isdigit() and len(key) < 19):
            raise Ended(Close.FORBIDDEN)
        self.chat = int(key)
        # From here to join() without a pause: the hub may have ended meanwhile, or the process begun to drain.
        self.hub = current_hub()
        if draining.is_draining():
            raise Ended(Close.RESTART)
        if not self.hub.admit(str(user.pk)):
            raise Ended(Close.TOO_MANY)
        self.user_pk = user.pk
        # First listen, then look: what happens in between waits in the room.
        self.room = self.hub.join(self)
        self.people = (str(user.pk),)
        self.hub.watch(self)
        await self.hub.wire.ready()
        opening = await self.read_opening(user, scope)
        if self.closing is not None:
            raise Ended(self.closing)
        self.stamp = opening.stamp
        self.hub.unwatch(self)
        self.people = opening.people
        self.hub.watch(self)
        await accept(self.send, V1 if self.rich and self.offered else None)
        self.accepted = True
        metrics.opened.add()
        if self.closing is not None:
            self.hub.start(self.say_goodbye(self.closing))
            return
        self.greet(opening, scope)
        if not self.hub.go_live(self, self.last_seq, self.last_event):
            self.hub.start(self.catch_up())
        self.hub.welcome(self)

    async def identify(self, scope: dict[str, Any]) -> Any:
        user = scope.get("user")
        if "find_friend" not in scope:
            user = await self.hub.in_thread(self.credential.current_user)
        if user is None or not user.is_authenticated:
            raise Ended(Close.UNAUTHENTICATED)
        return user

    async def read_opening(self, user: Any, scope: dict[str, Any]) -> inspection.Opening:
        after, after_event = self.read_address(scope)
        read = await self.hub.reader.opening(inspection.Asked.of(self.credential, user.pk, self.chat, after))
        asked = self.credential, user, self.chat, after, after_event, read
        if read is not None and inspection.is_all(read, after, after_event):
            opening = inspection.read_opening(*asked)
        else:
            opening = await self.hub.in_thread(inspection.read_opening, *asked)
        if isinstance(opening, Close):
            raise Ended(opening)
        return opening

    def read_address(self, scope: dict[str, Any]) -> tuple[int | None, int]:
        return None, 0

    def greet(self, opening: inspection.Opening, scope: dict[str, Any]) -> None:
        """The newest messages, newest first."""
        self.last_seq, self.last_event = opening.last_seq, opening.last_event
        self.queue(*(posted.plain for posted in reversed(opening.missed)))
        self.start_sending()

    # to the client

    def put(self, frame: str) -> None:
        """Send a frame after those that wait already."""
        self.queue(frame)
        self.start_sending()

    @property
    def is_full(self) -> bool:
        return self.holds()

    def holds(self, shares: int = 1) -> bool:
        """Whether so many times ``CHAT_OUTBOX_SIZE`` frames wait to be sent."""
        return len(self.outbox) >= app_settings.CHAT_OUTBOX_SIZE * shares

    def queue(self, *frames: str) -> None:
        """Have frames wait for start_sending. Most sockets are idle, and an empty deque would be the most of them."""
        if not self.outbox:
            self.outbox = deque()
        self.outbox.extend(frames)  # type: ignore[attr-defined]

    def start_sending(self) -> None:
        """Send what waits: at once as far as the server takes it, the rest as fast as the client reads."""
        if self.flusher is None and self.outbox:
            task = asyncio.Task(self.flush(), loop=self.hub.loop, **EAGERLY)
            self.flusher = None if task.done() else task

    async def flush(self) -> None:
        clock = self.hub.loop.time
        try:
            while self.outbox:
                self.sending_since = clock()
                await self.send({"type": "websocket.send", "text": self.outbox.popleft()})  # type: ignore[attr-defined]
        except Exception:
            # Servers tell by an error that the client has gone. If it has not, it comes back for what it missed.
            logger.debug(
                "A client took no more frames.", extra=fields("client_gone", chat=self.chat, user=self.user_pk)
            )
            self.end(Close.TRY_LATER)
        finally:
            self.outbox = EMPTY
            self.flusher = self.sending_since = None
            self.breathe()

    def breathe(self) -> None:
        if self.room_to_breathe is not None and not self.room_to_breathe.done():
            self.room_to_breathe.set_result(None)

    def deliver(self, items: list[Posted]) -> None:
        """Send messages that come next; those that the socket has already are left out."""
        for item in items:
            if item.seq > self.last_seq:
                if self.outbox and self.is_full:
                    self.fall_behind()
                    break
                self.last_seq = item.seq
                self.queue(self.written(item))
        self.start_sending()

    def written(self, item: Posted) -> str:
        return item.plain

    def deliver_change(self, change: Changed) -> None:
        self.last_event = max(self.last_event, change.number)

    def hear(self, told: Told) -> None:
        """What is never stored; the plain protocol has no frame for it."""

    def fall_behind(self) -> None:
        metrics.slow_readers.add()
        self.hub.lag(self)
        self.hub.start(self.catch_up())

    async def catch_up(self) -> None:
        try:
            await self.read_on()
        except Exception:
            logger.warning(
                "A socket of chat %s could not catch up.",
                self.chat,
                exc_info=without_text(),
                extra=fields("catch_up_failed", chat=self.chat, user=self.user_pk),
            )
            self.end(Close.TRY_LATER)

    async def read_on(self) -> None:
        """Read from the database until the socket has what the others have; a slow reader sets the pace."""
        while self.closing is None:
            if self.flusher is not None:
                await asyncio.wait([self.flusher])
                continue
            goal, goal_event = self.room.position or 0, self.room.event or 0
            items = await self.hub.in_thread(inspection.read_after, self.chat, self.last_seq, PAGE)
            for item in items:
                self.last_seq = item.seq
                self.queue(self.written(item))
            self.start_sending()
            if len(items) < PAGE:
                await self.catch_up_changes()
                # Numbers that are nowhere were removed by hand; waiting for them would never end.
                self.last_seq, self.last_event = max(self.last_seq, goal), max(self.last_event, goal_event)
                if self.closing is None and self.hub.go_live(self, self.last_seq, self.last_event):
                    return

    async def catch_up_changes(self) -> None:
        """The plain protocol has no frame for changes."""

    # from the client

    async def run(self, receive: Receive) -> None:
        while True:
            event = await receive()
            if event["type"] == "websocket.disconnect":
                return
            if self.closing is not None:
                continue
            self.heard = self.hub.loop.time()
            self.take_frame(event)
            while self.drafts >= MOST_UNSTORED or (self.outbox and self.is_full):
                await self.wait_for_room()

    async def wait_for_room(self) -> None:
        self.room_to_breathe = self.hub.loop.create_future()
        try:
            await self.room_to_breathe
        finally:
            self.room_to_breathe = None

    def take_frame(self, event: dict[str, Any]) -> None:
        try:
            if not self.bucket.take():
                raise BadFrame("too_fast")
            text = event.get("text")
            if text is None:
                raise BadFrame("binary")
            self.post(text, None)
        except BadFrame as bad:
            self.log_dropped(bad.reason)
            if bad.reason == "busy":
                # Silence would mean that it is stored.
                self.end(Close.TRY_LATER)

    def post(self, text: str, client_id: Any) -> None:
        """Hand a message to the writer. Raises BadFrame."""
        checked = serializer_class("message") is MessageSerializer and app_settings.CHAT_CONTENT_HOOK is None
        if checked:
            check_text(text)
        if self.hub.writer.is_full:
            raise BadFrame("busy")
        self.drafts += 1
        self.hub.writer.put(Draft(self, text, client_id, arrived=self.hub.loop.time(), checked=checked))

    def log_dropped(self, reason: str) -> None:
        """One line for each bad frame, but only the first of a flood."""
        flooding = reason == "too_fast"
        if not (flooding and self.flooding):
            logger.warning(
                "Frame dropped: %s (chat %s, user %s).",
                reason,
                self.chat,
                self.user_pk,
                extra=fields("frame_dropped", chat=self.chat, user=self.user_pk, reason=reason),
            )
        self.flooding = flooding

    # what became of a message

    def settled(self) -> None:
        self.drafts -= 1
        self.breathe()

    def stored(self, draft: Draft, stored: Stored, at: str) -> None:
        self.settled()

    def not_taken(self, draft: Draft, problem: Exception) -> None:
        """The site's serializer refuses the text, or has failed."""
        self.settled()
        if isinstance(problem, BadFrame):
            self.log_dropped(problem.reason)
        else:
            self.end(Close.TRY_LATER)

    def not_stored(self, draft: Draft) -> None:
        self.settled()
        self.end(Close.TRY_LATER)

    def refused(self, draft: Draft) -> None:
        self.settled()
        if self.closing is None:
            self.hub.start(self.find_out_why(draft))

    async def find_out_why(self, draft: Draft) -> None:
        """Rights have ended, or only the way the password is stored has changed: then the message goes once more."""
        verdicts = await self.hub.in_thread(inspection.inspect, [self], True)
        if not verdicts and not draft.tries:
            draft.tries += 1
            self.drafts += 1
            self.hub.writer.put(draft)
        else:
            self.turned_away(draft, verdicts.get(self, Close.TRY_LATER))

    def turned_away(self, draft: Draft, code: Close) -> None:
        self.end(code)

    # ending

    def look_at_the_clock(self, now: float) -> None:
        if now > self.expires:
            self.end(Close.RESTART)
        elif self.sending_since is not None and now - self.sending_since > app_settings.CHAT_SEND_TIMEOUT:
            self.end(Close.SLOW)

    def end(self, code: Close) -> None:
        """Close the socket; nothing is taken from it or given to it any more."""
        if self.closing is None:
            self.closing = code
            self.hub.lag(self)
            if self.accepted:
                self.hub.start(self.say_goodbye(code))

    async def say_goodbye(self, code: Close) -> None:
        if self.flusher is not None:
            await asyncio.wait([self.flusher], timeout=0.0 if code is Close.SLOW else SEND_PATIENCE)
        if self.flusher is not None:
            self.flusher.cancel()
        try:
            await asyncio.wait_for(close(self.send, code), SEND_PATIENCE)
        except Exception:
            logger.debug(
                "A client had gone before it was told so.",
                extra=fields("client_gone", chat=self.chat, user=self.user_pk),
            )
        # Servers say that the client has gone once the connection is closed. One that does not read keeps it open.
        if code is Close.SLOW:
            hang_up(self.send)
        self.hub.loop.call_later(SEND_PATIENCE, self.give_up)

    def give_up(self) -> None:
        if self.task is not None:
            self.task.cancel()

    def leave(self) -> None:
        if self.accepted:
            metrics.closed.count(self.closing)
        self.closing = self.closing or Close.TRY_LATER
        self.task = None
        self.breathe()
        if self.flusher is not None:
            self.flusher.cancel()
        if self.room is not None:
            self.hub.leave(self)
            self.hub.dismiss(str(self.user_pk))
            self.room = None


async def accept(send: Send, subprotocol: str | None) -> None:
    try:
        await send({"type": "websocket.accept", "subprotocol": subprotocol})
    except (OSError, RuntimeError):
        logger.debug("A client had gone before it was let in.", extra=fields("client_gone"))


async def answer(send: Send, status: int) -> None:
    """Refuse a handshake with an HTTP status, where the server can do that."""
    headers = [(b"retry-after", b"5"), (b"content-length", b"0")]
    try:
        await send({"type": "websocket.http.response.start", "status": status, "headers": headers})
        await send({"type": "websocket.http.response.body", "body": b""})
    except (OSError, RuntimeError):
        logger.debug("A client had gone before it was refused.", extra=fields("client_gone"))


async def close(send: Send, code: Close) -> None:
    try:
        await send({"type": "websocket.close", "code": int(code)})
    except (OSError, RuntimeError):
        pass
    except Exception:
        # Daphne lets an application close with codes of its own only, not with 1013; its connection can do it.
        connection: Any = next(iter(getattr(send, "args", ())), None)
        if not hasattr(connection, "sendCloseFrame"):
            raise
        connection.sendCloseFrame(code=int(code))


def hang_up(send: Send) -> None:
    """Drop the connection where the server lets one: uvicorn waits for a reader that stopped, without an end."""
    transport: Any = getattr(getattr(send, "__self__", None), "transport", None)
    if hasattr(transport, "abort"):
        transport.abort()


async def refuse(scope: dict[str, Any], send: Send, code: Close) -> None:
    """End a connection before it is accepted, or with a code for a client that can read it."""
    metrics.refused.count(code)
    if wants_v1(scope):
        await accept(send, V1 if V1 in scope.get("subprotocols", ()) else None)
    elif code in LATER and "websocket.http.response" in (scope.get("extensions") or ()):
        # The 403 of a refusal would read as if it were for good.
        await answer(send, LATER[code])
        return
    await close(send, code)


def query_of(scope: dict[str, Any]) -> dict[str, str]:
    found = parse_qs(scope.get("query_string", b"").decode("latin1"), max_num_fields=100)
    return {name: values[-1] for name, values in found.items()}


def wants_v1(scope: dict[str, Any]) -> bool:
    if V1 in scope.get("subprotocols", ()):
        return True
    try:
        return query_of(scope).get("v") == "1"
    except ValueError:
        return False


async def nowhere(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    """Where no route leads."""
    await receive()
    user = scope.get("user")
    known = user is not None and user.is_authenticated
    await refuse(scope, send, Close.FORBIDDEN if known else Close.UNAUTHENTICATED)


async def chat_socket(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    """The ASGI application of one socket."""
    from .rich import RichSocket

    await receive()
    socket = (RichSocket if wants_v1(scope) else Socket)(scope, send)
    try:
        if await entered(socket, scope, send):
            # What was needed to come in is the larger part of what an idle socket would hold.
            socket.credential.forget()
            del scope, send
            await socket.run(receive)
    except asyncio.CancelledError:
        # Ended by us, since the client takes nothing any more; otherwise by the server.
        if socket.closing is None:
            raise
    finally:
        socket.leave()
        await socket.hub.close_if_empty()


async def entered(socket: Socket, scope: dict[str, Any], send: Send) -> bool:
    try:
        await socket.enter(scope)
    except Ended as ended:
        await refuse(scope, send, ended.code)
    except (OperationalError, InterfaceError):
        logger.warning(
            "The database could not be read for a socket of chat %s.",
            socket.chat,
            extra=fields("database_unreachable", chat=socket.chat),
        )
        await refuse(scope, send, Close.TRY_LATER)
    except Exception:
        logger.exception(
            "A socket of chat %s failed.",
            scope["url_route"]["kwargs"]["room_name"],
            exc_info=without_text(),
            extra=fields("socket_failed", chat=socket.chat),
        )
        await refuse(scope, send, Close.TRY_LATER)
    else:
        return True
    return False
