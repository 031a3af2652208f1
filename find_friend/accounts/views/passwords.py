from __future__ import annotations

from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from .. import mail, passwords
from ..models import EmailAddress, EmailToken, Purpose
from ..serializers import EmailSerializer, ResetPasswordSerializer, SetPasswordSerializer, check_strength
from .base import AccountView, demand_password, digest_in_body


class SetPasswordView(AccountView):
    """A new password for the user; every token ends, and every session but the one that asks."""

    serializer_class = SetPasswordSerializer
    throttle_scopes = {"POST": ("password",)}

    def post(self, request: Request) -> Response:
        given = self.read(request)
        demand_password(request.user, given["current_password"])
        check_strength("new_password", given["new_password"], request.user)
        session = None if request.auth is not None else request._request
        passwords.change(request.user, given["new_password"], request=session)
        return Response(status=status.HTTP_204_NO_CONTENT)


class ResetPasswordView(AccountView):
    """Mail a link for a new password; the answer is the same whether the address exists or not."""

    guest = True
    serializer_class = EmailSerializer
    throttle_scopes = {"POST": ("email", "email_account")}

    def get_throttle_ident(self, scope: str) -> str:
        return digest_in_body(self.request) if scope == "email_account" else super().get_throttle_ident(scope)

    def post(self, request: Request) -> Response:
        user = EmailAddress.objects.user_for(self.read(request)["email"])
        if user is not None and user.has_usable_password():
            mail.send_link(user, Purpose.RESET, user.find_friend_email.email)
        return Response(status=status.HTTP_204_NO_CONTENT)


class ResetPasswordConfirmView(AccountView):
    """A new password for whoever has the mailed link. One that is too weak does not use the link up."""

    guest = True
    serializer_class = ResetPasswordSerializer
    throttle_scopes = {"POST": ("confirm",)}

    def post(self, request: Request) -> Response:
        given = self.read(request)
        link = EmailToken.objects.check_link(given["uid"], given["token"], Purpose.RESET)
        check_strength("new_password", given["new_password"], link.user)
        passwords.change(link.user, given["new_password"], link=link)
        return Response(status=status.HTTP_204_NO_CONTENT)
