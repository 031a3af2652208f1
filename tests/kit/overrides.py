"""What a site might write: one that is right, and others that each give something away."""

from django.db.models import Q
from rest_framework import serializers

from find_friend.accounts.models import Interest
from find_friend.accounts.serializers import UserCardSerializer
from find_friend.chat.serializers import ChatMessageSerializer, MessageSerializer, StartChatSerializer
from find_friend.exceptions import NotThere
from find_friend.friends.policies import FriendsPolicy
from find_friend.friends.serializers import FriendRequestCreateSerializer
from find_friend.policies import policy
from find_friend.users import active_users


class OnlyFriendsSee(FriendsPolicy):
    """Right: one question answered anew, for a single person and for many."""

    def may_see(self, user, other):
        return super().may_see(user, other) and self.may_message(user, other)

    def visible_users(self, queryset, viewer):
        friends = viewer.find_friend_friendships.values("friend")
        return super().visible_users(queryset, viewer).filter(pk__in=friends)


class SingleAnswers(FriendsPolicy):
    """Right: the answers in bulk that it inherits are not used."""

    def may_see(self, user, other):
        return super().may_see(user, other) and self.may_message(user, other)

    def may_message(self, user, other):
        return super().may_message(user, other)


class OneWay(FriendsPolicy):
    """Right: of two friends only one may write."""

    def may_message(self, user, other):
        return super().may_message(user, other) and user.pk > other.pk


class OtherWay(FriendsPolicy):
    """Right: the same, and it is the other of the two."""

    def may_message(self, user, other):
        return super().may_message(user, other) and user.pk < other.pk


class ListsEverybody(OnlyFriendsSee):
    """The single answers are those of before, and the query forgets what they are about."""

    def visible_users(self, queryset, viewer):
        return queryset.filter(pk__in=active_users())


class ListsNobody(FriendsPolicy):
    def may_see(self, user, other):
        return self.may_know_of(user, other)

    def visible_users(self, queryset, viewer):
        return queryset.none()


class SocketsForEverybody(FriendsPolicy):
    def may_message_in_bulk(self, user, other):
        return Q()


class SocketsForNobody(FriendsPolicy):
    def may_message_in_bulk(self, user, other):
        return Q(pk__in=())


class Hidden(NotThere):
    default_detail = "This person does not want to be found."


class SaysWhy(FriendRequestCreateSerializer):
    def validate_to_user(self, to_user):
        if not policy().may_know_of(self.context["request"].user, to_user):
            raise Hidden
        return to_user


class CardWithEmail(UserCardSerializer):
    contact = serializers.SerializerMethodField()

    def get_contact(self, user):
        return f"mailto:{getattr(user, type(user).get_email_field_name())}"


class CardWithBirthday(UserCardSerializer):
    birthday = serializers.DateField(source="find_friend_profile.birthday", default=None)


class WritesBeforeItIsRefused(StartChatSerializer):
    def validate_email(self, email):
        Interest.objects.get_or_create(name="chats")
        return email


class LosesTexts(ChatMessageSerializer):
    text = serializers.SerializerMethodField()

    def get_text(self, message):
        return "…"


class RichLosesTexts(MessageSerializer):
    def to_representation(self, instance):
        return {**super().to_representation(instance), "text": "…"}
