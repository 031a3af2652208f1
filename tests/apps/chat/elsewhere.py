"""Other processes, and a look inside of this one."""

import asyncio
from unittest import mock

from channels.db import database_sync_to_async as in_thread
from channels.layers import get_channel_layer

from find_friend.chat import delivery
from find_friend.chat.hub import current_hub
from find_friend.chat.layer import EVENT, GROUP
from find_friend.chat.news import packed


async def until(condition, seconds=5):
    clock = asyncio.get_running_loop().time
    end = clock() + seconds
    while not condition():
        assert clock() < end, f"Not within {seconds} s."
        await asyncio.sleep(0.01)


def in_json(pk):
    """A primary key as a frame has it."""
    return pk if isinstance(pk, int) else str(pk)


async def post(chat, user, *texts):
    for text in texts:
        await in_thread(chat.post)(by=user, text=text)


def event(*news, rights=(), process="another"):
    """What a process has for the channel layer."""
    return {"type": EVENT, "from": process, "news": packed(news), "rights": list(rights)}


async def elsewhere(function, *args, **kwargs):
    """Do something as another process would; the events it has for the layer, none of them sent."""
    events = []

    def spread(news, rights=()):
        events.append(event(*news, rights=rights))

    with mock.patch.object(delivery, "spread", spread):
        await in_thread(function)(*args, **kwargs)
    return events


async def posted_elsewhere(chat, user, *texts):
    """One event for each text."""
    return [each for text in texts for each in await elsewhere(chat.post, by=user, text=text)]


async def tell(*events):
    for each in events:
        await get_channel_layer().group_send(GROUP, each)


def room_of(chat):
    return current_hub().rooms[chat.pk]


def socket_of(chat, user):
    """The newest socket of a user, as the hub has it."""
    return [socket for socket in room_of(chat).sockets if str(socket.user_pk) == str(user.pk)][-1]


class Gate:
    """Stands before what a socket sends: a reader that takes no frame while it is closed."""

    def __init__(self, socket):
        self.inner, self.open = socket.send, asyncio.Event()
        socket.send = self.send

    async def send(self, frame):
        if frame["type"] == "websocket.send":
            await self.open.wait()
        await self.inner(frame)
