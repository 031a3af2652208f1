from __future__ import annotations

from typing import Any

from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

from find_friend.pages.views import FormPage, Page

from ... import mail, passwords
from ...views.base import account_ident
from ..forms import EmailForm, ResetPasswordForm, SetPasswordForm
from ..parts import PAGES


class PasswordView(FormPage):
    """A new password; every token ends, and every session but this one."""

    title = _("Password")
    submit_label = _("Change the password")
    template_name = "find_friend/accounts/password.html"
    form_class = SetPasswordForm
    throttle_scopes = {"POST": ("password",)}
    success_url = reverse_lazy(f"{PAGES}:password")
    success_message = _("Your password is changed. Every other device is signed out.")

    def perform(self, form: Any) -> None:
        passwords.replace(self.request.user, **form.serializer.validated_data, request=self.request)


class ResetPasswordView(FormPage):
    """Mails a link for a new password; the answer is the same whether the address exists or not."""

    guest = True
    title = _("Forgot your password?")
    submit_label = _("Send the link")
    template_name = "find_friend/accounts/password_reset.html"
    form_class = EmailForm
    throttle_scopes = {"POST": ("email", "email_account")}
    success_url = reverse_lazy(f"{PAGES}:password-reset-sent")

    def get_throttle_ident(self, scope: str) -> str:
        return account_ident(scope, self.request.POST, super().get_throttle_ident(scope))

    def perform(self, form: Any) -> None:
        mail.offer_reset(form.serializer.validated_data["email"])


class ResetPasswordSentView(Page):
    guest = True
    title = _("Look into your mail")
    template_name = "find_friend/accounts/password_reset_sent.html"


class ResetPasswordConfirmView(FormPage):
    """A new password for whoever has the mailed link. One that is too weak does not use the link up."""

    guest = True
    title = _("A new password")
    template_name = "find_friend/form.html"
    form_class = ResetPasswordForm
    throttle_scopes = {"POST": ("confirm",)}
    success_url = reverse_lazy(f"{PAGES}:sign-in")
    success_message = _("Your password is changed. Sign in with the new one.")

    def perform(self, form: Any) -> None:
        passwords.reset(self.kwargs["uid"], self.kwargs["token"], form.serializer.validated_data["new_password"])
