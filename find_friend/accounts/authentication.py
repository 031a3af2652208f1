from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from .models import AuthToken
from .models.tokens import KEY_PREFIX


class TokenAuthentication(BaseAuthentication):
    """``Authorization: Token ff_…``. Keys without our prefix are left to the site's other classes."""

    keyword = "Token"

    def authenticate(self, request: Request) -> tuple[Any, AuthToken] | None:
        key = self.read_key(request)
        if key is None or not key.startswith(KEY_PREFIX):
            return None
        token = AuthToken.objects.for_key(key)
        if token is None:
            raise AuthenticationFailed(_("Invalid token."), code="invalid_token")
        return token.user, token

    def read_key(self, request: Request) -> str | None:
        """The key in the header; None where there is no header of ours, AuthenticationFailed where it is broken."""
        try:
            parts = get_authorization_header(request).decode("ascii").split()
        except UnicodeError:
            raise AuthenticationFailed(_("Invalid token header."), code="invalid_token") from None
        if not parts or parts[0].lower() != self.keyword.lower():
            return None
        if len(parts) != 2:
            raise AuthenticationFailed(_("Invalid token header."), code="invalid_token")
        return parts[1]

    def authenticate_header(self, request: Request) -> str:
        return f'{self.keyword} realm="api"'
