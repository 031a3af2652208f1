from __future__ import annotations

from typing import Any

from django.urls import re_path

from .consumers import chat_socket, nowhere

__all__ = ["websocket_urlpatterns"]

# Channels puts ASGI applications where Django expects views.
applications: list[tuple[str, Any]] = [(r"^ws/chat/(?P<room_name>[^/]+)/?\Z", chat_socket), (r"", nowhere)]
websocket_urlpatterns = [re_path(pattern, application) for pattern, application in applications]
