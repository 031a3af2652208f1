"""May one user see, ask or message another: the replaceable answers, asked by search, requests, HTTP and sockets."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.module_loading import import_string

from . import users
from .conf import app_settings
from .exceptions import UserNotThere

__all__ = ["Policy", "policy"]


class Policy:
    """The open policy: everybody may see, ask and message everybody who is active.

    Subclass it, or ``find_friend.friends.policies.FriendsPolicy``, and name the class in ``FIND_FRIEND["POLICY"]``.
    Every method is asked with saved users; all return quickly, since sockets ask for every message.
    """

    def may_take_part(self, user: AbstractBaseUser) -> bool:
        """Whether ``user`` may use search, friend requests and chat at all.

        False while the site requires a verified e-mail address and the user has none.
        """
        if app_settings.EMAIL_VERIFICATION != "required" or not apps.is_installed("find_friend.accounts"):
            return True
        return apps.get_model("find_friend_accounts", "EmailAddress").objects.is_verified(user)

    def may_know_of(self, user: AbstractBaseUser, other: AbstractBaseUser) -> bool:
        """Whether ``user`` may learn that ``other`` exists; where not, the answer is "not found"."""
        return users.active_users().filter(pk=other.pk).exists()

    def may_see(self, user: AbstractBaseUser, other: AbstractBaseUser) -> bool:
        """Whether ``user`` may see the card of ``other``."""
        return self.may_know_of(user, other)

    def may_request(self, user: AbstractBaseUser, other: AbstractBaseUser) -> bool:
        """Whether ``user`` may ask ``other`` to become friends."""
        return self.may_see(user, other)

    def may_message(self, user: AbstractBaseUser, other: AbstractBaseUser) -> bool:
        """Whether ``user`` may write to ``other`` and receive what ``other`` writes."""
        return users.active_users().filter(pk__in={user.pk, other.pk}).count() == len({user.pk, other.pk})

    def may_block(self, user: AbstractBaseUser, other: AbstractBaseUser) -> bool:
        """Whether ``user`` may shut ``other`` out, and see whom that is, where friends knows nothing of the two.

        Of those who may not take part only who has a chat with ``other``: blocking is no way to read strangers' cards.
        """
        if self.may_take_part(user):
            return True
        if not apps.is_installed("find_friend.chat"):
            return False
        places = apps.get_model("find_friend_chat", "Membership").objects
        return places.filter(user=user.pk, chat__memberships__user=other.pk).exists()

    def may_take_part_in_bulk(self, user: str) -> Q:
        """``may_take_part`` as a condition, where ``user`` names the column of a key: ``OuterRef(user)``.

        The sockets of a process compile the conditions in bulk once and keep them, so they may depend on settings and
        on what is in the database, not on the moment they are made (use ``Now()``).
        """
        if app_settings.EMAIL_VERIFICATION != "required" or not apps.is_installed("find_friend.accounts"):
            return Q()
        addresses = apps.get_model("find_friend_accounts", "EmailAddress").objects
        return Q(Exists(addresses.verified_of(OuterRef(user))))

    def may_message_in_bulk(self, user: str, other: str) -> Q:
        """``may_message`` as a condition over the columns of two keys."""
        return Q(Exists(users.active_users().filter(pk=OuterRef(user)))) & Q(
            Exists(users.active_users().filter(pk=OuterRef(other)))
        )

    def visible_users(self, queryset: QuerySet[Any], viewer: AbstractBaseUser) -> QuerySet[Any]:
        """The users of ``queryset`` for whom ``may_see(viewer, …)`` holds, decided by the database."""
        return queryset.filter(users.is_active())

    def relationships(self, viewer: AbstractBaseUser, pks: Collection[Any]) -> dict[Any, str]:
        """What ``viewer`` and the users with these keys are to each other, in one query.

        Values: ``none``, ``friends``, ``request_sent``, ``request_received``, ``blocked``; a missing key is ``none``.
        """
        return {}


def policy() -> Policy:
    """The policy in force."""
    chosen = app_settings.POLICY
    if chosen is None and apps.is_installed("find_friend.friends"):
        chosen = import_string("find_friend.friends.policies.FriendsPolicy")
    return (chosen or Policy)()


def answers_in_bulk(policy: Policy, bulk: str, *single: str) -> bool:
    """Whether the bulk answer speaks for the single ones.

    It does if it is defined on the same class as each of them or on a subclass. Where a site overrides only
    ``may_see``, the inherited ``visible_users`` does not speak for it, and callers have to ask for each user.
    """
    order = type(policy).__mro__

    def place(name: str) -> int:
        return next(index for index, cls in enumerate(order) if name in vars(cls))

    return all(place(bulk) <= place(name) for name in single)


def others_visible_to(viewer: AbstractBaseUser) -> QuerySet[Any]:
    """Everybody else whom ``viewer`` may see, as far as the policy's ``visible_users`` tells."""
    return policy().visible_users(users.active_users().exclude(pk=viewer.pk), viewer)


def find_visible(pk: Any, viewer: AbstractBaseUser) -> AbstractBaseUser:
    """The user with that key, if ``viewer`` may see them. Raises UserNotThere."""
    user = users.find_user(pk)
    if user is None or not (user == viewer or policy().may_see(viewer, user)):
        raise UserNotThere
    return user


def visible_keys(viewer: AbstractBaseUser, pks: Collection[Any]) -> set[Any]:
    """Those of the given keys whose users ``viewer`` may see: one query, however many keys."""
    rules = policy()
    found = rules.visible_users(get_user_model()._default_manager.filter(pk__in=pks), viewer)
    if answers_in_bulk(rules, "visible_users", "may_see", "may_know_of"):
        return set(found.values_list("pk", flat=True))
    return {user.pk for user in found if rules.may_see(viewer, user)}
