"""The settings of the test run, for a server process that shares the run's test database."""

import os
from importlib import import_module

import django

from find_friend.conf import AppSettings

project = import_module(os.environ["FIND_FRIEND_SERVED_SETTINGS"])
globals().update({name: value for name, value in vars(project).items() if name.isupper()})

DATABASES = {"default": {**project.DATABASES["default"], "NAME": os.environ["FIND_FRIEND_SERVED_DATABASE"]}}
if project.REDIS_URL:
    layer = project.CHANNEL_LAYERS["default"]
    prefix = os.environ["FIND_FRIEND_SERVED_PREFIX"]
    CHANNEL_LAYERS = {"default": {**layer, "CONFIG": {**layer["CONFIG"], "prefix": prefix}}}
FIND_FRIEND = {
    **project.FIND_FRIEND,
    "CHAT_SWEEP_INTERVAL": 600,
    "SERIALIZERS": {"message": "tests.servers.faults.MessageSerializer"},
}
if os.environ.get("FIND_FRIEND_SERVED_UNLIMITED"):
    FIND_FRIEND["THROTTLE_RATES"] = dict.fromkeys(AppSettings.THROTTLE_RATES.default)
    FIND_FRIEND |= {"CHAT_FRAME_RATE": 1e9, "CHAT_FRAME_BURST": 10**9, "CHAT_SOCKETS_PER_USER": 10**6}
if django.VERSION < (6, 1):  # MAILERS of the project say it for later ones
    EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "loggers": {"find_friend": {"handlers": ["console"], "level": "INFO"}},
}
