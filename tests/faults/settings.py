"""The site that the scenarios serve. ``FAULTS_SITE`` (JSON) says where its database and layer are."""

import json
import os

import django

from find_friend.conf import AppSettings
from tests.projects.common import *  # noqa: F403
from tests.projects.common import MIDDLEWARE

SITE = json.loads(os.environ["FAULTS_SITE"])

ROOT_URLCONF = "tests.projects.full.urls"
MIDDLEWARE = ["find_friend.health.middleware.health_middleware", *MIDDLEWARE]
ASGI_APPLICATION = "tests.faults.asgi.application"
if django.VERSION < (6, 1):
    EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"

if SITE["database"] == "postgres":
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": SITE["name"],
            "USER": SITE.get("role", "postgres"),
            "HOST": "127.0.0.1",
            "PORT": SITE["database_port"],
            "CONN_HEALTH_CHECKS": True,
            # As deployed: under ASGI connections that persist would pile up.
            "OPTIONS": {"connect_timeout": 5, "pool": {"min_size": 1, "max_size": 10}},
        }
    }
else:
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": SITE["name"],
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
            },
        }
    }

LAYERS = {
    "core": "channels_redis.core.RedisChannelLayer",
    "pubsub": "channels_redis.pubsub.RedisPubSubChannelLayer",
    "memory": "channels.layers.InMemoryChannelLayer",
}
layer = {"hosts": [SITE["redis"]], **SITE.get("layer_options", {})} if SITE["layer"] in ("core", "pubsub") else {}
CHANNEL_LAYERS = {"default": {"BACKEND": LAYERS[SITE["layer"]], "CONFIG": layer}}

# Rates only: every other right is asked as usual.
FIND_FRIEND = {
    "THROTTLE_RATES": dict.fromkeys(AppSettings.THROTTLE_RATES.default),
    "CHAT_FRAME_RATE": 1e9,
    "CHAT_FRAME_BURST": 10**9,
    "CHAT_SOCKETS_PER_USER": 10**6,
    **SITE.get("find_friend", {}),
}
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "loggers": {"find_friend": {"handlers": ["console"], "level": "INFO"}},
}
