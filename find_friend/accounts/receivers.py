"""Keeps our tables in step with the site's user model, whoever changes it."""

from __future__ import annotations

from typing import Any

from find_friend import users

from .models import AuthToken, BrowserSession, EmailAddress
from .signals import password_changed, user_deleted


def user_saved(
    sender: Any, instance: Any, created: bool = False, update_fields: Any = None, raw: bool = False, **kwargs: Any
) -> None:
    if raw:
        return
    if update_fields is None or users.email_field() in update_fields:
        EmailAddress.objects.sync(instance)
    if not getattr(instance, "is_active", True) and (update_fields is None or "is_active" in update_fields):
        AuthToken.objects.revoke_all(instance)
    # Django keeps here what set_password() was given, until it is saved; a newer hash of the same one is not among it.
    another = getattr(instance, "_password", None) is not None and not created
    if another and (update_fields is None or "password" in update_fields):
        password_changed.send_on_commit(sender, user=instance)


def signed_in(sender: Any, request: Any, user: Any, **kwargs: Any) -> None:
    if request is None:
        return
    session = getattr(request, "session", None)
    if session is not None and session.session_key is None:  # somebody else was signed in: Django has flushed it
        session.cycle_key()
    BrowserSession.objects.note(request, user)


def signed_out(sender: Any, request: Any, **kwargs: Any) -> None:
    session = getattr(request, "session", None)
    if session is not None and session.session_key:
        BrowserSession.objects.forget(session.session_key)


def user_gone(sender: Any, instance: Any, **kwargs: Any) -> None:
    user_deleted.send_on_commit(sender, user_pk=instance.pk)
