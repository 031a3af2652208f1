from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

from find_friend.pages.views import ActionPage, Page

from ...models import AuthToken, BrowserSession
from ...models.browsers import keep_living, session_of
from ...views.base import end_session
from ..parts import PAGES

MOST_BROWSERS = 100


def key_of_session(request: HttpRequest) -> str | None:
    session = session_of(request)
    return None if session is None else session.session_key


class DevicesView(Page):
    """Where one is signed in: browsers by their sessions, other devices by their tokens.

    A session that only the browser knows, as one in a signed cookie, is not among them.
    """

    title = _("Devices")
    template_name = "find_friend/accounts/devices.html"
    throttle_scopes = {"*": ("read",)}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        user: Any = self.request.user
        tokens = AuthToken.objects.alive(user).order_by("-last_used_at", "-created")
        browsers = BrowserSession.objects.alive(user).order_by("-last_used_at", "-created")
        living, here = keep_living(browsers[:MOST_BROWSERS]), key_of_session(self.request)
        return super().get_context_data(
            tokens=tokens,
            browsers=[browser for browser in living if browser.session_key != here],
            this_browser=next((browser for browser in living if browser.session_key == here), None),
            **kwargs,
        )


class EndDeviceView(ActionPage):
    """One device is signed out."""

    throttle_scopes = {"POST": ("change",)}
    success_url = reverse_lazy(f"{PAGES}:devices")
    success_message: Any = _("The device is signed out.")

    def perform(self) -> None:
        AuthToken.objects.find_alive(self.request.user, self.kwargs["pk"]).revoke()  # type: ignore[arg-type]


class EndBrowserView(EndDeviceView):
    """One browser is signed out; this one too, if it is the one."""

    success_message = _("The browser is signed out.")

    def perform(self) -> None:
        browser = BrowserSession.objects.find_alive(self.request.user, self.kwargs["pk"])  # type: ignore[arg-type]
        browser.end()
        if browser.session_key == key_of_session(self.request):
            end_session(self.api_request)  # or it would be missed where it is to be saved


class EndDevicesView(ActionPage):
    """Every device with a token is signed out, and every other browser."""

    throttle_scopes = {"POST": ("change",)}
    success_url = reverse_lazy(f"{PAGES}:devices")
    success_message = _("Everything else is signed out.")

    def perform(self) -> None:
        AuthToken.objects.revoke_all(self.request.user)  # type: ignore[arg-type]
        BrowserSession.objects.end_all(self.request.user, keep=key_of_session(self.request))  # type: ignore[arg-type]
