from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from rest_framework import ISO_8601, serializers

from find_friend import users
from find_friend.conf import app_settings
from find_friend.serializers import ChatMemberSerializer as CoreChatMemberSerializer
from find_friend.serializers import TimestampField, UserKeyField, UserSerializer
from find_friend.users import normalize

from . import avatars, passwords, registration
from .addresses import email_of
from .filters import KeyField
from .models import AuthToken, City, EmailAddress, Interest, Profile, Sex
from .models.profiles import NAMES
from .validators import validate_birthday, validate_minimum_age, validate_name


def profile_of(user: Any) -> Profile | None:
    return getattr(user, "find_friend_profile", None)


def interests_of(user: Any) -> list[Interest]:
    profile = profile_of(user)
    return list(profile.interests.all()) if profile is not None and profile.pk else []


def avatar_url(user: Any, context: Mapping[str, Any]) -> str | None:
    profile = profile_of(user)
    if profile is None or not profile.avatar:
        return None
    request = context.get("request")
    return request.build_absolute_uri(profile.avatar.url) if request else profile.avatar.url


def password_field(**kwargs: Any) -> serializers.CharField:
    return serializers.CharField(
        write_only=True, trim_whitespace=False, max_length=passwords.LONGEST, style={"input_type": "password"}, **kwargs
    )


class UserCardSerializer(UserSerializer):
    """The user card with age, city, avatar and interests from the profile."""

    @classmethod
    def prepare(cls, queryset: QuerySet[Any]) -> QuerySet[Any]:
        joined = super().prepare(queryset).select_related("find_friend_profile__city")
        return joined.prefetch_related("find_friend_profile__interests")

    def get_age(self, user: Any) -> int | None:
        profile = profile_of(user)
        return profile.age if profile else None

    def get_city(self, user: Any) -> str | None:
        profile = profile_of(user)
        return profile.city.name if profile and profile.city else None

    def get_avatar(self, user: Any) -> str | None:
        return avatar_url(user, self.context)

    def get_interests(self, user: Any) -> list[dict[str, Any]]:
        return [{"id": interest.pk, "name": interest.name} for interest in interests_of(user)]


