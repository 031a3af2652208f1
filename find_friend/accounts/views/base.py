from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model, logout
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request

from find_friend.signals import rights_changed
from find_friend.views import FindFriendMixin

from ..addresses import email_digest


class AccountView(FindFriendMixin, GenericAPIView):
    """A view that takes one body and answers 204."""

    def read(self, request: Request) -> dict[str, Any]:
        """What the body says; ValidationError, keyed by field, where it is wrong."""
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        return serializer.validated_data


def digest_in(body: Any) -> str:
    """The digest of the address that a body names, whatever the body is."""
    email = body.get("email") if hasattr(body, "get") else None
    return email_digest(email) if isinstance(email, str) else ""


def account_ident(scope: str, body: Any, ident: str) -> str:
    """Whose calls are counted together where the body names an address; ``ident`` is whose they are otherwise.

    Under ``login_account`` those of one caller for one address, so that a stranger cannot lock somebody out; under
    ``email_account`` all for one address.
    """
    if scope == "login_account":
        return f"{digest_in(body)} {ident}"
    return digest_in(body) if scope == "email_account" else ident


def end_session(request: Request) -> None:
    """Sign out the browser whose session made this request, if it was a session; its open sockets end too."""
    if request.auth is None and hasattr(request._request, "session"):
        pk = request.user.pk
        logout(request._request)
        rights_changed.send_on_commit(get_user_model(), users=[pk])
