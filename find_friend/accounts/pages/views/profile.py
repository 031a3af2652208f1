from __future__ import annotations

from typing import Any

from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _
from rest_framework.authentication import SessionAuthentication

from find_friend.pages.people import cards_with_pages
from find_friend.pages.views import ActionPage, FormPage

from ...models import Profile
from ...views import CityViewSet, InterestViewSet
from ..forms import PictureForm, ProfileForm
from ..parts import PAGES


class ProfileView(FormPage):
    """What one shows of oneself."""

    title = _("Profile")
    template_name = "find_friend/accounts/profile.html"
    form_class: Any = ProfileForm
    throttle_scopes = {"POST": ("change",), "*": ("read",)}
    success_url = reverse_lazy(f"{PAGES}:profile")
    success_message = _("Your profile is saved.")

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "instance": self.request.user}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        pk = self.request.user.pk
        card = cards_with_pages([pk], self.get_serializer_context()).get(pk)
        return super().get_context_data(card=card, **kwargs)


class PictureView(ProfileView):
    """One's picture. Browsers with scripts cut it to a square before it is sent."""

    title = _("Picture")
    template_name = "find_friend/accounts/picture.html"
    form_class = PictureForm
    success_url = reverse_lazy(f"{PAGES}:picture")
    success_message = _("Your picture is saved.")


class RemovePictureView(ActionPage):
    throttle_scopes = {"POST": ("change",)}
    success_url = reverse_lazy(f"{PAGES}:picture")
    success_message = _("Your picture is removed.")

    def perform(self) -> None:
        Profile.objects.change(self.request.user, avatar=None)  # type: ignore[arg-type]


class InterestChoices(InterestViewSet):
    """What begins with ``?search=``, for the scripts of these pages: they know the session only."""

    def get_authenticators(self) -> list[Any]:
        return [SessionAuthentication()]


class CityChoices(CityViewSet):
    """The same of cities."""

    get_authenticators = InterestChoices.get_authenticators
