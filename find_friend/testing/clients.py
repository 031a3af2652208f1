"""HTTP clients that are signed in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.apps import apps

from find_friend.authentication import authentication_classes

from .factories import create_token

if TYPE_CHECKING:
    from rest_framework.test import APIClient


def takes_tokens() -> bool:
    """Whether the endpoints of the site take tokens of ``find_friend.accounts``."""
    if not apps.is_installed("find_friend.accounts"):
        return False
    from find_friend.accounts.authentication import TokenAuthentication

    return any(issubclass(cls, TokenAuthentication) for cls in authentication_classes())


def api_client(user: Any = None, *, forced: bool = False, **options: Any) -> APIClient:
    """DRF's client, signed in as ``user``; as a guest without one. ``options`` go to the client.

    It has a token of its own, as a device would. ``forced`` passes by every authentication class instead, which is also
    what happens where the site takes no tokens of ours.
    """
    from rest_framework.test import APIClient

    client = APIClient(**options)
    if user is None:
        return client
    if forced or not takes_tokens():
        client.force_authenticate(user)
    else:
        client.credentials(HTTP_AUTHORIZATION=f"Token {create_token(user)}")
    return client
