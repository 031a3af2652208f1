"""Makes users of any model, and what is between two of them, whatever the site's policy says about that.

What is made is stored as the package itself stores it: signals are sent, locks are taken, and a rule that is no policy
(nobody is their own friend) still raises.
"""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.db import models
from django.db.models import NOT_PROVIDED
from django.test import override_settings
from django.utils import timezone

from find_friend import users
from find_friend.kinds import configured
from find_friend.policies import Policy

if TYPE_CHECKING:
    from find_friend.chat.models import Chat
    from find_friend.friends.models import Block, FriendRequest

PASSWORD = "correct horse battery"  # noqa: S105
_numbers = itertools.count(1)


def create_user(password: str | None = PASSWORD, **fields: Any) -> Any:
    """A saved user of the site's model; ``fields`` are columns of it, and None for ``password`` an unusable one.

    Address, names, user name and every other column that has to hold something get a value of their own. TypeError for
    a column of a kind that nothing is known to fit into, such as a foreign key: give that one.
    """
    model: Any = get_user_model()
    user = model(**missing_values(model, fields, next(_numbers)), **fields)
    user.set_password(password)
    user.save()
    return user


def missing_values(model: Any, given: dict[str, Any], number: int) -> dict[str, Any]:
    """Values of the columns that are not given. TypeError where there is none."""
    values: dict[str, Any] = {}
    for field in model._meta.concrete_fields:
        if field.name in given or field.attname in given or field.name == "password":
            continue
        if field.name in ("first_name", "last_name"):
            values[field.name] = f"{field.name.removesuffix('_name').title()}{number}"
        elif field.name == users.email_field():
            values[field.name] = f"person{number}@example.com"
        elif has_to_be_given(field):
            values[field.name] = fitting_value(field, number)
    return values


def has_to_be_given(field: Any) -> bool:
    by_database = isinstance(field, models.AutoField | models.GeneratedField) or field.db_default is not NOT_PROVIDED
    by_django = field.has_default() or field.null or field.blank or getattr(field, "auto_now", False)
    return not (by_database or by_django or field.auto_created)


def fitting_value(field: Any, number: int) -> Any:
    if field.choices:
        return field.flatchoices[0][0]
    for kinds, value in (
        ((models.EmailField,), f"{field.name}{number}@example.com"),
        ((models.URLField,), f"https://example.com/{number}"),
        ((models.CharField, models.TextField), f"{field.name}-{number}"),
        ((models.BooleanField,), False),
        ((models.IntegerField, models.FloatField, models.DecimalField), number),
        ((models.UUIDField,), uuid.uuid4()),
        ((models.DateTimeField,), timezone.now()),
        ((models.DateField,), date(1990, 1, 1)),
        ((models.DurationField,), timedelta(days=number)),
    ):
        if isinstance(field, kinds):
            # The number is what makes it unique, so of a text that is too long the end is kept.
            return value[-field.max_length :] if isinstance(value, str) and field.max_length else value
    raise TypeError(f"create_user() knows no value for {field}, a {type(field).__name__}: give one.")


class Lenient(Policy):
    """Lets everybody do everything, while a test makes what its story begins with."""

    def may_take_part(self, user: Any) -> bool:
        return True

    def may_know_of(self, user: Any, other: Any) -> bool:
        return True

    def may_message(self, user: Any, other: Any) -> bool:
        return True


@contextmanager
def whatever_the_policy_says() -> Iterator[None]:
    with override_settings(FIND_FRIEND={**configured(), "POLICY": f"{Lenient.__module__}.Lenient"}):
        yield


def create_token(user: Any, device: str = "") -> str:
    """The key of a new token of ``user``, for the header ``Authorization: Token <key>``."""
    from find_friend.accounts.models import AuthToken

    return AuthToken.objects.issue(user, device)[1]


def create_ticket(user: Any) -> str:
    """A key that opens one socket of ``user`` as ``?ticket=``, however the site lets its people sign in."""
    from find_friend.chat.models import Ticket

    return Ticket.objects.issue(user=user)


def create_friendship(first: Any, second: Any) -> bool:
    """Make two users friends; whether they were not so before."""
    from find_friend.friends.models import Friendship

    return Friendship.objects.befriend(first, second)


def create_friend_request(by: Any, to: Any, message: str = "") -> FriendRequest:
    """A pending request of ``by`` to ``to``."""
    from find_friend.friends.models import FriendRequest

    with whatever_the_policy_says():
        return FriendRequest.objects.send(by=by, to=to, message=message)


def create_block(by: Any, user: Any) -> Block:
    """A block that ``by`` has set against ``user``."""
    from find_friend.friends.models import Block

    with whatever_the_policy_says():
        return Block.objects.block(by=by, user=user)[0]


def create_chat(by: Any, to: Any, texts: Sequence[str] = ()) -> Chat:
    """The chat of two users, and ``texts`` in it: the first by ``by``, who began it, the next by ``to``, in turns."""
    from find_friend.chat.models import Chat

    with whatever_the_policy_says():
        chat = Chat.objects.direct(by=by, to=to)[0]
        for sender, text in zip(itertools.cycle((by, to)), texts):
            chat.post(by=sender, text=text)
    return chat
