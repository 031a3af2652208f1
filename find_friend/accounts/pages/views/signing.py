from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from find_friend import throttling
from find_friend.conf import app_settings
from find_friend.exceptions import FindFriendError
from find_friend.pages.frame import Frame
from find_friend.pages.views import ActionPage, FormPage

from ... import passwords
from ...views.base import account_ident, end_session
from ..forms import SignInForm, SignUpForm
from ..parts import PAGES
from .base import forget_told


class GuestPage(FormPage):
    """A page that somebody who is signed in has no use for: they go on to where it would have led."""

    guest = True

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        if self.is_signed_in:
            return HttpResponseRedirect(self.get_success_url())
        return super().get(request, *args, **kwargs)

    def get_success_url(self) -> str:
        return self.next_url(Frame(self.request).home)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(next=self.next_url(""), **kwargs)


class SignInView(GuestPage):
    """The session of this browser is signed in, by e-mail and password."""

    title = pgettext_lazy("title of a page", "Sign in")
    submit_label = _("Sign in")
    template_name = "find_friend/accounts/sign_in.html"
    form_class = SignInForm
    throttle_scopes = {"POST": ("login", "login_account")}

    def get_throttle_ident(self, scope: str) -> str:
        return account_ident(scope, self.request.POST, super().get_throttle_ident(scope))

    def perform(self, form: Any) -> None:
        given = form.serializer.validated_data
        user = passwords.sign_in(self.request, given["email"], given["password"])
        throttling.forgive("login_account", self.get_throttle_ident("login_account"))
        forget_told(self.request)
        passwords.start_session(self.request, user)


class SignUpView(GuestPage):
    """A new account, and its owner signed in."""

    title = _("Sign up")
    submit_label = pgettext_lazy("button", "Sign up")
    template_name = "find_friend/accounts/sign_up.html"
    form_class = SignUpForm
    throttle_scopes = {"POST": ("signup",)}
    success_message: Any = _("Welcome!")

    def perform(self, form: Any) -> None:
        form.save()
        forget_told(self.request)
        given = form.serializer.validated_data
        try:
            user = passwords.sign_in(self.request, given["email"], given["password"])
            passwords.start_session(self.request, user)
        except FindFriendError:  # there is no room to hash, or the site lets somebody look first
            self.success_message = _("Your account is ready.")
        self.tell(self.success_message)
        self.success_message = ""
        if app_settings.EMAIL_VERIFICATION != "off":
            self.tell(_("A mail is on its way to you. Open the link in it to confirm your address."))

    def get_success_url(self) -> str:
        wanted = self.next_url("")
        return wanted or reverse(f"{PAGES}:{'profile' if self.is_signed_in else 'sign-in'}")


class SignOutView(ActionPage):
    """The session of this browser ends, and so do the sockets that were opened with it."""

    guest = True
    success_message = _("You are signed out.")

    def perform(self) -> None:
        forget_told(self.request)
        if self.is_signed_in:
            end_session(self.api_request)

    def get_success_url(self) -> str:
        return reverse(f"{PAGES}:sign-in")
