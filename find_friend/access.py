"""Blocks accounts, unblocks them and signs them out, whatever the site's user model and its sessions are."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from importlib import import_module
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.auth import SESSION_KEY, get_user_model
from django.utils import timezone

from .exceptions import UserNotThere
from .locks import locked_users
from .signals import rights_changed


def block(users: Collection[Any]) -> bool:
    """Deactivate these users, and end what they are signed in by; what ``sign_out`` returns.

    They have to have a column ``is_active``.
    """
    _set_active(users, False)
    return sign_out(users)  # afterwards, since nobody can sign in from now on


def unblock(users: Collection[Any]) -> bool:
    """Let these users sign in again. What they were signed in by stays ended; what ``end_sessions`` returns."""
    ended = end_sessions(users)
    _set_active(users, True)
    return ended


def sign_out(users: Collection[Any], *, keep: str | None = None) -> bool:
    """End every token and session of these users and close their sockets.

    ``keep`` is the key of a session that stays. Returns what ``end_sessions`` does.
    """
    if apps.is_installed("find_friend.accounts"):
        tokens = apps.get_model("find_friend_accounts", "AuthToken").objects
        browsers = apps.get_model("find_friend_accounts", "BrowserSession").objects
        for user in users:
            tokens.revoke_all(user)
            browsers.end_all(user, keep=keep)
    ended = end_sessions(users, keep=keep)
    rights_changed.send_on_commit(get_user_model(), users=[user.pk for user in users])
    return ended


def end_sessions(users: Collection[Any], *, keep: str | None = None) -> bool:
    """End every session of these users; whether that can be done.

    A session knows its user, and a user knows no sessions: those in a table are all looked through, and others,
    which nobody can list, end with the password.
    """
    if not can_end_sessions():
        return False
    if not apps.is_installed("django.contrib.sessions"):
        return True
    store = session_store()
    wanted = {user._meta.pk.value_to_string(user) for user in users}
    rows = store.get_model_class()._default_manager.filter(expire_date__gt=timezone.now())
    found = [row.session_key for row in rows.iterator() if row.get_decoded().get(SESSION_KEY) in wanted]
    for key in found:
        if key != keep:
            end_session(key)
    return True


def end_session(key: str) -> None:
    session_store()(key).delete()  # from the cache as well, where the engine has one


def living_sessions(keys: Collection[str]) -> set[str]:
    """Those of the keys whose sessions are there."""
    store = session_store()
    if not can_end_sessions():
        return {key for key in keys if store(key).exists(key)}
    rows = store.get_model_class()._default_manager.filter(pk__in=keys, expire_date__gt=timezone.now())
    return set(rows.values_list("pk", flat=True))


def can_end_sessions() -> bool:
    """Whether the site keeps its sessions in a table."""
    return hasattr(session_store(), "get_model_class")


def session_store() -> Any:
    return import_module(settings.SESSION_ENGINE).SessionStore


def _set_active(users: Collection[Any], active: bool) -> None:
    for user in users:
        with suppress(UserNotThere), locked_users(user):
            user.is_active = active
            user.save(update_fields=["is_active"])
