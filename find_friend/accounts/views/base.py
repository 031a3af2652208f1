from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model, logout
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request

from find_friend.signals import rights_changed
from find_friend.views import FindFriendMixin

from .. import passwords
from ..addresses import email_digest


class AccountView(FindFriendMixin, GenericAPIView):
    """A view that takes one body and answers 204."""

    pagination_class = None

    def read(self, request: Request) -> dict[str, Any]:
        """What the body says; ValidationError, keyed by field, where it is wrong."""
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        return serializer.validated_data


def digest_in_body(request: Request) -> str:
    """The digest of the address that a body names, whatever the body is."""
    email = request.data.get("email") if hasattr(request.data, "get") else None
    return email_digest(email) if isinstance(email, str) else ""


def demand_password(user: Any, password: str) -> None:
    if not passwords.is_correct(user, password):
        raise serializers.ValidationError({"current_password": [_("Wrong password.")]}, code="wrong_password")


def end_session(request: Request) -> None:
    """Sign out the browser whose session made this request, if it was a session; its open sockets end too."""
    if request.auth is None and hasattr(request._request, "session"):
        pk = request.user.pk
        logout(request._request)
        rights_changed.send_on_commit(get_user_model(), users=[pk])
