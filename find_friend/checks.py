"""Start-up checks of ``FIND_FRIEND``: a mistake is reported with an id and a hint, never ignored."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.utils.module_loading import import_string

from . import throttling
from .conf import DEFINITIONS, ClassPath, app_settings, configured
from .policies import Policy
from .serializers import default_roles


@register(Tags.compatibility)
def check_settings(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    if not isinstance(configured(), dict):
        return [Error("FIND_FRIEND is not a dictionary.", id="find_friend.E001")]
    return [*unknown_keys(), *wrong_values(), *bad_paths(), *unsafe()]


def unknown_keys() -> Iterator[CheckMessage]:
    for name in configured().keys() - DEFINITIONS.keys():
        close = difflib.get_close_matches(name, DEFINITIONS, n=1)
        hint = f"Did you mean {close[0]}?" if close else "The settings reference lists every key."
        yield Error(f"FIND_FRIEND has no setting {name!r}.", hint=hint, id="find_friend.E002")


def wrong_values() -> Iterator[CheckMessage]:
    for name, value in configured().items():
        setting = DEFINITIONS.get(name)
        if setting is None:
            continue
        wrong_bool = isinstance(value, bool) and bool not in setting.types
        if not isinstance(value, setting.types) or wrong_bool:
            kinds = " or ".join(kind.__name__ for kind in setting.types)
            yield Error(f"FIND_FRIEND[{name!r}] is {value!r}.", hint=f"It takes {kinds}.", id="find_friend.E003")
    if app_settings.EMAIL_VERIFICATION not in ("off", "optional", "required"):
        yield Error(
            f"FIND_FRIEND['EMAIL_VERIFICATION'] is {app_settings.EMAIL_VERIFICATION!r}.",
            hint='It takes "off", "optional" or "required".',
            id="find_friend.E003",
        )
    yield from wrong_rates()


def wrong_rates() -> Iterator[CheckMessage]:
    rates = configured().get("THROTTLE_RATES", {})
    known = DEFINITIONS["THROTTLE_RATES"].default
    for scope, rate in rates.items() if isinstance(rates, dict) else ():
        if scope not in known:
            yield Error(f"FIND_FRIEND['THROTTLE_RATES'] has no scope {scope!r}.", id="find_friend.E002")
        try:
            if rate is not None:
                throttling.parse_rate(rate)
        except (TypeError, ValueError):
            hint = 'Write "calls/period", such as "5/10min", or None.'
            yield Error(f"The rate of {scope!r} is {rate!r}.", hint=hint, id="find_friend.E003")


def dotted_paths() -> Iterator[tuple[str, Any]]:
    for name, value in configured().items():
        if isinstance(DEFINITIONS.get(name), ClassPath) and isinstance(value, str):
            yield name, value
    for name in ("SERIALIZERS", "AUTHENTICATION_CLASSES"):
        value = configured().get(name)
        if isinstance(value, dict):
            yield from ((f"{name}[{role!r}]", path) for role, path in value.items())
        elif isinstance(value, (list, tuple)):
            yield from ((name, path) for path in value)


def bad_paths() -> Iterator[CheckMessage]:
    for name, path in dotted_paths():
        try:
            import_string(path)
        except (ImportError, AttributeError, TypeError) as error:
            yield Error(f"{name} of FIND_FRIEND cannot be imported: {error}", id="find_friend.E004")
    roles = configured().get("SERIALIZERS", {})
    for role in (roles.keys() if isinstance(roles, dict) else set()) - default_roles().keys():
        hint = f"Roles: {', '.join(sorted(default_roles()))}."
        yield Error(f"FIND_FRIEND['SERIALIZERS'] has no role {role!r}.", hint=hint, id="find_friend.E002")


def unsafe() -> Iterator[CheckMessage]:
    if (
        apps.is_installed("find_friend.chat")
        and not apps.is_installed("find_friend.friends")
        and not configured().get("POLICY")
    ):
        yield Error(
            "find_friend.chat is installed without find_friend.friends and without a policy: strangers could write.",
            hint='Install find_friend.friends, or name a class in FIND_FRIEND["POLICY"]; '
            '"find_friend.policies.Policy" lets everybody write to everybody.',
            id="find_friend.E005",
        )
    chosen = configured().get("POLICY")
    if isinstance(chosen, str):
        try:
            if not issubclass(import_string(chosen), Policy):
                raise TypeError
        except TypeError:
            yield Error(f"{chosen} is no subclass of find_friend.policies.Policy.", id="find_friend.E006")
        except (ImportError, AttributeError):
            pass  # E004 says it


def transaction_mode(database: Any) -> str:
    return str(database.get("OPTIONS", {}).get("transaction_mode", "")).upper()


@register(Tags.database)
def check_sqlite(app_configs: Any, databases: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """SQLite fails at once on a transaction that reads first and writes later; IMMEDIATE lets it wait its turn."""
    return [
        Warning(
            f"The SQLite database {alias!r} does not use immediate transactions.",
            hint='Set OPTIONS = {"transaction_mode": "IMMEDIATE"}, or two writers at once may fail.',
            id="find_friend.W001",
        )
        for alias in databases or ()
        if settings.DATABASES[alias]["ENGINE"] == "django.db.backends.sqlite3"
        and transaction_mode(settings.DATABASES[alias]) not in ("IMMEDIATE", "EXCLUSIVE")
    ]


@register(Tags.security, deploy=True)
def check_deployment(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    messages: list[CheckMessage] = []
    cache = settings.CACHES.get("default", {}).get("BACKEND", "")
    if cache.endswith(("LocMemCache", "DummyCache")):
        messages.append(
            Warning(
                "The default cache belongs to one process, so each server process counts rate limits by itself.",
                hint="Use a shared cache such as Redis.",
                id="find_friend.W002",
            )
        )
    layers = getattr(settings, "CHANNEL_LAYERS", {}).get(app_settings.CHAT_CHANNEL_LAYER, {})
    if apps.is_installed("find_friend.chat") and layers.get("BACKEND", "").endswith("InMemoryChannelLayer"):
        messages.append(
            Warning(
                "The channel layer lives in one process, so sockets of other processes wait for the sweep.",
                hint="Use channels_redis, or run a single process.",
                id="find_friend.W003",
            )
        )
    return messages
