from __future__ import annotations

from typing import Any

from django.db.models import Q

from .models import Block, FriendRequest, Friendship


def personal_data(user: Any) -> dict[str, Any]:
    """Friends, requests in both directions, and the blocks that the user has set, not those set against them."""
    requests = FriendRequest.objects.filter(Q(from_user=user) | Q(to_user=user)).order_by("created", "pk")
    columns = ("from_user", "to_user", "status", "message", "created", "answered_at")
    return {
        "friends": list(Friendship.objects.of(user).order_by("created", "pk").values("friend", "created")),
        "friend_requests": list(requests.values(*columns)),
        "blocks": list(Block.objects.of(user).order_by("created", "pk").values("blocked", "created")),
    }
