from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from find_friend.admin import LargeTableAdmin

from .models import Block, FriendRequest, Friendship


class RelationAdmin(LargeTableAdmin):
    """Rows about two users come from the people themselves: they are looked at and removed here, never typed in."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(FriendRequest)
class FriendRequestAdmin(RelationAdmin):
    list_display = ["id", "from_user", "to_user", "status", "created", "answered_at"]
    list_filter = ["status"]
    list_select_related = ["from_user", "to_user"]
    user_fields = ("from_user", "to_user")


@admin.register(Friendship)
class FriendshipAdmin(RelationAdmin):
    list_display = ["id", "user", "friend", "created"]
    list_select_related = ["user", "friend"]
    user_fields = ("user", "friend")

    def delete_model(self, request: HttpRequest, obj: Friendship) -> None:
        Friendship.objects.unfriend(by=obj.user, friend=obj.friend)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Friendship]) -> None:
        for side in queryset.select_related("user", "friend"):
            Friendship.objects.unfriend(by=side.user, friend=side.friend)


@admin.register(Block)
class BlockAdmin(RelationAdmin):
    list_display = ["id", "blocker", "blocked", "created"]
    list_select_related = ["blocker", "blocked"]
    user_fields = ("blocker", "blocked")

    def delete_model(self, request: HttpRequest, obj: Block) -> None:
        Block.objects.lift(by=obj.blocker, user=obj.blocked)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Block]) -> None:
        for block in queryset.select_related("blocker", "blocked"):
            Block.objects.lift(by=block.blocker, user=block.blocked)
