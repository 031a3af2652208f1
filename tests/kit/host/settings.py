"""A site that has the apps which the environment names."""

import os

from tests.projects.common import *  # noqa: F403
from tests.projects.common import INSTALLED_APPS

CHOSEN = {f"find_friend.{name}" for name in os.environ["FIND_FRIEND_HOST_APPS"].split()}
LEFT_OUT = {"find_friend.accounts", "find_friend.friends", "find_friend.chat"} - CHOSEN
LEFT_OUT |= {"drf_spectacular", "drf_spectacular_sidecar"}
if "find_friend.chat" in LEFT_OUT:
    LEFT_OUT.add("channels")
else:
    ASGI_APPLICATION = "tests.kit.host.asgi.application"
INSTALLED_APPS = [name for name in INSTALLED_APPS if name not in LEFT_OUT]
REST_FRAMEWORK: dict = {}
ROOT_URLCONF = "tests.kit.host.urls"
FIND_FRIEND = {"POLICY": "tests.kit.host.rules.StaffIsHidden"}
