"""Frames in and out of a socket."""

from __future__ import annotations

import json
from enum import IntEnum
from typing import Any

from django.utils import timezone
from rest_framework.utils.encoders import JSONEncoder

from find_friend.serializers import serializer_class

# The richer protocol's name. Whoever offers it can read close codes, so a refusal reaches them as one.
V1 = "ff.chat.v1"


class Close(IntEnum):
    """Codes a socket is closed with."""

    TRY_LATER = 1013
    UNAUTHENTICATED = 4401
    FORBIDDEN = 4403
    TOO_MANY = 4429


class BadFrame(Exception):
    """A frame that is dropped; ``reason`` says why in a word, and never holds what was in it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class PlainProtocol:
    """Plain text in, whatever it looks like; one JSON object per message out. It has no error frame."""

    def parse(self, frame: dict[str, Any]) -> str:
        """The text of a frame. Raises BadFrame."""
        text = frame.get("text")
        if text is None:
            raise BadFrame("binary")
        checked = serializer_class("message")(data={"text": text})
        if not checked.is_valid():
            raise BadFrame(",".join(sorted({error.code for errors in checked.errors.values() for error in errors})))
        return checked.validated_data["text"]

    def render(self, message: Any) -> str:
        """The JSON text of a message: ``{"id", "sender", "text", "timestamp"}``, the same for everybody."""
        with timezone.override(timezone.get_default_timezone()):
            data = serializer_class("chat_message")(message).data
        return json.dumps(data, cls=JSONEncoder, ensure_ascii=False)
