from __future__ import annotations

from typing import Any

from django.contrib.auth.signals import user_logged_in, user_logged_out
from rest_framework import mixins, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from find_friend import locks, throttling
from find_friend.views import FindFriendMixin, RoleSerializerMixin

from .. import passwords
from ..models import AuthToken
from .base import AccountView, account_ident, end_session


def device_of(request: Request) -> str:
    agent = request.META.get("HTTP_USER_AGENT", "")
    return "".join(character for character in agent if character.isprintable())[:200]


class LoginView(RoleSerializerMixin, AccountView):
    """A token for an e-mail address and a password."""

    guest = True
    serializer_role = "login"
    throttle_scopes = {"POST": ("login", "login_account")}

    def get_throttle_ident(self, scope: str) -> str:
        return account_ident(scope, self.request.data, super().get_throttle_ident(scope))

    def post(self, request: Request) -> Response:
        given = self.read(request)
        user = passwords.sign_in(request._request, given["email"], given["password"])
        throttling.forgive("login_account", self.get_throttle_ident("login_account"))
        with locks.locked_users(user):
            _token, key = AuthToken.objects.issue(user, given.get("device") or device_of(request))
            user_logged_in.send(sender=type(user), request=request._request, user=user)
        return Response({"auth_token": key})


class LogoutView(AccountView):
    """The token of this request ends."""

    throttle_scopes = {"POST": ("change",)}
    serializer_class = None

    def post(self, request: Request) -> Response:
        if isinstance(request.auth, AuthToken):
            request.auth.revoke()
            user_logged_out.send(sender=type(request.user), request=request._request, user=request.user)
        end_session(request)
        return Response(status=status.HTTP_204_NO_CONTENT)


class LogoutAllView(AccountView):
    """Every token of the user ends."""

    throttle_scopes = {"POST": ("change",)}
    serializer_class = None

    def post(self, request: Request) -> Response:
        AuthToken.objects.revoke_all(self.request.user)
        if request.auth is not None:  # of a session Django tells itself
            user_logged_out.send(sender=type(request.user), request=request._request, user=request.user)
        end_session(request)
        return Response(status=status.HTTP_204_NO_CONTENT)


class TokenViewSet(
    FindFriendMixin, RoleSerializerMixin, mixins.ListModelMixin, mixins.DestroyModelMixin, GenericViewSet
):
    """One's own devices."""

    serializer_role = "token"
    ordering = ("-created", "-pk")
    throttle_scopes = {"DELETE": ("change",), "*": ("read",)}

    def get_queryset(self) -> Any:
        return AuthToken.objects.alive(self.request.user)

    def get_object(self) -> AuthToken:
        return AuthToken.objects.find_alive(self.request.user, self.kwargs["pk"])

    def perform_destroy(self, instance: AuthToken) -> None:
        instance.revoke()
