"""The socket of a chat."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from typing import Any

from channels.db import database_sync_to_async
from channels.exceptions import StopConsumer
from channels.generic.websocket import AsyncWebsocketConsumer
from channels.utils import await_many_dispatch

from find_friend.conf import app_settings
from find_friend.exceptions import NotAllowed, NotThere

from .delivery import MESSAGE, RIGHTS, Mailbox, chat_group, open_sockets, user_group
from .middleware import Credential, ScopeUser
from .models import Chat
from .protocols import V1, BadFrame, Close, PlainProtocol

logger = logging.getLogger("find_friend.chat")

SWEEP = "chat.sweep"
CATCH_UP_ROWS = 200


class Ended(Exception):
    """The socket may not go on; ``code`` says why."""

    def __init__(self, code: Close) -> None:
        super().__init__(code)
        self.code = code


class Bucket:
    """Lets ``CHAT_FRAME_BURST`` frames through at once and ``CHAT_FRAME_RATE`` a second in the long run."""

    def __init__(self) -> None:
        self.left = float(app_settings.CHAT_FRAME_BURST)
        self.filled = time.monotonic()

    def take(self) -> bool:
        now = time.monotonic()
        gained = (now - self.filled) * app_settings.CHAT_FRAME_RATE
        self.left, self.filled = min(app_settings.CHAT_FRAME_BURST, self.left + gained), now
        if self.left < 1:
            return False
        self.left -= 1
        return True


def until_gone(send: Any) -> Any:
    """Sends as ``send`` does; once the client has gone, which servers tell by an error, the socket ends quietly."""

    async def guarded(event: dict[str, Any]) -> None:
        try:
            await send(event)
        except (OSError, RuntimeError):
            raise StopConsumer from None
        except Exception:
            # Daphne lets an application close with codes of its own only, not with 1013; its connection can do it.
            connection: Any = next(iter(getattr(send, "args", ())), None)
            if not hasattr(connection, "sendCloseFrame"):
                raise
            connection.sendCloseFrame(code=event["code"])

    return guarded


class Socket(AsyncWebsocketConsumer):
    """What the sockets of this package share: how one is refused and how one ends."""

    accepted = False

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        await super().__call__(scope, receive, until_gone(send))

    async def refuse(self, code: Close) -> None:
        """End the connection: before it is accepted, or with a code that the client can read."""
        if not self.accepted and V1 in self.scope.get("subprotocols", ()):
            await self.accept(V1)
        await self.close(int(code))

    async def websocket_disconnect(self, message: dict[str, Any]) -> None:
        raise StopConsumer


class Refuse(Socket):
    """Where no route leads."""

    channel_layer_alias = ""

    async def websocket_connect(self, message: dict[str, Any]) -> None:
        user = self.scope.get("user")
        known = user is not None and user.is_authenticated
        await self.refuse(Close.FORBIDDEN if known else Close.UNAUTHENTICATED)


class ChatConsumer(Socket):
    """One member's open chat.

    Frames, events of the channel layer and the sweep are handled one after the other, so nothing here needs a lock.
    Whatever brings a message, it is sent only in its turn by ``seq``.
    """

    protocol = PlainProtocol()
    credential: Credential
    chat: Chat
    user_pk: Any = None  # set while the socket is counted
    last_seq = 0
    flooding = False
    ended = False

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        self.scope, self.base_send = scope, until_gone(send)
        self.mailbox, self.bucket = Mailbox(), Bucket()
        try:
            await self.dispatch(await receive())
            await await_many_dispatch([receive, self.mailbox.receive, self.wait_for_sweep], self.dispatch)
        except StopConsumer:
            pass
        finally:
            await self.leave()

    async def wait_for_sweep(self) -> dict[str, Any]:
        # Not all sockets of a process at the same moment.
        await asyncio.sleep(app_settings.CHAT_SWEEP_INTERVAL * random.uniform(0.8, 1.2))  # noqa: S311
        return {"type": SWEEP}

    async def leave(self) -> None:
        if self.user_pk is not None:
            open_sockets.remove(self.user_pk)
            self.user_pk = None
        await self.mailbox.leave()

    async def end(self, code: Close) -> None:
        """Close the socket. Servers want the application to stay until they say that it is closed."""
        self.ended = True
        await self.refuse(code)
        await self.leave()

    async def dispatch(self, message: dict[str, Any]) -> None:
        handlers = {
            "websocket.connect": self.enter,
            "websocket.receive": self.take_frame,
            "websocket.disconnect": self.websocket_disconnect,
            MESSAGE: self.take_message,
            RIGHTS: self.look_again,
            SWEEP: self.sweep,
        }
        try:
            if not self.ended or message["type"] == "websocket.disconnect":
                await handlers[message["type"]](message)
        except Ended as ended:
            await self.end(ended.code)
        except StopConsumer:
            raise
        except Exception:
            logger.exception("A socket of chat %s failed.", self.scope["url_route"]["kwargs"]["room_name"])
            await self.end(Close.TRY_LATER)

    # connecting

    async def enter(self, message: dict[str, Any]) -> None:
        user_pk = await database_sync_to_async(self.find_chat)()
        if not open_sockets.add(user_pk):
            raise Ended(Close.TOO_MANY)
        self.user_pk = user_pk
        # First listen, then look: what happens in between waits in the mailbox.
        await self.mailbox.join(chat_group(self.chat.pk), user_group(user_pk))
        history = await database_sync_to_async(self.read_history)()
        await self.accept()
        self.accepted = True
        self.last_seq = max([self.chat.last_seq, *(seq for seq, _frame in history)])
        for _seq, frame in history:
            await self.send(text_data=frame)

    def find_chat(self) -> Any:
        self.credential = self.scope.get("find_friend") or ScopeUser(self.scope.get("user"))
        user = self.current_user()
        chat = Chat.objects.visible_to(user).find(self.scope["url_route"]["kwargs"]["room_name"])
        if chat is None:
            raise Ended(Close.FORBIDDEN)
        self.chat = chat
        return user.pk

    def read_history(self) -> list[tuple[int, str]]:
        self.check_rights()
        return [(message.seq, self.protocol.render(message)) for message in self.chat.history()]

    # rights

    def current_user(self) -> Any:
        user = self.credential.current_user()
        if user is None:
            raise Ended(Close.UNAUTHENTICATED)
        return user

    def check_rights(self) -> None:
        user = self.current_user()
        try:
            self.chat.reread()
            self.chat.ensure_open_to(user)
        except (NotAllowed, NotThere):
            raise Ended(Close.FORBIDDEN) from None

    async def look_again(self, event: dict[str, Any]) -> None:
        await database_sync_to_async(self.check_rights)()

    # frames of the client

    async def take_frame(self, frame: dict[str, Any]) -> None:
        try:
            self.check_rate()
            seq, text = await database_sync_to_async(self.store)(frame)
        except BadFrame as bad:
            self.log_dropped(bad.reason)
        else:
            await self.pass_on(seq, text)

    def check_rate(self) -> None:
        if not self.bucket.take():
            raise BadFrame("too_fast")

    def log_dropped(self, reason: str) -> None:
        """One line for each bad frame, but only the first of a flood."""
        flooding = reason == "too_fast"
        if not (flooding and self.flooding):
            logger.warning("Frame dropped: %s (chat %s, user %s).", reason, self.chat.pk, self.user_pk)
        self.flooding = flooding

    def store(self, frame: dict[str, Any]) -> tuple[int, str]:
        text = self.protocol.parse(frame)
        user = self.current_user()
        try:
            message = self.chat.post(by=user, text=text)
        except (NotAllowed, NotThere):
            raise Ended(Close.FORBIDDEN) from None
        return message.seq, self.protocol.render(message)

    # messages

    async def take_message(self, event: dict[str, Any]) -> None:
        await self.pass_on(event["seq"], event["frame"])

    async def pass_on(self, seq: int, frame: str) -> None:
        """Send a message if it is the next one; what came before it and is missing comes from the database."""
        if seq == self.last_seq + 1:
            await self.send(text_data=frame)
            self.last_seq = seq
        elif seq > self.last_seq:
            await self.catch_up()

    async def catch_up(self) -> None:
        while missed := await database_sync_to_async(self.read_missed)():
            for seq, frame in missed:
                await self.send(text_data=frame)
                self.last_seq = seq

    def read_missed(self) -> list[tuple[int, str]]:
        missed = self.chat.messages.after(self.last_seq).order_by("seq")[:CATCH_UP_ROWS]
        return [(message.seq, self.protocol.render(message)) for message in missed]

    async def sweep(self, event: dict[str, Any]) -> None:
        """Whatever the channel layer has lost: rights, messages, its groups."""
        await self.look_again(event)
        await self.catch_up()
        await self.mailbox.join(*self.mailbox.groups)
