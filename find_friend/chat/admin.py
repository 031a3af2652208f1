from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from find_friend.admin import LargeTableAdmin

from . import supervision
from .models import Chat, Message


class SupervisedAdmin(LargeTableAdmin):
    """What people write to each other is looked at here, never typed in. Looking leaves a trace."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        found = super().get_object(request, object_id, from_field)
        if found is not None and self.has_view_permission(request, found):
            supervision.record(request.user, found)
        return found


@admin.register(Chat)
class ChatAdmin(SupervisedAdmin):
    list_display = ["id", "initiator", "receiver", "last_seq", "created", "modified"]
    list_select_related = ["initiator", "receiver"]
    fields = ["initiator", "receiver", "last_seq", "created", "modified"]
    user_fields = ("initiator", "receiver")
    ordering = ["-id"]


@admin.register(Message)
class MessageAdmin(SupervisedAdmin):
    list_display = ["id", "chat_id", "seq", "sender", "created"]
    list_select_related = ["sender"]
    fields = ["chat", "seq", "sender", "text", "created"]
    user_fields = ("sender",)
    ordering = ["-id"]
