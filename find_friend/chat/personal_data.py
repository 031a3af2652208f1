from __future__ import annotations

from typing import Any

from .models import Membership, Message, Privacy


def personal_data(user: Any) -> dict[str, Any]:
    """The chats of the user, what they have written in them, and what they show of themselves."""
    chats = Membership.objects.filter(user=user).order_by("chat")
    messages = Message.objects.filter(sender=user).order_by("chat", "seq")
    privacy = Privacy.objects.of(user)
    return {
        "chats": list(chats.values("chat", "created", "read_seq", "chat__initiator", "chat__receiver")),
        "messages": list(messages.values("chat", "seq", "text", "created", "edited_at", "deleted_at")),
        "privacy": {name: getattr(privacy, name) for name in ("read_receipts", "typing", "presence")},
    }
