"""Carries what was committed to open sockets, as well as it can: the database is the truth, sockets look there.

Nothing here raises on account of the channel layer. A layer that is down, slow or full costs time, never a message.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections import Counter
from collections.abc import Awaitable, Collection
from typing import Any

from channels.layers import get_channel_layer

from find_friend.conf import app_settings
from find_friend.pairs import user_digest

from .protocols import PlainProtocol

logger = logging.getLogger("find_friend.chat")

MESSAGE = "chat.message"
RIGHTS = "rights.changed"


def chat_group(pk: Any) -> str:
    return f"find_friend.chat.{pk}"


def user_group(pk: Any) -> str:
    return f"find_friend.user.{user_digest(pk)}"


def publish(message: Any) -> None:
    """Tell the sockets of the chat about a committed message, rendered once for all."""
    event = {"type": MESSAGE, "seq": message.seq, "frame": PlainProtocol().render(message)}
    push([chat_group(message.chat_id)], event)


def recheck(users: Collection[Any], **kwargs: Any) -> None:
    """Have the sockets of these users, given by primary key, look at their rights again."""
    push([user_group(pk) for pk in users], {"type": RIGHTS})


def push(groups: list[str], event: dict[str, Any]) -> None:
    """Send an event to groups from any thread: a view, a worker, a shell, a socket's database thread."""
    layer = get_channel_layer(app_settings.CHAT_CHANNEL_LAYER)
    if layer is None:
        return

    async def send() -> None:
        for group in groups:
            await attempt(layer.group_send(group, event), "group_send")

    # Where this process has sockets, their own loop sends: a layer in memory can wake nobody from elsewhere, and
    # nobody has to wait. Without any, the process may be about to end, so the layer gets its time first.
    loop = open_sockets.loop
    if loop is not None:
        asyncio.run_coroutine_threadsafe(send(), loop)
    else:
        done = asyncio.run_coroutine_threadsafe(send(), background.loop())
        done.result(app_settings.CHAT_LAYER_TIMEOUT * len(groups) + 1)


async def attempt(call: Awaitable[Any], name: str) -> bool:
    """Wait for the channel layer, but not for long; whether it did its work."""
    try:
        await asyncio.wait_for(call, app_settings.CHAT_LAYER_TIMEOUT)
    except Exception as error:
        logger.warning("The channel layer failed in %s: %r", name, error)
        return False
    return True


class Background:
    """An event loop in a thread of its own, made when first needed, for processes without sockets."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None

    def loop(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                threading.Thread(target=self._loop.run_forever, name="find_friend.delivery", daemon=True).start()
            return self._loop


class OpenSockets:
    """The sockets of this process: how many each user has, and the loop they live on."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self._users: Counter[Any] = Counter()
        self._loops: Counter[asyncio.AbstractEventLoop] = Counter()

    @property
    def loop(self) -> asyncio.AbstractEventLoop | None:
        return next((loop for loop in list(self._loops) if loop.is_running()), None)

    def add(self, user_pk: Any) -> bool:
        """Count one more; False where the user has as many as CHAT_SOCKETS_PER_USER already."""
        if self._users[user_pk] >= app_settings.CHAT_SOCKETS_PER_USER:
            return False
        self._users[user_pk] += 1
        self._loops[asyncio.get_running_loop()] += 1
        return True

    def remove(self, user_pk: Any) -> None:
        for counter, key in ((self._users, user_pk), (self._loops, asyncio.get_running_loop())):
            counter[key] -= 1
            if not counter[key]:
                del counter[key]


background = Background()
open_sockets = OpenSockets()


# A forked process has neither the threads nor the sockets of its parent.
for inherited in (background, open_sockets):
    os.register_at_fork(after_in_child=inherited.reset)


class Mailbox:
    """One socket's address in the channel layer. It outlives failures of the layer, and works without any."""

    def __init__(self) -> None:
        self.layer = get_channel_layer(app_settings.CHAT_CHANNEL_LAYER)
        self.name: str | None = None
        self.groups: tuple[str, ...] = ()
        self._named = asyncio.Event()

    async def join(self, *groups: str) -> None:
        """Receive what is sent to these groups; repeat it now and then, since a layer forgets."""
        self.groups = groups
        if self.layer is None:
            return
        if self.name is None and not await attempt(self._take_name(), "new_channel"):
            return
        for group in groups:
            await attempt(self.layer.group_add(group, self.name), "group_add")

    async def _take_name(self) -> None:
        self.name = await self.layer.new_channel()
        self._named.set()

    async def receive(self) -> dict[str, Any]:
        """The next event, whenever that is."""
        await self._named.wait()
        while True:
            try:
                return await self.layer.receive(self.name)
            except Exception as error:
                logger.warning("The channel layer failed in receive: %r", error)
                await asyncio.sleep(app_settings.CHAT_LAYER_TIMEOUT)

    async def leave(self) -> None:
        if self.name is not None:
            for group in self.groups:
                await attempt(self.layer.group_discard(group, self.name), "group_discard")
            self.groups = ()
