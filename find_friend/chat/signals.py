"""What a site can listen to. All are sent after commit; ``sender`` is the model class."""

from __future__ import annotations

from find_friend.signals import CommitSignal

# chat: Chat, made just now
chat_started = CommitSignal()

# message: Message, with its chat and sender; not sent again when a client repeats it
message_posted = CommitSignal()

# chat: Chat; user: who has read it; seq: int, up to which message
chat_read = CommitSignal()
