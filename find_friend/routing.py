"""Socket routes of whichever apps are installed. They end in one that refuses everything else."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from django.apps import apps

__all__ = ["websocket_urlpatterns"]

websocket_urlpatterns: list[Any] = []
if apps.is_installed("find_friend.chat"):
    websocket_urlpatterns = import_module("find_friend.chat.routing").websocket_urlpatterns
