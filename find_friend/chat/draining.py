"""Taking a process out of service: no new sockets, and those that are open close one after the other.

    # asgi.py of the site
    draining.on_signal(signal.SIGUSR1)

An operator sends the signal, waits ``CHAT_DRAIN_SECONDS``, and stops the server. Clients resume elsewhere.
"""

from __future__ import annotations

import asyncio
import logging
import random
import signal
from typing import Any

from find_friend.conf import app_settings
from find_friend.logs import fields

from .protocols import Close

__all__ = ["drain", "is_draining", "on_signal"]

logger = logging.getLogger("find_friend.chat")

_state = {"draining": False}


def is_draining() -> bool:
    """Whether the process is going out of service; a readiness page answers 503 then."""
    return _state["draining"]


def on_signal(number: int) -> None:
    """Drain when the process gets that signal. Call it in the main thread, where the site makes its application."""
    signal.signal(number, lambda *_: drain())


def drain() -> None:
    """Refuse new sockets and close the open ones with 1012, spread over ``CHAT_DRAIN_SECONDS``."""
    from .hub import running_hubs

    if _state["draining"]:
        return
    _state["draining"] = True
    for hub in running_hubs():
        hub.call(start, hub)


def start(hub: Any) -> None:
    hub.start(close_all(hub))


async def close_all(hub: Any) -> None:
    sockets = [socket for room in hub.rooms.values() for socket in room.sockets]
    random.shuffle(sockets)
    logger.info("Draining: %s sockets close.", len(sockets), extra=fields("draining", count=len(sockets)))
    pause = app_settings.CHAT_DRAIN_SECONDS / max(1, len(sockets))
    for socket in sockets:
        socket.end(Close.RESTART)
        await asyncio.sleep(pause)
