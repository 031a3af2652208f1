"""The site as ASGI application, with a way to die at a chosen moment.

``FAULTS_CRASH="point:n"`` kills the process (SIGKILL) the n-th time it comes to

before_commit     rows are written, the transaction is still open
after_commit      committed; nobody has been told
after_broadcast   everybody has been told, the sender's acknowledgement was withheld
after_ack         the sender has been told, and perhaps nobody else

``FAULTS_CLOCK`` names a file with the seconds to add to the time of day, where libfaketime is not to be had.
"""

import asyncio
import json
import os
import signal
import time
from pathlib import Path


def die():
    os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(60)


class CrashPoint:
    def __init__(self, wanted):
        self.name, _, times = wanted.partition(":")
        self.left = int(times or 1)

    def due(self, name):
        if name != self.name:
            return False
        self.left -= 1
        return self.left <= 0


def patch_clock(path):
    real_time, real_ns = time.time, time.time_ns

    def shift():
        return int(path.read_text().strip().rstrip("s"))

    time.time = lambda: real_time() + shift()
    time.time_ns = lambda: real_ns() + shift() * 10**9

    from datetime import timedelta

    from django.utils import timezone

    real_now = timezone.now
    timezone.now = lambda: real_now() + timedelta(seconds=shift())


if os.environ.get("FAULTS_CLOCK"):
    patch_clock(Path(os.environ["FAULTS_CLOCK"]))

from django.core.asgi import get_asgi_application  # noqa: E402

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.faults.settings")
http = get_asgi_application()

from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402

from find_friend.chat import delivery, draining, pipeline, postgres, storing  # noqa: E402
from find_friend.chat.middleware import SocketAuthMiddleware  # noqa: E402
from find_friend.routing import websocket_urlpatterns  # noqa: E402

draining.on_signal(signal.SIGUSR1)
point = CrashPoint(os.environ.get("FAULTS_CRASH", ""))


def wrap(owner, name, make):
    """Replace a function of the package; where it has gone, this has to learn the new name."""
    setattr(owner, name, make(getattr(owner, name)))


def dies_within(run):
    async def wrapped(self, commands, timeout):
        if commands[-1].sql == b"COMMIT" and point.due("before_commit"):
            await run(self, commands[:-1], timeout)
            die()
        return await run(self, commands, timeout)

    return wrapped


def dies_after_writing(write):
    def wrapped(*args, **kwargs):
        done = write(*args, **kwargs)
        if point.due("before_commit"):
            die()
        return done

    return wrapped


def dies_after_storing(store):
    async def wrapped(*args, **kwargs):
        outcomes = await store(*args, **kwargs)
        if point.due("after_commit"):
            die()
        return outcomes

    return wrapped


def dies_before_publishing(publish):
    def wrapped(*args, **kwargs):
        if point.due("after_commit"):
            die()
        return publish(*args, **kwargs)

    return wrapped


if point.name:
    wrap(pipeline.Session, "run", dies_within)
    wrap(postgres.PostgresLane, "store", dies_after_storing)
    wrap(storing.OrmLane, "store", dies_after_storing)
    wrap(storing.Batch, "write", dies_after_writing)
    wrap(delivery, "publish", dies_before_publishing)


def dies_at_ack(send):
    async def wrapped(event):
        text = event.get("text") if event["type"] == "websocket.send" else None
        is_ack = text is not None and point.name in ("after_broadcast", "after_ack") and '"ack"' in text
        is_ack = is_ack and json.loads(text)["type"] == "ack"
        if is_ack and point.due("after_broadcast"):
            await asyncio.sleep(0.2)  # all the others are told meanwhile
            die()
        await send(event)
        if is_ack and point.due("after_ack"):
            die()

    return wrapped


site = ProtocolTypeRouter({"http": http, "websocket": SocketAuthMiddleware(URLRouter(websocket_urlpatterns))})


async def application(scope, receive, send):
    if scope["type"] == "websocket" and point.name:
        await site(scope, receive, dies_at_ack(send))
    else:
        await site(scope, receive, send)
