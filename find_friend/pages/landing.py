from __future__ import annotations

from typing import Any

from django.apps import apps
from django.utils.translation import gettext_lazy as _

from .links import address
from .parts import collected
from .views import Page

APPS = ("accounts", "friends", "chat")


class LandingView(Page):
    """The start: to a guest what this is and how to come in, to others what is new."""

    template_name = "find_friend/landing.html"
    guest = True
    title = _("Find a friend")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        mine = self.get_news() if self.is_signed_in else {}
        installed = {name: apps.is_installed(f"find_friend.{name}") for name in APPS}
        return super().get_context_data(installed=installed, **mine, **kwargs)

    def get_news(self) -> dict[str, Any]:
        """What a person who is signed in sees: the words of the apps, and by which name we greet."""
        return {
            "news": collected("news", self.request),
            "first_name": getattr(self.request.user, "first_name", ""),
            "people_url": address("find_friend_accounts_pages:people"),
        }
