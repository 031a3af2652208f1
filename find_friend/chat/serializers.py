from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.core.validators import MaxLengthValidator
from rest_framework import serializers

from find_friend.conf import app_settings
from find_friend.policies import visible_keys
from find_friend.serializers import TimestampField, UserKeyField, serializer_class, user_cards

from .models import Chat, Membership, Message
from .models.chat import LARGEST_SEQ


class ChatMessageSerializer(serializers.Serializer):
    """A message as it is shown inside of a chat and sent over a socket."""

    id = serializers.IntegerField(read_only=True)
    sender = UserKeyField(source="sender_id", read_only=True, allow_null=True)
    text = serializers.CharField(read_only=True)
    timestamp = TimestampField(source="created")


class MessageSerializer(serializers.Serializer):
    """A message in its history, and what a client writes: on HTTP and on a socket alike."""

    id = serializers.IntegerField(read_only=True)
    seq = serializers.IntegerField(read_only=True)
    sender = UserKeyField(source="sender_id", read_only=True, allow_null=True)
    text = serializers.CharField(trim_whitespace=False)
    timestamp = TimestampField(source="created")
    client_id = serializers.UUIDField(required=False, allow_null=True)

    def validate_text(self, text: str) -> str:
        """The limit is read now, so that a changed setting counts at once."""
        if not text.strip():
            self.fields["text"].fail("blank")
        MaxLengthValidator(app_settings.CHAT_MESSAGE_MAX_LENGTH)(text)
        return text

    def to_representation(self, instance: Message) -> dict[str, Any]:
        shown = super().to_representation(instance)
        if instance.sender_id != self.context["request"].user.pk:
            del shown["client_id"]
        return shown


class MembersMixin:
    """Renders ``initiator`` and ``receiver`` for the one who asks: null where they may not see each other."""

    context: dict[str, Any]

    def cards(self, chats: Iterable[Chat]) -> dict[Any, Any]:
        viewer = self.context["request"].user
        pks = {pk for chat in chats for pk in (chat.initiator_id, chat.receiver_id) if pk is not None}
        if not self.context.get("sees_everybody"):
            pks = {viewer.pk, *visible_keys(viewer, pks - {viewer.pk})} & pks
        return user_cards(pks, self.context, role="chat_member")


class ChatSerializer(MembersMixin, serializers.Serializer):
    """A chat with its newest messages."""

    id = serializers.IntegerField(read_only=True)
    initiator = serializers.SerializerMethodField()
    receiver = serializers.SerializerMethodField()
    chat_messages = serializers.SerializerMethodField()

    def to_representation(self, instance: Chat) -> dict[str, Any]:
        self.members = self.cards([instance])
        return super().to_representation(instance)

    def get_initiator(self, chat: Chat) -> Any:
        return self.members.get(chat.initiator_id)

    def get_receiver(self, chat: Chat) -> Any:
        return self.members.get(chat.receiver_id)

    def get_chat_messages(self, chat: Chat) -> Any:
        return serializer_class("chat_message")(chat.history(), many=True, context=self.context).data


class ChatListSerializer(MembersMixin, serializers.ListSerializer):
    """Renders members and last messages of all chats at once."""

    def to_representation(self, data: Any) -> list[Any]:
        rows = list(data)
        self.context["members"] = self.cards([row.chat for row in rows])
        last = Message.objects.filter(pk__in=[row.last_message_id for row in rows if row.last_message_id])
        shown = serializer_class("chat_message")(last, many=True, context=self.context).data
        self.context["last_messages"] = {message["id"]: message for message in shown}
        return super().to_representation(rows)


class ChatListItemSerializer(serializers.Serializer):
    """One of one's own chats; made from a membership."""

    id = serializers.IntegerField(source="chat_id", read_only=True)
    initiator = serializers.SerializerMethodField()
    receiver = serializers.SerializerMethodField()
    start_time = TimestampField(source="chat.created")
    last_message = serializers.SerializerMethodField()
    unread_count = serializers.IntegerField(read_only=True)

    class Meta:
        list_serializer_class = ChatListSerializer

    def get_initiator(self, row: Membership) -> Any:
        return self.context["members"].get(row.chat.initiator_id)

    def get_receiver(self, row: Membership) -> Any:
        return self.context["members"].get(row.chat.receiver_id)

    def get_last_message(self, row: Any) -> Any:
        return self.context["last_messages"].get(row.last_message_id)


class StartChatSerializer(serializers.Serializer):
    """With whom; anything that is no address is the address of nobody."""

    email = serializers.CharField(write_only=True)


class HistoryFilterSerializer(serializers.Serializer):
    """Which part of a history: messages before one number, after another, or both."""

    before_seq = serializers.IntegerField(required=False, min_value=0, max_value=LARGEST_SEQ)
    after_seq = serializers.IntegerField(required=False, min_value=0, max_value=LARGEST_SEQ)


class ChatReadSerializer(serializers.Serializer):
    """Up to which message a member has read, and how many come after it."""

    seq = serializers.IntegerField(source="read_seq", min_value=0, max_value=LARGEST_SEQ)
    unread_count = serializers.IntegerField(read_only=True)


class TicketSerializer(serializers.Serializer):
    """A key for ``?ticket=`` of a socket's address, and for how many seconds it works."""

    ticket = serializers.CharField()
    expires_in = serializers.IntegerField()
