from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ChatConfig(AppConfig):
    name = "find_friend.chat"
    label = "find_friend_chat"
    verbose_name = _("Chats")
    default_auto_field = "django.db.models.BigAutoField"
    personal_data = "find_friend.chat.personal_data.personal_data"
    page_parts = "find_friend.chat.pages.parts.ChatParts"
    readiness_checks = {
        "channel_layer": "find_friend.chat.readiness.layer_answers",
        "in_service": "find_friend.chat.readiness.is_in_service",
    }
    serializer_roles = {
        "chat": "find_friend.chat.serializers.ChatSerializer",
        "chat_list_item": "find_friend.chat.serializers.ChatListItemSerializer",
        "chat_message": "find_friend.chat.serializers.ChatMessageSerializer",
        "chat_privacy": "find_friend.chat.serializers.PrivacySerializer",
        "chat_read": "find_friend.chat.serializers.ChatReadSerializer",
        "message": "find_friend.chat.serializers.MessageSerializer",
        "start_chat": "find_friend.chat.serializers.StartChatSerializer",
        "ticket": "find_friend.chat.serializers.TicketSerializer",
    }

    def ready(self) -> None:
        from django.conf import settings
        from django.db.models.signals import pre_delete

        from find_friend import checks  # noqa: F401
        from find_friend.signals import rights_changed

        from . import delivery
        from .models import erase_messages

        pre_delete.connect(erase_messages, sender=settings.AUTH_USER_MODEL, dispatch_uid="find_friend.erase_messages")
        rights_changed.connect(delivery.recheck, dispatch_uid="find_friend.recheck_sockets")

    def cleanup(self) -> int:
        """Remove what has expired; how many rows."""
        from .models import Ticket

        return Ticket.objects.expired().delete()[0]
