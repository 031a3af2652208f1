"""Every place that hashes a password: bounded, so that a flood of sign-ins cannot take all processors."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from threading import BoundedSemaphore
from typing import Any

from django.contrib.auth import authenticate, get_user_model, update_session_auth_hash
from django.http import HttpRequest

from find_friend import locks
from find_friend.conf import app_settings
from find_friend.exceptions import Busy
from find_friend.fingerprints import fingerprints

from .exceptions import InvalidCredentials
from .models import AuthToken, EmailAddress, EmailToken
from .signals import password_changed

PATIENCE = 0.5
LONGEST = 4096


@cache
def _slots(count: int) -> BoundedSemaphore:
    return BoundedSemaphore(count)


@contextmanager
def hashing_slot() -> Iterator[None]:
    """Room to hash; Busy (429) where there is none for half a second."""
    count = app_settings.PASSWORD_HASH_SLOTS or max(1, (os.cpu_count() or 1) - 1)
    slots = _slots(count)
    if not slots.acquire(timeout=PATIENCE):
        raise Busy
    try:
        yield
    finally:
        slots.release()


def sign_in(request: HttpRequest, email: str, password: str) -> Any:
    """The user with that address and password, as the site's authentication backends see it.

    Raises InvalidCredentials after the same work, whatever is wrong: a nobody is asked for where nobody has the
    address, and Django hashes the password of a nobody too.
    """
    model = get_user_model()
    user = EmailAddress.objects.user_for(email)
    before = fingerprints(user) if user else []
    name = user.get_username() if user else uuid.uuid4().hex
    with hashing_slot():
        found = authenticate(request, **{model.USERNAME_FIELD: name, "password": password})
    if user is None or found is None or found.pk != user.pk:
        raise InvalidCredentials
    AuthToken.objects.keep_through_rehash(found, before)
    return found


def is_correct(user: Any, password: str) -> bool:
    before = fingerprints(user)
    with hashing_slot():
        correct = user.check_password(password)
    if correct:
        AuthToken.objects.keep_through_rehash(user, before)
    return correct


def change(user: Any, password: str, *, request: HttpRequest | None = None, link: EmailToken | None = None) -> None:
    """Store a new password: every token and every session ends, but for the session of ``request``.

    ``link`` is used up in the same transaction; InvalidLink if somebody was quicker.
    """
    with hashing_slot():
        user.set_password(password)
    with locks.locked_users(user):
        if link is not None:
            link.spend()
        user.save(update_fields=["password"])
        AuthToken.objects.revoke_all(user)
        password_changed.send_on_commit(type(user), user=user)
    if request is not None and hasattr(request, "session"):
        update_session_auth_hash(request, user)
