"""Who is in a chat just now: told between processes, never stored, and right most of the time."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from find_friend.conf import app_settings

from .inspection import EVERYTHING
from .news import Told, encode

HERE, GONE, ASK = "here", "gone", "ask"
FORGOTTEN_AFTER = 3  # sweeps without news of somebody in another process


class Presence:
    """``room.present`` holds who is there, each with the time until which that is believed."""

    def __init__(self, hub: Any) -> None:
        self.hub = hub

    def introduce(self, socket: Any, manners: Any) -> None:
        """A newcomer, or somebody whose privacy may have changed: tell them of the others, and the others of them."""
        new = socket.privacy is None
        room = socket.room
        me = socket.people[0]
        hidden = new or not socket.privacy.presence
        socket.privacy = manners.shares.get(me, EVERYTHING)
        if new and socket.rich:
            self.tell_how_far(socket, manners)
        if socket.privacy.presence:
            if hidden:
                for user in room.present:
                    self.show(socket, user, online=True)
                self.spread(room, HERE, me)
                self.hub.spread([Told(room.chat, ASK, me)])
        elif me in room.present:
            self.spread(room, GONE, me)

    def tell_how_far(self, socket: Any, manners: Any) -> None:
        """How far the others have read, where both sides show that."""
        for (chat, user), seq in manners.read.items():
            shares = manners.shares.get(user)
            if chat == socket.chat and user != socket.people[0] and seq and (shares is None or shares.read_receipts):
                frame = encode({"type": "read", "user": socket.key_of(user), "seq": seq})
                socket.hear(Told(chat, "read", user, frame))

    def went(self, room: Any, socket: Any) -> None:
        me = socket.people[0] if socket.people else ""
        if me in room.present and not self.is_here(room, me):
            self.spread(room, GONE, me)

    def hear(self, room: Any, told: Told) -> None:
        here = self.is_here(room, told.user)
        if told.what == HERE:
            came = told.user not in room.present
            patience = FORGOTTEN_AFTER * app_settings.CHAT_SWEEP_INTERVAL
            room.present[told.user] = self.hub.loop.time() + patience
            if came:
                self.show_all(room, told.user, online=True)
        elif told.what == GONE and here:
            # Gone elsewhere, but not here.
            self.announce(room, told.user)
        elif told.what == GONE:
            if room.present.pop(told.user, None) is not None:
                self.show_all(room, told.user, online=False)
        else:
            for user in {socket.people[0] for socket in room.sockets if socket.privacy is not None}:
                if user != told.user:
                    self.announce(room, user)

    def renew(self, rooms: Iterable[Any]) -> None:
        """Forget who has not been heard of, and tell the other processes who is here."""
        now = self.hub.loop.time()
        for room in rooms:
            elsewhere = [user for user in room.present if not self.is_here(room, user)]
            for user in elsewhere:
                if room.present[user] < now:
                    del room.present[user]
                    self.show_all(room, user, online=False)
            if elsewhere:
                for user in {socket.people[0] for socket in room.sockets if socket.privacy is not None}:
                    self.announce(room, user)

    def is_here(self, room: Any, user: str) -> bool:
        """Whether the user has an open socket in this process, and shows it."""
        return any(
            socket.people and socket.people[0] == user and socket.privacy is not None and socket.privacy.presence
            for socket in room.sockets
        )

    def announce(self, room: Any, user: str) -> None:
        """Tell the other processes that somebody is here."""
        if self.is_here(room, user):
            self.hub.wire.publish({"news": [["told", room.chat, HERE, user, ""]]})

    def spread(self, room: Any, what: str, user: str) -> None:
        self.hub.spread([Told(room.chat, what, user)])

    def show_all(self, room: Any, user: str, *, online: bool) -> None:
        for socket in room.sockets:
            self.show(socket, user, online=online)

    def show(self, socket: Any, user: str, *, online: bool) -> None:
        if not socket.rich:
            return
        frame = encode({"type": "presence", "user": socket.key_of(user), "online": online})
        socket.hear(Told(socket.chat, "presence", user, frame))
