"""What a server process pays for messages that concern none of its sockets: python -m tests.benchmarks.foreign

Every process hears every publication. Here another process publishes over Redis, and the processor time of this one is
counted, from the bytes on the wire to finding that no socket here is in that chat. Then a table says, by arithmetic
alone, what is left of each of many processes.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import subprocess
import sys
import time
from types import SimpleNamespace
from typing import Any

ROUNDS = 5
PUBLICATIONS = 400
BATCHES = (1, 10, 50)
PROCESSES = (2, 4, 8, 16, 32)
URL = os.environ.get("FIND_FRIEND_REDIS_URL", "redis://127.0.0.1:6379/0")


def layer() -> Any:
    from channels_redis.pubsub import RedisPubSubChannelLayer

    return RedisPubSubChannelLayer(hosts=[URL], prefix="find_friend_foreign")


def publication(size: int) -> dict[str, Any]:
    from find_friend.chat.news import Posted, packed

    start = '{"id": 7123456, "sender": 19123, "text": "'
    plain = f'{start}{"x" * 64}", "timestamp": "2026-11-25T11:07:23.587564+03:00"}}'
    news = [Posted(number, 41, "19123", "0b1f6f0e-6d0c-4c5c-8a5e-0d3a3f8b7c11", plain) for number in range(size)]
    return {"type": "find_friend.news", "from": "of another process", "news": packed(news), "rights": []}


async def publish(size: int) -> None:
    sender, event = layer(), publication(size)
    for _ in range(PUBLICATIONS):
        await sender.group_send("all", event)
    await sender.flush()


async def microseconds(size: int) -> list[float]:
    """Processor time for each message, of each round."""
    from find_friend.chat.hub import Hub

    hub: Any = SimpleNamespace(rooms={})
    hub.take = lambda news: Hub.take(hub, news)
    receiver = layer()
    channel = await receiver.new_channel()
    await receiver.group_add("all", channel)
    times = []
    for _ in range(ROUNDS):
        sender = subprocess.Popen([sys.executable, "-m", "tests.benchmarks.foreign", str(size)])
        Hub.hear(hub, await receiver.receive(channel))
        began = time.process_time()
        for _ in range(PUBLICATIONS - 1):
            Hub.hear(hub, await receiver.receive(channel))
        times.append((time.process_time() - began) / (PUBLICATIONS - 1) / size * 1e6)
        sender.wait()
    await receiver.flush()
    return times


def left(processes: int, own: float, foreign: float) -> float:
    """The part of its time that each of many busy processes has for messages of its own."""
    return own / (own + foreign * (processes - 1))


async def measure() -> None:
    for size in BATCHES:
        times = await microseconds(size)
        foreign = statistics.median(times)
        print(f"publications of {size:2}: {foreign:6.1f} µs for each message ({min(times):.1f}-{max(times):.1f})")
        for own in (100, 300):
            row = "  ".join(f"{count}: {left(count, own, foreign):4.0%}" for count in PROCESSES)
            print(f"    left where an own message costs {own} µs, by processes:  {row}")


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.projects.full.settings")
    import django

    django.setup()
    asyncio.run(publish(int(sys.argv[1])) if len(sys.argv) > 1 else measure())


if __name__ == "__main__":
    main()
