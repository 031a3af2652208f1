"""The channel layer as a wake-up between processes: one channel each, one group for all, and nothing depends on it."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import os
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

from channels.layers import InMemoryChannelLayer, get_channel_layer

from find_friend.conf import app_settings
from find_friend.logs import fields

from . import metrics

logger = logging.getLogger("find_friend.chat")

GROUP = "find_friend.chat"
EVENT = "find_friend.news"
LARGEST_PUBLICATION = 500  # pieces of news


class Process:
    """This process' name among those that share the channel layer."""

    def __init__(self) -> None:
        self.rename()

    def rename(self) -> None:
        self.name = uuid.uuid4().hex


process = Process()
os.register_at_fork(after_in_child=process.rename)


def start_afresh(coroutine: Any) -> asyncio.Task[Any]:
    """A task with nothing of the context of who happens to start it: a socket, a view, a database thread."""
    return contextvars.Context().run(asyncio.get_running_loop().create_task, coroutine)


def reaches_others(layer: Any) -> bool:
    """Whether there is a layer that leads out of this process. Its own sockets are told without one."""
    return layer is not None and type(layer) is not InMemoryChannelLayer


async def attempt(call: Awaitable[Any], name: str) -> bool:
    """Wait for the channel layer, but not for long; whether it did its work."""
    try:
        await asyncio.wait_for(call, app_settings.CHAT_LAYER_TIMEOUT)
    except Exception as error:
        metrics.layer_failures.add(name)
        logger.warning(
            "The channel layer failed in %s: %r",
            name,
            error,
            extra=fields("layer_failed", operation=name, error=type(error).__name__),
        )
        return False
    return True


class Wire:
    """One process' end of the channel layer. It outlives failures of the layer, and works without any."""

    def __init__(self, hear: Callable[[dict[str, Any]], None]) -> None:
        self.hear = hear
        self.layer: Any = get_channel_layer(app_settings.CHAT_CHANNEL_LAYER)
        self.reaches_others = reaches_others(self.layer)
        self.channel: str | None = None
        self.listened = asyncio.Event()
        self.outgoing: list[dict[str, Any]] = []
        self.sender: asyncio.Task[None] | None = None
        self.listener: asyncio.Task[None] | None = None
        if self.layer is None:
            self.listened.set()
        else:
            self.listener = start_afresh(self.listen())

    async def close(self) -> None:
        if (sender := self.sender) is not None:
            await asyncio.wait([sender], timeout=app_settings.CHAT_LAYER_TIMEOUT)
            sender.cancel()
        if self.listener is not None:
            self.listener.cancel()
            await asyncio.wait([self.listener], timeout=1)
        if self.channel is not None:
            await attempt(self.layer.group_discard(GROUP, self.channel), "group_discard")

    # in

    async def ready(self) -> None:
        """Wait until this process hears the others, or has tried to."""
        await self.listened.wait()

    async def listen(self) -> None:
        clock = asyncio.get_running_loop().time
        while True:
            joined = await self.join()
            self.listened.set()
            began = clock()
            try:
                while joined:
                    began = clock()
                    self.hear(await self.layer.receive(self.channel))
            except Exception as error:
                # One that has only run out of patience is asked again at once; one that fails at once is not.
                patient = clock() - began >= app_settings.CHAT_LAYER_TIMEOUT
                logger.log(
                    logging.DEBUG if patient else logging.WARNING,
                    "The channel layer failed in receive: %r",
                    error,
                    extra=fields("layer_failed", operation="receive", error=type(error).__name__),
                )
                if patient:
                    continue
                metrics.layer_failures.add("receive")
            await asyncio.sleep(app_settings.CHAT_LAYER_TIMEOUT)

    async def join(self) -> bool:
        named = self.channel is not None or await attempt(self.take_name(), "new_channel")
        return named and await self.renew()

    async def take_name(self) -> None:
        self.channel = await self.layer.new_channel()

    async def renew(self) -> bool:
        """Join the group again: layers forget, or let memberships run out."""
        if self.channel is None:
            return False
        return await attempt(self.layer.group_add(GROUP, self.channel), "group_add")

    # out

    def publish(self, event: dict[str, Any]) -> None:
        """Send it soon, with what else there is by then. What cannot be sent is found by the others' sweep."""
        if not self.reaches_others:
            return
        self.outgoing.append(event)
        if self.sender is None:
            self.sender = start_afresh(self.send())

    async def send(self) -> None:
        try:
            while self.outgoing:
                event = merged(self.outgoing)
                if not await attempt(self.layer.group_send(GROUP, event), "group_send"):
                    self.outgoing.clear()
        finally:
            self.sender = None


def merged(events: list[dict[str, Any]]) -> dict[str, Any]:
    """Takes from the front what one publication can hold."""
    event: dict[str, Any] = {"type": EVENT, "from": process.name, "news": [], "rights": []}
    while events and len(event["news"]) < LARGEST_PUBLICATION:
        first = events.pop(0)
        event["news"] += first.get("news", ())
        event["rights"] += first.get("rights", ())
    return event
