"""What a site can listen to. All are sent after commit; ``sender`` is the model class."""

from __future__ import annotations

from find_friend.signals import CommitSignal

# chat: Chat, made just now
chat_started = CommitSignal()

# message: Message, with its chat and sender; not sent again when a client repeats it
message_posted = CommitSignal()

# chat: Chat; user: who has read it; seq: int, up to which message
chat_read = CommitSignal()

# message: Message, with its new text; not sent where nothing changed
message_edited = CommitSignal()

# message: Message, stored; reason: str, as the content hook gave it
message_flagged = CommitSignal()

# message: Message, its text empty now; not sent again when it is deleted again
message_deleted = CommitSignal()

# user_pk: whose messages were emptied, because they were deleted and the site wants that
messages_erased = CommitSignal()

# privacy: Privacy; changed: names of what was switched on or off
privacy_changed = CommitSignal()

# user: who got a ticket for a socket; the ticket itself is a secret
ticket_issued = CommitSignal()

# user_pk: whose ticket has been used up
ticket_spent = CommitSignal()
