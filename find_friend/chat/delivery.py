"""Carries what was committed to open sockets, as well as it can: the database is the truth, sockets look there.

For code outside of the sockets' loop: views, workers, the shell. Nothing here raises on account of the channel layer. A
layer that is down, slow or full costs time, never a message.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Collection, Sequence
from typing import Any

from channels.layers import get_channel_layer

from find_friend.conf import app_settings

from . import metrics
from .layer import EVENT, GROUP, attempt, process, reaches_others


def publish(message: Any) -> None:
    """Tell the sockets of the chat about a committed message, rendered once for all."""
    from .news import Renderer

    metrics.messages.add("post")
    spread([Renderer().posted(message)])


def publish_change(message: Any) -> None:
    """Tell the sockets of the chat that a message was edited or deleted."""
    from .news import changed

    spread([changed(message, message.event.number)])


def publish_read(chat_pk: int, user_pk: Any, seq: int) -> None:
    """Tell the sockets of the chat how far a member has read; only the member's own where they do not show that."""
    from .inspection import shares_reading
    from .news import Told, encode

    what = "read" if shares_reading(user_pk) else "own_read"
    spread([Told(chat_pk, what, str(user_pk), encode({"type": "read", "user": user_pk, "seq": seq}))])


def recheck(users: Collection[Any], **kwargs: Any) -> None:
    """Have the sockets of these users, given by primary key, and of those they talk to, look at their rights again."""
    spread((), rights=[str(pk) for pk in users])


def spread(news: Sequence[Any], rights: Sequence[str] = ()) -> None:
    """From any thread, to the sockets of this process and to the other processes."""
    from .hub import running_hubs
    from .news import packed

    hubs = running_hubs()
    for hub in hubs:
        hub.call(hub.take, news)
        if rights:
            hub.call(hub.recheck, rights)
    event = {"news": packed(news), "rights": list(rights)}
    if hubs:
        # The loop of the sockets sends: nobody has to wait.
        hubs[0].call(hubs[0].wire.publish, event)
    else:
        send_at_once(event)


def send_at_once(event: dict[str, Any]) -> None:
    """Without sockets the process may be about to end, so the layer gets its time first."""
    layer = get_channel_layer(app_settings.CHAT_CHANNEL_LAYER)
    if not reaches_others(layer):
        return
    publication = {"type": EVENT, "from": process.name, **event}

    async def send() -> None:
        await attempt(layer.group_send(GROUP, publication), "group_send")

    asyncio.run_coroutine_threadsafe(send(), background.loop()).result(app_settings.CHAT_LAYER_TIMEOUT + 1)


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


background = Background()

# A forked process does not have the threads of its parent.
os.register_at_fork(after_in_child=background.reset)
