"""Which authentication classes our endpoints and sockets use."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.conf import settings
from django.utils.module_loading import import_string

from .conf import app_settings

TOKEN = "find_friend.accounts.authentication.TokenAuthentication"  # noqa: S105
SESSION = "rest_framework.authentication.SessionAuthentication"


def authentication_classes() -> list[type[Any]]:
    """The classes in force: see the setting ``AUTHENTICATION_CLASSES``.

    DRF's own default has basic authentication in it, which hashes a password on every call that anybody makes, so
    only what the site itself put into ``REST_FRAMEWORK`` is taken over.
    """
    chosen = app_settings.AUTHENTICATION_CLASSES
    if chosen is None:
        ours = [TOKEN] if apps.is_installed("find_friend.accounts") else []
        host = getattr(settings, "REST_FRAMEWORK", {}).get("DEFAULT_AUTHENTICATION_CLASSES", [SESSION])
        paths = [*ours, *(path for path in host if path != TOKEN)]
        chosen = [import_string(path) if isinstance(path, str) else path for path in paths]
    return chosen
