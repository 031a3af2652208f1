from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class FriendsConfig(AppConfig):
    name = "find_friend.friends"
    label = "find_friend_friends"
    verbose_name = _("Friends")
    default_auto_field = "django.db.models.BigAutoField"
    page_parts = "find_friend.friends.pages.parts.FriendsParts"
    personal_data = "find_friend.friends.personal_data.personal_data"
    serializer_roles = {
        "friend_request": "find_friend.friends.serializers.FriendRequestSerializer",
        "friend_request_create": "find_friend.friends.serializers.FriendRequestCreateSerializer",
        "block_create": "find_friend.friends.serializers.BlockCreateSerializer",
    }

    def ready(self) -> None:
        from find_friend import checks  # noqa: F401  # also where the site has forgotten the core app
