"""The OpenAPI description of our endpoints; imported only where drf-spectacular is among the installed apps."""

from __future__ import annotations

from find_friend.views import FindFriendMixin

from .schema import FindFriendSchema

# DRF's views carry their describer in ``schema``; ours get one that knows the table of operations.
FindFriendMixin.schema = FindFriendSchema()
