"""What stands around the settings: apps, databases, the channel layer, and what is unsafe together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning

from find_friend.conf import app_settings
from find_friend.kinds import configured

from .values import did_you_mean

ACCOUNTS, FRIENDS, CHAT = "find_friend.accounts", "find_friend.friends", "find_friend.chat"

# Whose settings these are, by the beginning of their names.
OWNERS = {
    ("AVATAR_", "EMAIL_", "LINKS", "PAGES_", "PASSWORD_", "TOKEN"): ACCOUNTS,
    ("FRIEND_REQUEST_",): FRIENDS,
    ("CHAT_", "WEBSOCKET_", "ERASE_MESSAGES_", "METRICS_"): CHAT,
}


def missing_apps() -> Iterator[CheckMessage]:
    if not apps.is_installed("find_friend"):
        yield Error(
            "An app of find_friend is installed without find_friend itself, so nobody ends the rights of users.",
            hint='Add "find_friend" to INSTALLED_APPS, before the others.',
            id="find_friend.E007",
        )
    if not apps.is_installed("rest_framework"):
        yield Warning(
            "rest_framework is not in INSTALLED_APPS, so its error texts are not translated.",
            hint='Add "rest_framework" to INSTALLED_APPS.',
            id="find_friend.W005",
        )


def unknown_aliases() -> Iterator[CheckMessage]:
    layers = getattr(settings, "CHANNEL_LAYERS", {})
    for name, value, known, where, app in (
        ("CHAT_CHANNEL_LAYER", app_settings.CHAT_CHANNEL_LAYER, layers, "CHANNEL_LAYERS", CHAT),
        ("AVATAR_STORAGE", app_settings.AVATAR_STORAGE, settings.STORAGES, "STORAGES", ACCOUNTS),
    ):
        if known and value not in known and apps.is_installed(app):
            text = f"FIND_FRIEND[{name!r}] is {value!r}, which is not in {where}."
            yield Error(text, hint=did_you_mean(value, known, f"Add it to {where}."), id="find_friend.E003")


def unsafe() -> Iterator[CheckMessage]:
    if apps.is_installed(CHAT) and not apps.is_installed(FRIENDS) and not configured().get("POLICY"):
        yield Error(
            "find_friend.chat is installed without find_friend.friends and without a policy: strangers could write.",
            hint='Install find_friend.friends, or name a class in FIND_FRIEND["POLICY"]; '
            '"find_friend.policies.Policy" lets everybody write to everybody.',
            id="find_friend.E005",
        )
    demands = {
        "EMAIL_VERIFICATION": app_settings.EMAIL_VERIFICATION == "required",
        "MINIMUM_AGE": app_settings.MINIMUM_AGE is not None,
    }
    for name in (name for name, wanted in demands.items() if wanted and not apps.is_installed(ACCOUNTS)):
        yield Error(
            f"FIND_FRIEND[{name!r}] demands what only find_friend.accounts looks at, and that is not installed.",
            hint="Install find_friend.accounts, or leave the setting out and answer may_take_part of a policy.",
            id="find_friend.E008",
        )


def ignored() -> Iterator[CheckMessage]:
    """Settings of apps that are not there: the site believes that they do something."""
    for beginnings, app in OWNERS.items():
        names = sorted(name for name in configured() if name.startswith(beginnings) and name != "EMAIL_VERIFICATION")
        if names and not apps.is_installed(app):
            yield Warning(
                f"FIND_FRIEND has settings of {app}, which is not installed: {', '.join(names)}.",
                hint=f"Add {app!r} to INSTALLED_APPS, or leave them out.",
                id="find_friend.W004",
            )


def layer_of_one_process() -> Iterator[CheckMessage]:
    layer = getattr(settings, "CHANNEL_LAYERS", {}).get(app_settings.CHAT_CHANNEL_LAYER, {})
    if apps.is_installed(CHAT) and layer.get("BACKEND", "InMemoryChannelLayer").endswith("InMemoryChannelLayer"):
        yield Warning(
            "DEBUG is off, and the channel layer lives in one process: sockets of other processes wait for the sweep.",
            hint="Use channels_redis, or run a single process and silence this.",
            id="find_friend.W003",
        )


def deferred_transactions(databases: Iterable[str]) -> Iterator[CheckMessage]:
    """SQLite fails at once on a transaction that reads first and writes later; IMMEDIATE lets it wait its turn."""
    for alias in databases:
        database: Any = settings.DATABASES[alias]
        mode = str(database.get("OPTIONS", {}).get("transaction_mode", "")).upper()
        if database["ENGINE"] == "django.db.backends.sqlite3" and mode not in ("IMMEDIATE", "EXCLUSIVE"):
            yield Warning(
                f"The SQLite database {alias!r} does not use immediate transactions.",
                hint='Set OPTIONS = {"transaction_mode": "IMMEDIATE"}, or two writers at once may fail.',
                id="find_friend.W001",
            )
