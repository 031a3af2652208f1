from __future__ import annotations

from typing import Any

from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

from find_friend.pages.views import ActionPage, Page

from ...models import AuthToken
from ..parts import PAGES


class DevicesView(Page):
    """The devices that have a token, and this browser, which has a session instead."""

    title = _("Devices")
    template_name = "find_friend/accounts/devices.html"
    throttle_scopes = {"*": ("read",)}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        alive = AuthToken.objects.alive(self.request.user)  # type: ignore[arg-type]
        return super().get_context_data(tokens=alive.order_by("-last_used_at", "-created"), **kwargs)


class EndDeviceView(ActionPage):
    """One device is signed out."""

    throttle_scopes = {"POST": ("change",)}
    success_url = reverse_lazy(f"{PAGES}:devices")
    success_message = _("The device is signed out.")

    def perform(self) -> None:
        AuthToken.objects.find_alive(self.request.user, self.kwargs["pk"]).revoke()  # type: ignore[arg-type]


class EndDevicesView(ActionPage):
    """Every device with a token is signed out."""

    throttle_scopes = {"POST": ("change",)}
    success_url = reverse_lazy(f"{PAGES}:devices")
    success_message = _("Every device is signed out.")

    def perform(self) -> None:
        AuthToken.objects.revoke_all(self.request.user)  # type: ignore[arg-type]
