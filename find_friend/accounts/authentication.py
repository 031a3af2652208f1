from __future__ import annotations

import re
from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from .models import AuthToken
from .models.tokens import KEY_PREFIX

__all__ = ["LegacyTokenAuthentication", "TokenAuthentication"]

# What rest_framework.authtoken makes: 160 random bits, so that a plain digest of them cannot be reversed.
LEGACY_KEY = re.compile(r"[0-9a-f]{40}")
INVALID_TOKEN = _("This token is not valid or has expired. Sign in again.")
INVALID_HEADER = _("The Authorization header is not valid. It takes the word Token and a key.")


class TokenAuthentication(BaseAuthentication):
    """``Authorization: Token ff_…``. Keys without our prefix are left to the site's other classes."""

    keyword = "Token"

    def authenticate(self, request: Request) -> tuple[Any, AuthToken] | None:
        key = self.read_key(request)
        if key is None or not self.is_ours(key):
            return None
        token = AuthToken.objects.for_key(key)
        if token is None:
            raise AuthenticationFailed(INVALID_TOKEN, code="invalid_token")
        return token.user, token

    def is_ours(self, key: str) -> bool:
        """Whether the key is one of those that this class answers for; others are left to the next class."""
        return key.startswith(KEY_PREFIX)

    def read_key(self, request: Request) -> str | None:
        """The key in the header; None where there is no header of ours, AuthenticationFailed where it is broken."""
        try:
            parts = get_authorization_header(request).decode("ascii").split()
        except UnicodeError:
            raise AuthenticationFailed(INVALID_HEADER, code="invalid_token") from None
        if not parts or parts[0].lower() != self.keyword.lower():
            return None
        if len(parts) != 2:
            raise AuthenticationFailed(INVALID_HEADER, code="invalid_token")
        return parts[1]

    def authenticate_header(self, request: Request) -> str:
        return f'{self.keyword} realm="api"'


class LegacyTokenAuthentication(TokenAuthentication):
    """Keys without our prefix that ``find_friend_import_accounts authtoken`` has taken over.

    It answers for every key that looks like one of DRF's, and so stands in the place of DRF's own class.
    """

    def is_ours(self, key: str) -> bool:
        return LEGACY_KEY.fullmatch(key) is not None
