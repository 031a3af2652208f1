from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class FriendsConfig(AppConfig):
    name = "find_friend.friends"
    label = "find_friend_friends"
    verbose_name = _("Friends")
    default_auto_field = "django.db.models.BigAutoField"
    serializer_roles = {
        "friend_request": "find_friend.friends.serializers.FriendRequestSerializer",
        "friend_request_create": "find_friend.friends.serializers.FriendRequestCreateSerializer",
        "block_create": "find_friend.friends.serializers.BlockCreateSerializer",
    }
