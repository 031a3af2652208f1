from __future__ import annotations

from typing import Any

from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

from find_friend.conf import app_settings
from find_friend.pages.views import ActionPage, ConfirmPage, FormPage

from ... import mail, passwords
from ...addresses import email_of
from ...models import EmailAddress, EmailToken, Purpose
from ..forms import ChangeEmailForm
from ..parts import PAGES
from .devices import key_of_session


class EmailView(FormPage):
    """Own address, and a link to a new one. For one that somebody has nothing is sent, and the answer is the same."""

    title = _("E-mail")
    submit_label = _("Send the link")
    template_name = "find_friend/accounts/email.html"
    form_class = ChangeEmailForm
    throttle_scopes = {"POST": ("password", "email")}
    success_url = reverse_lazy(f"{PAGES}:email")
    success_message = _("A link is on its way to the new address. Your address changes when you open it.")

    def perform(self, form: Any) -> None:
        given = form.serializer.validated_data
        passwords.demand(self.request.user, given["current_password"])
        mail.offer_change(self.request.user, given["new_email"])

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        user: Any = self.request.user
        is_verified = EmailAddress.objects.is_verified(user)
        may_verify = app_settings.EMAIL_VERIFICATION != "off" and not is_verified
        more = {"email": email_of(user), "is_verified": is_verified, "may_verify": may_verify}
        return super().get_context_data(**more, **kwargs)


class ResendVerificationView(ActionPage):
    """The link that confirms the address once more."""

    throttle_scopes = {"POST": ("email", "email_account")}
    success_url = reverse_lazy(f"{PAGES}:email")
    success_message = _("A mail is on its way to you. Open the link in it to confirm your address.")

    def perform(self) -> None:
        mail.offer_verification(self.request.user)


class LinkPage(ConfirmPage):
    """What a mailed link leads to. It asks first: programs that look at mails open every link."""

    guest = True
    submit_style = "primary"
    throttle_scopes = {"POST": ("confirm",)}
    purpose: str

    def find_link(self) -> EmailToken:
        """Raises InvalidLink."""
        return EmailToken.objects.check_link(self.kwargs["uid"], self.kwargs["token"], self.purpose)

    def get_cancel_url(self) -> str:
        return ""


class VerifyEmailView(LinkPage):
    title = question = _("Confirm your address")
    explanation = _("Is this the address that you want to use here?")
    submit_label = _("Yes, it is mine")
    purpose = Purpose.VERIFY
    success_url = reverse_lazy(f"{PAGES}:profile")
    success_message = _("Your address is confirmed.")

    def perform(self, form: Any) -> None:
        self.find_link().verify_email()


class ChangeEmailConfirmView(LinkPage):
    title = question = _("Use this address from now on")
    explanation = _("You will sign in with it, and every other device is signed out.")
    submit_label = _("Change my address")
    purpose = Purpose.CHANGE
    success_url = reverse_lazy(f"{PAGES}:profile")
    success_message = _("Your address is changed.")

    def perform(self, form: Any) -> None:
        mail.finish_change(self.find_link(), keep=key_of_session(self.request))
