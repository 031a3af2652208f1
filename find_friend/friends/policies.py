from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.db.models import CharField, Exists, OuterRef, Q, QuerySet, Value

from find_friend import users
from find_friend.policies import Policy

from .models import Block, FriendRequest, Friendship

__all__ = ["FriendsPolicy"]


class FriendsPolicy(Policy):
    """The default where ``find_friend.friends`` is installed: blocks count, and only friends may message."""

    def may_know_of(self, user: AbstractBaseUser, other: AbstractBaseUser) -> bool:
        blocked_by_other = Block.objects.filter(blocker=OuterRef("pk"), blocked=user.pk)
        return users.active_users().filter(~Exists(blocked_by_other), pk=other.pk).exists()

    def may_see(self, user: AbstractBaseUser, other: AbstractBaseUser) -> bool:
        return self.visible_users(users.active_users().filter(pk=other.pk), user).exists()

    def may_message(self, user: AbstractBaseUser, other: AbstractBaseUser) -> bool:
        return self._open_friendships().filter(user=user.pk, friend=other.pk).exists()

    def may_message_in_bulk(self, user: str, other: str) -> Q:
        return Q(Exists(self._open_friendships().filter(user=OuterRef(user), friend=OuterRef(other))))

    def _open_friendships(self) -> QuerySet[Friendship]:
        blocks = Block.objects.filter(pair_key=OuterRef("pair_key"))
        sides = Friendship.objects.filter(users.is_active("user__"), users.is_active("friend__"))
        return sides.filter(~Exists(blocks))

    def visible_users(self, queryset: QuerySet[Any], viewer: AbstractBaseUser) -> QuerySet[Any]:
        return queryset.filter(
            users.is_active(),
            ~Exists(Block.objects.filter(blocker=viewer.pk, blocked=OuterRef("pk"))),
            ~Exists(Block.objects.filter(blocker=OuterRef("pk"), blocked=viewer.pk)),
        )

    def relationships(self, viewer: AbstractBaseUser, pks: Collection[Any]) -> dict[Any, str]:
        def named(queryset: QuerySet[Any], column: str, name: str) -> QuerySet[Any]:
            found = queryset.filter(**{f"{column}__in": pks})
            return found.values_list(column, Value(name, output_field=CharField())).order_by()

        pending = FriendRequest.objects.pending()
        rows = named(Friendship.objects.of(viewer), "friend_id", "friends").union(
            named(pending.filter(from_user=viewer.pk), "to_user_id", "request_sent"),
            named(pending.filter(to_user=viewer.pk), "from_user_id", "request_received"),
            named(Block.objects.of(viewer), "blocked_id", "blocked"),
            all=True,
        )
        return dict(rows)
