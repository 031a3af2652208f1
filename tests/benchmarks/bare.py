"""The reference: the chat of the Channels tutorial. No database, no rights; with BARE_INSERT one INSERT per message."""

from __future__ import annotations

import json
import os
from itertools import count
from typing import Any

import django

django.setup()

from channels.generic.websocket import AsyncWebsocketConsumer  # noqa: E402
from django.utils import timezone  # noqa: E402

from tests.benchmarks.models import PlainMessage  # noqa: E402

INSERT = bool(os.environ.get("BARE_INSERT"))
numbers = count(1)


class Echo(AsyncWebsocketConsumer):
    async def connect(self) -> None:
        self.chat = self.scope["path"].strip("/").split("/")[-1]
        await self.channel_layer.group_add(f"chat.{self.chat}", self.channel_name)
        await self.accept()

    async def disconnect(self, code: int) -> None:
        await self.channel_layer.group_discard(f"chat.{self.chat}", self.channel_name)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if INSERT:
            row = await PlainMessage.objects.acreate(chat=int(self.chat), sender=1, text=text_data)
            pk, created = row.pk, row.created
        else:
            pk, created = next(numbers), timezone.now()
        message = {"id": pk, "sender": 1, "text": text_data, "timestamp": created.isoformat()}
        await self.channel_layer.group_send(f"chat.{self.chat}", {"type": "chat.message", "text": json.dumps(message)})

    async def chat_message(self, event: dict[str, Any]) -> None:
        await self.send(text_data=event["text"])


consumer = Echo.as_asgi()


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] == "websocket":
        await consumer(scope, receive, send)
