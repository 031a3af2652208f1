"""What an app adds to pages that are not its own.

An app names its class in ``page_parts`` of its AppConfig, as a dotted path; so may an app of the site. The apps need
not know each other, and only those whose AppConfig says so are asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from django.apps import apps
from django.http import HttpRequest
from django.utils.module_loading import import_string

from .links import Link


class PageParts:
    """Adds nothing; a subclass overrides what it adds. Each is asked once for a page."""

    def seen(self, request: HttpRequest) -> None:
        """Called before each page that is for signed-in people only."""

    def navigation(self, request: HttpRequest) -> list[Link]:
        """Links of the main navigation, for the person who asks; guests are asked for too."""
        return []

    def account_links(self, request: HttpRequest) -> list[Link]:
        """Links beside the pages of one's own account."""
        return []

    def guest_links(self, request: HttpRequest) -> list[Link]:
        """What stands in the header for guests, such as signing in."""
        return []

    def person_actions(self, request: HttpRequest, card: dict[str, Any]) -> list[Link]:
        """What the person who asks can do with the person of the card, on that person's page."""
        return []

    def card_actions(self, request: HttpRequest, card: dict[str, Any]) -> list[Link]:
        """The same on each card of a list. What the card says has to be enough: a query here is one for each person."""
        return []

    def news(self, request: HttpRequest) -> list[Link]:
        """What waits for the person who asks, in words, on the start page."""
        return []

    def error_links(self, request: HttpRequest, code: str) -> list[Link]:
        """What helps after an error with that code."""
        return []


def once(request: HttpRequest, count: Callable[[Any], int]) -> int:
    """What ``count`` gives for the person who asks: several parts of a page show it, and it is counted for one."""
    known: dict[Any, int] = request.__dict__.setdefault("_find_friend_counts", {})
    if count not in known:
        known[count] = count(request.user)
    return known[count]


def all_parts() -> Iterator[PageParts]:
    """Those of the installed apps, in their order."""
    for config in apps.get_app_configs():
        path = getattr(config, "page_parts", None)
        if path is not None:
            yield import_string(path)()


def collected(name: str, *args: Any) -> list[Link]:
    """The links that all apps together give for one of the questions above."""
    found = [link for parts in all_parts() for link in getattr(parts, name)(*args)]
    return sorted(found, key=lambda link: link.order)
