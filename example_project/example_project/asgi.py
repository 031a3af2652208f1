"""HTTP and WebSockets for daphne, uvicorn and the like: ``example_project.asgi:application``."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "example_project.settings")
http = get_asgi_application()  # loads the apps, so it comes before the imports below

from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402

from find_friend.chat.middleware import SocketAuthMiddleware  # noqa: E402
from find_friend.routing import websocket_urlpatterns  # noqa: E402

application = ProtocolTypeRouter({"http": http, "websocket": SocketAuthMiddleware(URLRouter(websocket_urlpatterns))})
