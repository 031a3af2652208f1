"""The site that a real browser looks at. ``FIND_FRIEND_SITE`` names the folder of its files."""

import os
from pathlib import Path

from find_friend.conf import AppSettings
from tests.projects.full.settings import *  # noqa: F403
from tests.projects.full.settings import CHANNEL_LAYERS, DATABASE, DATABASES, REDIS_URL

FOLDER = Path(os.environ["FIND_FRIEND_SITE"])
if DATABASE == "sqlite":
    DATABASES = {"default": {**DATABASES["default"], "NAME": str(FOLDER / "site.sqlite3")}}
if REDIS_URL:  # several processes have one layer
    CHANNEL_LAYERS["default"]["CONFIG"]["prefix"] = f"find_friend-pages-{FOLDER.name}"
MEDIA_ROOT = str(FOLDER / "media")
STATIC_ROOT = os.environ["FIND_FRIEND_SITE_STATIC"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"},
}
ROOT_URLCONF = "tests.pages.urls"
ASGI_APPLICATION = "tests.pages.asgi.application"
# Everybody here has one address.
FIND_FRIEND = {"THROTTLE_RATES": dict.fromkeys(AppSettings.THROTTLE_RATES.default)}
