"""A site with the apps and the user model that the environment names.

``FIND_FRIEND_APPS``: some of ``accounts,friends,chat``. ``FIND_FRIEND_USER``: a key of ``USERS``.
"""

import os

from tests.projects.common import *  # noqa: F403
from tests.projects.common import FIND_FRIEND, INSTALLED_APPS

# The app of the site, and the user model: by the kind of key, or what is special about it.
USERS = {
    "integer": (None, "auth.User"),
    "uuid": ("tests.projects.custom_user.members", "members.Member"),
    "text": ("tests.projects.any.handles", "handles.Handle"),
    "named": ("tests.projects.any.nicknames", "nicknames.Nickname"),
}
APPS = [name for name in ("accounts", "friends", "chat") if name in os.environ["FIND_FRIEND_APPS"].split(",")]
USER = os.environ.get("FIND_FRIEND_USER", "integer")

left_out = {f"find_friend.{name}" for name in ("accounts", "friends", "chat") if name not in APPS}
if "chat" not in APPS:
    left_out.add("channels")
user_app, AUTH_USER_MODEL = USERS[USER]
INSTALLED_APPS = [name for name in INSTALLED_APPS if name not in left_out] + ([user_app] if user_app else [])
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
ROOT_URLCONF = "tests.projects.full.urls"
ASGI_APPLICATION = "tests.projects.full.asgi.application"
if "chat" in APPS and "friends" not in APPS:
    FIND_FRIEND = {**FIND_FRIEND, "POLICY": "find_friend.policies.Policy"}
SILENCED_SYSTEM_CHECKS = ["find_friend.W003"]  # one process, and its layer is in memory
