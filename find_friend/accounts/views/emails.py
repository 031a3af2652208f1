from __future__ import annotations

from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from .. import mail, passwords
from ..models import EmailToken, Purpose
from ..serializers import ChangeEmailSerializer, LinkSerializer
from .base import AccountView


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
        mail.offer_verification(request.user)
        return Response(status=status.HTTP_204_NO_CONTENT)


class ChangeEmailView(AccountView):
    """Mail a link to a new address. For one that somebody has nothing is sent, and the answer is the same."""

    serializer_class = ChangeEmailSerializer
    throttle_scopes = {"POST": ("password", "email")}

    def post(self, request: Request) -> Response:
        given = self.read(request)
        passwords.demand(request.user, given["current_password"])
        mail.offer_change(request.user, given["new_email"])
        return Response(status=status.HTTP_204_NO_CONTENT)


class ChangeEmailConfirmView(AccountView):
    """Whoever has the link mailed to the new address makes it the address of the account; every token ends."""

    guest = True
    serializer_class = LinkSerializer
    throttle_scopes = {"POST": ("confirm",)}

    def post(self, request: Request) -> Response:
        given = self.read(request)
        mail.finish_change(EmailToken.objects.check_link(given["uid"], given["token"], Purpose.CHANGE))
        return Response(status=status.HTTP_204_NO_CONTENT)
