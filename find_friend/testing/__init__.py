"""What the tests of a site can use: users and what is between them, clients, sockets, a clock, and a search for leaks.

Importing this needs neither pytest nor Channels nor any of the three apps. What works on an app needs that app.
"""

from .clients import api_client
from .clock import Clock, time_travel
from .factories import (
    PASSWORD,
    create_block,
    create_chat,
    create_friend_request,
    create_friendship,
    create_ticket,
    create_token,
    create_user,
)
from .leaks import HttpLeaks, SocketLeaks
from .sockets import ChatSocket, Refused, RichChatSocket, chat_socket

__all__ = [
    "PASSWORD",
    "ChatSocket",
    "Clock",
    "HttpLeaks",
    "Refused",
    "RichChatSocket",
    "SocketLeaks",
    "api_client",
    "chat_socket",
    "create_block",
    "create_chat",
    "create_friend_request",
    "create_friendship",
    "create_ticket",
    "create_token",
    "create_user",
    "time_travel",
]
