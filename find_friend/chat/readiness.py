"""What the chat has to say about whether this process shall get visitors."""

from __future__ import annotations

from channels.layers import get_channel_layer

from find_friend.conf import app_settings

from . import draining
from .layer import EVENT, GROUP, attempt


async def layer_answers() -> bool:
    """Whether the channel layer takes an event, for a group that nobody is in. A site without a layer needs none."""
    layer = get_channel_layer(app_settings.CHAT_CHANNEL_LAYER)
    return layer is None or await attempt(layer.group_send(f"{GROUP}.nobody", {"type": EVENT}), "group_send")


async def is_in_service() -> bool:
    return not draining.is_draining()
