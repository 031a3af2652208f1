"""What both protocols of a socket share: names, close codes, and which texts are good."""

from __future__ import annotations

import time
from enum import IntEnum

from find_friend.conf import app_settings

# The richer protocol's name. Whoever offers it can read close codes, so a refusal reaches them as one.
V1 = "ff.chat.v1"


class Close(IntEnum):
    """Codes a socket is closed with."""

    RESTART = 1012
    TRY_LATER = 1013
    MALFORMED = 4400
    UNAUTHENTICATED = 4401
    FORBIDDEN = 4403
    SILENT = 4408
    TOO_MANY = 4429
    SLOW = 4508


class BadFrame(Exception):
    """A frame that is not taken; ``reason`` says why in a word, and never holds what was in it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def check_text(text: str) -> None:
    """What the default ``message`` serializer demands of a text, without its cost. Raises BadFrame."""
    if not text.strip():
        raise BadFrame("blank")
    if "\0" in text:
        raise BadFrame("null_characters_not_allowed")
    if len(text) > app_settings.CHAT_MESSAGE_MAX_LENGTH:
        raise BadFrame("max_length")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise BadFrame("surrogate_characters_not_allowed") from None


class Bucket:
    """Lets ``CHAT_FRAME_BURST`` frames through at once and ``CHAT_FRAME_RATE`` a second in the long run."""

    __slots__ = ("filled", "left")

    def __init__(self) -> None:
        self.left = float(app_settings.CHAT_FRAME_BURST)
        self.filled = time.monotonic()

    def take(self) -> bool:
        now = time.monotonic()
        gained = (now - self.filled) * app_settings.CHAT_FRAME_RATE
        self.left, self.filled = min(app_settings.CHAT_FRAME_BURST, self.left + gained), now
        if self.left < 1:
            return False
        self.left -= 1
        return True
