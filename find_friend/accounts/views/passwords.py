from __future__ import annotations

from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from .. import mail, passwords
from ..serializers import EmailSerializer, ResetPasswordSerializer, SetPasswordSerializer
from .base import AccountView, account_ident


class SetPasswordView(AccountView):
    """A new password for the user; every token ends, and every session but the one that asks."""

    serializer_class = SetPasswordSerializer
    throttle_scopes = {"POST": ("password",)}

    def post(self, request: Request) -> Response:
        given = self.read(request)
        session = None if request.auth is not None else request._request
        passwords.replace(request.user, **given, request=session)
        return Response(status=status.HTTP_204_NO_CONTENT)


class ResetPasswordView(AccountView):
    """Mail a link for a new password; the answer is the same whether the address exists or not."""

    guest = True
    serializer_class = EmailSerializer
    throttle_scopes = {"POST": ("email", "email_account")}

    def get_throttle_ident(self, scope: str) -> str:
        return account_ident(scope, self.request.data, super().get_throttle_ident(scope))

    def post(self, request: Request) -> Response:
        mail.offer_reset(self.read(request)["email"])
        return Response(status=status.HTTP_204_NO_CONTENT)


class ResetPasswordConfirmView(AccountView):
    """A new password for whoever has the mailed link. One that is too weak does not use the link up."""

    guest = True
    serializer_class = ResetPasswordSerializer
    throttle_scopes = {"POST": ("confirm",)}

    def post(self, request: Request) -> Response:
        passwords.reset(**self.read(request))
        return Response(status=status.HTTP_204_NO_CONTENT)
