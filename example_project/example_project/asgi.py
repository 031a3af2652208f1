"""HTTP and WebSockets for daphne, uvicorn and the like: ``example_project.asgi:application``."""

import os
import signal
import threading

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "example_project.settings")
http = get_asgi_application()  # loads the apps, so it comes before the imports below

from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402

from find_friend.chat import draining  # noqa: E402
from find_friend.chat.middleware import SocketAuthMiddleware  # noqa: E402
from find_friend.routing import websocket_urlpatterns  # noqa: E402

application = ProtocolTypeRouter({"http": http, "websocket": SocketAuthMiddleware(URLRouter(websocket_urlpatterns))})

# "kill -USR1" before the server is stopped: sockets close one after the other and go on elsewhere. Windows has no such
# signal, and runserver with its reloader runs the application in another thread, where none can be caught.
if hasattr(signal, "SIGUSR1") and threading.current_thread() is threading.main_thread():
    draining.on_signal(signal.SIGUSR1)
