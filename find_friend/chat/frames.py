"""The frames of ``ff.chat.v1``, one serializer each, by direction and type.

Those of clients are read with them. Those of the server are built as plain dictionaries, being many; their serializers
describe them. ``type`` is in every frame and in no serializer. ``msg`` is the serializer role ``message``.
"""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from find_friend.serializers import TimestampField, UserKeyField

from .models.chat import LARGEST_SEQ

# What an ``err`` frame may say.
ERRORS = {
    "malformed": "No JSON object, no known type, or a field is wrong.",
    "too_long": "The text is longer than limits.message_max_length.",
    "blank": "The text is empty or nothing but spaces.",
    "invalid": "The site refuses the message.",
    "rate": "More frames than limits allow; try again after retry_after seconds.",
    "busy": "The server has too much to do; try again after retry_after seconds.",
    "conflict": "The client_id was used for another text.",
    "forbidden": "Not allowed any more; the socket closes with 4401 or 4403.",
    "not_found": "No such message, or it has been deleted.",
    "not_sender": "The message is somebody else's.",
    "too_late": "The message is too old to be changed.",
}


def numbered(**kwargs: Any) -> serializers.IntegerField:
    """The number of a message."""
    return serializers.IntegerField(min_value=1, max_value=LARGEST_SEQ, **kwargs)


def counter(**kwargs: Any) -> serializers.IntegerField:
    """The last number given, or 0."""
    return serializers.IntegerField(min_value=0, max_value=LARGEST_SEQ, **kwargs)


class PingFrame(serializers.Serializer):
    """Asks for a pong."""


class PongFrame(serializers.Serializer):
    """Answers a ping."""


# from the server


class LimitsSerializer(serializers.Serializer):
    message_max_length = serializers.IntegerField(help_text="Longest text, in characters.")
    frame_rate = serializers.FloatField(help_text="Frames a second in the long run.")
    frame_burst = serializers.IntegerField(help_text="Frames at once.")
    heartbeat = serializers.FloatField(help_text="A client sends a ping after so many seconds.")


class HelloFrame(serializers.Serializer):
    """Always first."""

    chat = serializers.IntegerField(help_text="The chat's id.")
    user = UserKeyField(help_text="One's own id.")
    last_seq = counter(help_text="Number of the newest message; 0 without any.")
    last_event = counter(help_text="Number of the newest edit or deletion; 0 without any.")
    resumed = serializers.BooleanField(help_text="Whether what follows continues what the client has.")
    limits = LimitsSerializer()


class ResetFrame(serializers.Serializer):
    """What was missed is too much to send, or never existed here: forget what you have, the newest messages follow."""

    first_seq = counter(help_text="The messages that follow begin with this number; older ones are read over HTTP.")
    last_seq = counter(help_text="Number of the newest message.")
    last_event = counter(help_text="Number of the newest edit or deletion.")


class AckFrame(serializers.Serializer):
    """The message is stored. Sent to the socket that has sent it, before or after its msg."""

    client_id = serializers.UUIDField(help_text="That of the send, in lower case and with hyphens.")
    id = serializers.IntegerField(help_text="The message's id.")
    seq = numbered(help_text="The message's number.")
    timestamp = TimestampField(help_text="When it was stored.")
    dup = serializers.BooleanField(help_text="Whether it was stored already.")


class ErrFrame(serializers.Serializer):
    """What a client sent was refused; nothing was changed. The socket stays open, unless the code is forbidden."""

    code = serializers.ChoiceField(choices=list(ERRORS.items()), help_text="For programs; stable.")
    client_id = serializers.CharField(required=False, help_text="Of a send.")
    seq = numbered(required=False, help_text="Of an edit, delete or read.")
    retry_after = serializers.FloatField(required=False, help_text="Seconds, with rate and busy.")
    detail = serializers.CharField(required=False, help_text="For developers, in English.")


class EditedFrame(serializers.Serializer):
    """A message has another text now."""

    event = counter(help_text="Number of the change; they ascend and may have holes. 0: it said so from the start.")
    seq = numbered(help_text="Number of the message.")
    text = serializers.CharField(help_text="What it says now.")
    edited_at = TimestampField(allow_null=True, help_text="When.")


class DeletedFrame(serializers.Serializer):
    """A message was deleted. Its place remains, its text is empty."""

    event = numbered(help_text="Number of the change; they ascend and may have holes.")
    seq = numbered(help_text="Number of the message.")
    deleted_at = TimestampField(help_text="When.")


class ReadFrame(serializers.Serializer):
    """Somebody has read up to a message: the other member, or oneself on another device."""

    user = UserKeyField(help_text="Who.")
    seq = counter(help_text="Up to which message.")


class TypingFrame(serializers.Serializer):
    """Somebody is writing. Show it for five seconds."""

    user = UserKeyField(help_text="Who.")


class PresenceFrame(serializers.Serializer):
    """The other member has come or gone."""

    user = UserKeyField(help_text="Who.")
    online = serializers.BooleanField(help_text="Whether they have a socket open.")


# from a client; the text itself is checked by the role ``message``, whatever brings it


class SendFrame(serializers.Serializer):
    """Store a message. The same client_id again gives the same message."""

    client_id = serializers.UUIDField(help_text="Made up by the client, a new one for each message.")
    text = serializers.CharField(trim_whitespace=False, help_text="What it says.")


class EditFrame(serializers.Serializer):
    """Give a message of one's own another text."""

    seq = numbered(help_text="Number of the message.")
    text = serializers.CharField(trim_whitespace=False, help_text="What it is to say.")


class DeleteFrame(serializers.Serializer):
    """Delete a message of one's own."""

    seq = numbered(help_text="Number of the message.")


class MarkReadFrame(serializers.Serializer):
    """Everything up to a message is read."""

    seq = numbered(help_text="Number of the message.")


class AmTypingFrame(serializers.Serializer):
    """Tell the other member that one is writing. One in three seconds is passed on."""


FROM_SERVER: dict[str, type[serializers.Serializer]] = {
    "hello": HelloFrame,
    "reset": ResetFrame,
    "ack": AckFrame,
    "err": ErrFrame,
    "edited": EditedFrame,
    "deleted": DeletedFrame,
    "read": ReadFrame,
    "typing": TypingFrame,
    "presence": PresenceFrame,
    "ping": PingFrame,
    "pong": PongFrame,
}
FROM_CLIENT: dict[str, type[serializers.Serializer]] = {
    "send": SendFrame,
    "edit": EditFrame,
    "delete": DeleteFrame,
    "read": MarkReadFrame,
    "typing": AmTypingFrame,
    "ping": PingFrame,
    "pong": PongFrame,
}