class ChatMemberSerializer(CoreChatMemberSerializer):
    """A member of a chat with age and city from the profile."""

    get_age = UserCardSerializer.get_age
    get_city = UserCardSerializer.get_city

    @classmethod
    def prepare(cls, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return super().prepare(queryset).select_related("find_friend_profile__city")


class InterestSerializer(serializers.Serializer):
    id = serializers.IntegerField(read_only=True)
    name = serializers.CharField(read_only=True)


class CitySerializer(serializers.Serializer):
    id = serializers.IntegerField(read_only=True)
    name = serializers.CharField(read_only=True)
    region = serializers.CharField(read_only=True)
    country = serializers.CharField(read_only=True)


class TokenSerializer(serializers.Serializer):
    """A device that is signed in; nothing of its key."""

    id = serializers.UUIDField(read_only=True)
    device = serializers.CharField(read_only=True)
    created = TimestampField()
    last_used = TimestampField(source="last_used_at")
    expires = TimestampField(source="expires_at")
    current = serializers.SerializerMethodField()

    def get_current(self, token: AuthToken) -> bool:
        return token == self.context["request"].auth


class NamesSerializer(serializers.Serializer):
    """First and last name, as far as the site's user model has such columns."""

    def get_fields(self) -> dict[str, Any]:
        fields = super().get_fields()
        for name in NAMES:
            if users.has_field(name):
                longest = getattr(get_user_model()._meta.get_field(name), "max_length", None) or 150
                fields[name] = serializers.CharField(max_length=min(longest, 150), validators=[validate_name])
        return fields


class BirthdayField(serializers.DateField):
    """A day as ``YYYY-MM-DD``, whatever formats the site has set for its own fields."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(format=ISO_8601, input_formats=[ISO_8601], **kwargs)


class SignupSerializer(NamesSerializer):
    email = serializers.EmailField(max_length=254)
    password = password_field()

    def get_fields(self) -> dict[str, Any]:
        fields = super().get_fields()
        required = app_settings.MINIMUM_AGE is not None
        fields["birthday"] = BirthdayField(
            required=required, allow_null=not required, validators=[validate_birthday, validate_minimum_age]
        )
        return fields

    def validate_email(self, email: str) -> str:
        if EmailAddress.objects.is_taken(email):
            raise serializers.ValidationError(_("This address is taken."), code="unique")
        return normalize(email)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        self.demand_strength(attrs)
        return attrs

    @staticmethod
    def demand_strength(given: Mapping[str, Any]) -> None:
        """ValidationError on ``password`` where it is too weak for a person with the names and address given."""
        names = {name: given[name] for name in NAMES if name in given}
        somebody = registration.unsaved_user(email=given.get("email", ""), **names)
        passwords.check_strength("password", given["password"], somebody)

    def create(self, validated_data: dict[str, Any]) -> Any:
        return registration.register(**validated_data)


class CityField(serializers.Field):
    default_error_messages = {"does_not_exist": _("There is no such city.")}

    def to_internal_value(self, data: Any) -> City:
        city = City.objects.filter(pk=KeyField().run_validation(data)).first()
        if city is None:
            self.fail("does_not_exist")
        return city

    def to_representation(self, value: City) -> int:
        return value.pk


class InterestsField(serializers.ListField):
    default_error_messages = {"does_not_exist": _("There is no such interest.")}
    child = KeyField()

    def get_value(self, dictionary: Any) -> Any:
        # DRF also reads "interests[0]" from forms, and fails on an index of thousands of digits.
        return super().get_value(dictionary) if self.field_name in dictionary else serializers.empty

    def get_attribute(self, instance: Any) -> list[int]:
        return [interest.pk for interest in interests_of(instance)]

    def to_internal_value(self, data: Any) -> list[int]:
        pks = set(super().to_internal_value(data))
        if Interest.objects.filter(pk__in=pks).count() != len(pks):
            self.fail("does_not_exist")
        return sorted(pks)


class AvatarField(serializers.FileField):
    def get_attribute(self, instance: Any) -> str | None:  # type: ignore[override]
        return avatar_url(instance, self.context)

    def to_representation(self, value: str) -> str:  # type: ignore[override]
        return value

    def to_internal_value(self, data: Any) -> Any:
        return avatars.prepare(super().to_internal_value(data))


class MeSerializer(NamesSerializer):
    """One's own account and profile."""

    id = UserKeyField(source="pk", read_only=True)
    email = serializers.SerializerMethodField()
    email_verified = serializers.SerializerMethodField()
    birthday = BirthdayField(
        source="find_friend_profile.birthday", allow_null=True, validators=[validate_birthday, validate_minimum_age]
    )
    age = serializers.IntegerField(source="find_friend_profile.age", read_only=True, allow_null=True)
    sex = serializers.ChoiceField(source="find_friend_profile.sex", choices=Sex.choices, allow_blank=True)
    city = CityField(source="find_friend_profile.city", allow_null=True)
    city_name = serializers.SerializerMethodField()
    occupation = serializers.CharField(source="find_friend_profile.occupation", max_length=150, allow_blank=True)
    purpose = serializers.CharField(source="find_friend_profile.purpose", max_length=300, allow_blank=True)
    about = serializers.CharField(source="find_friend_profile.about", max_length=2000, allow_blank=True)
    avatar = AvatarField(allow_null=True, max_length=200)
    interests = InterestsField(max_length=50)
    interest_names = serializers.SerializerMethodField()

    def get_email(self, user: Any) -> str:
        return email_of(user)

    def get_email_verified(self, user: Any) -> bool:
        return EmailAddress.objects.is_verified(user)

    def get_city_name(self, user: Any) -> str | None:
        city = user.find_friend_profile.city
        return city.name if city else None

    def get_interest_names(self, user: Any) -> list[str]:
        return [interest.name for interest in interests_of(user)]

    def to_representation(self, instance: Any) -> Any:
        if profile_of(instance) is None:
            instance.find_friend_profile = Profile(user=instance)
        return super().to_representation(instance)

    def update(self, instance: Any, validated_data: dict[str, Any]) -> Any:
        given = [name for name in (*NAMES, "avatar", "interests") if name in validated_data]
        chosen = {**validated_data.get("find_friend_profile", {}), **{name: validated_data[name] for name in given}}
        instance.find_friend_profile = Profile.objects.change(instance, **chosen)
        return instance


class LoginSerializer(serializers.Serializer):
    email = serializers.CharField(max_length=320)
    password = password_field()
    device = serializers.CharField(max_length=200, required=False, allow_blank=True)


class TokenKeySerializer(serializers.Serializer):
    auth_token = serializers.CharField()


class EmailSerializer(serializers.Serializer):
    email = serializers.EmailField(max_length=254)


class CurrentPasswordSerializer(serializers.Serializer):
    current_password = password_field()


class SetPasswordSerializer(CurrentPasswordSerializer):
    new_password = password_field()


class ChangeEmailSerializer(CurrentPasswordSerializer):
    new_email = serializers.EmailField(max_length=254)


class LinkSerializer(serializers.Serializer):
    """What a mailed link carries."""

    uid = serializers.CharField(max_length=100)
    token = serializers.CharField(max_length=200)


class ResetPasswordSerializer(LinkSerializer):
    new_password = password_field()
