"""What the pages need of the site, looked at only where it has included their URLs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning
from django.urls import get_resolver
from django.utils.module_loading import import_string

NEEDED = {
    "django.contrib.sessions": "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth": "django.contrib.auth.middleware.AuthenticationMiddleware",
}
MESSAGES = {"django.contrib.messages": "django.contrib.messages.middleware.MessageMiddleware"}


def are_included(patterns: Iterable[Any]) -> bool:
    """Whether the URLs of our pages are among those of the site, at any depth."""
    resolvers = [pattern for pattern in patterns if hasattr(pattern, "url_patterns")]
    names = (str(resolver.app_name) for resolver in resolvers)
    if any(name.startswith("find_friend_") and name.endswith("_pages") for name in names):
        return True
    return any(are_included(resolver.url_patterns) for resolver in resolvers)


def missing(wanted: dict[str, str]) -> list[str]:
    """What of these apps and middleware, or subclasses of it, the site does without."""
    installed = [import_string(path) for path in settings.MIDDLEWARE]
    classes = [cls for cls in installed if isinstance(cls, type)]
    lacking = [app for app in wanted if not apps.is_installed(app)]
    return lacking + [
        path for path in wanted.values() if not any(issubclass(cls, import_string(path)) for cls in classes)
    ]


def findings() -> Iterator[CheckMessage]:
    if not getattr(settings, "ROOT_URLCONF", None) or not are_included(get_resolver().url_patterns):
        return
    lacking = missing(NEEDED)
    if lacking:
        yield Error(
            f"The pages of find_friend sign people in with sessions, and the site lacks {', '.join(lacking)}.",
            hint="Add them to INSTALLED_APPS and MIDDLEWARE, or leave the URLs of the pages out.",
            id="find_friend.E013",
        )
    lacking = missing(MESSAGES)
    if lacking:
        yield Warning(
            f"The pages of find_friend cannot say what they have done, since the site lacks {', '.join(lacking)}.",
            hint="Add them to INSTALLED_APPS and MIDDLEWARE.",
            id="find_friend.W006",
        )
