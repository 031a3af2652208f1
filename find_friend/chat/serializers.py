from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib.auth import get_user_model
from django.core.validators import MaxLengthValidator
from django.db.models import QuerySet
from django.utils import timezone
from rest_framework import serializers

from find_friend.conf import app_settings
from find_friend.policies import answers_in_bulk, policy, visible_keys
from find_friend.serializers import TimestampField, UserKeyField, moment, serializer_class, user_cards

from .models import Chat, Membership, Message
from .models.chat import LARGEST_SEQ, MembershipQuerySet


class ChatMessageSerializer(serializers.Serializer):
    """A message as it is shown inside of a chat and sent over a socket."""

    id = serializers.IntegerField(read_only=True)
    sender = UserKeyField(source="sender_id", read_only=True, allow_null=True)
    text = serializers.CharField(read_only=True)
    timestamp = TimestampField(source="created")


class MessageSerializer(serializers.Serializer):
    """A message in its history, and what a client writes: on HTTP and on a socket alike.

    Neither a request nor a viewer is needed. ``client_id`` is shown only of messages whose sender has the key that
    ``context["client_ids_of"]`` holds; without it, of none.
    """

    id = serializers.IntegerField(read_only=True)
    seq = serializers.IntegerField(read_only=True)
    sender = UserKeyField(source="sender_id", read_only=True, allow_null=True)
    text = serializers.CharField(trim_whitespace=False)
    timestamp = TimestampField(source="created")
    edited_at = TimestampField(allow_null=True)
    deleted_at = TimestampField(allow_null=True)
    client_id = serializers.UUIDField(required=False, allow_null=True)

    def validate_text(self, text: str) -> str:
        """The limit is read now, so that a changed setting counts at once."""
        if not text.strip():
            self.fields["text"].fail("blank")
        MaxLengthValidator(app_settings.CHAT_MESSAGE_MAX_LENGTH)(text)
        return text

    def to_representation(self, instance: Message) -> dict[str, Any]:
        shown = super().to_representation(instance)
        if instance.sender_id is None or instance.sender_id != self.context.get("client_ids_of"):
            shown.pop("client_id", None)
        return shown


class MembersMixin:
    """Renders ``initiator`` and ``receiver`` for the one who asks: null where they may not see each other."""

    context: dict[str, Any]

    def cards(self, chats: Iterable[Chat]) -> dict[Any, Any]:
        return self.cards_of({pk for chat in chats for pk in (chat.initiator_id, chat.receiver_id)})

    def cards_of(self, pks: set[Any]) -> dict[Any, Any]:
        """Cards by primary key, of oneself and of those whom one may see: one query, where the policy can do that."""
        viewer, rules = self.context["request"].user, policy()
        pks = pks - {None}
        if self.context.get("sees_everybody"):
            return self.cards_among(pks)
        if not answers_in_bulk(rules, "visible_users", "may_see", "may_know_of"):
            return self.cards_among({viewer.pk, *visible_keys(viewer, pks - {viewer.pk})} & pks)
        users = get_user_model()._default_manager.filter(pk__in=pks)
        cards = self.cards_among(pks, rules.visible_users(users, viewer))
        if viewer.pk in pks - cards.keys():  # a policy may hide people from themselves
            cards.update(self.cards_among({viewer.pk}))
        return cards

    def cards_among(self, pks: set[Any], users: QuerySet[Any] | None = None) -> dict[Any, Any]:
        return user_cards(pks, self.context, role="chat_member", among=users)


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
        messages = self.context.get("history")
        if messages is None:
            messages = chat.history()
        return serializer_class("chat_message")(messages, many=True, context=self.context).data


# What a row of the list is made of.
COLUMNS = (
    "chat_id",
    "chat__initiator_id",
    "chat__receiver_id",
    "chat__created",
    "chat__last_seq",
    "read_seq",
    "find_friend_last__pk",
    "find_friend_last__sender_id",
    "find_friend_last__text",
    "find_friend_last__created",
)


class ChatListSerializer(MembersMixin, serializers.ListSerializer):
    """Renders members and last messages of all chats at once."""

    def to_representation(self, data: Any) -> list[Any]:
        if type(self.child) is ChatListItemSerializer and isinstance(data, MembershipQuerySet):
            return self.quick(data)
        rows = list(data)
        self.context["members"] = self.cards([row.chat for row in rows])
        last = Message.objects.filter(pk__in=[row.last_message_id for row in rows if row.last_message_id])
        shown = serializer_class("chat_message")(last, many=True, context=self.context).data
        self.context["last_messages"] = {message["id"]: message for message in shown}
        return super().to_representation(rows)

    def quick(self, memberships: MembershipQuerySet) -> list[Any]:
        """The same without objects and fields, which cost more than the database. A subclass goes the other way."""
        rows = list(memberships.values_list(*COLUMNS))
        members = self.cards_of({pk for row in rows for pk in row[1:3]})
        messages = self.quick_messages([row[6:] for row in rows if row[6] is not None])
        zone = timezone.get_current_timezone()
        return [
            {
                "id": chat,
                "initiator": members.get(initiator),
                "receiver": members.get(receiver),
                "start_time": moment(started, zone),
                "last_message": messages.get(message),
                "unread_count": max(0, last_seq - read_seq),
            }
            for chat, initiator, receiver, started, last_seq, read_seq, message, *_rest in rows
        ]

    def quick_messages(self, rows: list[Any]) -> dict[Any, Any]:
        """Last messages by id."""
        cls = serializer_class("chat_message")
        if cls is not ChatMessageSerializer:
            last = Message.objects.filter(pk__in=[row[0] for row in rows])
            return {message.pk: cls(message, context=self.context).data for message in last}
        zone = timezone.get_current_timezone()
        return {
            pk: {"id": pk, "sender": sender, "text": text, "timestamp": moment(created, zone)}
            for pk, sender, text, created in rows
        }


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


class PrivacySerializer(serializers.Serializer):
    """What a person shows of themselves in chats; who switches one off does not see it of others either."""

    read_receipts = serializers.BooleanField()
    typing = serializers.BooleanField()
    presence = serializers.BooleanField()


class TicketSerializer(serializers.Serializer):
    """A key for ``?ticket=`` of a socket's address, and for how many seconds it works."""

    ticket = serializers.CharField()
    expires_in = serializers.IntegerField()
