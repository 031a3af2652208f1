from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application

from find_friend.chat.middleware import SocketAuthMiddleware
from find_friend.routing import websocket_urlpatterns

application = ProtocolTypeRouter(
    {"http": get_asgi_application(), "websocket": SocketAuthMiddleware(URLRouter(websocket_urlpatterns))}
)
