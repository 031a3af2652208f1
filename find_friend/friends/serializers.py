from __future__ import annotations

from typing import Any

from django.core.validators import MaxLengthValidator
from rest_framework import serializers

from find_friend.conf import app_settings
from find_friend.serializers import CardListSerializer, TimestampField, UserCardField, UserKeyField

from .models import Status


class FriendRequestSerializer(serializers.Serializer):
    id = serializers.IntegerField(read_only=True)
    from_user = UserCardField(source="from_user_id")
    to_user = UserCardField(source="to_user_id")
    status = serializers.ChoiceField(Status.choices, read_only=True)
    message = serializers.CharField(read_only=True)
    created = TimestampField()

    class Meta:
        list_serializer_class = CardListSerializer


class FriendRequestCreateSerializer(serializers.Serializer):
    to_user = UserKeyField()
    message = serializers.CharField(required=False, allow_blank=True, default="")

    def validate_message(self, value: str) -> str:
        """The limit is read now, so that a changed setting counts at once."""
        MaxLengthValidator(app_settings.FRIEND_REQUEST_MESSAGE_MAX_LENGTH)(value)
        return value


class FriendRequestFilterSerializer(serializers.Serializer):
    direction = serializers.ChoiceField(["incoming", "outgoing"], default="incoming")
    status = serializers.ChoiceField(Status.choices, required=False)


class BlockCreateSerializer(serializers.Serializer):
    user = UserKeyField()


class CardSerializer(serializers.Serializer):
    """Renders a row about another user as that user's card."""

    class Meta:
        list_serializer_class = CardListSerializer

    def to_representation(self, instance: Any) -> Any:
        return next(field.to_representation(field.get_attribute(instance)) for field in self.fields.values())


class FriendSerializer(CardSerializer):
    card = UserCardField(source="friend_id")


class BlockSerializer(CardSerializer):
    card = UserCardField(source="blocked_id")
