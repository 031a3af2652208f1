import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.pages.settings")
http = get_asgi_application()

from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402

from find_friend.chat.middleware import SocketAuthMiddleware  # noqa: E402
from find_friend.routing import websocket_urlpatterns  # noqa: E402

application = ProtocolTypeRouter({"http": http, "websocket": SocketAuthMiddleware(URLRouter(websocket_urlpatterns))})
