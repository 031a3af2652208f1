"""The site's word on what people write: ``CHAT_CONTENT_HOOK`` refuses, rewrites or flags a text before it is stored.

HTTP, ``chat.post``, ``chat.edit`` and sockets ask it alike, outside of any transaction of ours: it holds up nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from find_friend.conf import app_settings

from . import signals
from .exceptions import ContentRefused
from .models.message import Message

__all__ = ["Flagged"]


class Flagged(str):
    """A text that is stored and delivered like any other; ``message_flagged`` is sent with the reason."""

    reason: str

    def __new__(cls, text: str, *, reason: str) -> Flagged:
        made = super().__new__(cls, text)
        made.reason = reason
        return made


def reviewed(text: str, *, sender: Any, chat: int) -> str:
    """The text as the site wants it stored, perhaps Flagged. Raises ContentRefused, and whatever the hook raises."""
    hook = app_settings.CHAT_CONTENT_HOOK
    if hook is None:
        return text
    answer = hook(text, sender=sender, chat=chat)
    if not isinstance(answer, str):
        raise TypeError(f"CHAT_CONTENT_HOOK has to return a text, not {type(answer).__name__}.")
    if not answer.strip():
        raise ContentRefused
    return answer


def tell_if_flagged(message: Message, text: str) -> None:
    """Send ``message_flagged`` after commit if that is how the site wants the text stored."""
    if isinstance(text, Flagged):
        signals.message_flagged.send_on_commit(Message, message=message, reason=text.reason)


def tell_flagged(messages: Iterable[Message]) -> None:
    """The same for messages that have been committed, each with a Flagged text."""
    for message in messages:
        text: Any = message.text
        signals.message_flagged.send_robust(Message, message=message, reason=text.reason)
