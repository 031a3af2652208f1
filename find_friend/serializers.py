"""The smallest public view of a user, and how serializers are swapped by role."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, tzinfo
from typing import Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from .conf import app_settings
from .exceptions import UserNotThere
from .policies import policy
from .users import email_field, find_user, names

# For which registry of apps the roles were put together, and what came of it: sockets ask for every message.
_roles: tuple[Any, dict[str, str]] = (None, {})


def default_roles() -> dict[str, str]:
    """Every role and the dotted path of its default serializer.

    Each app names its own in ``serializer_roles`` of its AppConfig; a later app may enrich a role of an earlier one.
    """
    global _roles
    if _roles[0] is not apps.app_configs:
        _roles = (apps.app_configs, _collected_roles())
    return _roles[1]


def _collected_roles() -> dict[str, str]:
    roles = {
        "user": "find_friend.serializers.UserSerializer",
        "chat_member": "find_friend.serializers.ChatMemberSerializer",
    }
    for config in apps.get_app_configs():
        roles.update(getattr(config, "serializer_roles", {}))
    return roles


def serializer_class(role: str) -> type[Any]:
    """The serializer class in force for a role, such as ``"user"`` or ``"message"``."""
    return import_string(app_settings.SERIALIZERS.get(role) or default_roles()[role])


def moment(value: datetime, zone: tzinfo) -> str:
    """ISO 8601 with the offset of the zone."""
    aware = timezone.make_aware(value, timezone.get_default_timezone()) if timezone.is_naive(value) else value
    return aware.astimezone(zone).isoformat()


class TimestampField(serializers.Field):
    """A moment in ISO 8601, always with an offset, in the current time zone."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(read_only=True, **kwargs)

    def to_representation(self, value: datetime) -> str:
        return moment(value, timezone.get_current_timezone())


class UserKeyField(serializers.Field):
    """A user's primary key. Read, as number or text, it becomes the user; UserNotThere (404) if there is none."""

    default_error_messages = {"invalid": _("Give the id of a user.")}

    def to_internal_value(self, data: Any) -> AbstractBaseUser:
        if isinstance(data, bool) or not isinstance(data, (int, str)):
            self.fail("invalid")
        user = find_user(data)
        if user is None:
            raise UserNotThere
        return user

    def to_representation(self, value: Any) -> Any:
        return value


class UserSerializer(serializers.Serializer):
    """The user card: what people see of each other. No e-mail address, no birthday.

    ``find_friend.accounts`` has a richer one with the same keys. Subclasses that follow relations add their joins
    in ``prepare``, so that a page costs the same number of queries however long it is.
    """

    id = UserKeyField(source="pk", read_only=True)
    first_name = serializers.SerializerMethodField()
    last_name = serializers.SerializerMethodField()
    age = serializers.SerializerMethodField()
    city = serializers.SerializerMethodField()
    avatar = serializers.SerializerMethodField()
    interests = serializers.SerializerMethodField()
    relationship = serializers.SerializerMethodField()

    @classmethod
    def prepare(cls, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset

    def get_first_name(self, user: Any) -> str:
        return names(user)[0]

    def get_last_name(self, user: Any) -> str:
        return names(user)[1]

    def get_age(self, user: Any) -> int | None:
        return None

    def get_city(self, user: Any) -> str | None:
        return None

    def get_avatar(self, user: Any) -> str | None:
        return None

    def get_interests(self, user: Any) -> list[dict[str, Any]]:
        return []

    def get_relationship(self, user: Any) -> str:
        viewer = self.context["request"].user
        return "self" if user.pk == viewer.pk else self.context["relationships"].get(user.pk, "none")


def user_cards(
    pks: Iterable[Any], context: Mapping[str, Any], *, role: str = "user", among: QuerySet[Any] | None = None
) -> dict[Any, dict[str, Any]]:
    """Rendered cards by primary key, for the person who asks: a constant number of queries.

    ``context`` is a serializer context with ``request``. ``among``: those of the users with these keys who are shown;
    all of them where it is left out.
    """
    pks = set(pks)
    cls = serializer_class(role)
    users = list(cls.prepare(get_user_model()._default_manager.filter(pk__in=pks) if among is None else among))
    if "relationship" in cls._declared_fields:
        context = {**context, "relationships": policy().relationships(context["request"].user, pks)}
    serializer = cls(context=context)
    render = card_renderer(serializer)
    cards = {}
    for user in users:
        serializer.instance = user
        cards[user.pk] = render(user)
    return cards


def card_renderer(serializer: Any) -> Callable[[Any], dict[str, Any]]:
    """``serializer.to_representation``; where its fields are nothing but methods, these, without DRF's detours."""
    fields = serializer.fields
    plain = type(serializer).to_representation is serializers.Serializer.to_representation
    if not plain or any(type(field) is not serializers.SerializerMethodField for field in fields.values()):
        return serializer.to_representation
    methods = [(name, getattr(serializer, field.method_name)) for name, field in fields.items()]
    return lambda user: {name: method(user) for name, method in methods}


class UserCardField(serializers.Field):
    """Renders a foreign key to a user as a user card; ``source`` is the key column, such as ``friend_id``."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(read_only=True, **kwargs)

    def to_representation(self, value: Any) -> dict[str, Any] | None:
        cards = self.context.get("cards")
        if cards is None:
            cards = user_cards([value], self.context)
        return cards.get(value)


class CardListSerializer(serializers.ListSerializer):
    """Renders the cards of a whole page at once."""

    def to_representation(self, data: Any) -> list[Any]:
        rows = list(data)
        fields = [field for field in self.child.fields.values() if isinstance(field, UserCardField)]  # type: ignore[union-attr]
        pks = {field.get_attribute(row) for field in fields for row in rows}
        context: Any = self.context
        context["cards"] = user_cards(pks, context)
        return super().to_representation(rows)


class ChatMemberSerializer(serializers.Serializer):
    """A member of a chat as the other member sees them: the one place where an address of somebody else appears."""

    email = serializers.SerializerMethodField()
    first_name = serializers.SerializerMethodField()
    last_name = serializers.SerializerMethodField()
    age = serializers.SerializerMethodField()
    city = serializers.SerializerMethodField()

    prepare = UserSerializer.prepare
    get_first_name = UserSerializer.get_first_name
    get_last_name = UserSerializer.get_last_name
    get_age = UserSerializer.get_age
    get_city = UserSerializer.get_city

    def get_email(self, user: Any) -> str | None:
        return getattr(user, self.email_field) if self.email_field else None

    @cached_property
    def email_field(self) -> str | None:
        return email_field()
