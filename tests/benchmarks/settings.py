"""A site as it would be deployed, but without rate limits. The command gives the names of database and prefix."""

import os

os.environ.setdefault("FIND_FRIEND_DATABASE", "postgres")

from find_friend.conf import AppSettings
from tests.projects.full.settings import *  # noqa: F403
from tests.projects.full.settings import DATABASES, INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.benchmarks"]
DATABASES = {
    "default": {
        **DATABASES["default"],
        "NAME": os.environ.get("FIND_FRIEND_BENCHMARK_DATABASE", "postgres"),
        "CONN_MAX_AGE": None,
    }
}
REDIS_URL = os.environ.get("FIND_FRIEND_REDIS_URL") or "redis://127.0.0.1:6379/0"
LAYERS = {
    "memory": {"BACKEND": "channels.layers.InMemoryChannelLayer"},
    "pubsub": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [REDIS_URL], "prefix": os.environ.get("FIND_FRIEND_BENCHMARK_PREFIX", "benchmark")},
    },
}
# The reference may not lose anything: its window would shrink. Ours keeps the default of 100 messages.
LAYERS["roomy"] = {**LAYERS["memory"], "CONFIG": {"capacity": 10**6}}
LAYERS["core"] = {**LAYERS["pubsub"], "BACKEND": "channels_redis.core.RedisChannelLayer"}
CHANNEL_LAYERS = {"default": LAYERS[os.environ.get("FIND_FRIEND_BENCHMARK_LAYER", "memory")]}
FIND_FRIEND = {
    "THROTTLE_RATES": dict.fromkeys(AppSettings.THROTTLE_RATES.default),
    "CHAT_FRAME_RATE": 1e9,
    "CHAT_FRAME_BURST": 10**9,
    "CHAT_SOCKETS_PER_USER": 10**6,
}
