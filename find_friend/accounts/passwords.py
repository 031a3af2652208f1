"""What is done with passwords. Every place that hashes one is bounded: no flood of sign-ins can take all processors."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from threading import BoundedSemaphore
from typing import Any

from django.contrib.auth import authenticate, get_user_model, login, password_validation, update_session_auth_hash
from django.core.exceptions import ValidationError as DjangoValidationError
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import ValidationError

from find_friend import locks
from find_friend.conf import app_settings
from find_friend.exceptions import Busy, UserNotThere
from find_friend.fingerprints import fingerprints

from .exceptions import InvalidCredentials
from .models import AuthToken, BrowserSession, EmailAddress, EmailToken, Purpose
from .signals import password_reset_completed

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


def start_session(request: HttpRequest, user: Any) -> None:
    """Sign the session of ``request`` in. Raises InvalidCredentials where the account has gone meanwhile."""
    try:
        with locks.locked_users(user):
            login(request, user)
    except UserNotThere:
        raise InvalidCredentials from None


def is_correct(user: Any, password: str) -> bool:
    before = fingerprints(user)
    with hashing_slot():
        correct = user.check_password(password)
    if correct:
        AuthToken.objects.keep_through_rehash(user, before)
    return correct


def demand(user: Any, password: str) -> None:
    """ValidationError on ``current_password`` where it is another one."""
    if not is_correct(user, password):
        raise ValidationError({"current_password": [_("Wrong password.")]}, code="wrong_password")


def check_strength(field: str, password: str, user: Any) -> None:
    """ValidationError on ``field`` where the site's password validators object."""
    try:
        password_validation.validate_password(password, user)
    except DjangoValidationError as error:
        raise ValidationError({field: error.messages}) from None


def replace(user: Any, current_password: str, new_password: str, *, request: HttpRequest | None) -> None:
    """What a person does who knows the present password; ``request`` as for ``change``. Raises ValidationError."""
    demand(user, current_password)
    check_strength("new_password", new_password, user)
    change(user, new_password, request=request)


def reset(uid: str, token: str, new_password: str) -> None:
    """What a person does who has a mailed link. One that is too weak does not use the link up.

    Raises InvalidLink, ValidationError.
    """
    link = EmailToken.objects.check_link(uid, token, Purpose.RESET)
    check_strength("new_password", new_password, link.user)
    change(link.user, new_password, link=link)


def change(user: Any, password: str, *, request: HttpRequest | None = None, link: EmailToken | None = None) -> None:
    """Store a new password: every token and every session ends, but for the session of ``request``.

    ``link`` is used up in the same transaction; InvalidLink if somebody was quicker.
    """
    with hashing_slot():
        user.set_password(password)
    with locks.locked_users(user):
        if link is not None:
            link.spend()
            password_reset_completed.send_on_commit(type(user), user=user)
        user.save(update_fields=["password"])
        AuthToken.objects.revoke_all(user)
    if request is not None and hasattr(request, "session"):
        update_session_auth_hash(request, user)
        BrowserSession.objects.note(request, user)
