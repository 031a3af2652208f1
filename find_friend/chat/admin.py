from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.utils import display_for_value
from django.contrib.auth import get_permission_codename
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from find_friend.admin import LargeTableAdmin, person

from . import supervision
from .models import Chat, Message
from .models.chat import number_in

MESSAGES_PER_PAGE = 50


def said(request: HttpRequest, name: str) -> set[Any]:
    """Every value of that field in any form on the page; Django puts prefixes before some."""
    return {value for field, values in request.POST.lists() if field.endswith(name) for value in values}


class SupervisedAdmin(LargeTableAdmin):
    """What people write to each other is looked at here, never typed in. Looking leaves a trace, whatever way it is."""

    search_help_text = _("Number of the chat, or the beginning of a user name or e-mail address")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Only with that very permission: Django takes the one to change as well, which the API does not."""
        name = f"{self.opts.app_label}.{get_permission_codename('view', self.opts)}"
        return request.user.has_perm(name)  # type: ignore[union-attr]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        response = super().changelist_view(request, extra_context)
        if "cl" in (getattr(response, "context_data", None) or {}):
            asked = ", ".join(f"{name}={value}" for name, value in request.GET.items())
            supervision.record_list(request.user, self.model, asked)
        return response

    def response_action(self, request: HttpRequest, queryset: QuerySet[Any], *args: Any, **kwargs: Any) -> Any:
        # Before it is known which of the forms on the page Django will take: rather one row too many than none.
        names = said(request, "action") & set(self.get_actions(request, *args, **kwargs))
        if not said(request, "select_across") - {"", "0"}:
            queryset = queryset.filter(pk__in=said(request, ACTION_CHECKBOX_NAME))
        for name in sorted(names):
            supervision.record_action(request.user, queryset, name)
        return super().response_action(request, queryset, *args, **kwargs)

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        # Only here is something shown: the pages of history and deletion look the row up as well.
        supervision.record(request.user, context["original"])
        return super().render_change_form(request, context, *args, **kwargs)


@admin.register(Chat)
class ChatAdmin(SupervisedAdmin):
    """The page of a chat shows what was written in it, the newest first page by page."""

    change_form_template = "find_friend/chat/admin/chat.html"
    list_display = ["id", "initiator", "receiver", "last_seq", "last_written"]
    list_select_related = ["initiator", "receiver"]
    fields = ["initiator", "receiver", "last_seq", "created", "last_written"]
    readonly_fields = ["last_written"]
    search_fields = ["=id"]
    user_fields = ("initiator", "receiver")
    ordering = ["-id"]

    @admin.display(description=_("newest message"), ordering="modified")
    def last_written(self, chat: Chat) -> str | None:
        # As a text, since the page of a row would write the moment of a method as Python does.
        return display_for_value(chat.modified, "") if chat.last_seq else None

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        before = number_in(request.GET.get("before_seq", ""))
        context.update(messages_of(context["original"], before))
        return super().render_change_form(request, context, *args, **kwargs)


def messages_of(chat: Chat, before: int | None) -> dict[str, Any]:
    """A page of the history, oldest first, and the number that the page before it ends at."""
    shown, earlier = chat.messages.select_related("sender").page_before(before, MESSAGES_PER_PAGE)
    return {
        "written": [(message, person(message.sender) if message.sender else None) for message in shown],
        "earlier": earlier,
        "is_newest": before is None,
    }


@admin.register(Message)
class MessageAdmin(SupervisedAdmin):
    list_display = ["id", "chat_page", "seq", "sender", "created", "edited_at", "deleted_at"]
    list_select_related = ["sender"]
    fields = ["chat_page", "seq", "sender", "text", "created", "edited_at", "deleted_at"]
    readonly_fields = ["chat_page"]
    search_fields = ["=chat__id"]
    user_fields = ("sender",)
    ordering = ["-id"]

    @admin.display(description=_("chat"), ordering="chat")
    def chat_page(self, message: Message) -> str:
        chat = Chat(pk=message.chat_id)  # for its name alone, which needs no query
        if not self.admin_site.is_registered(Chat):
            return str(chat)
        name = "admin:find_friend_chat_chat_change"
        return format_html('<a href="{}">{}</a>', reverse(name, args=[chat.pk], current_app=self.admin_site.name), chat)
