from __future__ import annotations

from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from find_friend.conf import app_settings

from .. import mail
from ..addresses import email_of, normalize
from ..models import EmailAddress, EmailToken, Purpose
from ..serializers import ChangeEmailSerializer, LinkSerializer
from .base import AccountView, demand_password


class VerifyEmailView(AccountView):
    """Whoever has the mailed link confirms the address."""

    guest = True
    serializer_class = LinkSerializer
    throttle_scopes = {"POST": ("confirm",)}

    def post(self, request: Request) -> Response:
        given = self.read(request)
        EmailToken.objects.check_link(given["uid"], given["token"], Purpose.VERIFY).verify_email()
        return Response(status=status.HTTP_204_NO_CONTENT)


class ResendVerificationView(AccountView):
    """Mail the link that confirms the address once more, if it is still to be confirmed."""

    serializer_class = None
    throttle_scopes = {"POST": ("email", "email_account")}

    def post(self, request: Request) -> Response:
        email = email_of(request.user)
        wanted = app_settings.EMAIL_VERIFICATION != "off" and email
        if wanted and not EmailAddress.objects.is_verified(self.request.user):
            mail.send_link(request.user, Purpose.VERIFY, email)
        return Response(status=status.HTTP_204_NO_CONTENT)


class ChangeEmailView(AccountView):
    """Mail a link to a new address. For one that somebody has nothing is sent, and the answer is the same."""

    serializer_class = ChangeEmailSerializer
    throttle_scopes = {"POST": ("password", "email")}

    def post(self, request: Request) -> Response:
        given = self.read(request)
        demand_password(request.user, given["current_password"])
        email = normalize(given["new_email"])
        if not EmailAddress.objects.is_taken(email, besides=self.request.user):
            mail.send_link(request.user, Purpose.CHANGE, email)
        return Response(status=status.HTTP_204_NO_CONTENT)


class ChangeEmailConfirmView(AccountView):
    """Whoever has the link mailed to the new address makes it the address of the account; every token ends."""

    guest = True
    serializer_class = LinkSerializer
    throttle_scopes = {"POST": ("confirm",)}

    def post(self, request: Request) -> Response:
        given = self.read(request)
        link = EmailToken.objects.check_link(given["uid"], given["token"], Purpose.CHANGE)
        old = link.change_email()
        if old:
            mail.send("email_changed", old)
        return Response(status=status.HTTP_204_NO_CONTENT)
