"""Start-up checks of ``FIND_FRIEND`` and of what stands around it.

A mistake is reported with an id and a hint, never ignored. First come the values themselves; what follows from them
is looked at only where they are good.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register

from . import deployment, pages, paths, site, values


def wrong_settings() -> list[CheckMessage]:
    """What keeps the settings from being read at all."""
    if not isinstance(getattr(settings, "FIND_FRIEND", {}), dict):
        hint = 'Write FIND_FRIEND = {"CHAT_HISTORY_SIZE": 50} and the like.'
        return [Error("FIND_FRIEND is not a dictionary.", hint=hint, id="find_friend.E001")]
    return [*values.unknown_keys(), *values.wrong_values(), *paths.wrong_paths()]


@register(Tags.compatibility)
def check_settings(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    return wrong_settings() or [*site.missing_apps(), *site.unknown_aliases(), *site.unsafe(), *site.ignored()]


@register(Tags.compatibility)
def check_channel_layer(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    return [] if settings.DEBUG or wrong_settings() else [*site.layer_of_one_process()]


@register(Tags.urls)
def check_pages(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    return [*pages.findings()]


@register(Tags.database)
def check_sqlite(app_configs: Any, databases: Any = None, **kwargs: Any) -> list[CheckMessage]:
    return [*site.deferred_transactions(databases or ())]


@register(Tags.security, deploy=True)
def check_deployment(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    return [] if wrong_settings() else [*deployment.findings()]
