"""What stands around the content of every page; templates know it as ``frame``."""

from __future__ import annotations

from typing import Any

from django.contrib.messages import get_messages
from django.http import HttpRequest
from django.utils.functional import cached_property

from find_friend import users

from . import locales
from .links import Link, address, mark_current
from .parts import collected


class Frame:
    """Worked out where a template asks for it. ``bare``: as for a guest, and without anything of the database."""

    def __init__(self, request: HttpRequest, *, bare: bool = False) -> None:
        self.request = request
        self.bare = bare

    @property
    def is_guest(self) -> bool:
        return self.bare or not self.request.user.is_authenticated

    @property
    def user_name(self) -> str:
        return "" if self.is_guest else users.full_name(self.request.user)  # type: ignore[arg-type]

    @property
    def user_key(self) -> str:
        """Whose page it is, for what scripts keep in the browser; empty for a guest."""
        return "" if self.is_guest else str(self.request.user.pk)

    @property
    def home(self) -> str:
        """Where the name of the site leads."""
        first = self.navigation[0].url if self.navigation else None
        return address("find_friend_pages:home") or first or "/"

    @property
    def account(self) -> str | None:
        """The first page about one's own account."""
        return self.account_links[0].url if self.account_links else None

    @cached_property
    def navigation(self) -> list[Link]:
        found = [] if self.bare else mark_current(collected("navigation", self.request), self.request.path)
        if any(link.current == "page" for link in self.account_links):
            for link in found:  # a page of one's account, whatever its address begins like
                link.current = ""
        return found

    @cached_property
    def guest_links(self) -> list[Link]:
        return collected("guest_links", self.request) if self.is_guest and not self.bare else []

    @cached_property
    def account_links(self) -> list[Link]:
        found = [] if self.is_guest else collected("account_links", self.request)
        here = [link for link in mark_current(found, self.request.path) if link.current]
        for link in here[:-1]:  # the addresses of the others begin like the first one's
            link.current = ""
        return found

    @property
    def messages(self) -> Any:
        """What has been told since the last page."""
        return [] if self.bare else get_messages(self.request)

    @property
    def languages(self) -> list[locales.Language]:
        """Empty where there is nothing to choose."""
        found = locales.languages(self.request)
        return found if len(found) > 1 else []
