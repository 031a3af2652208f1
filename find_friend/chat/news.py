"""What travels to sockets: rendered once, small enough for the channel layer, the same in every process."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

from django.utils import timezone
from rest_framework.utils.encoders import JSONEncoder

from find_friend.serializers import moment as written
from find_friend.serializers import serializer_class

from .models import Message
from .serializers import ChatMessageSerializer, MessageSerializer

encode = json.JSONEncoder(ensure_ascii=False, default=JSONEncoder().default).encode


class Posted(NamedTuple):
    """A committed message. ``plain`` and ``rich`` are its frames; ``rich`` is empty where it follows from ``plain``."""

    chat: int
    seq: int
    sender: str | None
    client_id: str | None
    plain: str
    rich: str = ""

    def rich_frame(self, *, own: bool) -> str:
        """The ``msg`` frame, for the sender's own sockets with the ``client_id``."""
        frame = self.rich
        if not frame:
            frame = f'{{"type": "msg", "seq": {self.seq}, {self.plain[1:-1]}, "edited_at": null, "deleted_at": null}}'
        if own and self.client_id is not None:
            frame = f'{frame[:-1]}, "client_id": "{self.client_id}"}}'
        return frame


class Changed(NamedTuple):
    """An edit or deletion; ``number`` is the one it took from the chat's second counter."""

    chat: int
    number: int
    seq: int
    frame: str


class Told(NamedTuple):
    """What is never stored: ``what`` is read, typing, presence or ask (who is there?)."""

    chat: int
    what: str
    user: str
    frame: str = ""


KINDS: dict[str, type[Any]] = {"posted": Posted, "changed": Changed, "told": Told}
NAMES = {cls: name for name, cls in KINDS.items()}


def packed(news: Iterable[Any]) -> list[list[Any]]:
    """News as plain lists, which every channel layer can carry."""
    return [[NAMES[type(item)], *item] for item in news]


def unpacked(rows: Iterable[list[Any]]) -> list[Any]:
    return [KINDS[name](*values) for name, *values in rows]


def timestamp(moment: datetime) -> str:
    """As every serializer writes it, in the site's time zone, whoever is looking."""
    return written(moment, timezone.get_default_timezone())


class Renderer:
    """Writes frames of messages as the serializers in force do, by hand where those are ours."""

    def __init__(self) -> None:
        self.plain, self.rich = serializer_class("chat_message"), serializer_class("message")
        self.by_hand = self.plain is ChatMessageSerializer and self.rich is MessageSerializer

    def quick(self, chat: int, seq: int, pk: int, sender: Any, text: str, at: str, client_id: Any) -> Posted:
        """For a message that is new, from its values; ``at`` is its timestamp()."""
        plain = f'{{"id": {pk}, "sender": {encode(sender)}, "text": {encode(text)}, "timestamp": "{at}"}}'
        return Posted(
            chat, seq, None if sender is None else str(sender), None if client_id is None else str(client_id), plain
        )

    def posted(self, message: Message) -> Posted:
        """For any message. Call it where database access is allowed: a site's serializer may need it."""
        unchanged = message.edited_at is None and message.deleted_at is None
        if self.by_hand and unchanged:
            at = timestamp(message.created)
            return self.quick(
                message.chat_id, message.seq, message.pk, message.sender_id, message.text, at, message.client_id
            )
        with timezone.override(timezone.get_default_timezone()):
            plain = self.plain(message).data
            rich = dict(self.rich(message).data)
        rich.pop("client_id", None)
        return Posted(
            message.chat_id,
            message.seq,
            None if message.sender_id is None else str(message.sender_id),
            None if message.client_id is None else str(message.client_id),
            encode(plain),
            encode({"type": "msg", **rich}),
        )


def changed(message: Message, number: int) -> Changed:
    """The news that a message was edited or deleted."""
    body: dict[str, Any] = {"event": number, "seq": message.seq}
    if message.deleted_at is not None:
        frame = {"type": "deleted", **body, "deleted_at": timestamp(message.deleted_at)}
    else:
        edited_at = None if message.edited_at is None else timestamp(message.edited_at)
        frame = {"type": "edited", **body, "text": message.text, "edited_at": edited_at}
    return Changed(message.chat_id, number, message.seq, encode(frame))
