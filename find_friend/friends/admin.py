from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from find_friend.admin import LargeTableAdmin

from .models import Block, FriendRequest, Friendship


class RelationAdmin(LargeTableAdmin):
    """Rows about two users come from the people themselves: they are looked at and removed here, never typed in."""

    list_filter = ["created"]
    ordering = ["-id"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(FriendRequest)
class FriendRequestAdmin(RelationAdmin):
    list_display = ["from_user", "to_user", "status", "created"]
    list_filter = ["status", "created"]
    list_select_related = ["from_user", "to_user"]
    fields = ["from_user", "to_user", "status", "message", "created", "answered_at"]
    user_fields = ("from_user", "to_user")


@admin.register(Friendship)
class FriendshipAdmin(RelationAdmin):
    """Two rows for each friendship, one from either side; they go together."""

    list_display = ["user", "friend", "created"]
    list_select_related = ["user", "friend"]
    fields = ["user", "friend", "created"]
    user_fields = ("user", "friend")

    def get_deleted_objects(self, objs: Iterable[Any], request: HttpRequest) -> Any:
        """Both sides are named before they go."""
        keys = {side.pair_key for side in objs}
        sides = Friendship.objects.filter(pair_key__in=keys).select_related("user", "friend").order_by("pk")
        return super().get_deleted_objects(sides, request)

    def delete_model(self, request: HttpRequest, obj: Friendship) -> None:
        Friendship.objects.unfriend(by=obj.user, friend=obj.friend)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Friendship]) -> None:
        for side in queryset.select_related("user", "friend"):
            Friendship.objects.unfriend(by=side.user, friend=side.friend)


@admin.register(Block)
class BlockAdmin(RelationAdmin):
    list_display = ["blocker", "blocked", "created"]
    list_select_related = ["blocker", "blocked"]
    fields = ["blocker", "blocked", "created"]
    user_fields = ("blocker", "blocked")

    def delete_model(self, request: HttpRequest, obj: Block) -> None:
        Block.objects.lift(by=obj.blocker, user=obj.blocked)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Block]) -> None:
        for block in queryset.select_related("blocker", "blocked"):
            Block.objects.lift(by=block.blocker, user=block.blocked)
